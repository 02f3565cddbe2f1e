// The typed client: the API as functions. No dependencies; runs in Node and in browsers.
import { keyCalls, workspaceCalls } from './access.ts';
import { causeCalls } from './causes.ts';
import { customerCalls } from './customers.ts';
import { eventCalls } from './events.ts';
import { importCalls } from './imports.ts';
import { accountCalls, invitationCalls, linkCalls, memberCalls, sessionCalls } from './people.ts';
import { secondFactorCalls } from './second-factor.ts';
import { type ClientOptions, createSend } from './send.ts';
import { viewCalls } from './views.ts';
import { webhookCalls } from './webhooks.ts';

export { Problem } from './problem.ts';

export type Clientele = ReturnType<typeof createClient>;

/**
 * A client of the workspace that the key opens, or, in a browser and without a key, of whoever is signed in there; throws
 * a TypeError for a url, key or workspace that cannot be one.
 *
 * A call resolves to what the API answers, and rejects with a Problem. What fails in passing is sent again, with pauses
 * that grow, and a change happens once however often it is sent. `signal`, among a call's options, stops it.
 */
export function createClient(options: ClientOptions) {
  const send = createSend(options);
  return {
    account: accountCalls(send),
    causes: causeCalls(send),
    customers: customerCalls(send),
    events: eventCalls(send),
    imports: importCalls(send),
    invitations: invitationCalls(send),
    keys: keyCalls(send),
    links: linkCalls(send),
    members: memberCalls(send),
    secondFactor: secondFactorCalls(send),
    session: sessionCalls(send),
    views: viewCalls(send),
    webhooks: webhookCalls(send),
    workspaces: workspaceCalls(send),
  };
}

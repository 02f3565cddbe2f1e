// The typed client: the API as functions. No dependencies; runs in Node and in browsers.
import { keyCalls, workspaceCalls } from './access.ts';
import { causeCalls } from './causes.ts';
import { customerCalls } from './customers.ts';
import { eventCalls } from './events.ts';
import { importCalls } from './imports.ts';
import { type ClientOptions, createSend } from './send.ts';

export { Problem } from './problem.ts';

export type Clientele = ReturnType<typeof createClient>;

/**
 * A client of the workspace that the key opens; throws a TypeError for a url or key that cannot be one.
 *
 * A call resolves to what the API answers, and rejects with a Problem. What fails in passing is sent again, with pauses
 * that grow, and a change happens once however often it is sent. `signal`, among a call's options, stops it.
 */
export function createClient(options: ClientOptions) {
  const send = createSend(options);
  return {
    causes: causeCalls(send),
    customers: customerCalls(send),
    events: eventCalls(send),
    imports: importCalls(send),
    keys: keyCalls(send),
    workspaces: workspaceCalls(send),
  };
}

// People over HTTP: sessions, accounts and links.
import { peopleRoutes } from '#contract/people.ts';
import type { Database } from '../database.ts';
import type { Call, Reply, RouteTable } from '../http.ts';
import { acceptLink } from './accept.ts';
import { changePassword, type Entry, updateAccount } from './accounts.ts';
import { type DeliverLink, readLink, requestPasswordReset } from './links.ts';
import { json } from './replying.ts';
import type { Guard } from './second-factor.ts';
import { endSession, listSessions, type Origin, revokeOtherSessions, revokeSession, signedInOf } from './sessions.ts';
import { signIn } from './sign-in.ts';

export type PeopleOptions = Guard & {
  deliverLink: DeliverLink;
  logger: { warn(line: object, message: string): void };
};

export function peopleTable(database: Database, options: PeopleOptions): RouteTable {
  const { attempts, deliverLink, logger, notify } = options;
  // Without the address, which it would be about.
  const onFailure = () => logger.warn({}, 'A link that resets a password could not be delivered');

  /** What the browser had before is of no use any more, and would stay open for a month. */
  async function enterBy({ session }: Call, entry: Promise<Entry>): Promise<Reply> {
    const { secret, person } = await entry;
    if (session !== undefined) await endSession(database, session);
    return { ...json(200, signedInOf(person)), session: secret };
  }

  return [
    [peopleRoutes.session, ({ person }) => json(200, signedInOf(person!))],
    [peopleRoutes.signIn, (call) => enterBy(call, signIn(database, options, call.body, originOf(call)))],
    [
      peopleRoutes.signOut,
      async ({ session }) => {
        if (session !== undefined) await endSession(database, session);
        return { status: 204, session: null };
      },
    ],
    [peopleRoutes.updateAccount, async ({ person, body }) => json(200, await updateAccount(database, person!, body))],
    [
      peopleRoutes.changePassword,
      async ({ person, body, address }) => {
        await changePassword(database, attempts, person!, body, address);
        notify(person!.account.email, 'password_changed');
        return { status: 204 };
      },
    ],
    [peopleRoutes.sessions, async ({ person }) => json(200, { results: await listSessions(database, person!) })],
    [
      peopleRoutes.revokeSession,
      async ({ person, params }) => {
        await revokeSession(database, person!, params.id!);
        return { status: 204 };
      },
    ],
    [
      peopleRoutes.revokeOtherSessions,
      async ({ person }) => {
        await revokeOtherSessions(database, person!);
        return { status: 204 };
      },
    ],
    [peopleRoutes.readLink, async ({ body }) => json(200, await readLink(database, body))],
    [
      peopleRoutes.acceptLink,
      (call) => enterBy(call, acceptLink(database, options, call.body, originOf(call), call.request_id)),
    ],
    [
      peopleRoutes.requestPasswordReset,
      async ({ body, address }) => {
        await requestPasswordReset(database, attempts, deliverLink, onFailure, body, address);
        return { status: 202 };
      },
    ],
  ];
}

const originOf = ({ address, headers }: Call): Origin => ({ address, user_agent: headers['user-agent'] });

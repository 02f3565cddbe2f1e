// Sessions: where a person is signed in. A browser holds the secret in a cookie, the database its SHA-256; it lasts for
// 30 days after it was last seen, which is noted once an hour.
import { hash, randomBytes } from 'node:crypto';
import type { Role } from '#contract/api.ts';
import type { Session, SignedIn } from '#contract/people.ts';
import type { Ask, Database } from '../database.ts';
import { notFound, Problem } from '../problem.ts';
import { inRequest } from '../request-context.ts';
import { inTransaction } from '../transaction.ts';
import { isUuid, uuidv7 } from '../uuid.ts';
import type { Actor, Person } from './actor.ts';
import { unauthenticated } from './keys.ts';
import { forgetAccount, seenSessions } from './seen.ts';
import {
  END_SESSION,
  FIND_SESSION,
  FORGET_SESSIONS,
  INSERT_SESSION,
  LIST_SESSIONS,
  REVOKE_OTHER_SESSIONS,
  REVOKE_SESSION,
  TOUCH_SESSION,
} from './sessions-store.ts';
import { workspaceOf } from './workspaces.ts';

/** Where a request comes from, as a session remembers it. */
export type Origin = { address: string; user_agent: string | undefined };

const SECRET = /^[\w-]{43}$/;

/**
 * The person whose session this is; 401 otherwise. Like a key's, an answer is remembered for a second, and so is what the
 * person may open; `onStranger` is called before a session is looked up that has not been found lately. `prolongs` is false
 * where no cookie can be sent along: the session would live on without the browser's.
 */
export function findPerson(
  database: Database,
  secret: string,
  onStranger: () => void | Promise<void> = () => {},
  prolongs = true,
): Person | Promise<Person> {
  const digest = hash('sha256', secret);
  return seenSessions.find(database, digest, onStranger, () => lookUp(database, digest, secret, prolongs));
}

async function lookUp(database: Database, digest: string, secret: string, prolongs: boolean): Promise<Person> {
  const [row] = SECRET.test(secret) ? await database.read(FIND_SESSION, [digest]) : [];
  if (!row) throw unauthenticated('You are not signed in, or not any more.');
  const [session_id, id, email, name, stale, workspaces] = row;
  const prolonged = stale && prolongs;
  if (prolonged) prolong(database, digest);
  return {
    account: { id, email, name },
    session_id,
    workspaces: (JSON.parse(workspaces ?? '[]') as [Role, ...unknown[]][]).map(([role, ...workspace]) => ({
      role,
      workspace: workspaceOf(workspace),
    })),
    prolonged,
  };
}

/** Nobody waits for it; where it fails, the next look-up tries again. */
function prolong(database: Database, digest: string): void {
  inRequest(undefined, () => inTransaction(database, [[TOUCH_SESSION, [digest]]])).catch(() => {});
}

export const signedInOf = ({ account, workspaces }: Person): SignedIn => ({
  account,
  workspaces: workspaces.map(({ role, workspace: { slug, name } }) => ({ slug, name, role })),
});

/** The person as an actor in a workspace: the one that is named, or the only one there is. */
export function actorIn({ account, workspaces }: Person, slug: string | undefined): Actor {
  if (slug === undefined && workspaces.length !== 1)
    throw new Problem(
      400,
      'workspace_required',
      workspaces.length === 0
        ? 'You are not a member of any workspace.'
        : 'Say which workspace you mean: `Clientele-Workspace: <slug>`.',
    );
  const open = slug === undefined ? workspaces[0] : workspaces.find(({ workspace }) => workspace.slug === slug);
  if (!open) throw new Problem(404, 'unknown_workspace', 'There is no such workspace, or you are not a member of it.');
  return { type: 'person', id: account.id, name: account.name, ...open };
}

// ---- Their beginning and end ----------------------------------------------------------------------------------------

const USER_AGENT_MOST = 200;

/** A new session: its secret, and what stores it. */
export function newSession(account_id: string, { address, user_agent }: Origin): { secret: string; ask: Ask } {
  const secret = randomBytes(32).toString('base64url');
  const agent = user_agent?.slice(0, USER_AGENT_MOST) ?? null;
  return {
    secret,
    ask: [INSERT_SESSION, [hash('sha256', secret), uuidv7(Date.now(), 0), account_id, agent, plainAddress(address)]],
  };
}

/** An IPv4 address as such, however the socket has it. */
export const plainAddress = (address: string) => address.replace(/^::ffff:(?=\d+\.)/i, '');

/** Ends a session, if it is one. */
export async function endSession(database: Database, secret: string): Promise<void> {
  const digest = hash('sha256', secret);
  if (SECRET.test(secret)) await inTransaction(database, [[END_SESSION, [digest]]]);
  seenSessions.forget(database, (_person, seen) => seen === digest);
}

/** Where a person is signed in, the last one seen first. */
export async function listSessions(database: Database, { account, session_id }: Person): Promise<Session[]> {
  const rows = await database.read(LIST_SESSIONS, [account.id]);
  const sessions = rows.map(
    ([id, created_at, last_seen_at, expires_at, user_agent, address]): Session => ({
      id,
      created_at,
      last_seen_at,
      expires_at,
      user_agent,
      address,
      current: id === session_id,
    }),
  );
  const order = ({ last_seen_at, id }: Session) => last_seen_at + id;
  return sessions.sort((one, other) => (order(one) < order(other) ? 1 : -1));
}

/** Ends one of a person's sessions; 404 for any other. */
export async function revokeSession(database: Database, { account }: Person, id: string): Promise<void> {
  if (!isUuid(id)) throw notFound();
  const [revoked] = await inTransaction(database, [[REVOKE_SESSION, [account.id, id]]]);
  if (revoked!.length === 0) throw notFound();
  forgetAccount(database, account.id);
}

/** Ends all of a person's sessions but the one that asks. */
export async function revokeOtherSessions(database: Database, { account, session_id }: Person): Promise<void> {
  await inTransaction(database, [[REVOKE_OTHER_SESSIONS, [account.id, session_id]]]);
  forgetAccount(database, account.id);
}

/** Deletes sessions that have expired. */
export async function forgetOldSessions(database: Database): Promise<void> {
  await inTransaction(database, [[FORGET_SESSIONS, []]]);
}

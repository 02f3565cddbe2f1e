// Accounts: what people change about themselves, and how a session of theirs begins.

import { type CheckedFields, checkInput, type InputFields } from '#contract/input.ts';
import { type Account, accountFields, passwordFields } from '#contract/people.ts';
import type { Database } from '../database.ts';
import { invalid, type Problem } from '../problem.ts';
import { inTransaction } from '../transaction.ts';
import { CHANGE_PASSWORD, LIST_PEOPLE, READ_PASSWORD, RENAME_ACCOUNT } from './accounts-store.ts';
import type { Person } from './actor.ts';
import { type Attempts, takeAttempt } from './attempts.ts';
import { faultOf, hashPassword, isPassword } from './passwords.ts';
import { forgetAccount } from './seen.ts';
import { findPerson, newSession, type Origin } from './sessions.ts';
import { REVOKE_OTHER_SESSIONS } from './sessions-store.ts';

/** Somebody has just been let in: the secret of their session, for the cookie. */
export type Entry = { secret: string; person: Person };

/** Begins a session of somebody who has shown who they are. */
export async function enter(database: Database, account_id: string, origin: Origin): Promise<Entry> {
  const { secret, ask } = newSession(account_id, origin);
  await inTransaction(database, [ask]);
  return { secret, person: await findPerson(database, secret) };
}

/** Changes a person's name. */
export async function updateAccount(database: Database, { account }: Person, body: unknown): Promise<Account> {
  const { name } = checked(accountFields, body, ['id', 'email', 'created_at']);
  if (name === undefined || name === account.name) return account;
  await inTransaction(database, [[RENAME_ACCOUNT, [account.id, name]]]);
  forgetAccount(database, account.id);
  return { ...account, name };
}

/** Changes a person's password, and ends all their sessions but the one that asks. Counts as an attempt to sign in. */
export async function changePassword(
  database: Database,
  attempts: Attempts,
  { account, session_id }: Person,
  body: unknown,
  address: string,
): Promise<void> {
  const fields = checked(passwordFields, body) as { current_password: string; new_password: string };
  const faults = faultOf(fields.new_password, account, '/new_password');
  if (faults.length > 0) throw invalid(faults);
  await takeAttempt(database, attempts, address, account.email);
  const [row] = await database.read(READ_PASSWORD, [account.id]);
  const stored = row?.[0] ?? null;
  if (!(await isPassword(stored, fields.current_password, address))) throw wrongPassword('/current_password');
  const [changed] = await inTransaction(database, [
    [CHANGE_PASSWORD, [account.id, await hashPassword(fields.new_password, address), stored]],
    [REVOKE_OTHER_SESSIONS, [account.id, session_id]],
  ]);
  forgetAccount(database, account.id);
  if (changed!.length === 0) throw wrongPassword('/current_password');
}

export const wrongPassword = (pointer: string): Problem =>
  invalid([{ pointer, code: 'wrong_password', detail: 'This is not the password of the account.' }]);

/** The fields of a body; 400 with what is wrong about them. */
export function checked<Fields extends InputFields>(
  fields: Fields,
  body: unknown,
  readOnly: readonly string[] = [],
): CheckedFields<Fields> {
  const found = checkInput(fields, body, { partial: false, readOnly });
  if (found.errors.length > 0) throw invalid(found.errors);
  return found.fields;
}

export type PersonLine = { id: string; email: string; name: string; workspaces: string | null; created_at: string };

/** Everybody who has an account, with the workspaces that they may open. */
export async function listPeople(database: Database): Promise<PersonLine[]> {
  const rows = await database.search(LIST_PEOPLE, []);
  return rows.map(([id, email, name, workspaces, created_at]) => ({ id, email, name, workspaces, created_at }));
}

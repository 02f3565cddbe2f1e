// Signing in by password.
import { signInFields } from '#contract/people.ts';
import type { Database } from '../database.ts';
import { Problem } from '../problem.ts';
import { checked, type Entry, enter } from './accounts.ts';
import { FIND_ACCOUNT } from './accounts-store.ts';
import { takeAttempt } from './attempts.ts';
import { isPassword } from './passwords.ts';
import { checkSecondFactor, type Guard } from './second-factor.ts';
import type { Origin } from './sessions.ts';

/**
 * Lets a person in by email and password. 401 `sign_in_refused`, after the same work, whether the address is unknown or the
 * password wrong; once it is right, 401 `second_factor_required` where a code is missing or wrong; 429 `too_many_attempts`.
 */
export async function signIn(database: Database, guard: Guard, body: unknown, origin: Origin): Promise<Entry> {
  const fields = checked(signInFields, body) as { email: string; password: string; code?: string };
  const { email, password, code } = fields;
  await takeAttempt(database, guard.attempts, origin.address, email);
  const [account] = await database.read(FIND_ACCOUNT, [email]);
  if (!(await isPassword(account?.[2] ?? null, password, origin.address)))
    throw new Problem(401, 'sign_in_refused', 'The address and the password do not belong together.', {
      headers: { 'www-authenticate': 'Bearer realm="Clientele"' },
    });
  const [id] = account!;
  await checkSecondFactor(database, guard, { id, email }, code);
  return enter(database, id, origin);
}

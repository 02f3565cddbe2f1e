// The second factor: how it is set up and taken away, and how a code of it lets somebody in.
import { hash, randomBytes } from 'node:crypto';
import { isTotpCode } from '#contract/code.ts';
import {
  beginTotpFields,
  confirmTotpFields,
  type OwnAccount,
  proofFields,
  RECOVERY_CODES,
  type RecoveryCodes,
  type TotpSetup,
} from '#contract/second-factor.ts';
import type { Ask, Database } from '../database.ts';
import { invalid, Problem, type ProblemError } from '../problem.ts';
import { openSecret, sealSecret } from '../secrets.ts';
import { inTransaction } from '../transaction.ts';
import { checked, wrongPassword } from './accounts.ts';
import { FIND_ACCOUNT } from './accounts-store.ts';
import type { Person } from './actor.ts';
import { type Attempts, takeAttempt, takeCode } from './attempts.ts';
import { isPassword } from './passwords.ts';
import {
  BEGIN_TOTP,
  CONFIRM_TOTP,
  COUNT_TOTP_SECRETS,
  DELETE_RECOVERY_CODES,
  INSERT_RECOVERY_CODES,
  READ_SECOND_FACTOR,
  REMOVE_TOTP,
  USE_RECOVERY_CODE,
  USE_STEP,
} from './second-factor-store.ts';
import { newTotpSecret, stepOf, totpSetup } from './totp.ts';

/** What becomes known to whom an account belongs, once it is done. */
export type Notice = 'password_changed' | 'second_factor_on' | 'second_factor_off' | 'recovery_codes_renewed';
export type Notify = (email: string, notice: Notice) => void;

/** What watches over signing in: how often may be tried, what the secrets of second factors are encrypted with, and who is told. */
export type Guard = { attempts: Attempts; secrets_key: Buffer | null; notify: Notify };

type Kept = { secret: Buffer | null; on: boolean; password_hash: string | null; codes_left: number };

async function readKept(database: Database, account_id: string): Promise<Kept> {
  const [[secret, on, password_hash, codes_left]] = (await database.read(READ_SECOND_FACTOR, [account_id])) as [
    [string | null, boolean, string | null, number],
  ];
  return { secret: secret === null ? null : Buffer.from(secret, 'hex'), on, password_hash, codes_left };
}

export const hasSecondFactor = async (database: Database, account_id: string): Promise<boolean> =>
  (await readKept(database, account_id)).on;

/** A person's account, and how it is signed in to. */
export async function readOwnAccount(database: Database, { account }: Person): Promise<OwnAccount> {
  const { on, password_hash, codes_left } = await readKept(database, account.id);
  return { ...account, has_password: password_hash !== null, second_factor: on, recovery_codes_left: codes_left };
}

// ---- To let somebody in ---------------------------------------------------------------------------------------------

/**
 * Lets whoever has shown the password of an account go on, where it has no second factor or the code is right. Otherwise 401
 * `second_factor_required`, with `wrong_code` at `/code` where there was one; 429 `too_many_attempts`.
 */
export async function checkSecondFactor(
  database: Database,
  guard: Guard,
  account: { id: string; email: string },
  code: string | undefined,
): Promise<void> {
  const kept = await readKept(database, account.id);
  if (!kept.on) return;
  if (code === undefined) throw codeRequired([]);
  if (!(await spendCode(database, guard, account, kept, code))) throw codeRequired([WRONG_CODE]);
}

/** Whether the code is one of the app's for about now, or a recovery code, that has not been used; it is, from now on. */
async function spendCode(
  database: Database,
  { attempts, secrets_key }: Guard,
  { id, email }: { id: string; email: string },
  kept: Kept,
  code: string,
): Promise<boolean> {
  await takeCode(attempts, email);
  if (!isTotpCode(code)) return changes(database, [USE_RECOVERY_CODE, [id, hash('sha256', code)]]);
  const step = stepOf(openSecret(kept.secret!, id, secrets_key), code, Date.now());
  return step !== null && changes(database, [USE_STEP, [id, step]]);
}

async function changes(database: Database, ask: Ask): Promise<boolean> {
  const [changed] = await inTransaction(database, [ask]);
  return changed!.length > 0;
}

const WRONG_CODE: ProblemError = {
  pointer: '/code',
  code: 'wrong_code',
  detail: 'This code is not right, not of now, or has been used.',
};

const codeRequired = (errors: ProblemError[]) =>
  new Problem(
    401,
    'second_factor_required',
    errors.length > 0 ? errors[0]!.detail : 'Signing in takes a code of your authenticator app, or a recovery code.',
    { errors, headers: { 'www-authenticate': 'Bearer realm="Clientele"' } },
  );

// ---- To set it up, and to take it away ------------------------------------------------------------------------------

/** A new secret for the app of a person whose password is right. 409 `second_factor_on`. */
export async function beginTotp(
  database: Database,
  guard: Guard,
  { account }: Person,
  body: unknown,
  address: string,
): Promise<TotpSetup> {
  const { password } = checked(beginTotpFields, body) as { password: string };
  await checkPassword(database, guard, account, password, address);
  const secret = newTotpSecret();
  const sealed = sealSecret(secret, account.id, guard.secrets_key).toString('hex');
  if (!(await changes(database, [BEGIN_TOTP, [account.id, sealed]])))
    throw new Problem(409, 'second_factor_on', 'The second factor is on already: switch it off first.');
  return totpSetup(secret, account.email);
}

/** Switches the second factor on, where the app shows a right code. Gives the recovery codes. 409 `second_factor_off`. */
export async function confirmTotp(
  database: Database,
  guard: Guard,
  { account }: Person,
  body: unknown,
): Promise<RecoveryCodes> {
  const { code } = checked(confirmTotpFields, body) as { code: string };
  const { secret, on } = await readKept(database, account.id);
  if (on) throw new Problem(409, 'second_factor_on', 'The second factor is on already.');
  if (secret === null) throw new Problem(409, 'second_factor_off', 'Begin to set up the second factor first.');
  await takeCode(guard.attempts, account.email);
  const step = isTotpCode(code) ? stepOf(openSecret(secret, account.id, guard.secrets_key), code, Date.now()) : null;
  if (step === null) throw invalid([WRONG_CODE]);
  if (!(await changes(database, [CONFIRM_TOTP, [account.id, secret.toString('hex'), step]])))
    throw invalid([WRONG_CODE]); // it was begun anew, or confirmed, at the same time
  const { codes, asks } = newRecoveryCodes(account.id);
  await inTransaction(database, asks);
  return { recovery_codes: codes };
}

/** Switches the second factor off, for whoever shows both factors. */
export async function removeTotp(
  database: Database,
  guard: Guard,
  person: Person,
  body: unknown,
  address: string,
): Promise<void> {
  await prove(database, guard, person, body, address);
  await inTransaction(database, removal(person.account.id));
}

/** New recovery codes instead of those there are, for whoever shows both factors. */
export async function createRecoveryCodes(
  database: Database,
  guard: Guard,
  person: Person,
  body: unknown,
  address: string,
): Promise<RecoveryCodes> {
  await prove(database, guard, person, body, address);
  const { codes, asks } = newRecoveryCodes(person.account.id);
  await inTransaction(database, asks);
  return { recovery_codes: codes };
}

/** Switches off the second factor of somebody who has lost it; null where there is no such account, false where it was off. */
export async function resetSecondFactor(database: Database, email: string): Promise<boolean | null> {
  const [account] = await database.read(FIND_ACCOUNT, [email]);
  if (!account) return null;
  const { on } = await readKept(database, account[0]);
  if (on) await inTransaction(database, removal(account[0]));
  return on;
}

const removal = (account_id: string): Ask[] => [
  [REMOVE_TOTP, [account_id]],
  [DELETE_RECOVERY_CODES, [account_id]],
];

async function prove(
  database: Database,
  guard: Guard,
  { account }: Person,
  body: unknown,
  address: string,
): Promise<void> {
  const { password, code } = checked(proofFields, body) as { password: string; code: string };
  const kept = await checkPassword(database, guard, account, password, address);
  if (!kept.on) throw new Problem(409, 'second_factor_off', 'There is no second factor: it is off.');
  if (!(await spendCode(database, guard, account, kept, code))) throw invalid([WRONG_CODE]);
}

async function checkPassword(
  database: Database,
  { attempts }: Guard,
  { id, email }: { id: string; email: string },
  password: string,
  address: string,
): Promise<Kept> {
  await takeAttempt(database, attempts, address, email);
  const kept = await readKept(database, id);
  if (!(await isPassword(kept.password_hash, password, address))) throw wrongPassword('/password');
  return kept;
}

// ---- Recovery codes -------------------------------------------------------------------------------------------------

const SIGNS = '0123456789abcdefghjkmnpqrstvwxyz';
const SIGNS_EACH = 24;

/** Codes as people copy them, `abcd-efgh-…`, and what stores them instead of those before. */
function newRecoveryCodes(account_id: string): { codes: string[]; asks: Ask[] } {
  // 32 signs: five bits of each byte are one, all alike likely. 120 bits, so that a fast hash will do (ASVS 5.0, 6.5.2).
  const plain = Array.from({ length: RECOVERY_CODES }, () =>
    Array.from(randomBytes(SIGNS_EACH), (byte) => SIGNS[byte % SIGNS.length]).join(''),
  );
  const hashes = plain.map((code) => hash('sha256', code));
  return {
    codes: plain.map((code) => code.match(/.{4}/g)!.join('-')),
    asks: [
      [DELETE_RECOVERY_CODES, [account_id]],
      [INSERT_RECOVERY_CODES, [account_id, hashes]],
    ],
  };
}

/** How many secrets are kept as they are, and how many encrypted. */
export async function countTotpSecrets(database: Database): Promise<{ clear: number; encrypted: number }> {
  const [[clear, encrypted]] = (await database.read(COUNT_TOTP_SECRETS)) as [[number, number]];
  return { clear, encrypted };
}

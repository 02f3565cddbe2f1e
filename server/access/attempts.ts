// How often somebody may try to sign in. Three quotas, each of its own kind of attack: those of one address, whatever
// accounts it tries; those on one account from one address; and those on one account from anywhere. The last would let
// anybody keep the owner of an account out for as long as they go on, so it does not hold at addresses where that person
// is signed in; and a link that resets the password helps from everywhere.
import { hash } from 'node:crypto';
import type { Database } from '../database.ts';
import { Problem } from '../problem.ts';
import { callerOfAddress, type RateLimiter, type RatePolicy } from '../rate-limit.ts';
import { plainAddress } from './sessions.ts';
import { IS_KNOWN_ADDRESS } from './sessions-store.ts';

const POLICIES = {
  address: { requests: 60, seconds: 600 },
  account_at_address: { requests: 10, seconds: 600 },
  account: { requests: 100, seconds: 3600 },
  /** Links that reset a password, of one account. */
  resets: { requests: 5, seconds: 3600 },
  /** Codes of a second factor, of one account, from anywhere: only who has the password gets to use this up. */
  codes: { requests: 20, seconds: 3600 },
} satisfies Record<string, RatePolicy>;

export type Attempts = Record<keyof typeof POLICIES, RateLimiter>;

/** `open` makes a limiter; servers that share quotas share these too. */
export function openAttempts(open: (policy: RatePolicy) => RateLimiter): Attempts {
  const entries = Object.entries(POLICIES).map(([name, policy]) => [name, open(policy)]);
  return Object.fromEntries(entries) as Attempts;
}

/** Takes one attempt; 429 where there is none left. An address that has no account is counted like one that has. */
export async function takeAttempt(
  database: Database,
  attempts: Attempts,
  address: string,
  email: string | null,
): Promise<void> {
  const from = callerOfAddress(address);
  await take(attempts.address, `sign-in ${from}`);
  if (email === null) return;
  const account = accountOf(email);
  await take(attempts.account_at_address, `sign-in ${account} ${from}`);
  const verdict = await attempts.account.take(`sign-in ${account}`);
  if (verdict.allowed) return;
  const [known] = await database.read(IS_KNOWN_ADDRESS, [email, plainAddress(address)]);
  if (!known) throw tooMany(verdict.seconds);
}

/** The same for links that reset a password. */
export async function takeReset(attempts: Attempts, address: string, email: string): Promise<void> {
  await take(attempts.address, `sign-in ${callerOfAddress(address)}`);
  await take(attempts.resets, `reset ${accountOf(email)}`);
}

/** The same for codes of a second factor, of which three in a million are right at a time. */
export const takeCode = (attempts: Attempts, email: string): Promise<void> =>
  take(attempts.codes, `code ${accountOf(email)}`);

/** Not the address itself: Redis may hold it. */
const accountOf = (email: string) => `account ${hash('sha256', email, 'base64url')}`;

async function take(limiter: RateLimiter, caller: string): Promise<void> {
  const verdict = await limiter.take(caller);
  if (!verdict.allowed) throw tooMany(verdict.seconds);
}

function tooMany(seconds: number): Problem {
  return new Problem(429, 'too_many_attempts', `Too many attempts: try again in ${seconds} s.`, {
    headers: { 'retry-after': String(seconds) },
  });
}

// Passwords: how they are kept, and which are not taken.
import { availableParallelism } from 'node:os';
import { hash as argon2id, verify } from '@node-rs/argon2';
import type { InputError } from '#contract/input.ts';
import { openFairQueue } from '../fair-queue.ts';
import { overloaded } from '../problem.ts';
import { pieces } from './guesses.ts';

/** argon2id (the library's default) as the OWASP Password Storage Cheat Sheet has it: 19 MiB, two passes, one lane. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/**
 * What an unknown address is compared with, so that it takes as long as a known one: of COST, and of random bytes, so that
 * no password is right.
 */
export const NOBODYS =
  '$argon2id$v=19$m=19456,t=2,p=1$uMbVHbzyNCVaYKhTPlK1mQ$vIUsk9BCq25YzLDJnkTxQpH/0bYHG4ypcvFhb0ZmL2E';

/** A computation takes 19 MiB and one of libuv's four threads, which files and names of hosts need too. */
const AT_ONCE = Math.min(2, availableParallelism());
const turns = openFairQueue({
  at_once: AT_ONCE,
  at_once_each: AT_ONCE,
  waiting: 64,
  waiting_each: 16,
  full: overloaded,
  // Whoever signs in would rather wait than be refused, be the machine as busy as it may.
  standing_ms: 5000,
});

/** The text to keep of a password. `address`: who waits for it; whoever asks for many waits behind themselves. */
export const hashPassword = (password: string, address: string): Promise<string> =>
  turns.run(address, () => argon2id(password, COST));

/** Whether the password is the one that was hashed; never, and after as long, where there is none. */
export const isPassword = async (stored: string | null, password: string, address: string): Promise<boolean> =>
  (await turns.run(address, () => verify(stored ?? NOBODYS, password))) && stored !== null;

/** Below this many things to guess, a password is found among the first that are tried. */
const PIECES_LEAST = 5;

/**
 * What is wrong with a password that somebody would set: NIST SP 800-63B, section 3.1.1.2, has passwords compared with
 * those that are known to be common, with words of a dictionary, and with what has to do with the service and the person.
 */
export function faultOf(password: string, person: { email: string; name: string }, pointer: string): InputError[] {
  const whole = [person.email, person.email.split('@')[0]!, person.name];
  const own = [...whole, ...whole.flatMap((text) => text.split(/[^\p{L}\p{N}]+/u))];
  if (pieces(password, own, PIECES_LEAST) >= PIECES_LEAST) return [];
  const detail = 'This password is easily guessed: it is common, a pattern, or made of your name or address.';
  return [{ pointer, code: 'common_password', detail }];
}

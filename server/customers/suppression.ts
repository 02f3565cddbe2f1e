// Who was erased is not entered again by the next import or synchronisation: emails and external ids are kept as keyed hashes
// (HMAC, RFC 2104), with a key that is not in the database, so that whoever has a copy of it cannot try addresses out.
import { hash } from 'node:crypto';
import type { Ask } from '../database.ts';
import { ADD_SUPPRESSIONS, FIND_SUPPRESSION, REMOVE_SUPPRESSION } from './erase-store.ts';

export type UniqueValue = [field: 'email' | 'external_id', value: string];

/** A hash, and by its id the key that it was made with. */
export type Suppressed = { hash: string; key_id: string };

/** What tells one key from another, and nothing of either. */
export const keyIdOf = (key: Buffer) => hash('sha256', key).slice(0, 8);

const BLOCK = 64;
const DIGEST = 32;

/**
 * HMAC-SHA-256 of texts with a key of up to 64 bytes, as two plain hashes: `createHmac` makes an object for each, and takes ten
 * times as long.
 */
export function openHmac(key: Buffer): (text: string) => string {
  const padded = (sign: number, more: number) => {
    const bytes = Buffer.alloc(BLOCK + more);
    key.copy(bytes);
    for (let at = 0; at < BLOCK; at++) bytes[at]! ^= sign;
    return bytes;
  };
  let inner = padded(0x36, 1024);
  const outer = padded(0x5c, DIGEST);
  return (text) => {
    const length = Buffer.byteLength(text);
    if (BLOCK + length > inner.length) inner = padded(0x36, length);
    inner.write(text, BLOCK);
    outer.write(hash('sha256', inner.subarray(0, BLOCK + length), 'binary'), BLOCK, 'binary');
    return hash('sha256', outer, 'base64url');
  };
}

const hmacs = new WeakMap<Buffer, (text: string) => string>();

function hashOf(key: Buffer, workspace_id: number, [field, value]: UniqueValue): string {
  let hmac = hmacs.get(key);
  if (!hmac) {
    hmac = openHmac(key);
    hmacs.set(key, hmac);
  }
  return hmac(`${workspace_id} ${field} ${value}`);
}

export function suppressedOf(key: Buffer, workspace_id: number, values: UniqueValue[]): Suppressed[] {
  const key_id = keyIdOf(key);
  return values.map((value) => ({ hash: hashOf(key, workspace_id, value), key_id }));
}

/** The last three parameters of FIND_HOLDERS: the hashes of values, the values and their fields. */
export function askedOf(key: Buffer, workspace_id: number, values: UniqueValue[]): [string[], string[], string[]] {
  return [
    values.map((value) => hashOf(key, workspace_id, value)),
    values.map(([, value]) => value),
    values.map(([field]) => field),
  ];
}

export function suppress(workspace_id: number, suppressed: Suppressed[]): Ask {
  return [ADD_SUPPRESSIONS, [workspace_id, suppressed.map(({ hash }) => hash), suppressed.map(({ key_id }) => key_id)]];
}

/** Asks whether a value is suppressed, and suppresses it no more. */
export function suppressionOf(key: Buffer, workspace_id: number, value: UniqueValue): { find: Ask; lift: Ask } {
  const values = [workspace_id, hashOf(key, workspace_id, value)];
  return { find: [FIND_SUPPRESSION, values], lift: [REMOVE_SUPPRESSION, values] };
}

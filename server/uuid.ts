// UUIDv7 (RFC 9562, section 5.7) of a given time, so that ids follow the order of the log.
import { randomFillSync } from 'node:crypto';

const random = Buffer.alloc(6 * 512);
let used = random.length;

/**
 * Makes a UUIDv7 of a time in milliseconds, whose fraction counts (section 6.2, method 3); `counter` (0–16,383) keeps
 * the ids of one moment in order.
 */
export function uuidv7(milliseconds: number, counter: number): string {
  if (used === random.length) {
    randomFillSync(random);
    used = 0;
  }
  const time = Math.floor(milliseconds).toString(16).padStart(12, '0');
  const fraction = Math.floor((milliseconds % 1) * 4096)
    .toString(16)
    .padStart(3, '0');
  const order = (0x8000 | (counter & 0x3fff)).toString(16);
  const tail = random.toString('hex', used, used + 6);
  used += 6;
  return `${time.slice(0, 8)}-${time.slice(8)}-7${fraction}-${order}-${tail}`;
}

/** A time of the log, with its microseconds, in milliseconds. */
export const microTime = (time: string) => Date.parse(`${time.slice(0, 23)}Z`) + Number(time.slice(23, 26)) / 1000;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export const isUuid = (text: string) => UUID.test(text);

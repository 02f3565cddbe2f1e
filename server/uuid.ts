// UUIDv7 (RFC 9562, section 5.7) of a given time, so that ids follow the order of the log.
import { randomFillSync } from 'node:crypto';

const random = Buffer.alloc(8 * 512);
let used = random.length;

/** Makes a UUIDv7 of a time in milliseconds; `counter` (0–4095) keeps the ids of one batch in order. */
export function uuidv7(milliseconds: number, counter: number): string {
  if (used === random.length) {
    randomFillSync(random);
    used = 0;
  }
  const time = milliseconds.toString(16).padStart(12, '0');
  const tail = random.toString('hex', used, used + 8);
  const variant = ((random[used]! & 0x3f) | 0x80).toString(16);
  used += 8;
  const sequence = (counter & 0xfff).toString(16).padStart(3, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${sequence}-${variant}${tail.slice(2, 4)}-${tail.slice(4)}`;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export const isUuid = (text: string) => UUID.test(text);

// Answers that several servers share, in Redis. They are people's data, so they stay there for a minute only; neither
// their names nor anything else tells what was asked.
import { createHash, hash } from 'node:crypto';
import { nonsense, type SharedRedis } from './redis.ts';
import type { Result, SharedResults } from './result-cache.ts';

const KEPT_SECONDS = 60;
/** Bytes of the largest answer that is shared: a larger one would hold up the quotas behind it. */
const LARGEST = 262_144;

/** `limit`: bytes that this server sends to Redis within the time that answers are kept there. */
export function shareResults(redis: SharedRedis, limit: number): SharedResults {
  let since = Number.NEGATIVE_INFINITY;
  let sent = 0;

  function isRoomFor(bytes: number): boolean {
    const now = performance.now();
    if (now - since >= KEPT_SECONDS * 1000) {
      since = now;
      sent = 0;
    }
    if (bytes > LARGEST || sent + bytes > limit) return false;
    sent += bytes;
    return true;
  }

  return {
    find(key, position) {
      const name = nameOf(key, position);
      return redis.ask(async (client) => {
        const entry: unknown = await client.getBuffer(name);
        return entry === null ? undefined : readEntry(name, position, entry);
      });
    },
    keep(key, result) {
      redis.ask(async (client) => {
        const name = nameOf(key, result.position);
        const entry = writeEntry(name, result);
        if (isRoomFor(entry.length)) await client.set(name, entry, 'EX', KEPT_SECONDS);
      });
    },
  };
}

/** Raised with the form of entries, so that servers of two versions do not read one another's. */
const FORM = 1;
const nameOf = (key: string, position: number) =>
  `clientele:answer:${FORM}:${hash('sha256', `${position} ${key}`, 'base64url')}`;

// An entry is a digest of its name and of what follows: the headers as a line of JSON, and the body. An answer to
// another question, which a connection that is out of step may give, has another name and so is never taken for this one.
const DIGEST_BYTES = 32;
const digestOf = (name: string, content: Buffer) => createHash('sha256').update(name).update(content).digest();

function writeEntry(name: string, { headers, body }: Result): Buffer {
  const content = Buffer.concat([Buffer.from(`${JSON.stringify(headers)}\n`), body]);
  return Buffer.concat([digestOf(name, content), content]);
}

function readEntry(name: string, position: number, entry: unknown): Result {
  if (!Buffer.isBuffer(entry)) throw nonsense();
  const content = entry.subarray(DIGEST_BYTES);
  if (!digestOf(name, content).equals(entry.subarray(0, DIGEST_BYTES))) throw nonsense();
  const end = content.indexOf('\n');
  return { position, headers: JSON.parse(content.toString('utf8', 0, end)), body: content.subarray(end + 1) };
}

// Replies that nobody reads. A reply stays in memory until it is taken; those who ask and then read slowly, or not at all,
// are given some time, and all of them together some memory. Then they are cut off. A reply that is sent while it is being
// made may take for ever, as long as something of it is taken now and then, or there is nothing to take.
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { breakOff } from './streams.ts';

export type UnreadReplies = {
  add(reply: ServerResponse): void;
  remove(reply: ServerResponse): void;
  close(): void;
};

/** What all unread replies together may take. */
const MOST_BYTES = 64 * 2 ** 20;
const LOOK_MS = 1000;

/** A connection, and its replies that are not yet taken: more than one where requests are sent without waiting. */
type Line = Socket & { [UNREAD]?: ServerResponse[] };
const UNREAD = Symbol('unread replies');

/** What had been taken of a stream when it was last looked at. */
const streams = new WeakMap<ServerResponse, number>();

/** From now on this reply need not be taken whole within the limit, but some of it. */
export function expectProgress(reply: ServerResponse): void {
  streams.set(reply, -1);
}

/**
 * Cuts off whoever has not taken a whole reply within `limit` milliseconds, or nothing of a stream, and the longest waiting
 * where memory is short.
 */
export function watchUnreadReplies(limit: number, most = MOST_BYTES): UnreadReplies {
  // Not a set of replies: each time it grew it would leave its old self behind, which holds on to replies until the next
  // full collection (70 MB under load).
  const lines = new Set<Line>();
  /** When a reply that is complete was first seen waiting, or a stream after some of it had been taken. */
  const waitingSince = new WeakMap<ServerResponse, number>();
  const timer = setInterval(look, Math.min(LOOK_MS, limit));
  timer.unref();

  function look(): void {
    const now = performance.now();
    const waiting = [...lines].flatMap((line) => line[UNREAD]!).filter(isWaiting);
    const sinceOf = (reply: ServerResponse) => waitingSince.get(reply) ?? now;
    for (const reply of waiting) if (hasProgressed(reply)) waitingSince.delete(reply);
    waiting.sort((a, b) => sinceOf(a) - sinceOf(b));
    let bytes = waiting.reduce((sum, reply) => sum + reply.writableLength, 0);
    for (const reply of waiting) {
      const since = sinceOf(reply);
      waitingSince.set(reply, since);
      if (now - since < limit && bytes <= most) continue;
      bytes -= reply.writableLength;
      breakOff(reply.req.socket);
    }
  }

  function isWaiting(reply: ServerResponse): boolean {
    if (reply.writableEnded || reply.writableLength > 0) return true;
    waitingSince.delete(reply);
    return false;
  }

  return {
    add(reply) {
      const line: Line = reply.req.socket;
      if (!line[UNREAD]) {
        line[UNREAD] = [];
        lines.add(line);
        line.once('close', () => lines.delete(line));
      }
      line[UNREAD].push(reply);
    },
    remove(reply) {
      const unread = (reply.req.socket as Line)[UNREAD]!;
      const index = unread.indexOf(reply);
      if (index >= 0) unread.splice(index, 1);
    },
    close: () => clearInterval(timer),
  };
}

function hasProgressed(reply: ServerResponse): boolean {
  const before = streams.get(reply);
  if (before === undefined) return false;
  // What was handed over to be sent, without what still waits for that: it grows with each piece that is taken.
  const { bytesWritten, writableLength } = reply.req.socket;
  streams.set(reply, bytesWritten - writableLength);
  return bytesWritten - writableLength !== before;
}

// Replies that nobody reads. A reply stays in memory until it is taken; those who ask and then read slowly, or not at all,
// are given some time, and all of them together some memory. Then they are cut off.
import type { ServerResponse } from 'node:http';

export type UnreadReplies = {
  add(reply: ServerResponse): void;
  remove(reply: ServerResponse): void;
  close(): void;
};

/** What all unread replies together may take. */
const MOST_BYTES = 64 * 2 ** 20;
const LOOK_MS = 1000;

/** Cuts off whoever has not taken a whole reply within `limit` milliseconds, and the longest waiting where memory is short. */
export function watchUnreadReplies(limit: number, most = MOST_BYTES): UnreadReplies {
  const replies = new Set<ServerResponse>();
  /** When a reply that is complete was first seen waiting. */
  const waitingSince = new WeakMap<ServerResponse, number>();
  const timer = setInterval(look, Math.min(LOOK_MS, limit));
  timer.unref();

  function look(): void {
    const now = performance.now();
    const waiting: ServerResponse[] = [];
    for (const reply of replies) {
      if (reply.writableFinished || reply.req.socket.destroyed) replies.delete(reply);
      else if (reply.writableEnded) waiting.push(reply);
    }
    let bytes = waiting.reduce((sum, reply) => sum + reply.writableLength, 0);
    for (const reply of waiting) {
      const since = waitingSince.get(reply) ?? now;
      waitingSince.set(reply, since);
      if (now - since < limit && bytes <= most) continue;
      bytes -= reply.writableLength;
      reply.req.socket.destroy();
    }
  }

  return {
    add: (reply) => void replies.add(reply),
    remove: (reply) => void replies.delete(reply),
    close: () => clearInterval(timer),
  };
}

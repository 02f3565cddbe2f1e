// Replies that are sent while they are being made: no size is too large for them, since as much is made as is taken.
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** The body of such a reply. It is asked for the next part when what came before is on its way, and closed at the end. */
export type Stream = AsyncIterable<string | Buffer>;

export const isStream = (body: unknown): body is Stream =>
  typeof body === 'object' && body !== null && Symbol.asyncIterator in body;

/** Parts are sent in pieces of this size: who takes one within the time given is slow, but not gone. */
const PIECE = 65_536;

/** Sends all of it, and settles early when the caller goes away; throws what the stream throws. */
export async function sendStream(reply: ServerResponse, stream: Stream): Promise<void> {
  for await (const part of stream) {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part;
    for (let at = 0; at < bytes.length; at += PIECE) {
      if (reply.closed) return;
      if (!reply.write(bytes.subarray(at, at + PIECE))) await hasRoom(reply);
    }
    if (reply.closed) return;
  }
  reply.end();
}

/** Lets a stream that nobody wants begin and end, so that it gives back what it holds. */
export async function dropStream(stream: Stream): Promise<void> {
  for await (const _ of stream) return;
}

function hasRoom(reply: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    if (reply.closed) return resolve();
    const done = () => {
      reply.off('drain', done).off('close', done);
      resolve();
    };
    reply.on('drain', done).on('close', done);
  });
}

/**
 * Ends the connection of a reply that will not be whole, so that nobody can take it for one: where its end is told by that
 * of the connection, as in HTTP/1.0, an orderly one would say that all is there (RFC 9112, section 8).
 */
export function breakOff(socket: Socket): void {
  socket.resetAndDestroy();
}

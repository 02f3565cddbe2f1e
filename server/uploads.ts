// Bodies that are handed on as they arrive. They may take as long as they like, as long as something arrives now and then.
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { Problem } from './problem.ts';

/** How long a connection stays whose body nobody wants to the end, so that the reply can be read. */
const LINGER_MS = 2000;

const uploading = new WeakSet<object>();

/** Whether what arrives on this connection has no limit of time in all. */
export const isUploading = (socket: object) => uploading.has(socket);

/** Expects an upload as the body of the request that this replies to. */
export function expectUpload(reply: ServerResponse): void {
  const { req: request } = reply;
  const { socket } = request;
  uploading.add(socket);
  reply.once('close', () => {
    uploading.delete(socket);
    if (!request.complete) setTimeout(() => request.complete || socket.destroy(), LINGER_MS).unref();
  });
}

/** The body as it arrives; throws a Problem, 408, where nothing does for `limit` milliseconds. */
export function uploadFrom(body: Readable, limit: number): Readable {
  return Readable.from(parts(body, limit), { objectMode: false });
}

async function* parts(body: Readable, limit: number): AsyncGenerator<Buffer> {
  const arriving = body[Symbol.asyncIterator]();
  for (;;) {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => reject(new Problem(408, 'request_timeout', 'The request took too long to arrive.')),
      limit,
    );
    try {
      const { done, value } = await Promise.race([arriving.next(), late]);
      if (done) return;
      yield value;
    } finally {
      clearTimeout(timer);
    }
  }
}

// How the HTTP part of a server stops without losing a request: it takes no new connections, says `Connection: close` on
// every reply, and lets go of idle connections only once whatever crossed that on its way has been answered.
import { once } from 'node:events';
import type { Server } from 'node:http';
import { Server as Listener, type Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { breakOff } from './streams.ts';

/** How long connections that were idle may still bring a request, which is then told to be their last. */
const LINGER_MS = 1000;

/**
 * Keeps an eye on the connections of a server. `drain` closes its listener, lets all requests be answered, and settles
 * when the last connection is closed: with the number of those that had to be cut off because `patience_ms` were over.
 */
export function watchConnections(server: Server): { count(): number; drain(patience_ms: number): Promise<number> } {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  return {
    count: () => open.size,
    async drain(patience_ms) {
      const closed = once(server, 'close');
      let cut = 0;
      const forced = setTimeout(() => {
        cut = open.size;
        for (const socket of open) breakOff(socket);
      }, patience_ms);
      // The listener alone: an HTTP server's own way to close would cut idle connections in the same moment.
      Listener.prototype.close.call(server);
      const lingered = new AbortController();
      await Promise.race([closed, sleep(LINGER_MS, undefined, { signal: lingered.signal })]);
      lingered.abort();
      // What has arrived by now is read first, and its connection idle no more.
      await nextTurn();
      for (const socket of open) if (socket.bytesRead === 0) socket.destroy();
      server.closeIdleConnections();
      await closed;
      clearTimeout(forced);
      return cut;
    },
  };
}

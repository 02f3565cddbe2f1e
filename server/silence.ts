// Connections to PostgreSQL that have gone silent: bytes vanish on the way, or nobody is at work at the other end, and
// nothing says so. Waiting for TCP to notice takes a quarter of an hour.
import type { Socket } from 'node:net';
import type pg from 'pg';

export type SilenceWatch = {
  watch(client: pg.ClientBase): void;
  onSent(client: pg.ClientBase): void;
  onAnswered(client: pg.ClientBase): void;
};

type Line = { owed: number; heard: number; timer: NodeJS.Timeout };

/**
 * Cuts a connection on which no answer has come for `limit` milliseconds while one was owed, and with it those that were
 * idle for as long: they go the same way, and each would cost the next request as much time to find out.
 */
export function watchForSilence(limit: number): SilenceWatch {
  const lines = new Map<pg.ClientBase, Line>();

  function cut(silent: pg.ClientBase): void {
    const since = performance.now() - limit;
    for (const [client, { owed, heard }] of lines)
      if (client === silent || (owed === 0 && heard < since)) socketOf(client).destroy(silence());
  }

  return {
    watch(client) {
      // One for all statements, put off by each: a timer of its own for each would have to be made and taken away again.
      const timer = setTimeout(() => {
        if (line.owed > 0) cut(client);
      }, limit);
      timer.unref();
      const line: Line = { owed: 0, heard: performance.now(), timer };
      lines.set(client, line);
      client.once('end', () => {
        clearTimeout(timer);
        lines.delete(client);
      });
    },
    onSent(client) {
      const line = lines.get(client);
      if (line && line.owed++ === 0) line.timer.refresh();
    },
    onAnswered(client) {
      const line = lines.get(client);
      if (!line) return;
      line.heard = performance.now();
      if (--line.owed > 0) line.timer.refresh();
    },
  };
}

const socketOf = (client: pg.ClientBase) => (client as unknown as { connection: { stream: Socket } }).connection.stream;

const silence = () => Object.assign(new Error('PostgreSQL has gone silent'), { code: 'ETIMEDOUT' });

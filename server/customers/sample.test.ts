// The sample that chooses between plans is read once for all who wait for it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { fillWithMany } from '../../test/support/fill.ts';
import { startServer, type TestServer } from '../../test/support/server.ts';

let server: TestServer;
let sql: pg.Client;
let locker: pg.Client;
before(async () => {
  server = await startServer();
  sql = new pg.Client(server.connection);
  locker = new pg.Client(server.connection);
  await Promise.all([sql.connect(), locker.connect()]);
  await fillWithMany(sql, server.actor.workspace.id, 6000);
  await sql.query('UPDATE ledgers SET total_customers = 6000, active_customers = 6000');
});
after(async () => {
  await Promise.all([sql.end(), locker.end()]);
  await server.stop();
});

test('whoever goes away while it is read fails nobody who waits for it too', async () => {
  const search = (word: string, signal?: AbortSignal) =>
    fetch(`${server.base}/api/customers?search=${word}`, {
      headers: { authorization: `Bearer ${server.keys.viewer}` },
      signal,
    });
  const waiting = async (count: number) => {
    for (;;) {
      const { rows } = await sql.query(
        `SELECT count(*)::integer AS count FROM pg_stat_activity
          WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%get_byte%'`,
      );
      if (rows[0].count === count) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  await locker.query('BEGIN; LOCK TABLE customers IN ACCESS EXCLUSIVE MODE');
  const first = new AbortController();
  const gone = search('many', first.signal);
  await waiting(1);
  const second = search('customer');
  await new Promise((resolve) => setTimeout(resolve, 200)); // it joins the reading, which nothing shows from outside
  first.abort();
  await assert.rejects(gone, { name: 'AbortError' });
  await new Promise((resolve) => setTimeout(resolve, 200)); // a cancellation would be on its way
  await locker.query('COMMIT');
  const reply = await second;
  assert.equal(reply.status, 200, await reply.text());
});

// More than can be done: what waits is bounded, what is refused is refused at once, and nobody pays for another's flood.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { createKey, createWorkspace, findWorkspace, systemActor } from '#server/access/access.ts';
import { openTestLog } from './support/log.ts';
import { startServer, type TestServer } from './support/server.ts';

const log = openTestLog();
let server: TestServer;
let id: string;
let other: { authorization: string };
before(async () => {
  server = await startServer({ logger: log.logger });
  id = (
    await server.call('POST', '/api/customers', { first_name: 'Ada', last_name: 'Lovelace', email: 'ada@example.org' })
  ).body.id;
  await createWorkspace(server.database, 'other', 'Other');
  const actor = systemActor((await findWorkspace(server.database, 'other'))!, 'test');
  const { subject } = await createKey(server.database, actor, { name: 'k', role: 'editor' }, { request_id: null });
  other = { authorization: `Bearer ${subject.key}` };
  await server.call('GET', '/api/customers?search=ada', undefined, other); // both keys and connections are warm
});
after(() => server.stop());

/** A lock of PostgreSQL's, by its number. */
const HELD = 4711;
const WAIT = { name: 'wait', text: 'SELECT pg_advisory_xact_lock_shared($2), $1::integer AS workspace_id' };
/** Searches as a workspace's own that take as long as the lock is held. */
const flood = (count: number) =>
  Array.from({ length: count }, () => server.database.search(WAIT, [server.actor.workspace.id, HELD]));

describe('while a workspace floods the server with searches', () => {
  test('its own are refused beyond a bound, at once and unharmed, and everything else is answered', async () => {
    const holder = new pg.Client(server.connection);
    await holder.connect();
    await holder.query('SELECT pg_advisory_lock($1)', [HELD]);
    const searches = flood(17); // one at a time, sixteen wait
    try {
      const refused = await server.call('GET', '/api/customers?search=lovelace');
      assert.equal(refused.status, 503);
      assert.equal(refused.body.code, 'overloaded');
      assert.equal(refused.headers.get('retry-after'), '1');
      const lines = log.lines().filter((line) => line.request_id === refused.body.request_id);
      assert.deepEqual(
        lines.map(({ msg, status }) => [msg, status]),
        [['Request', 503]],
        'what is meant is no error, and needs no stack',
      );
      const answers = await Promise.all([
        server.call('GET', `/api/customers/${id}`),
        server.call('GET', '/api/customers'),
        server.call('PATCH', `/api/customers/${id}`, { phone: '+1 202 555 0147' }),
        server.call('GET', '/api/customers?search=lovelace', undefined, other),
      ]);
      assert.deepEqual(
        answers.map(({ status }) => status),
        [200, 200, 200, 200],
      );
      assert.equal(server.database.pools().search.waiting, 16, 'the flood is still there');
    } finally {
      await holder.end();
    }
    await Promise.allSettled(searches); // some have waited too long by then
    assert.equal((await server.call('GET', '/api/customers?search=lovelace')).status, 200);
  });
});

describe('a caller that goes away', () => {
  test('has its search cancelled, and the connection serves the next one', async () => {
    const locker = new pg.Client(server.connection);
    await locker.connect();
    const searching = async () => {
      await locker.query('SELECT pg_stat_clear_snapshot()');
      const { rows } = await locker.query(
        `SELECT count(*)::integer AS count FROM pg_stat_activity
          WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%search LIKE%'`,
      );
      return rows[0].count as number;
    };
    const until = async (isSo: () => Promise<boolean>) => {
      while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 10));
    };
    try {
      await locker.query('BEGIN');
      await locker.query('LOCK TABLE customers IN ACCESS EXCLUSIVE MODE');
      const leaving = new AbortController();
      const asked = fetch(`${server.base}/api/customers?search=byron`, {
        headers: { authorization: `Bearer ${server.keys.viewer}` },
        signal: leaving.signal,
      });
      await until(async () => (await searching()) > 0);
      leaving.abort();
      await assert.rejects(asked, { name: 'AbortError' });
      await until(async () => (await searching()) === 0);
    } finally {
      await locker.query('ROLLBACK');
      await locker.end();
    }
    assert.equal((await server.call('GET', '/api/customers?search=byron')).status, 200);
  });
});

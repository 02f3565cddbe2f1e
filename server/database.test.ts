// What becomes of connections when they are no longer wanted.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type pg from 'pg';
import { until } from '../test/support/process.ts';
import { openTestConnections, openTestSql, type TestSql } from '../test/support/server.ts';

let opened: TestSql;
let sql: pg.Client;
before(async () => {
  opened = await openTestSql();
  ({ sql } = opened);
});
after(() => opened.drop());

const ONE = { name: 'one', text: 'SELECT 1' };
const NAME = 'closed too early';
async function connections(): Promise<number> {
  const asked = 'SELECT count(*)::int AS open FROM pg_stat_activity WHERE application_name = $1';
  return (await sql.query(asked, [NAME])).rows[0].open;
}

test('what is asked once all is closed is refused, and opens no connection that would keep the process from ending', async () => {
  const database = openTestConnections({ ...opened.connection, application_name: NAME });
  assert.deepEqual(await database.read(ONE), [[1]]);
  assert.ok((await connections()) > 0);
  await database.close();
  await assert.rejects(database.read(ONE), { status: 503, code: 'database_unavailable' });
  await assert.rejects(database.search(ONE));
  await assert.rejects(database.begin());
  await until(async () => (await connections()) === 0, 'that PostgreSQL has let them go');
});

// The search index's waiting list is emptied beside those that write, and left alone where nobody does.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, mock, test } from 'node:test';
import pg from 'pg';
import { openTestDatabase, type TestDatabase } from '../../test/support/server.ts';
import { findWorkspace, systemActor } from '../access/access.ts';
import { createCustomer } from './customers.ts';
import { keepingSearchClean, keepSearchClean, settleSearch } from './search-upkeep.ts';

let opened: TestDatabase;
let sql: pg.Client;
before(async () => {
  opened = await openTestDatabase();
  sql = new pg.Client(opened.connection);
  await sql.connect();
});
after(async () => {
  await sql.end();
  await opened.drop();
});
beforeEach(() => mock.timers.enable({ apis: ['setInterval'] }));
afterEach(() => mock.timers.reset());

let made = 0;
async function write(): Promise<void> {
  const actor = systemActor((await findWorkspace(opened.database, 'main'))!, 'test');
  const customer = { first_name: 'Ada', last_name: 'Lovelace', email: `ada-${made++}@example.com` };
  await createCustomer(opened.database, actor, customer, { request_id: null });
}

/** Pages that are waiting, which go into the index by that. */
async function waiting(): Promise<number> {
  const { rows } = await sql.query("SELECT gin_clean_pending_list('customers_search')::int AS pages");
  return rows[0].pages;
}

/** A second passes; gives how many statements were sent for it. */
async function second(upkeep: { stop(): Promise<void> }): Promise<number> {
  const before = opened.database.statements();
  mock.timers.tick(1000);
  await upkeep.stop();
  return opened.database.statements() - before;
}

test('what is written waits', async () => {
  await write();
  assert.ok((await waiting()) > 0);
  assert.equal(await waiting(), 0);
});

test('it is emptied within a second of a write', async () => {
  const upkeep = keepSearchClean(opened.database);
  await write();
  assert.equal(await second(upkeep), 1);
  assert.equal(await waiting(), 0);
});

test('what a process left that was killed goes, too', async () => {
  await write();
  assert.equal(await second(keepSearchClean(opened.database)), 1);
  assert.equal(await waiting(), 0);
});

test('where nothing is written, nothing is done', async () => {
  const upkeep = keepSearchClean(opened.database);
  mock.timers.tick(1000);
  await new Promise((resolve) => setTimeout(resolve, 50));
  const before = opened.database.statements();
  for (let at = 0; at < 5; at++) mock.timers.tick(1000);
  await upkeep.stop();
  assert.equal(opened.database.statements(), before);
});

test('work that is no server’s has it emptied meanwhile', async () => {
  await keepingSearchClean(opened.database, async () => {
    await write();
    mock.timers.tick(1000);
  });
  assert.equal(await waiting(), 0);
});

test('after a bulk it is empty, and after a large one the planner knows the table', async () => {
  const analyzed = async () =>
    (await sql.query("SELECT reltuples FROM pg_class WHERE relname = 'customers'")).rows[0].reltuples as number;
  await write();
  await settleSearch(opened.database, 1);
  assert.equal(await waiting(), 0);
  assert.equal(await analyzed(), -1);
  await settleSearch(opened.database, 10_000);
  assert.equal(await analyzed(), made);
});

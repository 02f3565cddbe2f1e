// The search index's waiting list is emptied beside those that write, and left alone where nobody does.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, mock, test } from 'node:test';
import type pg from 'pg';
import { openTestSql, type TestSql } from '../../test/support/server.ts';
import { findWorkspace, systemActor } from '../access/access.ts';
import type { Database } from '../database.ts';
import { createCustomer } from './customers.ts';
import { keepingSearchClean, keepSearchClean, settleSearch } from './search-upkeep.ts';

let opened: TestSql;
let sql: pg.Client;
before(async () => {
  opened = await openTestSql();
  ({ sql } = opened);
});
after(() => opened.drop());
beforeEach(() => mock.timers.enable({ apis: ['setInterval'] }));
afterEach(() => mock.timers.reset());

/** What the upkeep has sent. */
const sent: Promise<unknown>[] = [];
/** The database, which tells of that. */
const told = (): Database => ({
  ...opened.database,
  search(...asked) {
    const answer = opened.database.search(...asked);
    sent.push(answer);
    return answer;
  },
});

let made = 0;
async function write(database: Database): Promise<void> {
  const actor = systemActor((await findWorkspace(database, 'main'))!, 'test');
  const customer = { first_name: 'Ada', last_name: 'Lovelace', email: `ada-${made++}@example.com` };
  await createCustomer(database, actor, customer, { request_id: null });
}

/** Pages that are waiting, which go into the index by that. */
async function waiting(): Promise<number> {
  const { rows } = await sql.query("SELECT gin_clean_pending_list('customers_search')::int AS pages");
  return rows[0].pages;
}

/** A second passes, and what is done then; gives how many statements were sent for it. */
async function second(): Promise<number> {
  const before = sent.length;
  mock.timers.tick(1000);
  await Promise.allSettled(sent.slice(before));
  await new Promise((resolve) => setImmediate(resolve));
  return sent.length - before;
}

test('what is written waits', async () => {
  await write(opened.database);
  assert.ok((await waiting()) > 0);
  assert.equal(await waiting(), 0);
});

test('it is emptied within a second of a write, and left alone where nothing is written', async () => {
  const database = told();
  const upkeep = keepSearchClean(database);
  await second();
  for (let at = 0; at < 3; at++) {
    await write(database);
    assert.equal(await second(), 1);
    assert.equal(await waiting(), 0);
    assert.equal(await second(), 0);
  }
  await upkeep.stop();
});

test('what a process left that was killed goes, too', async () => {
  await write(opened.database);
  const upkeep = keepSearchClean(told());
  assert.equal(await second(), 1);
  assert.equal(await second(), 0);
  await upkeep.stop();
  assert.equal(await waiting(), 0);
});

test('what failed is tried again', async () => {
  let failures = 2;
  const database = told();
  const { search } = database;
  const upkeep = keepSearchClean({
    ...database,
    search: async (...asked) => {
      if (failures-- > 0) throw new Error('lost');
      return search(...asked);
    },
  });
  await write(opened.database);
  assert.deepEqual([await second(), await second(), await second(), await second()], [0, 0, 1, 0]);
  await upkeep.stop();
  assert.equal(await waiting(), 0);
});

test('work that is no server’s has it emptied meanwhile', async () => {
  const database = told();
  await keepingSearchClean(database, async () => {
    await second();
    await write(database);
    assert.equal(await second(), 1);
  });
  assert.equal(await waiting(), 0);
});

test('after a bulk it is empty, and after a large one the planner knows the table', async () => {
  const analyzed = async () =>
    (await sql.query("SELECT reltuples FROM pg_class WHERE relname = 'customers'")).rows[0].reltuples as number;
  await write(opened.database);
  await settleSearch(opened.database, 1);
  assert.equal(await waiting(), 0);
  assert.equal(await analyzed(), -1);
  await settleSearch(opened.database, 10_000);
  assert.equal(await analyzed(), made);
});

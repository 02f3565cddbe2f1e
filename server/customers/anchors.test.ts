// Anchors: cursors that lead where their ranks say, in lists of any length, in every ordering and of both states.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import type { Anchors } from '#contract/anchors.ts';
import { ORDERINGS } from '#contract/customers.ts';
import { ada } from '../../test/support/customers.ts';
import { startServer, type TestServer } from '../../test/support/server.ts';

let server: TestServer;
let sql: pg.Client;
before(async () => {
  server = await startServer();
  sql = new pg.Client(server.connection);
  await sql.connect();
});
after(async () => {
  await sql.end();
  await server.stop();
});

const KEYS = {
  last_name: ['last_key', 'first_key'],
  first_name: ['first_key', 'last_key'],
  email: ['email'],
  created_at: ['created_at'],
  updated_at: ['updated_at'],
};
const LISTS = ORDERINGS.flatMap((field) =>
  [false, true].flatMap((descending) =>
    [undefined, true, false].map((is_active) => ({
      field,
      descending,
      is_active,
      query: `ordering=${descending ? '-' : ''}${field}${is_active === undefined ? '' : `&is_active=${is_active}`}`,
    })),
  ),
);
type List = (typeof LISTS)[number];

/** The ids of a list in their order. */
async function idsOf({ field, descending, is_active }: List): Promise<string[]> {
  const order = [...KEYS[field], 'id'].map((key) => key + (descending ? ' DESC' : '')).join(', ');
  const { rows } = await sql.query<{ id: string }>(
    `SELECT id FROM customers WHERE deleted_at IS NULL AND is_active IN (${is_active ?? 'true, false'}) ORDER BY ${order}`,
  );
  return rows.map(({ id }) => id);
}

const anchorsOf = async (query: string) =>
  (await server.call('GET', `/api/customers/anchors?${query}`)).body as Anchors;

/** How many customers come before the page of each anchor. */
async function ranksOf({ query }: List, { results }: Anchors, ids: string[]): Promise<number[]> {
  const places = new Map(ids.map((id, index) => [id, index]));
  const ranks = [];
  for (const { cursor } of results) {
    const page = await server.call('GET', `/api/customers?${query}&limit=1&fields=id&cursor=${cursor}`);
    assert.equal(page.status, 200, page.text);
    ranks.push(places.get(page.body.results[0].id)!);
  }
  return ranks;
}

describe('of a short list', () => {
  before(async () => {
    const names = ['Ada', 'ada', 'Ádám', 'Zoé', '𠮷田', '豈', 'Ana', 'Bea'];
    const items = Array.from({ length: 60 }, (_, index) => ({
      action: 'create',
      customer: ada({ first_name: names[index % 8], last_name: names[(index * 5) % 7], is_active: index % 3 > 0 }),
    }));
    assert.equal((await server.call('POST', '/api/customers/batch', { items })).status, 200);
    const { body } = await server.call('GET', '/api/customers?limit=5');
    for (const { id } of body.results) await server.call('DELETE', `/api/customers/${id}`);
  });

  test('there is one for each customer but the last, or as many as are asked for at equal distances', async () => {
    for (const list of LISTS) {
      const ids = await idsOf(list);
      const all = await anchorsOf(list.query);
      assert.deepEqual([all.count, all.is_exact], [ids.length, true]);
      assert.deepEqual(
        all.results.map(({ rank }) => rank),
        ids.slice(1).map((_, index) => index + 1),
      );
      assert.deepEqual(
        await ranksOf(list, all, ids),
        all.results.map(({ rank }) => rank),
        list.query,
      );
      const few = await anchorsOf(`${list.query}&limit=3`);
      const parts = [1, 2, 3].map((part) => Math.ceil((part * (ids.length + 1)) / 4));
      assert.deepEqual(
        few.results.map(({ rank }) => rank),
        parts,
      );
      assert.deepEqual(await ranksOf(list, few, ids), parts, list.query);
    }
  });

  test('they follow every change', async () => {
    const { count } = await anchorsOf('limit=2');
    await server.call('POST', '/api/customers', ada());
    assert.equal((await anchorsOf('limit=2')).count, count + 1);
  });

  test('they belong to their list', async () => {
    const { results } = await anchorsOf('ordering=email&is_active=true');
    for (const query of [
      'ordering=-email&is_active=true',
      'ordering=email',
      'ordering=email&is_active=true&search=ada',
    ]) {
      const { status, body } = await server.call('GET', `/api/customers?${query}&cursor=${results[3]!.cursor}`);
      assert.deepEqual([status, body.errors?.[0].code], [400, 'invalid_cursor'], query);
    }
  });

  test('an empty list has none', async () => {
    const other = await startServer();
    try {
      const { body } = await other.call('GET', '/api/customers/anchors');
      assert.deepEqual(body, { count: 0, is_exact: true, results: [] });
    } finally {
      await other.stop();
    }
  });

  test('what cannot be is refused by name', async () => {
    for (const [query, pointer, code] of [
      ['ordering=age', 'ordering', 'invalid_ordering'],
      ['is_active=yes', 'is_active', 'invalid_boolean'],
      ['limit=0', 'limit', 'invalid_number'],
      ['limit=1001', 'limit', 'invalid_number'],
      ['search=ada', 'search', 'unknown_parameter'],
      ['deleted=true', 'deleted', 'unknown_parameter'],
    ]) {
      const { body } = await server.call('GET', `/api/customers/anchors?${query}`);
      assert.deepEqual([body.errors[0].pointer, body.errors[0].code], [pointer, code], query);
    }
  });
});

describe('of a long list', () => {
  const MANY = 40_000;
  before(async () => {
    // Ids by hash: the sample is the same each time. Names are as uneven as names are, times rise, a sixth is inactive.
    await sql.query(
      `INSERT INTO customers (workspace_id, version, id, created_at, updated_at, deleted_at, is_active, search, first_key,
          last_key, email, starts, first_name, last_name)
        SELECT 1, 1, md5('c' || n)::uuid, '2020-01-01Z'::timestamptz + n * interval '1 minute',
          '2025-01-01Z'::timestamptz + (n * 7919 % $1) * interval '1 minute', CASE WHEN n % 10 = 0 THEN now() END, n % 6 > 0, '',
          'f' || floor(sqrt(n % 977)), 'l' || floor(10000 / (1 + n * 7 % 1009)), n || '@example.com', '', 'F', 'L'
        FROM generate_series(1, $1) AS n`,
      [MANY],
    );
    await sql.query(
      `UPDATE ledgers SET total_customers = (SELECT count(*) FROM customers WHERE deleted_at IS NULL),
        active_customers = (SELECT count(*) FROM customers WHERE deleted_at IS NULL AND is_active)`,
    );
    await sql.query('ANALYZE customers');
  });

  test('they lie near where they say, in order, in every ordering and of both states', async () => {
    let worst = 0;
    for (const list of LISTS) {
      const ids = await idsOf(list);
      const found = await anchorsOf(`${list.query}&limit=20`);
      assert.deepEqual([found.count, found.is_exact, found.results.length], [ids.length, false, 20]);
      const said = found.results.map(({ rank }) => rank);
      assert.deepEqual(
        said,
        said.toSorted((a, b) => a - b),
      );
      assert.ok(said[0]! > 0 && said.at(-1)! < ids.length && new Set(said).size === said.length);
      const ranks = await ranksOf(list, found, ids);
      assert.deepEqual(
        ranks,
        ranks.toSorted((a, b) => a - b),
        list.query,
      );
      for (const [index, rank] of ranks.entries()) worst = Math.max(worst, Math.abs(rank - said[index]!) / ids.length);
    }
    // 2,250 sampled rows, of which 375 are inactive.
    assert.ok(worst < 0.08, `${worst}`);
  });

  test('they hold while little changes, and no longer', async () => {
    const path = '/api/customers/anchors?ordering=email';
    const first = await server.call('GET', path);
    const before = server.statements();
    const { body } = await server.call('POST', '/api/customers', ada());
    const again = await server.call('GET', path, undefined, { 'if-none-match': first.headers.get('etag')! });
    assert.equal(again.status, 304);
    assert.ok(server.statements() - before < 10);
    const items = Array.from({ length: 20 }, (_, index) => ({
      action: 'update',
      id: body.id,
      customer: { phone: `+49 30 ${1_000_000 + index}` },
    }));
    for (const part of [items, items, items.slice(0, 1)])
      assert.equal((await server.call('POST', '/api/customers/batch', { items: part })).status, 200);
    const later = await server.call('GET', path, undefined, { 'if-none-match': first.headers.get('etag')! });
    assert.deepEqual([later.status, later.body.count], [200, first.body.count + 1]);
  });

  test('a rare state is counted off', async () => {
    await sql.query(`UPDATE customers SET is_active = true WHERE NOT is_active AND email NOT LIKE '1%'`);
    await sql.query(
      `UPDATE ledgers SET position = position + 1000, active_customers = (SELECT count(*) FROM customers WHERE deleted_at IS NULL AND is_active)`,
    );
    const list = LISTS.find(({ query }) => query === 'ordering=-last_name&is_active=false')!;
    const ids = await idsOf(list);
    const found = await anchorsOf(`${list.query}&limit=20`);
    assert.deepEqual([found.count, found.is_exact], [ids.length, true]);
    assert.deepEqual(
      await ranksOf(list, found, ids),
      found.results.map(({ rank }) => rank),
    );
  });
});

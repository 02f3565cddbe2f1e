// New customers over time: counts that hold after whatever was done, whoever did it, and what may be asked for.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import pg from 'pg';
import type { CustomerTimeline } from '#contract/timeline.ts';
import { ada } from '../../test/support/customers.ts';
import { startServer, type TestServer } from '../../test/support/server.ts';
import { readTimelineQuery } from './timeline.ts';

let server: TestServer;
let sql: pg.Client;
before(async () => {
  server = await startServer();
  sql = new pg.Client({ ...server.connection, options: '-c TimeZone=UTC' });
  await sql.connect();
});
after(async () => {
  await sql.end();
  await server.stop();
});

const today = () => new Date().toISOString().slice(0, 10);
const timeline = async (query = '') =>
  (await server.call('GET', `/api/customers/stats/timeline${query}`)).body as CustomerTimeline;

/** Every day is what the table says, and all of them make up the total. */
async function check(): Promise<void> {
  const { rows } = await sql.query<{ day: string; customers: number }>(
    `SELECT created_at::date::text AS day, count(*)::int AS customers FROM customers WHERE deleted_at IS NULL GROUP BY 1`,
  );
  const from = '2018-01-01';
  const told = await timeline(`?from=${from}&to=${today()}`);
  const days = told.results.filter(({ customers }) => customers > 0).map(({ date, customers }) => [date, customers]);
  const held = rows.filter(({ day }) => day >= from).map(({ day, customers }) => [day, customers]);
  assert.deepEqual(days, held.sort());
  const sum = told.before + told.results.reduce((all, { customers }) => all + customers, 0);
  assert.equal(sum, (await server.call('GET', '/api/customers/stats')).body.total_customers);
}

async function ended(): Promise<void> {
  while ((await sql.query(`SELECT 1 FROM causes WHERE state IN ('running', 'ready')`)).rowCount !== 0)
    await new Promise((resolve) => setTimeout(resolve, 10));
}

/** An import of customers of the past; gives its id. */
async function importOf(days: string[]): Promise<string> {
  const rows = days.map((day) => `Ada,Lovelace,${ada().email},${day}T23:59:59.999999Z`);
  const file = ['first_name,last_name,email,created_at', ...rows].join('\n');
  const { id } = (await server.call('POST', '/api/imports', file, { 'content-type': 'text/csv' })).body;
  while ((await server.call('GET', `/api/imports/${id}`)).body.state === 'checking')
    await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal((await server.call('POST', `/api/imports/${id}/run`)).status, 202);
  await ended();
  return id;
}

const idsOf = async (state: string) =>
  (await sql.query<{ id: string }>(`SELECT id FROM customers WHERE deleted_at ${state} ORDER BY id`)).rows.map(
    ({ id }) => id,
  );

describe('the counts of days', () => {
  test('are those of the customers, after every kind of write and what takes it back', async () => {
    const day = fc.integer({ min: 0, max: 60 }).map((ago) => new Date(Date.now() - ago * 86_400_000).toISOString());
    const steps = fc.array(
      fc.record({
        kind: fc.constantFrom('create', 'delete', 'restore', 'update', 'batch', 'import', 'undo import', 'delete all'),
        pick: fc.nat(),
        days: fc.array(
          day.map((time) => time.slice(0, 10)),
          { minLength: 1, maxLength: 20 },
        ),
      }),
      { minLength: 5, maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        let imported: string | undefined;
        for (const { kind, pick, days } of list) {
          const ids = await idsOf('IS NULL');
          const gone = await idsOf('IS NOT NULL');
          const id = ids[pick % ids.length];
          const deleted = gone[pick % gone.length];
          if (kind === 'create') await server.call('POST', '/api/customers', ada());
          if (kind === 'delete' && id) await server.call('DELETE', `/api/customers/${id}`);
          if (kind === 'restore' && deleted) await server.call('POST', `/api/customers/${deleted}/restore`);
          if (kind === 'update' && id)
            await server.call('PATCH', `/api/customers/${id}`, { is_active: pick % 2 === 0 });
          if (kind === 'import') imported = await importOf(days);
          if (kind === 'undo import' && imported) {
            await server.call('POST', `/api/imports/${imported}/undo`);
            await ended();
          }
          if (kind === 'delete all') {
            await server.call('POST', '/api/customers/bulk-edits', { ids, action: 'delete' });
            await ended();
          }
          if (kind === 'batch') {
            const items = [
              ...days.map(() => ({ action: 'create', customer: ada() })),
              ...(id
                ? [
                    { action: 'delete', id },
                    { action: 'restore', id },
                  ]
                : []),
              ...(deleted
                ? [
                    { action: 'restore', id: deleted },
                    { action: 'delete', id: deleted },
                  ]
                : []),
            ];
            assert.equal((await server.call('POST', '/api/customers/batch', { items })).status, 200);
          }
          await check();
        }
      }),
      { numRuns: 8 },
    );
  });

  test('stay exact where many write at once', async () => {
    const made = await Promise.all(Array.from({ length: 60 }, () => server.call('POST', '/api/customers', ada())));
    await Promise.all(
      made.map(({ body }, index) => index % 3 === 0 && server.call('DELETE', `/api/customers/${body.id}`)),
    );
    await check();
  });

  test('make up for what a server of the version before has written', async () => {
    await importOf(['2020-02-29', '2020-02-29', '2020-03-01']);
    const [gone] = (await sql.query(`SELECT id FROM customers WHERE created_at::date = '2020-03-01'`)).rows;
    // What such a server writes: rows, events and the ledger, but no days.
    for (let time = 0; time < 2; time++) {
      await sql.query(
        `WITH row AS (INSERT INTO customers SELECT (jsonb_populate_record(customers, jsonb_build_object(
            'id', uuidv7(), 'email', gen_random_uuid(), 'created_at', '2020-02-29T00:00:00Z'))).* FROM customers
            WHERE deleted_at IS NULL LIMIT 1 RETURNING workspace_id, id),
          ledger AS (UPDATE ledgers SET position = position + 1, total_customers = total_customers + 1 RETURNING position)
        INSERT INTO events (workspace_id, position, at, type, customer_id, actor, after)
        SELECT workspace_id, position, now(), 'customer.created', id, '{}', '{"created_at": "2020-02-29T00:00:00.000000Z"}'
        FROM row, ledger`,
      );
      if (time === 1) await server.call('DELETE', `/api/customers/${gone.id}`);
      const { results } = await timeline('?from=2020-02-28&to=2020-03-01');
      assert.deepEqual(
        results.map(({ customers }) => customers),
        [0, 3 + time, 1 - time],
      );
    }
  });

  test('are there for customers of before', async () => {
    await sql.query('ALTER TABLE ledgers DROP COLUMN days_position');
    await sql.query('DROP TABLE customer_days');
    await sql.query(readFileSync(new URL('../../migrations/0006_customer_days.sql', import.meta.url), 'utf8'));
    const { rows } = await sql.query('SELECT days_position = position AS kept FROM ledgers');
    assert.deepEqual(rows, [{ kept: true }]);
    await check();
  });
});

describe('what is asked for', () => {
  test('is a range of days, each told of; weeks begin on Monday, months on their first', async () => {
    const whole = await timeline('?from=2020-02-27&to=2020-03-02');
    const dates = ['2020-02-27', '2020-02-28', '2020-02-29', '2020-03-01', '2020-03-02'];
    assert.deepEqual(
      whole.results.map(({ date }) => date),
      dates,
    );
    assert.deepEqual([whole.from, whole.to, whole.by, whole.results[2]!.customers], [dates[0], dates[4], 'day', 4]);
    const weeks = await timeline('?from=2020-02-27&to=2020-03-02&by=week');
    assert.deepEqual(weeks.results, [
      { date: '2020-02-24', customers: 4 },
      { date: '2020-03-02', customers: 0 },
    ]);
    const months = await timeline('?from=2020-02-29&to=2020-03-02&by=month');
    assert.deepEqual(months.results, [
      { date: '2020-02-01', customers: 4 },
      { date: '2020-03-01', customers: 0 },
    ]);
  });

  test('is the last 90 days where nothing else is said', async () => {
    const day = today();
    const { from, to, results } = await timeline();
    assert.equal(results.length, 90);
    assert.ok(to >= day && from === results[0]!.date);
    const now = Date.parse('2026-03-01T00:00:00Z');
    assert.deepEqual(readTimelineQuery({}, now), { from: '2025-12-02', to: '2026-03-01', by: 'day' });
    assert.deepEqual(readTimelineQuery({ to: '2024-02-29' }, now), { from: '2023-12-02', to: '2024-02-29', by: 'day' });
  });

  test('is refused by name where it cannot be', async () => {
    for (const [query, pointer, code] of [
      ['from=yesterday', 'from', 'invalid_date'],
      ['from=2025-02-29', 'from', 'invalid_date'],
      ['to=2025-1-1', 'to', 'invalid_date'],
      ['to=0000-01-01', 'to', 'invalid_date'],
      ['from=2025-01-02&to=2025-01-01', 'from', 'invalid_range'],
      ['from=9999-12-31', 'from', 'invalid_range'],
      ['from=2015-01-02&to=2025-02-18', 'from', 'invalid_range'],
      ['by=year', 'by', 'invalid_choice'],
    ]) {
      const { status, body } = await server.call('GET', `/api/customers/stats/timeline?${query}`);
      assert.equal(status, 400, query);
      assert.deepEqual([body.errors[0].pointer, body.errors[0].code], [pointer, code], query);
    }
    assert.equal((await timeline('?from=2015-01-03&to=2025-02-18')).results.length, 3700);
  });

  test('is not sent again while nothing changes', async () => {
    const path = '/api/customers/stats/timeline?by=month';
    const { headers } = await server.call('GET', path);
    const asked = { 'if-none-match': headers.get('etag')! };
    assert.equal((await server.call('GET', path, undefined, asked)).status, 304);
    assert.equal((await server.call('GET', `${path}&from=2026-01-01`, undefined, asked)).status, 200);
    await server.call('POST', '/api/customers', ada());
    assert.equal((await server.call('GET', path, undefined, asked)).status, 200);
  });

  test('is of one’s own workspace', async () => {
    await sql.query(`INSERT INTO customer_days VALUES (99, '2020-02-29', 1000)`);
    assert.equal((await timeline('?from=2020-02-29&to=2020-02-29')).results[0]!.customers, 4);
  });
});

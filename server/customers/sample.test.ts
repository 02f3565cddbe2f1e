// The sample that chooses between plans is read once for all who wait for it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import pg from 'pg';
import { ORDERINGS } from '#contract/customers.ts';
import { fillWithMany } from '../../test/support/fill.ts';
import { startServer, type TestServer } from '../../test/support/server.ts';
import { createWorkspace } from '../access/access.ts';
import { rfc3339 } from '../database.ts';
import { estimate, sampleOf, waysOf } from './sample.ts';

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

test('an estimate is what counting the sample row by row comes to', async () => {
  const { id } = (await createWorkspace(server.database, 'sampled', 'Sampled'))!;
  await fillWithMany(sql, id, 6000);
  const any = (parts: number, salt: string) => `abs(hashtext(id::text || '${salt}')) % ${parts}`;
  await sql.query(
    `UPDATE customers SET is_active = ${any(3, 'a')} > 0, last_key = chr(97 + ${any(20, 'l')}), first_key = chr(97 + ${any(9, 'f')}),
        search = (ARRAY['lind', 'lindqvist', 'smith', 'smithson'])[1 + ${any(4, 's')}], starts = chr(97 + ${any(5, 't')}),
        created_at = '2026-01-01Z'::timestamptz + ${any(400, 'c')} * interval '1 hour',
        updated_at = '2026-02-01Z'::timestamptz + ${any(400, 'u')} * interval '1 hour'
      WHERE workspace_id = $1`,
    [id],
  );
  const { rows: found } = await sql.query(
    `SELECT search, starts, is_active, last_key || E'\n' || first_key AS last_name, first_key || E'\n' || last_key AS first_name, email,
        ${rfc3339('created_at')} AS created_at, ${rfc3339('updated_at')} AS updated_at
      FROM customers WHERE workspace_id = $1 AND get_byte(uuid_send(id), 15) < 16`,
    [id],
  );
  const sample = await sampleOf(server.database, id, { position: 0, total_customers: 6000, active_customers: 0 });
  assert.ok(sample.size > 200 && sample.size === found.length);

  const time = fc
    .integer({ min: 0, max: 1200 })
    .map((hour) => new Date(Date.UTC(2026, 0, 1, hour)).toISOString().replace('Z', '000Z'));
  const range = fc.option(
    fc.tuple(time, time).map((times) => times.sort() as [string, string]),
    { nil: undefined },
  );
  const word = fc
    .constantFrom('lind', 'smith', 'son', 'nobody', 'a', 'e')
    .map((text) => ({ text, short: text.length < 3 }));
  const filter = fc.record({
    words: fc.array(word, { maxLength: 2 }),
    is_active: fc.constantFrom(undefined, true, false),
    created_at: range,
    updated_at: range,
  });
  const cursor = fc.option(fc.nat(found.length - 1), { nil: undefined });
  fc.assert(
    fc.property(filter, fc.constantFrom(...ORDERINGS), fc.boolean(), cursor, (filter, field, descending, at) => {
      fc.pre(waysOf(filter).length > 0);
      const place = at === undefined ? undefined : found[at][field];
      const { words, is_active, created_at, updated_at } = filter;
      const within = (value: string, times?: [string, string]) => !times || (value >= times[0] && value < times[1]);
      const worded = (row: Record<string, string>) =>
        words.every(({ text, short }) => (short ? row.starts!.split(' ').includes(text) : row.search!.includes(text)));
      const stated = (row: { is_active: boolean }) => is_active === undefined || row.is_active === is_active;
      const passing = found.filter(
        (row) => worded(row) && stated(row) && within(row.created_at, created_at) && within(row.updated_at, updated_at),
      );
      const walked = found
        .filter((row) => stated(row) && (!field.endsWith('_at') || within(row[field], filter[field as 'created_at'])))
        .filter((row) => place === undefined || (descending ? row[field] < place : row[field] > place))
        .sort((a, b) => (a[field] < b[field] ? -1 : a[field] > b[field] ? 1 : 0) * (descending ? -1 : 1));
      const ranks = walked.flatMap((row, index) => (passing.includes(row) ? index + 1 : []));
      const told = estimate(sample, filter, { field, descending }, place, 26);
      assert.deepEqual(
        told.shares.map((share) => Math.round(share * sample.size)),
        words.map(
          (one) =>
            found.filter((row) =>
              one.short ? row.starts.split(' ').includes(one.text) : row.search.includes(one.text),
            ).length,
        ),
      );
      const rows = {
        search: found.filter(worded).length,
        created_at: found.filter((row) => stated(row) && within(row.created_at, created_at)).length,
        updated_at: found.filter((row) => stated(row) && within(row.updated_at, updated_at)).length,
      };
      assert.equal(told.gather, rows[told.way] * sample.scale);
      assert.equal(told.surelyMoreThan(0), passing.length > 16);
      assert.equal(told.walk === Number.POSITIVE_INFINITY, ranks.length === 0);
      // Rows that tie stand in any order, so that only bounds of the walk are sure: it is no shorter than to the first match and a page.
      if (ranks.length === 1) assert.ok(told.walk <= (walked.length + 1) * sample.scale);
    }),
    { numRuns: 300 },
  );
});

// Rows on their way into the database: as they were given, whatever stands in them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import type pg from 'pg';
import { openTestSql, type TestSql } from '../test/support/server.ts';
import { type Column, rowset, textsOf } from './rowset.ts';

let opened: TestSql;
let sql: pg.Client;
before(async () => {
  opened = await openTestSql();
  ({ sql } = opened);
});
after(() => opened.drop());

const COLUMNS: Column[] = [
  { name: 'key', type: 'text' },
  { name: 'phone', type: 'text', nullable: true },
  { name: 'version', type: 'integer', nullable: true },
  { name: 'is_active', type: 'boolean' },
  { name: 'before', type: 'json', nullable: true },
];

test('rows come out as they went in, the empty ones too, and with their numbers', async () => {
  const text = fc.string({
    unit: fc.oneof(fc.constantFrom('\\', '"', '{', ',', '\n', '\u001e', '𝒜'), fc.string()),
    maxLength: 9,
  });
  const safe = text.filter((value) => !/[\0\u001f]/.test(value) && value.isWellFormed());
  const row = fc.tuple(
    safe,
    fc.option(safe.filter(Boolean)),
    fc.option(fc.nat(1e6)),
    fc.boolean(),
    fc.option(fc.object()),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 12 }), async (rows) => {
      const given = rows.map(([key, phone, version, is_active, before]) => [
        key,
        phone,
        version,
        is_active,
        before && JSON.stringify(before),
      ]);
      const { rows: found } = await sql.query({
        text: `SELECT key, phone, version, is_active, before::text, number::integer FROM ${rowset(COLUMNS, 1, 'given')} ORDER BY number`,
        values: textsOf(given),
        rowMode: 'array',
      });
      assert.deepEqual(
        found,
        given.map((values, index) => [...values, index + 1]),
      );
    }),
  );
});

test('a value that would be taken for two is refused, before it could move others', () => {
  assert.throws(() => textsOf([['a'], ['b\u001fc']]), /U\+001F/);
});

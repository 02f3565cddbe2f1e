// The contract's customer and the table of customers say the same: a new field is a line in each.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { TSchema } from 'typebox';
import { CUSTOMER_FIELDS, customerSchema, INPUT_FIELDS } from '#contract/customers.ts';
import { openTestDatabase } from './support/server.ts';

/** Made from other columns whenever a customer is answered. */
const MADE_UP = ['full_name'];
/** What the table holds besides: whose row it is, whether it is deleted, and what it is sorted and searched by. */
const INTERNAL = ['deleted_at', 'first_key', 'last_key', 'search', 'starts', 'workspace_id'];

const opened = await openTestDatabase();
after(() => opened.drop());

type Column = { type: string; nullable: boolean };
const rows = await opened.database.read({
  name: 'read_customer_columns',
  text: `SELECT column_name::text, data_type::text, is_nullable = 'YES' FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name = 'customers'`,
});
const columns = new Map<string, Column>(rows.map(([name, type, nullable]) => [name, { type, nullable }]));

type Shape = { type?: string; format?: string; anyOf?: Shape[] };

/** The column that holds what a schema describes. */
function columnFor(schema: TSchema): Column {
  const shape = schema as Shape;
  const parts = shape.anyOf ?? [shape];
  const [value, ...others] = parts.filter(({ type }) => type !== 'null');
  assert.ok(value && others.length === 0, 'A field is of one type, or of one type and null.');
  const formats: Record<string, string> = { uuid: 'uuid', 'date-time': 'timestamp with time zone' };
  const types: Record<string, string> = { string: 'text', boolean: 'boolean', integer: 'integer' };
  return { type: formats[value.format ?? ''] ?? types[value.type!]!, nullable: parts.length > 1 };
}

test('every customer field has its column, of its type', () => {
  for (const field of CUSTOMER_FIELDS) {
    if (MADE_UP.includes(field)) assert.equal(columns.get(field), undefined);
    else assert.deepEqual(columns.get(field), columnFor(customerSchema.properties[field]!), field);
  }
});

test('every column of a customer is a field, or known to be internal', () => {
  const others = [...columns.keys()].filter((name) => !CUSTOMER_FIELDS.some((field) => field === name));
  assert.deepEqual(others.sort(), INTERNAL);
});

test('every field that can be written is a field that is answered', () => {
  for (const field of INPUT_FIELDS) assert.ok(CUSTOMER_FIELDS.includes(field), field);
});

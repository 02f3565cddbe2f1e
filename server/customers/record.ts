// A customer on its way out of the database: one text with all its fields, which costs PostgreSQL and the driver a
// fraction of what a column each or JSON made there would; the JSON to answer with is put together here.
import { CUSTOMER_FIELDS, type Customer } from '#contract/customers.ts';
import { BETWEEN_VALUES } from '../rowset.ts';

/** Another that no field can hold. */
export const BETWEEN_RECORDS = '\u001e';

const COLUMNS = CUSTOMER_FIELDS.filter((field) => field !== 'full_name');

/** SQL for a customer as one text. What is null becomes empty, which no text field of a customer can be. */
export const RECORD = `concat(${COLUMNS.join(`, U&'\\001f', `)})`;

type Writer = (values: string[]) => string;

const at = (field: keyof Customer) => (COLUMNS as readonly (keyof Customer)[]).indexOf(field);

const WRITERS: Partial<Record<keyof Customer, Writer>> = {
  full_name: (values) => quoted(`${values[at('first_name')]} ${values[at('last_name')]}`),
  is_active: (values) => (values[at('is_active')] === 't' ? 'true' : 'false'),
  version: (values) => values[at('version')]!,
  created_at: (values) => `"${rfc3339Of(values[at('created_at')]!)}"`,
  updated_at: (values) => `"${rfc3339Of(values[at('updated_at')]!)}"`,
};

const MEMBERS = CUSTOMER_FIELDS.map((field, index): [before: string, write: Writer] => {
  const column = at(field);
  const text: Writer = (values) => (values[column] === '' ? 'null' : quoted(values[column]!));
  return [`${index === 0 ? '{' : ','}"${field}":`, WRITERS[field] ?? text];
});

/** The customer in a record as the JSON that the API answers with. */
export function jsonOf(record: string): string {
  const values = record.split(BETWEEN_VALUES);
  let json = '';
  for (const [before, write] of MEMBERS) json += before + write(values);
  return `${json}}`;
}

type Reader = (values: string[]) => Customer[keyof Customer];

const READERS: Partial<Record<keyof Customer, Reader>> = {
  full_name: (values) => `${values[at('first_name')]} ${values[at('last_name')]}`,
  is_active: (values) => values[at('is_active')] === 't',
  version: (values) => Number(values[at('version')]),
  created_at: (values) => rfc3339Of(values[at('created_at')]!),
  updated_at: (values) => rfc3339Of(values[at('updated_at')]!),
};

const FIELDS = CUSTOMER_FIELDS.map((field): [field: keyof Customer, read: Reader] => {
  const column = at(field);
  return [field, READERS[field] ?? ((values) => values[column] || null)];
});

/** The customer in a record. */
export function customerOf(record: string): Customer {
  const values = record.split(BETWEEN_VALUES);
  const customer: Record<string, unknown> = {};
  for (const [field, read] of FIELDS) customer[field] = read(values);
  return customer as Customer;
}

/** One field of a record as the database wrote it. */
export const fieldOf = (record: string, field: keyof Customer): string => record.split(BETWEEN_VALUES)[at(field)]!;

const NEEDS_ESCAPES = /["\\\u0000-\u001f]/;

export const quoted = (text: string) => (NEEDS_ESCAPES.test(text) ? JSON.stringify(text) : `"${text}"`);

/** `2026-01-02 03:04:05.6+00`, as PostgreSQL writes a time, in RFC 3339 with six decimals. */
export function rfc3339Of(time: string): string {
  const clock = time.slice(11, -3);
  return `${time.slice(0, 10)}T${clock.length === 8 ? `${clock}.000000` : clock.padEnd(15, '0')}Z`;
}

// What the columns of an import mean: each row's cells as the fields of a customer.
import type { MatchField } from '#contract/batch.ts';
import { type CustomerInput, inputFields } from '#contract/customers.ts';
import { type FieldKind, flag, timestamp } from '#contract/field.ts';
import { IMPORT_FIELDS, type ImportColumn, type ImportField } from '#contract/imports.ts';
import { unguard } from '../csv.ts';
import { Problem } from '../problem.ts';
import type { CsvRow } from './csv.ts';
import { holdsBothNames } from './guess.ts';

const FLAGS = new Map([
  ...['true', 't', 'yes', '1'].map((word) => [word, true] as const),
  ...['false', 'f', 'no', '0'].map((word) => [word, false] as const),
]);

const writtenFlag: FieldKind<boolean> = {
  schema: flag.schema,
  normalise(value, label) {
    const known = FLAGS.get(String(value).trim().toLowerCase());
    if (known !== undefined) return { value: known };
    return { refusal: { code: 'invalid_flag', detail: `${label} must be true or false (or t, yes, 1; f, no, 0).` } };
  },
};

// biome-ignore lint/suspicious/noExplicitAny: the kinds in one list have different value types
const kinds: Record<ImportField, { kind: FieldKind<any>; label: string; required: boolean }> = {
  ...inputFields,
  is_active: { ...inputFields.is_active, kind: writtenFlag },
  created_at: { kind: timestamp, label: 'Created at', required: false },
};

/** Columns of the file of refused rows, so that it can be corrected and imported as it is. */
export const REPORTED: readonly string[] = ['line', 'reason'];

const COLUMNS_LIMIT = 10_000;

/** Where the cell of each field stands in a row, and how it is checked. */
export type ColumnPlan = {
  width: number;
  /** In the order of `IMPORT_FIELDS`. */
  cells: { field: ImportField; index: number; kind: FieldKind<unknown>; label: string; required: boolean }[];
};

/** What rows are matched by, and whether the columns' fields are guessed rather than said. */
export type Matching = { match: MatchField; guessed: boolean };

/**
 * What `checkRow` goes by, from the columns of a header, guessed or chosen. Throws a Problem (400) that says everything
 * that is wrong: `invalid_header` where the file must change, `invalid_mapping` where the columns' fields must.
 */
export function checkColumns(
  columns: readonly ImportColumn[],
  header: CsvRow,
  { match, guessed }: Matching,
): ColumnPlan {
  const inHeader = header.fault ? [header.fault] : mistakesInHeader(columns, header.cells);
  const inMapping = header.fault ? [] : mistakesInMapping(columns, header.cells, match, guessed);
  const detail = [`The first line of the file must name the columns.`, ...inHeader, ...inMapping].join(' ');
  if (inHeader.length > 0) throw new Problem(400, 'invalid_header', detail);
  if (inMapping.length > 0) throw new Problem(400, 'invalid_mapping', detail);
  const cells = IMPORT_FIELDS.map((field) => ({
    field,
    index: columns.findIndex((column) => column.field === field),
    ...kinds[field],
    required: field === match && field === 'email',
  }));
  return { width: columns.length, cells: cells.filter(({ index }) => index !== -1) };
}

function mistakesInHeader(columns: readonly ImportColumn[], cells: readonly string[]): string[] {
  const names = cells.map(comparable);
  if (names.length > COLUMNS_LIMIT) return [`It has ${names.length} columns; there may be ${COLUMNS_LIMIT}.`];
  if (names.every((name) => name === '')) return ['All its names are blank.'];
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  const mapped = new Set(columns.filter(({ field }) => field).map(({ name }) => comparable(name)));
  const repeated = [...counts].filter(([name, count]) => count > 1 && mapped.has(name)).map(([name]) => name);
  return repeated.length > 0 ? [`More than once: ${listed(repeated)}.`] : [];
}

function mistakesInMapping(
  columns: readonly ImportColumn[],
  cells: readonly string[],
  match: MatchField,
  guessed: boolean,
): string[] {
  if (
    columns.length !== cells.length ||
    columns.some(({ name }, index) => comparable(name) !== comparable(cells[index]!))
  )
    return ['The columns that were chosen are not those of the file.'];
  const filling = (field: ImportField) => columns.filter((column) => column.field === field).map(({ name }) => name);
  const twice = IMPORT_FIELDS.filter((field) => filling(field).length > 1).map(
    (field) => `${listed(filling(field))} cannot all be ${field}.`,
  );
  // A file that only changes customers needs no more than what tells them; one with columns that nobody could place does.
  const strict = guessed && leftOut(columns).length > 0;
  const needed = IMPORT_FIELDS.filter((field) => field === match || (strict && kinds[field].required));
  const missing = needed.filter((field) => filling(field).length === 0);
  if (missing.length === 0) return twice;
  const both = missing.includes('first_name') || missing.includes('last_name') ? cells.filter(holdsBothNames) : [];
  const unused = leftOut(columns);
  return [
    ...twice,
    ...(both.length > 0 ? [`${listed(both)} holds both names; make two columns of it, first_name and last_name.`] : []),
    ...(unused.length > 0 ? [`Without a field: ${listed(unused)}.`] : []),
    `Missing: ${listed(missing)}.`,
  ];
}

/** Names of the columns that fill no field. */
export function leftOut(columns: readonly ImportColumn[]): string[] {
  const names = columns.filter(({ field }) => !field).map(({ name }) => name);
  return names.filter((name) => name.trim() !== '' && !REPORTED.includes(comparable(name)));
}

const comparable = (name: string) => name.trim().toLowerCase();

/** A few of the names, made safe to print. */
export function listed(names: readonly string[]): string {
  const some = names.slice(0, 5).map((name) => `"${name.slice(0, 60).toWellFormed().replaceAll(/\p{C}/gu, '\ufffd')}"`);
  return names.length > some.length ? `${some.join(', ')} and ${names.length - some.length} more` : some.join(', ');
}

/** Why a row is not taken: each mistake's code, and a sentence for each. */
export type Refusal = { codes: string[]; reason: string };

export type CheckedRow =
  | { fields: Partial<CustomerInput>; created_at?: string; refusal?: undefined }
  | { refusal: Refusal; fields?: undefined; created_at?: undefined };

/** Checks a row by the rules of every request. A blank cell leaves its field out, a column without a field is not read. */
export function checkRow(plan: ColumnPlan, { cells, fault }: CsvRow): CheckedRow {
  if (fault) return refuse('invalid_csv', fault);
  if (cells.length !== plan.width)
    return refuse('wrong_length', `The row has ${cells.length} cells and the first line ${plan.width}.`);
  const fields: Record<string, unknown> = {};
  const errors: { code: string; detail: string }[] = [];
  let created_at: string | undefined;
  for (const { field, index, kind, label, required } of plan.cells) {
    const cell = unguard(cells[index]!);
    // What decoding makes of bytes that are not UTF-8, or what another program made of them before.
    if (cell.includes('\ufffd'))
      return refuse('invalid_encoding', 'The row holds characters that are not valid UTF-8.');
    if (cell.trim() === '') {
      if (required) errors.push({ code: 'required', detail: `${label} is required.` });
      continue;
    }
    const { value, refusal } = kind.normalise(cell, label);
    if (refusal) errors.push(refusal);
    else if (field === 'created_at') created_at = value as string;
    else fields[field] = value;
  }
  return errors.length > 0 ? { refusal: refusalOf(errors) } : { fields: fields as Partial<CustomerInput>, created_at };
}

export function refusalOf(errors: { code: string; detail: string }[]): Refusal {
  return { codes: errors.map(({ code }) => code), reason: errors.map(({ detail }) => detail).join(' ') };
}

const refuse = (code: string, reason: string) => ({ refusal: { codes: [code], reason } });

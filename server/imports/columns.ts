// What the columns of an import mean: its header, and each row's cells as the fields of a customer.
import { INPUT_FIELDS, inputFields } from '#contract/customers.ts';
import { type FieldKind, flag, timestamp } from '#contract/field.ts';
import { type CheckedFields, checkInput } from '#contract/input.ts';
import { Problem } from '../problem.ts';
import type { CsvRow } from './csv.ts';

const FLAGS: Record<string, boolean> = {
  true: true,
  t: true,
  yes: true,
  1: true,
  false: false,
  f: false,
  no: false,
  0: false,
};

const writtenFlag: FieldKind<boolean> = {
  schema: flag.schema,
  normalise(value, label) {
    const known = FLAGS[String(value).trim().toLowerCase()];
    if (known !== undefined) return { value: known };
    return { refusal: { code: 'invalid_flag', detail: `${label} must be true or false (or t, yes, 1; f, no, 0).` } };
  },
};

const columns = {
  ...inputFields,
  is_active: { ...inputFields.is_active, kind: writtenFlag },
  created_at: { kind: timestamp, label: 'Created at', required: false },
};

/** Every column that an import may have, in any order. */
export const COLUMNS: readonly string[] = Object.keys(columns);

/** Columns of the file of refused rows, so that it can be corrected and imported as it is. */
export const REPORTED: readonly string[] = ['line', 'reason'];

/** The columns as the file names them, and the field that each fills; null: none. */
export type Header = { names: string[]; fields: (string | null)[] };

/** Throws a Problem (400 `invalid_header`) that says everything that is wrong with the header. */
export function readHeader({ cells, fault }: CsvRow): Header {
  const names = cells.map((cell) => cell.trim());
  const lower = names.map((name) => name.toLowerCase());
  const unknown = names.filter((_, index) => ![...COLUMNS, ...REPORTED].includes(lower[index]!));
  const repeated = COLUMNS.filter((column) => lower.indexOf(column) !== lower.lastIndexOf(column));
  const missing = INPUT_FIELDS.filter((field) => inputFields[field].required && !lower.includes(field));
  const mistakes = fault
    ? [fault]
    : [
        ...(unknown.length > 0 ? [`Unknown: ${listed(unknown)}.`] : []),
        ...(repeated.length > 0 ? [`More than once: ${listed(repeated)}.`] : []),
        ...(missing.length > 0 ? [`Missing: ${listed(missing)}.`] : []),
      ];
  if (mistakes.length > 0)
    throw new Problem(
      400,
      'invalid_header',
      `The first line must name the columns, separated by commas: ${COLUMNS.join(', ')}. ${mistakes.join(' ')}`,
    );
  return { names, fields: lower.map((name) => (COLUMNS.includes(name) ? name : null)) };
}

/** A few of the names, made safe to print. */
function listed(names: readonly string[]): string {
  const some = names.slice(0, 5).map((name) => `"${name.slice(0, 60).replaceAll(/\p{C}/gu, '\ufffd')}"`);
  return names.length > some.length ? `${some.join(', ')} and ${names.length - some.length} more` : some.join(', ');
}

/** Why a row is not taken: each mistake's code, and a sentence for each. */
export type Refusal = { codes: string[]; reason: string };

export type CheckedRow = { fields: CheckedFields<typeof columns>; refusal?: undefined } | { refusal: Refusal };

/** Checks a row by the rules of every request. A blank cell leaves its field out. */
export function checkRow({ names, fields }: Header, { cells, fault }: CsvRow): CheckedRow {
  if (fault) return refuse('invalid_csv', fault);
  if (cells.length !== names.length)
    return refuse('wrong_length', `The row has ${cells.length} cells and the first line ${names.length}.`);
  const body: Record<string, string> = {};
  for (const [index, cell] of cells.entries()) {
    // What decoding makes of bytes that are not UTF-8, or what another program made of them before.
    if (cell.includes('\ufffd'))
      return refuse('invalid_encoding', 'The row holds characters that are not valid UTF-8.');
    const field = fields[index];
    if (field && cell.trim() !== '') body[field] = cell;
  }
  const checked = checkInput(columns, body, { partial: false });
  if (checked.errors.length > 0) return { refusal: refusalOf(checked.errors) };
  return { fields: checked.fields };
}

export function refusalOf(errors: { code: string; detail: string }[]): Refusal {
  return { codes: errors.map(({ code }) => code), reason: errors.map(({ detail }) => detail).join(' ') };
}

const refuse = (code: string, reason: string) => ({ refusal: { codes: [code], reason } });

// What the columns of an import mean: the header, and a row's cells as the body that a request would have.
import { INPUT_FIELDS, inputFields, READ_ONLY_FIELDS } from '#contract/customers.ts';
import { checkInput, type InputError } from '#contract/input.ts';
import { timestamp } from '#contract/field.ts';
import { Problem } from '../problem.ts';

/** Every column that an import may have, in any order. */
export const COLUMNS: readonly string[] = [...INPUT_FIELDS, 'created_at'];

/** Columns of the file of refused rows, so that it can be corrected and imported as it is. */
const PASSED_OVER = ['line', 'reason'];

/** The meaning of each cell of a row; null: passed over. */
export type Header = { names: string[]; columns: (string | null)[] };

/** Throws a Problem (400 `invalid_header`) that says everything that is wrong with the header. */
export function readHeader(cells: string[]): Header {
  const names = cells.map((cell) => cell.trim());
  const lower = names.map((name) => name.toLowerCase());
  const known = new Set([...COLUMNS, ...PASSED_OVER]);
  const unknown = names.filter((_, index) => !known.has(lower[index]!));
  const repeated = COLUMNS.filter((column) => lower.indexOf(column) !== lower.lastIndexOf(column));
  const missing = INPUT_FIELDS.filter((field) => inputFields[field].required && !lower.includes(field));
  const mistakes = [
    unknown.length > 0 && `There is no column ${listed(unknown)}; the columns are ${COLUMNS.join(', ')}.`,
    repeated.length > 0 && `The column ${listed(repeated)} is there more than once.`,
    missing.length > 0 && `The column ${listed(missing)} is missing.`,
    names.length === 1 && /[;\t|]/.test(names[0]!) && 'Columns are separated by commas.',
  ].filter((mistake) => mistake !== false);
  if (mistakes.length > 0) throw new Problem(400, 'invalid_header', `The first line is not right. ${mistakes.join(' ')}`);
  return { names, columns: lower.map((name) => (COLUMNS.includes(name) ? name : null)) };
}

/** A few of the names, made safe to print. */
function listed(names: string[]): string {
  const some = names.slice(0, 5).map((name) => JSON.stringify(name.slice(0, 60).replaceAll(/\p{C}/gu, '\ufffd')));
  return names.length > some.length ? `${some.join(', ')} and ${names.length - some.length} more` : some.join(', ');
}

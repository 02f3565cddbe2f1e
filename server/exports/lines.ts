// Customers as the lines of a file. A field at a time, since what holds for a whole field need not be asked of each value.
import type { Customer } from '#contract/customers.ts';
import type { ExportFormat } from '#contract/exports.ts';
import { csvCell, csvLine, guard } from '../csv.ts';
import { quoted, type Slice } from '../customers/customers.ts';

/** What stands before the first customer, and the customers of a slice. */
export type Lines = { head: string; of(slice: Slice): Buffer };

export const linesOf: Record<ExportFormat, (fields: readonly (keyof Customer)[]) => Lines> = {
  csv: (fields) => ({
    head: csvLine(fields),
    of: (slice) =>
      joined(
        slice.map(csvColumn),
        fields.map((_, index) => (index === 0 ? '' : ',')),
        '\n',
      ),
  }),
  jsonl: (fields) => ({
    head: '',
    of: (slice) =>
      joined(
        slice.map((values, index) => (BARE.has(fields[index]!) ? values : values.map(jsonText))),
        fields.map((field, index) => `${index === 0 ? '{' : ','}"${field}":`),
        '}\n',
      ),
  }),
};

function csvColumn(values: string[]): string[] {
  return values.map((value) => csvCell(guard(value)));
}

/** Fields whose JSON is as they are written. */
const BARE = new Set<keyof Customer>(['is_active', 'version']);

const jsonText = (value: string) => (value === '' ? 'null' : quoted(value));

/**
 * Line by line, the values of all columns, each with what comes before it. Byte by byte: to put texts together and make
 * bytes of them takes more than twice as long.
 */
function joined(columns: string[][], before: string[], end: string): Buffer {
  const lines = columns[0]!.length;
  let size = lines * (before.join('').length + end.length);
  for (const column of columns) for (const value of column) size += value.length;
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  for (let line = 0; line < lines; line++) {
    for (let index = 0; index < columns.length; index++) {
      at = put(bytes, at, before[index]!);
      at = put(bytes, at, columns[index]![line]!);
    }
    at = put(bytes, at, end);
  }
  return bytes;
}

function put(bytes: Buffer, at: number, text: string): number {
  for (let index = 0; index < text.length; index++) bytes[at + index] = text.charCodeAt(index);
  return at + text.length;
}

// Customers as the lines of a file. A field at a time, since what holds for a whole field need not be asked of each value.
import type { Customer } from '#contract/customers.ts';
import type { ExportFormat } from '#contract/exports.ts';
import { csvCell, csvLine, guard } from '../csv.ts';
import { quoted, type Slice } from '../customers/customers.ts';

/** What stands before the first customer, and the customers of a slice. */
export type Lines = { head: string; of(slice: Slice): string };

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

/** Line by line, the values of all columns, each with what comes before it. */
function joined(columns: string[][], before: string[], end: string): string {
  let text = '';
  for (let line = 0; line < columns[0]!.length; line++) {
    for (let index = 0; index < columns.length; index++) text += before[index]! + columns[index]![line]!;
    text += end;
  }
  return text;
}

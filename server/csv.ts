// Cells of a CSV file (RFC 4180) as they are written, and what keeps a spreadsheet from running one as a formula.

/** One line; a cell that needs quotes is put in quotes. */
export function csvLine(cells: readonly string[], delimiter = ','): string {
  return `${cells.map((cell) => csvCell(cell, delimiter)).join(delimiter)}\n`;
}

export function csvCell(cell: string, delimiter = ','): string {
  return NEEDS_QUOTES.test(cell) || cell.includes(delimiter) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

const NEEDS_QUOTES = /["\r\n]/;

/**
 * A cell that a spreadsheet takes for text: one that begins with `= + - @`, a tab or a carriage return gets a `'` before
 * it, and so does one that has such a `'` already, which is how `unguard` tells the two apart. Others stay as they are.
 */
export const guard = (cell: string) => (RUNS.test(cell) ? `'${cell}` : cell);

/** The cell that `guard` was given. */
export const unguard = (cell: string) => (GUARDED.test(cell) ? cell.slice(1) : cell);

const RUNS = /^'*[=+\-@\t\r]/;
const GUARDED = /^'+[=+\-@\t\r]/;

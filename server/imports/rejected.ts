// The file of the rows that an import refused: their columns, and for each its line and the reason.
import { closeSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import type { Delimiter } from '#contract/imports.ts';
import { csvLine, guard, unguard } from '../csv.ts';
import { REPORTED, type Refusal } from './columns.ts';
import type { CsvRow } from './csv.ts';

/** A row that was not taken: the line it begins on, its cells, and why. */
export type RefusedRow = Refusal & Pick<CsvRow, 'line' | 'cells'>;

export type Rejected = {
  /**
   * Writes rows and gives the length of the file in bytes. It does not wait for the disk, so that it can be done between
   * knowing what is refused and committing that: a place in the file is then never beyond its end.
   */
  append(rows: readonly RefusedRow[]): number;
  close(): void;
};

/** Opens the file, behind whose first `at` bytes writing goes on. Fewer, after a power failure, are gone on from as they are. */
export function openRejected(path: string, columns: readonly string[], delimiter: Delimiter, at: number): Rejected {
  const kept = [...columns.keys()].filter((index) => !REPORTED.includes(columns[index]!.trim().toLowerCase()));
  const file = openSync(path, at === 0 ? 'w' : 'a', 0o600);
  let length = Math.min(at, fstatSync(file).size);
  ftruncateSync(file, length);

  return {
    append(rows) {
      if (rows.length === 0) return length;
      let text =
        length === 0
          ? lineOf(
              kept.map((index) => columns[index]!),
              REPORTED,
            )
          : '';
      for (const { line, cells, reason } of rows)
        text += lineOf(cellsOf(cells), [String(line), reason], cells.slice(columns.length));
      const bytes = Buffer.from(text);
      for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
      length += bytes.length;
      return length;
    },
    close: () => closeSync(file),
  };

  /** One for each column that is kept. The one cell of a row that could not be told into more is the first of them. */
  function cellsOf(cells: readonly string[]): string[] {
    if (cells.length === 1) return kept.map((_, position) => (position === 0 ? cells[0]! : ''));
    return kept.map((index) => cells[index] ?? '');
  }

  /** What a row has more than the columns comes last, so that the line and reason stand where they do in other rows. */
  function lineOf(cells: readonly string[], reported: readonly string[], others: readonly string[] = []): string {
    return csvLine(
      [...cells, ...reported, ...others].map((cell) => guard(unguard(cell))),
      delimiter,
    );
  }
}

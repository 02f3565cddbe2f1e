// The file of the rows that an import refused: their columns, and for each its line and the reason.
import { type FileHandle, open, rm } from 'node:fs/promises';
import type { Delimiter } from '#contract/imports.ts';
import { csvLine, guard, unguard } from '../csv.ts';
import { REPORTED, type Refusal } from './columns.ts';
import type { CsvRow } from './csv.ts';

/** A row that was not taken: the line it begins on, its cells, and why. */
export type RefusedRow = Refusal & Pick<CsvRow, 'line' | 'cells'>;

export type RejectedOptions = {
  /** The columns of the file that the rows are from, as it names them. */
  columns: readonly string[];
  delimiter: Delimiter;
  /** The length in bytes behind which writing goes on; 0 begins anew. Left out, a file there stays until the first row. */
  at?: number;
};

export type Rejected = {
  write(rows: readonly Pick<RefusedRow, 'line' | 'cells' | 'reason'>[]): Promise<void>;
  /** Writes what is left, waits until it is safe on the disk, and gives the file's length in bytes. */
  flush(): Promise<number>;
  close(): Promise<void>;
};

const FLUSH_AT = 65_536;

/** Opens the file, which is made with the first row. Throws where it is shorter than `at`. */
export async function openRejected(path: string, { columns, delimiter, at }: RejectedOptions): Promise<Rejected> {
  const kept = [...columns.keys()].filter((index) => !REPORTED.includes(columns[index]!.trim().toLowerCase()));
  let handle: FileHandle | undefined;
  let text = '';
  let length = at ?? 0;
  if (at === 0) await rm(path, { force: true });
  if (at) {
    handle = await open(path, 'a', 0o600);
    const { size } = await handle.stat();
    if (size >= at) await handle.truncate(at);
    else {
      await handle.close();
      throw new Error(`${path} has ${size} bytes, fewer than the ${at} that were written.`);
    }
  }

  return {
    async write(rows) {
      if (length === 0 && text === '' && rows.length > 0)
        text = lineOf(
          kept.map((index) => columns[index]!),
          REPORTED,
        );
      for (const { line, cells, reason } of rows) {
        text += lineOf(cellsOf(cells), [String(line), reason], cells.slice(columns.length));
        if (text.length >= FLUSH_AT) await write();
      }
    },
    async flush() {
      await write();
      await handle?.datasync();
      return length;
    },
    async close() {
      await write();
      await handle?.close();
    },
  };

  async function write(): Promise<void> {
    if (text === '') return;
    const bytes = Buffer.from(text);
    text = '';
    handle ??= await open(path, 'w', 0o600);
    await handle.appendFile(bytes);
    length += bytes.length;
  }

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

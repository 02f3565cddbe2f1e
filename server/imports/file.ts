// The file of an import as rows, from its beginning or from a place behind any of them.
import { createWriteStream } from 'node:fs';
import { rename, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { MatchField } from '#contract/batch.ts';
import type { FileFormat, ImportColumn, ImportSettings } from '#contract/imports.ts';
import { Problem } from '../problem.ts';
import { type ColumnPlan, checkColumns, listed } from './columns.ts';
import { type CsvRow, readCsv } from './csv.ts';
import { toUtf8 } from './decode.ts';
import { type ImportFiles, readFrom } from './folder.ts';
import { detectFormat, HEAD } from './format.ts';
import { guessColumns } from './guess.ts';

/** How a file is read, as the caller said or as was guessed. */
export type Reading = { format: FileFormat; columns: ImportColumn[]; match: MatchField };

/** What a caller says of it; with `guess_others`, columns that are not chosen are guessed rather than left without a field. */
export type ReadingSettings = ImportSettings & { guess_others?: boolean };

const SAMPLE_ROWS = 5;
const SAMPLE_CELL = 200;

/**
 * Tells how a file is to be read from its beginning. Throws a Problem (400) where it cannot be, or what was chosen does not
 * fit; with `keep_unmapped`, columns that do not fill what they must are no reason to.
 */
export async function readingOf(
  { original }: ImportFiles,
  settings: ReadingSettings,
): Promise<Reading & { sample: string[][]; unmapped: boolean }> {
  const head = await readHead(original);
  const format = detectFormat(head, settings);
  const rows: CsvRow[] = [];
  const source = readFrom(original);
  for await (const chunk of readCsv(toUtf8(source, format.encoding), format)) {
    rows.push(...chunk.slice(0, SAMPLE_ROWS + 1));
    if (rows.length > SAMPLE_ROWS) break;
  }
  source.destroy();
  const [header, ...others] = rows;
  if (!header) throw new Problem(400, 'empty_file', 'The file is empty.');
  const match = settings.match ?? 'email';
  const guessed = guessColumns(header.cells);
  const { columns: chosen, guess_others } = settings;
  const columns = chosen ? chosenColumns(guessed, chosen, guess_others) : guessed;
  const unmapped = !isMapped(() => checkColumns(columns, header, { match, guessed: !chosen }), settings.keep_unmapped);
  const sample = others
    .slice(0, SAMPLE_ROWS)
    .map(({ cells }) => cells.slice(0, 100).map((cell) => cell.slice(0, SAMPLE_CELL)));
  return { format, columns, match, sample, unmapped };
}

function isMapped(check: () => void, keep_unmapped = false): boolean {
  try {
    check();
    return true;
  } catch (error) {
    if (keep_unmapped && error instanceof Problem && error.code === 'invalid_mapping') return false;
    throw error;
  }
}

async function readHead(path: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const chunk of readFrom(path)) {
    parts.push(chunk);
    break;
  }
  return Buffer.concat(parts).subarray(0, HEAD);
}

/** The columns of a header, with what was said of some of them; a field that was chosen for one is guessed for no other. */
function chosenColumns(
  guessed: ImportColumn[],
  chosen: NonNullable<ImportSettings['columns']>,
  guess_others = false,
): ImportColumn[] {
  const named = new Map(chosen.map((column) => [column.name.trim(), column]));
  const names = new Set(guessed.map(({ name }) => name));
  const unknown = [...named.keys()].filter((name) => !names.has(name));
  if (unknown.length > 0) throw new Problem(400, 'invalid_mapping', `The file has no column ${listed(unknown)}.`);
  const taken = new Set(chosen.map(({ field }) => field));
  return guessed.map((column) => {
    const { name } = column;
    const said = named.get(name);
    if (!said && guess_others && !taken.has(column.field)) return column;
    const { field = null, rule = field === 'created_at' ? 'leave' : 'overwrite' } = said ?? {};
    return { name, field, rule };
  });
}

/** A file that can be read from any place: it is in UTF-8, and what its columns mean is settled. */
export type FileOfImport = Reading & { path: string; bytes: number; plan: ColumnPlan };

/** Makes a file readable from any place: one that is not in UTF-8 is written down anew, once. */
export async function openFile(files: ImportFiles, reading: Reading): Promise<FileOfImport> {
  const { original, converted } = files;
  const { format, columns, match } = reading;
  const path = format.encoding === 'utf-8' ? original : converted;
  const plan = checkColumns(
    columns,
    { cells: columns.map(({ name }) => name), line: 1, next_line: 2, end: 0 },
    { match, guessed: false },
  );
  return { ...reading, path, bytes: (await stat(path)).size, plan };
}

/** Writes a file that is not in UTF-8 down in it. */
export async function convertFile({ original, converted }: ImportFiles, { format }: Reading): Promise<void> {
  if (format.encoding === 'utf-8') return;
  const partial = `${converted}.partial`;
  await pipeline(toUtf8(readFrom(original), format.encoding), createWriteStream(partial, { mode: 0o600 }));
  await rename(partial, converted);
}

/** Where reading goes on: behind how many bytes, and with which line. */
export type FilePlace = { offset: number; line: number };

/** The rows behind a place, or behind the first line; `end` of each counts from the beginning of the file. */
export async function* rowsFrom(
  { path, format }: FileOfImport,
  place: FilePlace | null,
  onBytes?: (read: number) => void,
): AsyncGenerator<CsvRow[], void> {
  const offset = place?.offset ?? 0;
  const source = readFrom(path, offset);
  let first = place === null;
  try {
    for await (const rows of readCsv(source, { delimiter: format.delimiter, line: place?.line ?? 1 })) {
      if (first) rows.shift();
      first = false;
      if (offset > 0) for (const row of rows) row.end += offset;
      yield rows;
      onBytes?.(offset + source.bytesRead);
    }
  } finally {
    source.destroy();
  }
}

import { type FileHandle, open } from 'node:fs/promises';
import { addAbortSignal, type Readable } from 'node:stream';
import { IMPORT_FIELDS, type ImportColumn } from '#contract/imports.ts';
import {
  type ImportCounts,
  importCustomers,
  leftOut,
  listed,
  openRejected,
  type Rejected,
} from '#server/imports/imports.ts';
import type { Command } from './commands.ts';
import { withWorkspace } from './database.ts';
import { stopOnSignals } from './interrupt.ts';
import { keepHeapSmall } from './memory.ts';
import { options } from './options.ts';
import { counted, grouped, progress } from './progress.ts';
import { rejectedPath, unwritable } from './rejected.ts';

const USAGE = `<file.csv> [--workspace <slug>] [--rejected <file>]

  <file.csv>    UTF-8, UTF-16 or Windows-1252, cells parted by commas, semicolons, tabs or bars, whichever it is. The first
                line names the columns, in any order:
                ${IMPORT_FIELDS.join(', ')}.
                Headings that other programs write, such as "Given Name" or "E-Mail", are understood too; other columns
                are left out, and named. Names and email are needed; is_active is true or false (or t, yes, 1; f, no, 0),
                created_at is a time like 2026-01-31T09:30:00Z. "-" reads standard input.
  --workspace   Where the customers go; "main" when left out.
  --rejected    Where refused rows go, each with its line and the reason. The file is made only if there are any,
                and replaces one of that name. When left out: <file>.rejected.csv beside the file (import.rejected.csv
                in the current folder for standard input). Once corrected it can be imported as it is.

Exits with 1 if a row was refused. Ctrl-C stops after the rows under way, which are kept.`;

export const importCommands: Command[] = [
  { name: 'import', usage: USAGE, summary: 'Create customers from a CSV file.', run: runImport },
];

async function runImport(words: string[], config: Parameters<Command['run']>[1]): Promise<number> {
  const parsed = options(words, { workspace: { type: 'string', default: 'main' }, rejected: { type: 'string' } }, [
    'file.csv',
  ]);
  const file = parsed.words[0]!;
  const { workspace, rejected: path = rejectedPath(file) } = parsed.values;
  const source = await openSource(file);
  const mistake = 'mistake' in source ? source.mistake : await unwritable(path, file);
  if ('mistake' in source || mistake) {
    console.error(`clientele: ${mistake}`);
    return 1;
  }
  keepHeapSmall();
  let rejected: Rejected | undefined;
  const bar = progress();
  const stop = stopOnSignals();
  addAbortSignal(stop.signal, source.stream).on('error', () => {}); // whoever reads it is told as well
  let counts: ImportCounts = { created: 0, refused: 0, rows: 0 };
  let complete = false;
  try {
    await withWorkspace(config, workspace, (database, actor) =>
      importCustomers(database, actor, source.stream, {
        signal: stop.signal,
        async onHeader(columns, { delimiter }) {
          sayWhatIsLeftOut(columns);
          rejected = await openRejected(path, { columns: columns.map(({ name }) => name), delimiter });
        },
        onRefused: (row) => rejected!.write([row]),
        onProgress(latest) {
          counts = latest;
          bar.show(counts.rows, source.share());
        },
      }),
    );
    complete = !stop.signal.aborted;
  } finally {
    bar.clear();
    stop.done();
    source.stream.destroy();
    await rejected?.close();
    if (complete || counts.rows > 0 || stop.signal.aborted) console.log(summary(counts, workspace, path, complete));
  }
  if (!complete) return 130;
  return counts.refused > 0 ? 1 : 0;
}

function sayWhatIsLeftOut(columns: ImportColumn[]): void {
  const names = leftOut(columns);
  if (names.length > 0) console.error(`clientele: No field of a customer, so left out: ${listed(names)}.`);
}

function summary({ created, refused, rows }: ImportCounts, workspace: string, path: string, complete: boolean): string {
  const made = `${complete ? '' : 'Stopped. '}Created ${counted(created, 'customer')} in ${workspace}`;
  const left = refused > 0 ? `; refused ${grouped(refused)} of ${counted(rows, 'row')}, see ${path}` : '';
  const again = ` The file's first ${counted(rows, 'row')} are dealt with; import it again for the others.`;
  return `${made}${left}.${complete ? '' : again}`;
}

type Source = { stream: Readable; share(): number | undefined } | { mistake: string };

async function openSource(file: string): Promise<Source> {
  if (file === '-') return { stream: process.stdin, share: () => undefined };
  let handle: FileHandle | undefined;
  try {
    handle = await open(file);
    const stats = await handle.stat();
    if (stats.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
    const stream = handle.createReadStream();
    return { stream, share: () => (stats.size > 0 ? stream.bytesRead / stats.size : undefined) };
  } catch (error) {
    await handle?.close();
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { mistake: `There is no file ${file}.` };
    if (code === 'EISDIR') return { mistake: `${file} is a folder; name a CSV file.` };
    if (code === 'EACCES' || code === 'EPERM') return { mistake: `This user may not read ${file}.` };
    return { mistake: `${file} cannot be read: ${message}` };
  }
}

import { copyFile, type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { addAbortSignal, type Readable } from 'node:stream';
import { COLUMN_RULES, IMPORT_FIELDS, type Import, type ImportColumn, type ImportSettings } from '#contract/imports.ts';
import { importHere, leftOut, listed, rejectedOf } from '#server/imports/imports.ts';
import type { Command } from './command.ts';
import { withWorkspace } from './database.ts';
import { withImportFolder } from './import-folder.ts';
import { readMap, readMatch } from './import-options.ts';
import { doneReport, foundReport } from './import-report.ts';
import { undoImport } from './import-undo.ts';
import { stopOnSignals } from './interrupt.ts';
import { keepHeapSmall } from './memory.ts';
import { options, usageError } from './options.ts';
import { progress } from './progress.ts';
import { rejectedPath, unwritable } from './rejected.ts';

const USAGE = `<file.csv> [--workspace <slug>] [--dry-run] [--match email|external_id] [--map <column>=<field>,…]
                        [--rejected <file>] [--json]
       clientele import --undo <id> [--workspace <slug>] [--json]

  <file.csv>    UTF-8, UTF-16 or Windows-1252, cells parted by commas, semicolons, tabs or bars, whichever it is. The first
                line names the columns, in any order:
                ${IMPORT_FIELDS.join(', ')}.
                Headings that other programs write, such as "Given Name" or "E-Mail", are understood too; other columns
                are left out, and named. is_active is true or false (or t, yes, 1; f, no, 0), created_at is a time like
                2026-01-31T09:30:00Z. "-" reads standard input. The whole file is looked through before anything is
                written; it is copied to the temporary folder meanwhile.
  --workspace   Where the customers go; "main" when left out.
  --dry-run     Says what the import would do, and which rows it would refuse, and changes nothing.
  --match       What tells that a customer is there already, who is then updated; "email" when left out. Who is not there
                is created, for which names and email are needed. A blank cell never takes a value away.
  --map         Says what a column fills, where that is guessed wrongly: "E-Mail 2=email,Fax=" (nothing). A rule behind the
                field says what becomes of a customer who is there: ${COLUMN_RULES.join(', ')}, as in "Phone=phone:only_if_empty".
  --rejected    Where refused rows go, each with its line and the reason. The file is made only if there are any,
                and replaces one of that name. When left out: <file>.rejected.csv beside the file (import.rejected.csv
                in the current folder for standard input). Once corrected it can be imported as it is.
  --undo        Takes back what an import did, save what was changed since; stops it first where it is under way.
  --json        Prints the import, or the undo, as the API answers it.

Exits with 1 if a row was refused, or would be. Ctrl-C stops after the rows under way, which are kept.`;

export const importCommands: Command[] = [
  { name: 'import', usage: USAGE, summary: 'Create and update customers from a CSV file.', run: runImport },
];

const text = { type: 'string' } as const;
const flag = { type: 'boolean', default: false } as const;

async function runImport(words: string[], config: Parameters<Command['run']>[1]): Promise<number> {
  const { values, words: files } = options(
    words,
    {
      workspace: { type: 'string', default: 'main' },
      rejected: text,
      match: text,
      map: { type: 'string', multiple: true, default: [] },
      undo: text,
      'dry-run': flag,
      json: flag,
    },
    ['file.csv?'],
  );
  const [file] = files;
  const { workspace, json, undo } = values;
  keepHeapSmall();
  if (undo !== undefined) {
    if (file !== undefined || values['dry-run'] || values.map.length > 0 || values.match || values.rejected)
      throw usageError('--undo takes an import back, and goes with --workspace and --json alone.');
    return undoImport(undo, { workspace, json }, config);
  }
  if (file === undefined) throw usageError('<file.csv> is missing.');
  const { rejected = rejectedPath(file), 'dry-run': dry_run } = values;
  const columns = readMap(values.map);
  const settings = { match: readMatch(values.match), ...(columns.length > 0 ? { columns, guess_others: true } : {}) };
  const source = await openSource(file);
  const mistake = 'mistake' in source ? source.mistake : dry_run ? undefined : await unwritable(rejected, file);
  if ('mistake' in source || mistake) {
    if ('stream' in source) source.stream.destroy();
    console.error(`clientele: ${mistake}`);
    return 1;
  }
  return importFile(file, source, settings, { workspace, rejected, dry_run, json }, config);
}

type Asked = { workspace: string; rejected: string; dry_run: boolean; json: boolean };

async function importFile(
  file: string,
  { stream, bytes }: Source,
  settings: ImportSettings & { guess_others?: boolean },
  { workspace, rejected, dry_run, json }: Asked,
  config: Parameters<Command['run']>[1],
): Promise<number> {
  const bar = progress();
  const stop = stopOnSignals();
  addAbortSignal(stop.signal, stream).on('error', () => {}); // whoever reads it is told as well
  let now: Import | undefined;
  try {
    return await withWorkspace(config, workspace, (database, actor) =>
      withImportFolder(async (folder) => {
        now = await importHere(
          database,
          actor,
          folder,
          watched(),
          { ...settings, filename: file === '-' ? 'standard input' : basename(file) },
          {
            signal: stop.signal,
            dry_run,
            onFound(latest) {
              if (latest.found === null) sayWhatIsLeftOut(latest.columns);
              now = latest;
            },
            onProgress({ done = 0, total, created }) {
              if (created === undefined) bar.show({ verb: 'Checking', done, total, unit: 'bytes' });
              else bar.show({ verb: 'Importing', done, total, unit: 'rows' });
            },
          },
        );
        bar.clear();
        const refused = now.progress?.refused ?? 0;
        if (refused > 0) await copyFile((await rejectedOf(database, actor, folder, now.id)).path, rejected);
        if (json) console.log(JSON.stringify(now));
        else if (dry_run && now.found) console.log(foundReport(now, workspace));
        else console.log(doneReport(now, workspace, rejected));
        if (stop.signal.aborted && now.state !== 'done') return 130;
        return refused + (dry_run ? now.found!.refuse : 0) > 0 || !(dry_run || now.state === 'done') ? 1 : 0;
      }),
    );
  } catch (error) {
    if (!stop.signal.aborted || now) throw error;
    console.log('Stopped before anything was imported.');
    return 130;
  } finally {
    bar.clear();
    stop.done();
    stream.destroy();
  }

  async function* watched(): AsyncGenerator<Buffer> {
    let done = 0;
    for await (const chunk of stream) {
      done += chunk.length;
      bar.show({ verb: 'Reading', done, total: bytes, unit: 'bytes' });
      yield chunk;
    }
  }
}

function sayWhatIsLeftOut(columns: ImportColumn[]): void {
  const names = leftOut(columns);
  if (names.length > 0) console.error(`clientele: No field of a customer, so left out: ${listed(names)}.`);
}

/** `bytes`: how many it has, where that is known. */
type Source = { stream: Readable; bytes: number | undefined };

async function openSource(file: string): Promise<Source | { mistake: string }> {
  if (file === '-') return { stream: process.stdin, bytes: undefined };
  let handle: FileHandle | undefined;
  try {
    handle = await open(file);
    const stats = await handle.stat();
    if (stats.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
    return { stream: handle.createReadStream(), bytes: stats.size };
  } catch (error) {
    await handle?.close();
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { mistake: `There is no file ${file}.` };
    if (code === 'EISDIR') return { mistake: `${file} is a folder; name a CSV file.` };
    if (code === 'EACCES' || code === 'EPERM') return { mistake: `This user may not read ${file}.` };
    return { mistake: `${file} cannot be read: ${message}` };
  }
}

// What imports still hold of somebody who was erased: the first rows of files, and rows that were refused.
import { open, readdir } from 'node:fs/promises';
import { DELIMITERS, type Delimiter } from '#contract/imports.ts';
import { unguard } from '../csv.ts';
import type { Database } from '../database.ts';
import { inTransaction } from '../transaction.ts';
import { uuidv7 } from '../uuid.ts';
import { REPORTED } from './columns.ts';
import { readCsv } from './csv.ts';
import { filesOf, type ImportFolder, KEEP_MS, readFrom } from './folder.ts';
import { FORGET_OLD_SAMPLES, FORGET_SAMPLES } from './store.ts';

/** Removes the first rows of files that are not kept any more. Of imports that ended they were removed then. */
export async function forgetOldSamples(database: Database, workspace_id: number): Promise<void> {
  const [from, to] = [2 * KEEP_MS, KEEP_MS].map((ms) => uuidv7(Date.now() - ms, 0));
  await inTransaction(database, [[FORGET_OLD_SAMPLES, [workspace_id, from, to]]]);
}

/** Removes the rows that have one of the values in a cell of its own, in imports that still have their files. */
export async function forgetInImports(
  database: Database,
  folder: ImportFolder,
  workspace_id: number,
  values: string[],
): Promise<void> {
  const wanted = new Set(values.map((value) => value.toLowerCase()));
  const patterns = [...wanted].map((value) => `%${JSON.stringify(value).replace(/[\\%_]/g, '\\$&')}%`);
  const oldest = uuidv7(Date.now() - KEEP_MS, 0);
  await inTransaction(database, [[FORGET_SAMPLES, [workspace_id, patterns, oldest]]]);
  for (const entry of await readdir(folder.path).catch(() => [])) {
    if (!entry.startsWith(`${workspace_id}-`)) continue;
    const { rejected } = filesOf(folder, workspace_id, entry.slice(`${workspace_id}-`.length));
    await blankRows(rejected, wanted);
  }
}

/**
 * Makes blank lines of the rows, which leaves all others where they are: an import that is under way adds its own by place.
 */
async function blankRows(path: string, wanted: ReadonlySet<string>): Promise<void> {
  const spans: [from: number, to: number][] = [];
  try {
    let from = 0;
    const delimiter = await delimiterOf(path);
    for await (const rows of readCsv(readFrom(path), { delimiter }))
      for (const { cells, end } of rows) {
        if (cells.some((cell) => wanted.has(unguard(cell).trim().toLowerCase()))) spans.push([from, end]);
        from = end;
      }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (spans.length === 0) return;
  const file = await open(path, 'r+');
  try {
    for (const [from, to] of spans) await file.write(Buffer.alloc(to - from, '\n'), 0, to - from, from);
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** By which columns are told apart in a file of refused rows: it stands between the last two names of its first line. */
async function delimiterOf(path: string): Promise<Delimiter | undefined> {
  let head = '';
  for await (const chunk of readFrom(path)) {
    head += chunk;
    const end = head.indexOf('\n');
    if (end >= 0) return DELIMITERS.find((delimiter) => head.slice(0, end).includes(REPORTED.join(delimiter)));
  }
  return undefined;
}

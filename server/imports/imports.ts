// Imports: customers from a file, through the same write as every request. A file is first looked through as a whole, which
// changes nothing; then it is run, in the background, and what it did can be taken back.
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Cause } from '#contract/causes.ts';
import type { Import, ImportSettings } from '#contract/imports.ts';
import type { Actor } from '../access/access.ts';
import { cancelCause, causeOf, resumed, takeWork, type Work, wakeWorkers } from '../causes/causes.ts';
import { fileWork, keepingSearchClean, writeGroup } from '../customers/customers.ts';
import type { Database, Row } from '../database.ts';
import type { Idempotency } from '../idempotency/idempotency.ts';
import { notFound, Problem } from '../problem.ts';
import { undoCause } from '../undo/undo.ts';
import { isUuid, uuidv7 } from '../uuid.ts';
import { type Checked, checkFile } from './check.ts';
import { type Reading, type ReadingSettings, readingOf } from './file.ts';
import { filesOf, forgetFile, type ImportFolder, receiveFile } from './folder.ts';
import { detectFormat, HEAD } from './format.ts';
import { type RunPlace, runFile } from './run.ts';
import { CHANGE_IMPORT, CHECK_NOT_RUN, GET_IMPORT, LIST_IMPORTS, RECORD_IMPORT, RECORD_RUN } from './store.ts';

export { leftOut, listed } from './columns.ts';
export { forgetOldFiles, type ImportFolder, openImportFolder } from './folder.ts';
export { forgetInImports, forgetOldSamples } from './forget.ts';

type Context = { request_id: string | null; idempotency?: Idempotency };

/**
 * Takes a file in and has it checked. Throws a Problem: 400 where it is no file of customers, in which case nothing is
 * left of it; 413 where it is too large.
 */
export async function receiveImport(
  database: Database,
  actor: Actor,
  folder: ImportFolder,
  source: AsyncIterable<Uint8Array>,
  { filename, ...settings }: ReadingSettings & { filename: string },
  { request_id, idempotency }: Context,
): Promise<Import> {
  const { type, id, name, workspace } = actor;
  const cause = {
    id: uuidv7(Date.now(), 0),
    kind: 'import' as const,
    actor: { type, id, name },
    details: { filename, request_id },
    runs_at: folder.id,
  };
  const files = filesOf(folder, workspace.id, cause.id);
  let kept = false;
  try {
    const { bytes, sha256 } = await receiveFile(source, files, HEAD, (head) => detectFormat(head, settings));
    const { sample, format, columns, match, unmapped } = await readingOf(files, settings);
    const state = unmapped ? 'ready' : 'running';
    const values = [workspace.id, cause.id, filename, bytes, json(format), json(columns), match, json(sample)];
    const sameFile = idempotency && { ...idempotency, fingerprint: `${idempotency.fingerprint} ${sha256}` };
    const filed = await fileWork(database, actor, { ...cause, state, progress: { total: bytes, done: 0 } }, sameFile, [
      [RECORD_IMPORT, values],
    ]);
    kept = filed.id === cause.id;
    return await getImport(database, actor, filed.id);
  } finally {
    if (!kept) await rm(files.directory, { recursive: true, force: true });
  }
}

const json = (value: unknown) => JSON.stringify(value);

/** An import; 404 where there is none, also for a malformed id. */
export async function getImport(database: Database, actor: Actor, id: string): Promise<Import> {
  return importOf(await readRow(database, actor.workspace.id, id));
}

async function readRow(database: Database, workspace_id: number, id: string): Promise<Row> {
  const [row] = isUuid(id) ? await database.read(GET_IMPORT, [workspace_id, id]) : [];
  if (!row) throw notFound();
  return row;
}

const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** Up to `limit` imports, the last first; before the one with the id given. */
export async function listImports(
  database: Database,
  actor: Actor,
  limit: number,
  before = LAST_ID,
): Promise<Import[]> {
  const rows = await database.read(LIST_IMPORTS, [actor.workspace.id, before, limit]);
  return rows.map(importOf);
}

function importOf(row: Row): Import {
  const [filename, bytes, format, columns, match, sample, found, run_at, ...ofCause] = row;
  const cause = causeOf(ofCause);
  const { id, actor, at, finished_at, failure, undone_by, progress } = cause;
  const state = stateOf(cause.state, found !== null, run_at !== null);
  const { duplicates: _, ...shown } = JSON.parse(found ?? '{}');
  return {
    id,
    state,
    filename,
    bytes,
    format: JSON.parse(format),
    columns: JSON.parse(columns),
    match,
    sample: JSON.parse(sample),
    found: found === null || state === 'checking' ? null : shown,
    progress,
    ...pace(state, progress, run_at, finished_at),
    actor,
    at,
    finished_at,
    failure,
    undone_by,
  };
}

function stateOf(state: Cause['state'], isChecked: boolean, isRun: boolean): Import['state'] {
  if (state === 'ready') return isChecked ? 'checked' : 'unmapped';
  return state === 'running' && !isRun ? 'checking' : state;
}

function pace(
  state: Import['state'],
  progress: Import['progress'],
  run_at: string | null,
  finished_at: string | null,
): Pick<Import, 'rows_per_second' | 'seconds_left'> {
  const { total = 0, done = 0 } = progress ?? {};
  if (run_at === null || done === 0) return { rows_per_second: null, seconds_left: null };
  const seconds = ((finished_at === null ? Date.now() : Date.parse(finished_at)) - Date.parse(run_at)) / 1000;
  const rate = done / Math.max(seconds, 0.001);
  return {
    rows_per_second: Math.round(rate),
    seconds_left: state === 'running' ? Math.ceil((total - done) / rate) : null,
  };
}

/** Has the file read in another way, and checked anew; 409 `too_late` where it runs or has ended. */
export async function changeImport(
  database: Database,
  actor: Actor,
  folder: ImportFolder,
  id: string,
  settings: ImportSettings,
): Promise<Import> {
  const now = await getImport(database, actor, id);
  if (!['unmapped', 'checking', 'checked'].includes(now.state)) throw tooLate(now);
  const { format, columns, match } = now;
  const same = settings.encoding === undefined && settings.delimiter === undefined;
  const files = filesOf(folder, actor.workspace.id, id);
  if (!existsSync(files.original)) throw elsewhere();
  const { sample, unmapped, ...reading } = await readingOf(files, {
    ...format,
    match,
    ...(same ? { columns } : {}),
    ...settings,
  });
  const workspace_id = actor.workspace.id;
  const values = [workspace_id, id, json(reading.format), json(reading.columns), reading.match, json(sample)];
  // In the workspace's turn, as running it is: of the two, the second sees the first.
  const outcome = await writeGroup(database, workspace_id, {
    writes: [],
    guard: [CHECK_NOT_RUN, [workspace_id, id, false]],
    // The cause is locked before the import, as by whoever notes what was found.
    alongside: () => [
      resumed(
        workspace_id,
        id,
        ['running', 'ready'],
        { total: now.bytes, done: 0 },
        null,
        unmapped ? 'ready' : 'running',
      ),
      [CHANGE_IMPORT, values],
    ],
  });
  if ('stopped' in outcome) throw tooLate(await getImport(database, actor, id));
  wakeWorkers(database);
  return getImport(database, actor, id);
}

const elsewhere = () =>
  new Problem(409, 'file_elsewhere', 'The file lies with another server; send the request to that one.');

const tooLate = ({ state }: Import) => new Problem(409, 'too_late', `The import is ${state} already.`);

/** Has a checked import run; 409 where it is not checked yet, or runs or has ended. */
export async function runImport(
  database: Database,
  actor: Actor,
  id: string,
  idempotency?: Idempotency,
): Promise<Import> {
  const now = await getImport(database, actor, id);
  const workspace_id = actor.workspace.id;
  const counts = { created: 0, updated: 0, unchanged: 0, refused: 0, changed: 0 };
  const place: RunPlace = { offset: 0, line: 0, rejected: 0 };
  const outcome = await writeGroup(database, workspace_id, {
    writes: [],
    idempotency,
    guard: [CHECK_NOT_RUN, [workspace_id, id, true]],
    alongside: () => [
      resumed(workspace_id, id, ['ready'], { total: now.found?.rows ?? 0, done: 0, ...counts }, place),
      [RECORD_RUN, [workspace_id, id]],
    ],
  });
  if ('refused' in outcome) throw outcome.refused;
  if (!('stopped' in outcome)) wakeWorkers(database);
  const then = await getImport(database, actor, id);
  if (!('stopped' in outcome)) return then;
  if (then.state === 'unmapped') throw new Problem(409, 'unmapped', 'Say first which column fills which field.');
  if (then.state !== 'checking') throw tooLate(then);
  throw new Problem(409, 'still_running', 'The file is still being checked; wait until it is, or cancel the import.');
}

/** Stops an import. What it did stays; what is left of its file is not needed any more. */
export async function cancelImport(
  database: Database,
  actor: Actor,
  folder: ImportFolder,
  id: string,
): Promise<Import> {
  await readRow(database, actor.workspace.id, id);
  const { state } = await cancelCause(database, actor, id);
  if (state === 'cancelled') await forgetFile(filesOf(folder, actor.workspace.id, id));
  return getImport(database, actor, id);
}

/** Begins to take an import back, as `undoCause` does. */
export async function undoImport(database: Database, actor: Actor, id: string, context: Context): Promise<Cause> {
  await readRow(database, actor.workspace.id, id);
  return undoCause(database, actor, id, context);
}

/** Where the file of refused rows lies; 404 where there is none, 409 where it lies with another server or is gone after 30 days. */
export async function rejectedOf(
  database: Database,
  actor: Actor,
  folder: ImportFolder,
  id: string,
): Promise<{ path: string; filename: string }> {
  const { filename, progress } = await getImport(database, actor, id);
  const { directory, rejected: path } = filesOf(folder, actor.workspace.id, id);
  if (!progress?.refused) throw notFound();
  if (!existsSync(directory)) throw elsewhere();
  if (!existsSync(path)) throw notFound();
  return { path, filename: `${basename(filename).replace(/\.[^.]*$/, '')}.rejected.csv` };
}

type Details = { filename: string; request_id: string | null };

/** Works on an import: looks its file through, or runs it. */
export async function workOnImport(
  folder: ImportFolder,
  database: Database,
  work: Work<Details, RunPlace | null>,
  turn: AbortSignal,
  onProgress?: (progress: Record<string, number>) => void,
): Promise<void> {
  const { workspace, id, place } = work;
  const [, , format, columns, match, , found] = await readRow(database, workspace.id, id);
  const files = filesOf(folder, workspace.id, id);
  const reading: Reading = { format: JSON.parse(format), columns: JSON.parse(columns), match };
  if (!place) return checkFile(database, files, reading, work, turn, onProgress);
  const { duplicates } = JSON.parse(found) as Checked;
  return runFile(database, files, { ...reading, duplicates }, { ...work, place }, turn, onProgress);
}

/** Works on one import here and now, whoever else works in the background, until it is checked, has ended or is stopped. */
async function workHere(
  folder: ImportFolder,
  database: Database,
  actor: Actor,
  id: string,
  { signal, onProgress }: Pick<HereOptions, 'signal' | 'onProgress'>,
): Promise<Import> {
  const work = await takeWork(database, actor.workspace, folder.id, id);
  if (work)
    await keepingSearchClean(database, () =>
      workOnImport(folder, database, work as Work<Details, RunPlace | null>, signal, onProgress),
    );
  return getImport(database, actor, id);
}

export type HereOptions = {
  /** Ends it after the batch under way; what is done by then stays. */
  signal: AbortSignal;
  /** Looks the file through, and no more. */
  dry_run?: boolean;
  /** Hears of the import when its file is there, and when that is looked through. */
  onFound?: (now: Import) => void;
  onProgress?: (progress: Record<string, number>) => void;
};

/**
 * Takes a file in, looks it through and runs it, all in this process, whose own the folder must be. Throws what
 * `receiveImport` throws. What does not come to its end is cancelled, as nobody else could go on with it.
 */
export async function importHere(
  database: Database,
  actor: Actor,
  folder: ImportFolder,
  source: AsyncIterable<Uint8Array>,
  settings: ReadingSettings & { filename: string },
  options: HereOptions,
): Promise<Import> {
  const { signal, dry_run, onFound } = options;
  const received = await receiveImport(database, actor, folder, source, settings, { request_id: null });
  const { id } = received;
  let cancelling: Promise<unknown> = Promise.resolve();
  const cancel = () => {
    // One after the other, so that none is under way when this returns. It may have failed since the database is away.
    cancelling = cancelling.then(() => cancelCause(database, actor, id)).catch(() => {});
    return cancelling;
  };
  signal.addEventListener('abort', cancel);
  try {
    onFound?.(received);
    const checked = await workHere(folder, database, actor, id, options);
    if (checked.state === 'checked') {
      onFound?.(checked);
      if (!dry_run && !signal.aborted) {
        await runImport(database, actor, id).catch((error) => {
          if (!signal.aborted) throw error; // otherwise it is cancelled already
        });
        await workHere(folder, database, actor, id, options);
      }
    }
  } finally {
    signal.removeEventListener('abort', cancel);
    await cancel();
  }
  return getImport(database, actor, id);
}

// The run of an import: batch after batch through the same write as every request, each with the place behind it, so that
// it goes on there after whatever happens.
import { guardOf, moved, type Work } from '../causes/causes.ts';
import {
  type GroupDecision,
  openPace,
  type Pace,
  settleSearch,
  type Write,
  writeGroup,
} from '../customers/customers.ts';
import type { Ask, Database } from '../database.ts';
import type { ProblemError } from '../problem.ts';
import { checkRow, refusalOf } from './columns.ts';
import type { CsvRow } from './csv.ts';
import { duplicateRefusal, readDuplicates } from './duplicates.ts';
import { type FileOfImport, type FilePlace, openFile, type Reading, rowsFrom } from './file.ts';
import { forgetFile, type ImportFiles } from './folder.ts';
import { openRejected, type RefusedRow } from './rejected.ts';
import { changeOf } from './row.ts';
import { FORGET_SAMPLE } from './store.ts';

/** `rejected`: bytes of the file of refused rows. Both 0: before the first row. */
export type RunPlace = FilePlace & { rejected: number };
type Details = { request_id: string | null };

/** Rows, those that are refused included, and characters after which a batch is full as well. */
const BATCH_ROWS = 2000;
const BATCH_SIZE = 1_000_000;
/** Rows after which the database's answers are looked at: it must not wait for the next batch to be ready. */
const SLICE = 5;

/** Rows that are dealt with in one transaction: each is to be written, or refused already. */
type Batch = { rows: CsvRow[]; writes: Write[]; written: number[]; refused: Map<number, RefusedRow>; last: boolean };

/** Imports rows until the file is through, the work cancelled or its turn over. */
export async function runFile(
  database: Database,
  files: ImportFiles,
  reading: Reading & { duplicates: string },
  work: Work<Details, RunPlace>,
  turn: AbortSignal,
  onProgress?: (progress: Record<string, number>) => void,
): Promise<void> {
  const file = await openFile(files, reading);
  const place = work.place!;
  const progress = { ...work.progress };
  const names = reading.columns.map(({ name }) => name);
  const rejected = openRejected(files.rejected, names, reading.format.delimiter, place.rejected);
  const pace = openPace();
  const batches = batchesOf(file, place, reading.duplicates, work, pace);
  try {
    let next = batches.next();
    for (;;) {
      const { value: batch } = await next;
      if (!batch) break;
      const written = write(batch);
      written.catch(() => {}); // heard below, when the next batch is ready
      if (!batch.last) next = batches.next();
      const [stopped] = await Promise.all([written, batch.last ? undefined : next.catch(() => {})]);
      onProgress?.(progress);
      if (stopped || batch.last || turn.aborted) break;
    }
  } finally {
    await batches.return(undefined);
    rejected.close();
  }

  /** Gives whether there is to be no more. */
  async function write(batch: Batch): Promise<boolean> {
    const outcome = await writeGroup(database, work.workspace.id, {
      writes: batch.writes,
      guard: guardOf(work),
      pace,
      alongside(decisions) {
        count(batch, decisions);
        const refused = [...batch.refused].sort(([a], [b]) => a - b).map(([, row]) => row);
        const { end: offset, next_line: line } = batch.rows.at(-1) ?? { end: place.offset, next_line: place.line };
        Object.assign(place, { offset, line, rejected: rejected.append(refused) });
        const asks: Ask[] = [moved(work, progress, place, batch.last)];
        if (batch.last) asks.push([FORGET_SAMPLE, [work.workspace.id, work.id]]);
        return asks;
      },
    });
    if ('stopped' in outcome) return true;
    if (batch.last) {
      await settleSearch(database, progress.created! + progress.updated!).catch(() => {}); // only speed is at stake
      await forgetFile(files);
    }
    return false;
  }

  function count(batch: Batch, decisions: GroupDecision[]): void {
    for (const [index, decision] of decisions.entries()) {
      const at = batch.written[index]!;
      const { line, cells } = batch.rows[at]!;
      if ('refused' in decision) batch.refused.set(at, refusedRow(line, cells, decision.refused.errors));
      else progress[decision.type]! += 1;
    }
    progress.refused! += batch.refused.size;
    progress.done! += batch.rows.length;
    progress.changed = progress.created! + progress.updated!;
  }
}

/** Of somebody who was erased the line alone is told. */
function refusedRow(line: number, cells: string[], errors: ProblemError[]): RefusedRow {
  const isSuppressed = errors.some(({ code }) => code === 'suppressed');
  return { line, cells: isSuppressed ? [] : cells, ...refusalOf(errors) };
}

/** The rows behind a place in batches, made ready while the one before is written. There is always a last one, be it empty. */
async function* batchesOf(
  file: FileOfImport,
  place: RunPlace,
  folder: string,
  work: Work<Details>,
  pace: Pace,
): AsyncGenerator<Batch, void> {
  const duplicates = readDuplicates(folder);
  const { actor, workspace, id: cause_id, details } = work;
  const empty = (): Batch => ({ rows: [], writes: [], written: [], refused: new Map(), last: false });
  let batch = empty();
  let size = 0;
  let most = pace.size();
  for await (const chunk of rowsFrom(file, place.line === 0 ? null : { ...place }))
    for (const row of chunk) {
      const full = batch.writes.length >= most || batch.rows.length === BATCH_ROWS || size >= BATCH_SIZE;
      if (full) {
        yield batch;
        batch = empty();
        size = 0;
        most = pace.size();
      }
      add(row);
      if (batch.rows.length % SLICE === 0) await new Promise(setImmediate);
    }
  yield { ...batch, last: true };

  function add(row: CsvRow): void {
    const { line, cells } = row;
    for (const cell of cells) size += cell.length;
    const at = batch.rows.push(row) - 1;
    const { fields, created_at, refusal } = checkRow(file.plan, row);
    if (refusal) return void batch.refused.set(at, { line, cells, ...refusal });
    const found = duplicates.of(line);
    if (found.length > 0) return void batch.refused.set(at, { line, cells, ...duplicateRefusal(found) });
    const change = changeOf(file, { line, fields, created_at }, workspace);
    batch.writes.push({ change, actor, request_id: details.request_id, cause_id });
    batch.written.push(at);
  }
}

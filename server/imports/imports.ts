// Imports: many customers from one CSV file, through the same write as every request.
import type { FileFormat, ImportColumn } from '#contract/imports.ts';
import type { Actor } from '../access/access.ts';
import { recordCause } from '../causes/causes.ts';
import { completeInput, createChecked, settleSearch } from '../customers/customers.ts';
import type { Database } from '../database.ts';
import { asProblem, Problem } from '../problem.ts';
import { uuidv7 } from '../uuid.ts';
import { type ColumnPlan, checkColumns, checkRow, type Refusal, refusalOf } from './columns.ts';
import { type CsvRow, readCsv } from './csv.ts';
import { toUtf8 } from './decode.ts';
import { detectFormat, HEAD } from './format.ts';
import { guessColumns } from './guess.ts';
import type { RefusedRow } from './rejected.ts';

export { leftOut, listed } from './columns.ts';
export { openRejected, type RefusedRow, type Rejected } from './rejected.ts';

/** `rows` is how many have been dealt with so far; each was either created or refused. */
export type ImportCounts = { created: number; refused: number; rows: number };

export type ImportOptions = {
  /** Called before the first row with what the file and its columns were taken for; the import waits for it. */
  onHeader?(columns: ImportColumn[], format: FileFormat): void | Promise<void>;
  /** Called in the order of the lines; the import waits for it. */
  onRefused(row: RefusedRow): void | Promise<void>;
  onProgress?(counts: ImportCounts): void;
  /** Ends the import after the batches under way, with the counts so far as the answer. */
  signal?: AbortSignal;
};

/** As many rows as one transaction takes, so that a person's save waits for a moment only. */
const BATCH = 500;
/** Characters after which a batch is full as well: cells may be long. */
const BATCH_SIZE = 1_000_000;
/** Rows after which the database's answers are looked at: it must not wait for the next batch to be ready. */
const SLICE = 5;

/**
 * Creates a customer of each row of a CSV file, whose format and columns are guessed, in batches: one is written while the
 * next is made ready. Throws a Problem (400) before anything is written where file or header are wrong; later, once the
 * batches under way are done, where the source, the database or `onRefused` fails: what was counted by then is saved.
 */
export async function importCustomers(
  database: Database,
  actor: Actor,
  source: AsyncIterable<Uint8Array>,
  { onHeader, onRefused, onProgress, signal }: ImportOptions,
): Promise<ImportCounts> {
  const counts: ImportCounts = { created: 0, refused: 0, rows: 0 };
  const cause = openCause(database, actor);
  let format: FileFormat | undefined;
  const rows = rowsOf(source, (found) => {
    format = found;
  });
  let failure: { error: unknown } | undefined;
  let reported: Promise<void> = Promise.resolve();
  try {
    const first = await rows.next();
    if (first.done) throw new Problem(400, 'empty_file', 'The file is empty.');
    const [header, ...others] = first.value;
    const columns = guessColumns(header!.cells);
    const plan = checkColumns(columns, header!);
    await onHeader?.(columns, format!);
    for await (const batch of batches(others, rows, (row) => readyRow(actor, plan, row))) {
      if (signal?.aborted) break;
      const written = write(batch);
      written.catch(() => {}); // heard by the report, which comes after the one before
      await reported;
      reported = report(batch, written).catch((error) => {
        failure ??= { error };
      });
      if (failure) break;
    }
  } catch (error) {
    // A source that was cut off because the import is to end has not failed.
    if (!signal?.aborted) failure = { error };
  } finally {
    await rows.return(undefined); // closes the source
  }
  await reported;
  if (failure) throw failure.error;
  await settleSearch(database, counts.created).catch(() => {}); // the customers are in; only speed is at stake
  return counts;

  /** Sends the rows that pass. What became of each: nothing to say, or why it was refused. */
  async function write(batch: ReadyRow[]): Promise<PromiseSettledResult<Refusal | undefined>[]> {
    const context = { request_id: null, cause_id: batch.some(({ input }) => input) ? await cause() : undefined };
    return Promise.allSettled(
      batch.map(({ input, created_at, refusal }) =>
        input ? createChecked(database, actor, input, created_at, context).then(() => undefined, refusalOr) : refusal,
      ),
    );
  }

  async function report(batch: ReadyRow[], written: ReturnType<typeof write>): Promise<void> {
    const failed: unknown[] = [];
    for (const [index, outcome] of (await written).entries()) {
      if (outcome.status === 'rejected') failed.push(outcome.reason);
      else if (!outcome.value) counts.created++;
      else {
        counts.refused++;
        const { line, cells } = batch[index]!;
        await onRefused({ ...outcome.value, line, cells });
      }
    }
    counts.rows = counts.created + counts.refused;
    onProgress?.({ ...counts });
    if (failed.length > 0) throw failed[0];
  }
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** The rows of a file, whose format is told from as much as comes before or with the first line break. */
async function* rowsOf(
  source: AsyncIterable<Uint8Array>,
  onFormat: (format: FileFormat) => void,
): AsyncGenerator<CsvRow[], void> {
  const chunks = source[Symbol.asyncIterator]();
  try {
    let head = Buffer.alloc(0);
    for (let enough = false; !enough; ) {
      const { done, value = head } = await chunks.next();
      if (!done) head = Buffer.concat([head, value]);
      enough = done || head.length >= HEAD || value.includes(LINE_FEED) || value.includes(CARRIAGE_RETURN);
    }
    const format = detectFormat(head.subarray(0, HEAD));
    onFormat(format);
    yield* readCsv(toUtf8(from(head, chunks), format.encoding), format);
  } finally {
    await chunks.return?.();
  }
}

async function* from(head: Buffer, chunks: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield head;
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
}

/** A row that has been through all that can be done before its turn: there is an input or a refusal. */
type ReadyRow = CsvRow & { input?: Input; created_at?: string; refusal?: Refusal };
type Input = ReturnType<typeof completeInput>;

function readyRow(actor: Actor, plan: ColumnPlan, row: CsvRow): ReadyRow {
  const { fields, created_at, refusal } = checkRow(plan, row);
  return refusal ? { ...row, refusal } : { ...row, input: completeInput(actor, fields), created_at };
}

async function* batches(
  first: CsvRow[],
  others: AsyncIterable<CsvRow[]>,
  ready: (row: CsvRow) => ReadyRow,
): AsyncGenerator<ReadyRow[]> {
  let batch: ReadyRow[] = [];
  let size = 0;
  yield* add(first);
  for await (const rows of others) yield* add(rows);
  if (batch.length > 0) yield batch;

  async function* add(rows: CsvRow[]): AsyncGenerator<ReadyRow[]> {
    for (const row of rows) {
      batch.push(ready(row));
      for (const cell of row.cells) size += cell.length;
      if (batch.length % SLICE === 0) await new Promise(setImmediate);
      if (batch.length < BATCH && size < BATCH_SIZE) continue;
      yield batch;
      batch = [];
      size = 0;
    }
  }
}

/** Gives the import's id, to which its events refer. It is recorded when it is first asked for. */
function openCause(database: Database, { type, id, name, workspace }: Actor): () => Promise<string> {
  const cause = { id: uuidv7(Date.now(), 0), kind: 'import' as const, actor: { type, id, name } };
  let recorded: Promise<string> | undefined;
  return () => (recorded ??= recordCause(database, workspace.id, cause).then(() => cause.id));
}

/** A row's own fault refuses it; anything else is a failure of the import. */
function refusalOr(error: unknown): Refusal {
  const problem = asProblem(error);
  if (problem.status !== 400) throw error;
  return refusalOf(problem.errors);
}

// The dry run: a look through a whole file that tells what importing it would do, and changes nothing.
import type { Found, FoundReason } from '#contract/imports.ts';
import { readied, STOPPING, signOfLife, type Work } from '../causes/causes.ts';
import { foresee } from '../customers/customers.ts';
import type { Database } from '../database.ts';
import { Problem } from '../problem.ts';
import { inTransaction } from '../transaction.ts';
import { checkRow, type Refusal, refusalOf } from './columns.ts';
import { type Duplicates, duplicateRefusal, openDuplicates, readDuplicates } from './duplicates.ts';
import { convertFile, type FileOfImport, openFile, type Reading, rowsFrom } from './file.ts';
import type { ImportFiles } from './folder.ts';
import { changeOf, type RowToImport } from './row.ts';
import { RECORD_FOUND } from './store.ts';

/** Rows after which others of this process have a turn; rows that are looked up at once, and how often that is under way. */
const SLICE = 250;
const LOOKED_UP = 500;
const LOOK_UPS = 2;
const SIGN_MS = 1000;

/** In bytes. */
type Progress = { total: number; done: number };

/** What was found, and where the duplicates within the file are noted. */
export type Checked = Found & { duplicates: string };

/**
 * Reads the file to its end, and leaves what it found with the import, which is then ready to be run. Ends early where
 * the work is cancelled, or the import to be read in another way.
 */
export async function checkFile(
  database: Database,
  files: ImportFiles,
  reading: Reading,
  work: Work,
  turn: AbortSignal,
  onProgress?: (progress: Progress) => void,
): Promise<void> {
  const { workspace, id, taken_by } = work;
  await convertFile(files, reading);
  const file = await openFile(files, reading);
  const folder = `${files.duplicates}-${taken_by}`;
  const tally = await lookThrough(database, file, folder, work, turn, onProgress);
  if (!tally) return;
  await tally.settleDuplicates(folder);
  const found: Checked = { ...tally.found(), duplicates: folder };
  const { rows: total } = found;
  const { format, columns, match } = reading;
  await inTransaction(database, [
    readied(work, { total, done: 0 }),
    [RECORD_FOUND, [workspace.id, id, JSON.stringify(found), JSON.stringify(format), JSON.stringify(columns), match]],
  ]);
}

async function lookThrough(
  database: Database,
  file: FileOfImport,
  folder: string,
  work: Work,
  turn: AbortSignal,
  onProgress?: (progress: Progress) => void,
): Promise<Tally | undefined> {
  const duplicates = await openDuplicates(folder);
  const tally = openTally();
  let rows: RowToImport[] = [];
  const lookUps: Promise<() => void>[] = [];
  let signed = performance.now();
  let done = 0;
  for await (const chunk of rowsFrom(file, null, (read) => {
    done = read;
  })) {
    for (const [index, row] of chunk.entries()) {
      const { fields, refusal, created_at } = checkRow(file.plan, row);
      if (refusal) tally.refuse(row.line, refusal);
      else {
        const noted = note(duplicates, fields, row.line);
        if (noted) await noted;
        rows.push({ line: row.line, fields, created_at });
      }
      if (index % SLICE === SLICE - 1) await new Promise(setImmediate);
      if (rows.length === LOOKED_UP) await lookUpNext();
    }
    onProgress?.({ total: file.bytes, done });
    // A turn that is over is no reason to begin anew later; a process that is stopping is.
    if (turn.reason === STOPPING) return undefined;
    if (performance.now() - signed < SIGN_MS) continue;
    signed = performance.now();
    if (!(await signOfLife(database, work, { total: file.bytes, done }))) return undefined;
  }
  await lookUpNext();
  while (lookUps.length > 0) await countNext();
  await duplicates.finish();
  return tally;

  /** Has the rows looked up while the next ones are read. */
  async function lookUpNext(): Promise<void> {
    const batch = rows;
    rows = [];
    if (lookUps.length === LOOK_UPS) await countNext();
    const next = lookUp(batch);
    next.catch(() => {}); // heard by whoever counts it
    lookUps.push(next);
  }

  /** Counts what was looked up first. */
  async function countNext(): Promise<void> {
    const count = await lookUps.shift()!;
    count();
  }

  async function lookUp(batch: RowToImport[]): Promise<() => void> {
    const changes = batch.map((row) => changeOf(file, row));
    const foreseen = await foresee(database, work.workspace.id, changes);
    return () => {
      for (const [index, outcome] of foreseen.entries()) {
        const { line } = batch[index]!;
        if (outcome instanceof Problem) tally.refuse(line, refusalOf(outcome.errors));
        else tally.take(line, outcome === 'created' ? 'create' : outcome === 'unchanged' ? 'unchanged' : 'update');
      }
    };
  }
}

function note(duplicates: Duplicates, { email, external_id }: RowToImport['fields'], line: number) {
  const first = email === undefined ? undefined : duplicates.add('email', email, line);
  const second = typeof external_id === 'string' ? duplicates.add('external_id', external_id, line) : undefined;
  return first && second ? Promise.all([first, second]) : (first ?? second);
}

// ---- Counting -------------------------------------------------------------------------------------------------------

type Fate = 'create' | 'update' | 'unchanged';
const FATES: readonly (Fate | undefined)[] = [undefined, 'create', 'update', 'unchanged'];
/** Reasons that are told apart, and lines that are named of each. */
const REASONS = 100;
const LINES = 5;
const OTHERS = { codes: [], reason: 'Other reasons.' };

type Tally = ReturnType<typeof openTally>;

/** Counts rows by what would become of them. What is taken is noted by its line, since it may turn out a duplicate. */
function openTally() {
  const counts = { create: 0, update: 0, unchanged: 0, refuse: 0 };
  const reasons = new Map<string, FoundReason>();
  let fates = new Uint8Array(65_536);
  let last = 0;

  function refuse(line: number, { codes, reason }: Refusal): void {
    counts.refuse++;
    // Reasons that differ in a number alone, such as a line's, are one.
    const name = `${codes} ${reason.replaceAll(/\d+/g, '#')}`;
    const known = reasons.get(name) ?? (reasons.size < REASONS ? undefined : reasons.get(''));
    if (known) {
      known.rows++;
      if (known.lines.length < LINES) known.lines.push(line);
    } else if (reasons.size < REASONS - 1) reasons.set(name, { codes, reason, rows: 1, lines: [line] });
    else reasons.set('', { ...OTHERS, rows: 1, lines: [line] });
  }

  return {
    refuse,
    take(line: number, fate: Fate): void {
      counts[fate]++;
      if (line >= fates.length) {
        const longer = new Uint8Array(Math.max(line + 1, fates.length * 2));
        longer.set(fates);
        fates = longer;
      }
      fates[line] = FATES.indexOf(fate);
      last = Math.max(last, line);
    },
    /** Refuses what would have been taken, had it not stood in the file before. */
    async settleDuplicates(folder: string): Promise<void> {
      const duplicates = readDuplicates(folder);
      for (let line = 1; line <= last; line++) {
        if (line % 100_000 === 0) await new Promise(setImmediate);
        const fate = FATES[fates[line]!];
        if (!fate) continue;
        const found = duplicates.of(line);
        if (found.length === 0) continue;
        counts[fate]--;
        refuse(line, duplicateRefusal(found));
      }
    },
    found(): Found {
      const rows = counts.create + counts.update + counts.unchanged + counts.refuse;
      return { rows, ...counts, reasons: [...reasons.values()].sort((a, b) => b.rows - a.rows) };
    },
  };
}

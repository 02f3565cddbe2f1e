// Keeps the search index's waiting list short: every search reads it through. It is emptied a second after a write, and
// after a start, on a connection beside those that write; what a bulk of work writes in a second goes into the index at
// half the cost of small portions, and adds some milliseconds to a search at most.
import type { Database } from '../database.ts';
import { ANALYZE_CUSTOMERS, CLEAN_PENDING } from './store.ts';

const EVERY_MS = 1000;

const counts = new WeakMap<Database, number>();
const written = (database: Database) => counts.get(database) ?? 0;

/** Hears of rows that were written. */
export function noteRows(database: Database, rows: number): void {
  counts.set(database, written(database) + rows);
}

/**
 * Empties the list every second in which something was written, and once at the beginning: a process that was killed
 * leaves one behind.
 */
export function keepSearchClean(database: Database): { stop(): Promise<void> } {
  let running: Promise<unknown> | undefined;
  let done: number | undefined;
  const timer = setInterval(() => {
    if (running || written(database) === done) return;
    done = written(database);
    // On a connection for searches: they are what it serves.
    running = database
      .search(CLEAN_PENDING)
      .catch(() => {
        done = undefined; // so that it is tried again
      })
      .finally(() => {
        running = undefined;
      });
  }, EVERY_MS);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}

/** Does the work meanwhile. For a process that is no server. */
export async function keepingSearchClean<Result>(database: Database, work: () => Promise<Result>): Promise<Result> {
  const upkeep = keepSearchClean(database);
  try {
    return await work();
  } finally {
    await upkeep.stop();
  }
}

/** Rows from which on what the planner knows of the table is no longer true. */
const MANY = 10_000;

/** After a bulk of writes: empties the list and has the planner look at the table anew. */
export async function settleSearch(database: Database, rows: number): Promise<void> {
  if (rows > 0) await database.search(CLEAN_PENDING);
  if (rows >= MANY) await database.search(ANALYZE_CUSTOMERS);
}

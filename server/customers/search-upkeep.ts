// Keeps the search index's waiting list short: every search reads it through, so it is emptied soon after writes.
import type { Database } from '../database.ts';
import { ANALYZE_CUSTOMERS, CLEAN_PENDING } from './store.ts';
import { written } from './write.ts';

const EVERY_MS = 1000;
/** Waiting rows after which the list is emptied at once. */
const ROWS = 1500;

/** Empties the list a second after a write, or after many, whichever comes first. */
export function keepSearchClean(database: Database): { stop(): Promise<void> } {
  let running: Promise<unknown> = Promise.resolve();
  let done = 0;
  let due = performance.now();
  let busy = false;
  const timer = setInterval(() => {
    const rows = written(database) - done;
    if (busy || rows === 0 || (rows < ROWS && performance.now() < due)) return;
    done += rows;
    due = performance.now() + EVERY_MS;
    busy = true;
    // On a connection for searches: they are what it serves.
    running = database
      .search(CLEAN_PENDING)
      .then(
        () => {},
        () => {},
      )
      .finally(() => {
        busy = false;
      });
  }, 100);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}

/** Rows from which on what the planner knows of the table is no longer true. */
const MANY = 10_000;

/**
 * After a bulk of writes: empties the list and has the planner look at the table anew. Not needed during it, when
 * PostgreSQL empties the list itself each time it is full: every 300 rows would cost twice the write-ahead log.
 */
export async function settleSearch(database: Database, rows: number): Promise<void> {
  if (rows > 0) await database.search(CLEAN_PENDING);
  if (rows >= MANY) await database.search(ANALYZE_CUSTOMERS);
}

// How many customers were created on each day: counts that are kept beside the total, by the transactions that change it.
import type { Database } from '../database.ts';
import { writeUnderLock } from './events.ts';
import { READ_DAYS } from './store.ts';

export type CountedDays = {
  position: number;
  /** Customers created before the first day. */
  before: number;
  /** Of each day on which there are any, such as `2026-01-31`, how many. */
  days: Map<string, number>;
};

/** The customers that are not deleted, by the day (UTC) on which they were created, from one day up to and with another. */
export async function readDays(
  database: Database,
  workspace_id: number,
  from: string,
  to: string,
): Promise<CountedDays> {
  for (;;) {
    const [row] = await database.read(READ_DAYS, [workspace_id, from, to]);
    const [position, isBehind, before, text]: [number, boolean, number, string | null] = row as never;
    if (!isBehind) return { position, before, days: daysOf(text) };
    // A server of a version that does not count days has written: whoever takes the workspace's turn makes up for it.
    await writeUnderLock(database, workspace_id, [], () => ({
      statements: [],
      events: [],
      total: 0,
      active: 0,
      answer: undefined,
    }));
  }
}

function daysOf(text: string | null): Map<string, number> {
  const entries = text === null ? [] : text.split(',').map((entry) => entry.split(' ') as [string, string]);
  return new Map(entries.map(([day, customers]) => [day, Number(customers)]));
}

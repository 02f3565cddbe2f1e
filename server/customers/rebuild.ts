// The customers as the log has them: made anew where there is nothing but the log, as after a restore.
import type { Customer } from '#contract/customers.ts';
import type { Database } from '../database.ts';
import { inTransaction } from '../transaction.ts';
import { searchColumnsOf } from './columns.ts';
import { FIRST_ID, READ_LAST_RECORDS } from './rebuild-store.ts';
import { insertCustomers, rowOf } from './rows.ts';
import { keepingSearchClean, noteRows, settleSearch } from './search-upkeep.ts';

const SLICE = 2000;

/** Makes the rows of a workspace that has none; gives how many. Those whom the log no longer knows, being erased, stay away. */
export async function rebuildCustomers(database: Database, workspace_id: number): Promise<number> {
  const made = await keepingSearchClean(database, () => rebuild(database, workspace_id));
  await settleSearch(database, made);
  return made;
}

async function rebuild(database: Database, workspace_id: number): Promise<number> {
  const sliceAfter = (id: string) => database.search(READ_LAST_RECORDS, [workspace_id, id, SLICE]);
  let made = 0;
  let next = sliceAfter(FIRST_ID);
  for (;;) {
    const rows = await next;
    if (rows.length === 0) break;
    // PostgreSQL is at the next slice while this one is folded and written.
    next = sliceAfter(rows.at(-1)![0]);
    next.catch(() => {}); // heard when its turn comes
    const records = rows.flatMap(([, json, deleted_at]: string[]) => {
      if (json === null) return [];
      const customer: Customer = JSON.parse(json!);
      return [rowOf(customer, deleted_at ?? null, searchColumnsOf(customer))];
    });
    made += records.length;
    if (records.length > 0) await inTransaction(database, [insertCustomers(workspace_id, records)]);
    noteRows(database, records.length);
  }
  return made;
}

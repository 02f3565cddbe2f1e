// The rows that a batch leaves, as statements.
import type { Customer } from '#contract/customers.ts';
import type { Ask } from '../database.ts';
import { textsOf } from '../rowset.ts';
import type { SearchColumns } from './columns.ts';
import { REMOVE_CUSTOMERS } from './erase-store.ts';
import { type Known, UNIQUE } from './present.ts';
import { COLUMNS, INSERT_CUSTOMERS, UPDATE_CUSTOMERS } from './store.ts';

type CustomerRow = (string | number | boolean | null)[];

/** A row of `COLUMNS`. */
export function rowOf(customer: Customer, deleted_at: string | null, columns: SearchColumns): CustomerRow {
  const values: Record<string, CustomerRow[number]> = { ...customer, deleted_at, ...columns };
  return COLUMNS.map(({ name }) => values[name]!);
}

export const insertCustomers = (workspace_id: number, rows: CustomerRow[]): Ask => [
  INSERT_CUSTOMERS,
  [workspace_id, ...textsOf(rows)],
];

/**
 * Gathers rows into statements. A statement holds a customer once, as it is in the end, and never a unique value that the
 * same statement gives up elsewhere, for which it would have to be a row earlier than another: that begins a new one.
 */
export function openRows(workspace_id: number) {
  const statements: Ask[] = [];
  const inserts = new Map<string, CustomerRow>();
  const updates = new Map<string, { former_version: number; row: CustomerRow }>();
  const givenUp = new Set<string>();

  function cut(): void {
    if (updates.size > 0) {
      const rows = [...updates.values()].map(({ former_version, row }) => [...row, former_version]);
      statements.push([UPDATE_CUSTOMERS, [workspace_id, ...textsOf(rows)]]);
    }
    if (inserts.size > 0) statements.push(insertCustomers(workspace_id, [...inserts.values()]));
    inserts.clear();
    updates.clear();
    givenUp.clear();
  }

  return {
    put(known: Known | undefined, next: Customer, deleted_at: string | null, columns: SearchColumns): void {
      if (givenUp.size > 0 && deleted_at === null && UNIQUE.some(({ field }) => givenUp.has(`${field} ${next[field]}`)))
        cut();
      if (known && !known.deleted)
        for (const { field } of UNIQUE)
          if (deleted_at !== null || known.customer[field] !== next[field])
            givenUp.add(`${field} ${known.customer[field]}`);
      const row = rowOf(next, deleted_at, columns);
      if (!known || inserts.has(next.id)) inserts.set(next.id, row);
      else {
        const former_version = updates.get(next.id)?.former_version ?? known.customer.version;
        updates.set(next.id, { former_version, row });
      }
    },
    remove(id: string): void {
      cut();
      statements.push([REMOVE_CUSTOMERS, [workspace_id, [id]]]);
    },
    statements(): Ask[] {
      cut();
      return statements;
    },
  };
}

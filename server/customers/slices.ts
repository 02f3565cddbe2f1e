// All customers that match, however many: in slices, each a short statement of its own, so that nothing holds a snapshot
// for long, and in the order of their ids, which never change, so that whoever is there throughout comes exactly once.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Customer } from '#contract/customers.ts';
import type { Database } from '../database.ts';
import { BETWEEN_VALUES } from '../rowset.ts';
import { ask, type List, rowWords } from './list.ts';
import type { ListRequest } from './list-query.ts';
import { LAST_ID, sliceStatement } from './list-store.ts';
import { patiently } from './patience.ts';
import { rfc3339Of } from './record.ts';

/**
 * Values by field, for each field as many: as the API writes them, without quotes; '' is null. Each character stands for a
 * byte of UTF-8 (Latin-1): a text with one letter beyond Latin-1 in it would be put together at twice the width, which took
 * longer than all the rest.
 */
export type Slice = string[][];

/** Rows that a statement visits: 2 to 3 ms of PostgreSQL, and half as much of Node. */
const ROWS = 1500;

const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/**
 * Reads the customers that a list's filter lets through, as they are when their slice is read. One slice is read ahead and
 * no more, until it is asked for. `isKept` says that there are few such sets of fields.
 */
export async function* readSlices(
  database: Database,
  workspace_id: number,
  request: ListRequest,
  fields: readonly (keyof Customer)[],
  isKept: boolean,
): AsyncGenerator<Slice, void> {
  const columns = [...new Set(fields.flatMap((field) => (field === 'full_name' ? NAMES : [field])))];
  const keys = (['email', 'external_id'] as const).filter((key) => request[key] !== undefined);
  const list: List = {
    database,
    workspace_id,
    request,
    order: { field: 'created_at', descending: false },
    cursor: undefined,
  };
  let isBegun = false;
  const read = async (...place: unknown[]) => {
    const statementOf = (shape: Parameters<typeof sliceStatement>[0]) => sliceStatement(shape, keys, columns, isKept);
    const [statement, values] = ask(list, statementOf, rowWords(list), 0, ...place);
    values[1] = ROWS;
    const walk = () => database.walk(statement, values);
    const [row] = await (isBegun ? patiently(walk) : walk());
    isBegun = true;
    const [end, ...texts]: [string | null, ...(string | null)[]] = row as [string | null];
    return { end, slice: texts[0] === null ? undefined : sliceOf(fields, columns, texts as string[]) };
  };
  if (keys.length > 0) {
    const { slice } = await read(...keys.map((key) => request[key]));
    if (slice) yield slice;
    return;
  }
  // What is created from now on is not waited for: there might be no end to it.
  const [last] = await database.read(LAST_ID, [workspace_id]);
  let next = last && read(FIRST_ID, last[0]);
  try {
    while (next) {
      const { end, slice } = await next;
      next = end === null ? undefined : read(end, last![0]);
      next?.catch(() => {}); // heard when its turn comes
      // What is asked in one turn is sent at its end: from then on PostgreSQL is at it while this slice is dealt with.
      await nextTurn();
      await nextTurn();
      if (slice) yield slice;
    }
  } finally {
    await next?.catch(() => {});
  }
}

const NAMES = ['first_name', 'last_name'] as const;

function sliceOf(fields: readonly (keyof Customer)[], columns: readonly string[], texts: string[]): Slice {
  const valuesOf = (column: string) => bytesOf(texts[columns.indexOf(column)]!).split(BETWEEN_VALUES);
  return fields.map((field) => {
    if (field === 'full_name') {
      const [first, last] = NAMES.map(valuesOf) as [string[], string[]];
      return first.map((name, index) => `${name} ${last[index]}`);
    }
    const values = valuesOf(field);
    return field === 'created_at' || field === 'updated_at' ? values.map(rfc3339Of) : values;
  });
}

const bytesOf = (text: string) => Buffer.from(text).toString('latin1');

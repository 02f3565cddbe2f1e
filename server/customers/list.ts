// Lists and searches. Whatever is asked, a page and its count cost about the same at any size of table: the sample
// tells whether to walk the ordering's index until the page is full, or to gather what matches and sort it.
import { COUNT_CAP, type OrderingField } from '#contract/customers.ts';
import type { Database, Row, Statement } from '../database.ts';
import type { LedgerState } from '../events/events.ts';
import type { ListRequest } from './list-query.ts';
import {
  COUNT_DELETED,
  countStatement,
  deletedPageStatement,
  gatherStatement,
  lookupStatement,
  ORDER_COLUMNS,
  type Parameters,
  pageStatement,
  type Shape,
  valuesOf,
  walkStatement,
} from './list-store.ts';
import { type Estimate, estimate, sampleOf } from './sample.ts';

/** Rows of a page: each customer's JSON followed by its values in the ordering's columns. */
export type Page = { rows: Row[]; more: boolean; count: number; count_is_exact: boolean };

type Count = { count: number; count_is_exact: boolean };

/** Up to this many customers, walking them all costs less than choosing. */
const SMALL = 5000;
/** Rows a walk may visit before it gives up: some tens of milliseconds. */
const WALK_LEAST = 1000;
const WALK_MOST = 20_000;
/** Microseconds per row, measured at a million rows: walked in the order of an index, gathered by an index and sorted. */
const WALK_COST = 1.6;
const GATHER_COST = 1.8;
/** Gathering more than this is never better than walking on. */
const GATHER_MOST = 150_000;

/** A page of customers with the number of all that match. */
export async function listPage(
  database: Database,
  workspace_id: number,
  ledger: LedgerState,
  request: ListRequest,
): Promise<Page> {
  const backwards = request.cursor?.direction === 'before';
  const order = { ...request.order, descending: request.order.descending !== backwards };
  const list: List = { database, workspace_id, ledger, request, order, cursor: request.cursor?.values };
  const { rows, count, count_is_exact } = await planOf(list);
  const more = rows.length > request.limit;
  if (more) rows.pop();
  if (backwards) rows.reverse();
  return { rows, more, count, count_is_exact };
}

type List = {
  database: Database;
  workspace_id: number;
  ledger: LedgerState;
  request: ListRequest;
  /** As it is read: turned around where the page lies before its cursor. */
  order: Shape['order'];
  cursor: string[] | undefined;
};
type Rows = { rows: Row[] };

async function planOf(list: List): Promise<Rows & Count> {
  const { database, workspace_id, request, order } = list;
  const { words, is_active, created_at, updated_at } = request;
  if (request.deleted) return deletedPage(list);
  if (request.email !== undefined || request.external_id !== undefined) return lookup(list);
  if (words.length === 0) {
    const ranges = (['created_at', 'updated_at'] as const).filter((field) => request[field]);
    const inIndex = ranges.length === 0 || (ranges.length === 1 && ranges[0] === order.field);
    if (inIndex) {
      const [rows, count] = await Promise.all([
        database.read(...ask(list, pageStatement, {})),
        ranges.length === 0 ? countOfLedger(list) : countMatches(list),
      ]);
      return { rows, ...count };
    }
  }
  if (list.ledger.total_customers <= SMALL) {
    const [{ rows }, count] = await Promise.all([walk(list, SMALL * 2), countMatches(list)]);
    return { rows, ...count };
  }
  const sample = await sampleOf(database, workspace_id, list.ledger);
  const filter = { words, is_active, created_at, updated_at };
  const orderKey = (cursor: string[] | undefined) => cursor?.slice(0, -1).join('\n');
  const guess = (cursor: string[] | undefined) =>
    estimate(
      sample,
      filter,
      order as { field: OrderingField; descending: boolean },
      orderKey(cursor),
      request.limit + 1,
    );
  return choose(list, guess);
}

/** Walks or gathers, by what the sample says; a walk that runs out of its budget is gone on with, or given up for a gather. */
async function choose(list: List, guess: (cursor: string[] | undefined) => Estimate): Promise<Rows & Count> {
  const first = guess(list.cursor);
  const many = first.surelyMoreThan(COUNT_CAP);
  const rows: Row[] = [];
  let counted: Promise<Count> | undefined = many
    ? Promise.resolve({ count: COUNT_CAP, count_is_exact: false })
    : undefined;
  let place = list.cursor;
  for (let expected = first; ; expected = guess(place)) {
    const gatherCost = expected.matches * GATHER_COST;
    const walking = expected.walk * WALK_COST < gatherCost || first.matches > GATHER_MOST;
    if (!walking) {
      const gathered = await gather({ ...list, cursor: place }, rows.length, counted === undefined, first.shares);
      rows.push(...gathered.rows);
      if (gathered.total !== undefined && rows.length === gathered.rows.length)
        counted ??= Promise.resolve(capped(gathered.total));
      break;
    }
    counted ??= countMatches(list, first.shares);
    counted.catch(() => {}); // awaited below, after the walk
    const budget = Math.min(WALK_MOST, Math.max(WALK_LEAST, Math.ceil(2 * Math.min(expected.walk, WALK_MOST))));
    const walked = await walk({ ...list, cursor: place }, budget, rows.length);
    rows.push(...walked.rows);
    if (walked.end === undefined || rows.length > list.request.limit) break;
    place = walked.end;
  }
  return { rows, ...(await (counted ?? countMatches(list, first.shares))) };
}

/** Walks up to `budget` rows. `end` is where the budget ran out; absent, the page is full or the list at its end. */
async function walk(list: List, budget: number, have = 0): Promise<Rows & { end: string[] | undefined }> {
  const rows = await list.database.search(...ask(list, walkStatement, rowWords(list), have, budget));
  const last = rows.at(-1);
  const end = last?.at(-1) ? (last.slice(1, -1) as string[]) : undefined;
  const matches = rows.filter((row) => row[0] !== null).map((row) => row.slice(0, -1));
  const full = have + matches.length > list.request.limit;
  return { rows: matches, end: full ? undefined : end };
}

async function gather(
  list: List,
  have: number,
  counting: boolean,
  shares: number[],
): Promise<Rows & { total: number | undefined }> {
  const rows = await list.database.search(...ask(list, gatherStatement, indexWords(list, shares), have));
  const total = counting ? (rows[0]?.at(-1) as number | undefined) : undefined;
  return { rows: rows.map((row) => row.slice(0, -1)), total };
}

async function countMatches(list: List, shares?: number[]): Promise<Count> {
  const uncut = { ...list, cursor: undefined };
  const [statement, values] = ask(uncut, countStatement, indexWords(list, shares));
  values[1] = COUNT_CAP + 1;
  const [row] = await list.database.search(statement, values);
  return capped(row?.[0] ?? 0);
}

async function countOfLedger({ ledger, request }: List): Promise<Count> {
  const { total_customers: total, active_customers: active } = ledger;
  return {
    count: request.is_active === undefined ? total : request.is_active ? active : total - active,
    count_is_exact: true,
  };
}

async function deletedPage(list: List): Promise<Rows & Count> {
  const [rows, [count]] = await Promise.all([
    list.database.read(...ask(list, deletedPageStatement, {})),
    list.database.read(COUNT_DELETED, [list.workspace_id, COUNT_CAP + 1]),
  ]);
  return { rows, ...capped(count?.[0] ?? 0) };
}

async function lookup(list: List): Promise<Rows & Count> {
  const { email, external_id } = list.request;
  const field = email === undefined ? 'external_id' : 'email';
  const rows = await list.database.read(
    ...ask(list, (shape) => lookupStatement(shape, field), rowWords(list), 0, email ?? external_id),
  );
  const found = rows.filter(
    (row) => email === undefined || external_id === undefined || JSON.parse(row[0]).external_id === external_id,
  );
  const page = found.filter((row) => row.at(-1)).map((row) => row.slice(0, -1));
  return { rows: page, count: found.length, count_is_exact: true };
}

const capped = (count: number): Count => ({ count: Math.min(count, COUNT_CAP), count_is_exact: count <= COUNT_CAP });

/** The statement of a shape together with its values. */
function ask(
  { workspace_id, request, order, cursor }: List,
  statementOf: (shape: Shape) => Statement,
  { words = [], starts = [], more_words = [] }: Patterns,
  have = 0,
  ...extra: unknown[]
): [Statement, unknown[]] {
  const { is_active, created_at, updated_at, limit } = request;
  const counting = statementOf === countStatement;
  const place = counting ? undefined : cursor;
  const given = (texts: string[]) => (texts.length > 0 ? texts : undefined);
  const parameters: Parameters = {
    workspace_id,
    limit: limit + 1 - have,
    cursor: place,
    created_at,
    updated_at,
    words,
    starts: given(starts),
    more_words: given(more_words),
  };
  const shape: Shape = {
    order: counting ? { field: 'last_name', descending: false } : order,
    cursor: place !== undefined,
    is_active,
    created_at: created_at !== undefined,
    updated_at: updated_at !== undefined,
    words: words.length,
    starts: starts.length > 0,
    more_words: more_words.length > 0,
  };
  return [statementOf(shape), valuesOf(parameters, ...extra)];
}

type Patterns = { words?: string[]; starts?: string[]; more_words?: string[] };

/** Words as conditions on each row. */
function rowWords({ request: { words } }: List): Patterns {
  const [short, long] = [words.filter((word) => word.short), words.filter((word) => !word.short)];
  return { starts: short.map((word) => word.text), more_words: long.map((word) => patternOf(word.text)) };
}

/** Words found in more customers than this share are not worth asking the search index for beside a rarer one. */
const COMMON = 0.2;
/** Three letters or digits in a row, or one behind punctuation: what makes a trigram whatever stands around the word. */
const TRIGRAM = /[\p{L}\p{N}\p{M}]{3}|[^\p{L}\p{N}\p{M}][\p{L}\p{N}]/u;
const INDEXED_WORDS = 3;

/**
 * Words as conditions for the search index: the rarest, so far as they narrow the search; the rest is checked row by
 * row. A word without a trigram would have the whole index read.
 */
function indexWords({ request: { words } }: List, shares: number[] = []): Patterns {
  const sorted = words
    .map((word, index) => ({
      ...word,
      share: shares[index] ?? 1 / word.text.length,
      usable: word.short || TRIGRAM.test(word.text),
    }))
    .sort((a, b) => Number(b.usable) - Number(a.usable) || a.share - b.share);
  const indexed = sorted.filter(
    (word, index) => word.usable && (index === 0 || (index < INDEXED_WORDS && word.share < COMMON)),
  );
  const rest = sorted.filter((word) => !indexed.includes(word));
  return {
    words: indexed.filter((word) => !word.short).map((word) => patternOf(word.text)),
    starts: [...indexed, ...rest].filter((word) => word.short).map((word) => word.text),
    more_words: rest.filter((word) => !word.short).map((word) => patternOf(word.text)),
  };
}

const patternOf = (text: string) => `%${text.replaceAll(/[\\%_]/g, '\\$&')}%`;

/** How many columns of a page's row follow the customer's JSON. */
export const keysOf = (request: ListRequest) => ORDER_COLUMNS[request.order.field].length;

// Lists and searches. Whatever is asked, a page and its count cost about the same at any size of table: the sample
// tells whether to walk the ordering's index until the page is full, or to gather what matches and sort it.
import { COUNT_CAP, type Customer, type OrderingField } from '#contract/customers.ts';
import { fold } from '#contract/fold.ts';
import { TRIGRAM } from '#contract/search.ts';
import type { Ask, Database, Row, Statement } from '../database.ts';
import { type LedgerState, ledgerOf, readLedger } from '../events/events.ts';
import type { ListRequest, TimeRange } from './list-query.ts';
import {
  COUNT_DELETED,
  countStatement,
  deletedPageStatement,
  gatherStatement,
  lookupStatement,
  matchingStatement,
  type Order,
  type Parameters,
  pageStatement,
  type Shape,
  valuesOf,
  type Way,
  walkStatement,
} from './list-store.ts';
import { BETWEEN_RECORDS, fieldOf, rfc3339Of } from './record.ts';
import { type Estimate, estimate, prepareSample, sampleOf, waysOf } from './sample.ts';

/** A page's customers as records, the position in the log that it is at least as new as, and where its ends lie. */
export type Page = {
  records: string[];
  position: number;
  count: number;
  count_is_exact: boolean;
  /** Whether there are more beyond it, in the direction in which it was read. */
  more: boolean;
  first: string[] | undefined;
  last: string[] | undefined;
};

type Count = { count: number; count_is_exact: boolean };

/** Up to this many customers, walking them all costs less than choosing. */
const SMALL = 5000;
/** Rows a walk may visit before it gives up: some tens of milliseconds. */
const WALK_LEAST = 1000;
const WALK_MOST = 20_000;
/**
 * Microseconds per row, measured at a million rows: walked in the order of an index, gathered by an index and sorted;
 * and both where the index holds all that is wanted.
 */
const WALK_COST = 1.6;
const GATHER_COST = 1.8;
const WALK_INDEX_COST = 0.04;
const GATHER_INDEX_COST = 0.2;
/** Gathering more than this is never better than walking on. */
const GATHER_MOST = 150_000;

/** A page of customers with the number of all that match. `ledger`: as just read, where the caller needed it before. */
export async function listPage(
  database: Database,
  workspace_id: number,
  request: ListRequest,
  ledger?: LedgerState,
): Promise<Page> {
  const backwards = request.cursor?.direction === 'before';
  const order = { ...request.order, descending: request.order.descending !== backwards };
  const { rows, position, count, count_is_exact } = await planOf(
    { database, workspace_id, request, order, cursor: request.cursor?.values },
    ledger,
  );
  const more = rows.length > request.limit;
  if (more) rows.pop();
  if (backwards) rows.reverse();
  const place = (row: Row | undefined) => row && placeOf(row, order.field);
  return {
    records: rows.map((row) => row[0]),
    position,
    count,
    count_is_exact,
    more,
    first: place(rows[0]),
    last: place(rows.at(-1)),
  };
}

export type List = {
  database: Database;
  workspace_id: number;
  request: ListRequest;
  /** As it is read: turned around where the page lies before its cursor. */
  order: Shape['order'];
  cursor: string[] | undefined;
};
/** What of it a statement is made of. */
type Asked = Pick<List, 'workspace_id' | 'order' | 'cursor'> & { request: Filter & { limit: number } };
export type Filter = Pick<ListRequest, 'words' | 'is_active' | 'created_at' | 'updated_at'>;

/** Each begins with the customer's record; a deleted one's time of deletion follows. */
type Rows = { rows: Row[] };

async function planOf(list: List, known?: LedgerState): Promise<Rows & Count & { position: number }> {
  const { database, workspace_id, request, order } = list;
  const { words, is_active, created_at, updated_at } = request;
  const single = request.email !== undefined || request.external_id !== undefined;
  const plain = !request.deleted && !single && words.length === 0;
  // An ordering's index of one time holds the other one too.
  const other = order.field === 'created_at' ? updated_at : order.field === 'updated_at' ? created_at : undefined;
  const byTime = order.field === 'created_at' || order.field === 'updated_at';
  const ranged = created_at !== undefined || updated_at !== undefined;
  if (plain && (!ranged || (byTime && !other))) return plainPage(list, ranged);

  if (words.length > 0) database.checkSearch(workspace_id);
  // Read before the rows: a page may then be newer than its position says, never older.
  const ledger = known ?? (await readLedger(database, workspace_id));
  const { position } = ledger;
  if (request.deleted) return { ...(await deletedPage(list)), position };
  if (single) return { ...(await lookup(list)), position };
  if (ledger.total_customers <= SMALL) {
    if (plain && byTime) return plainPage(list, true);
    const [{ rows }, count] = await Promise.all([walk(list, SMALL * 2), countMatches(list)]);
    return { rows, ...count, position };
  }
  const sample = await sampleOf(database, workspace_id, ledger);
  if (words.length > 0) database.checkSearch(workspace_id); // others came meanwhile
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
  if (plain && byTime) {
    const expected = guess(list.cursor);
    if (expected.walk * WALK_INDEX_COST < expected.gather * GATHER_INDEX_COST) return plainPage(list, true, expected);
    const [{ rows }, count] = await Promise.all([gather(list, 0, false, expected), countOr(list, expected)]);
    return { rows, ...count, position };
  }
  return { ...(await choose(list, guess)), position };
}

/** One statement, unless a range has to be counted. */
async function plainPage(
  list: List,
  ranged: boolean,
  expected?: Estimate,
): Promise<Rows & Count & { position: number }> {
  const { database, workspace_id, request } = list;
  const [[row], counted] = await Promise.all([
    // A range may lie far along the ordering.
    (ranged ? database.walk : database.read)(...ask(list, pageStatement, {})),
    ranged ? countOr(list, expected) : undefined,
  ]);
  const ledger = ledgerOf(row![0]);
  if (ledger.total_customers > SMALL) prepareSample(database, workspace_id, ledger);
  const rows = row![1] === null ? [] : row![1].split(BETWEEN_RECORDS).map((record: string) => [record]);
  return { rows, ...(counted ?? countOfLedger(ledger, request.is_active)), position: ledger.position };
}

/** Walks or gathers, by what the sample says; a walk that runs out of its budget is gone on with, or given up for a gather. */
async function choose(list: List, guess: (cursor: string[] | undefined) => Estimate): Promise<Rows & Count> {
  const first = guess(list.cursor);
  const rows: Row[] = [];
  let counted: Promise<Count> | undefined = first.surelyMoreThan(COUNT_CAP) ? countOr(list, first) : undefined;
  let place = list.cursor;
  for (let expected = first; ; expected = guess(place)) {
    const walking = expected.walk * WALK_COST < expected.gather * GATHER_COST || first.gather > GATHER_MOST;
    if (!walking) {
      const gathered = await gather({ ...list, cursor: place }, rows.length, counted === undefined, first);
      rows.push(...gathered.rows);
      if (gathered.total !== undefined && rows.length === gathered.rows.length)
        counted ??= Promise.resolve(capped(gathered.total));
      break;
    }
    counted ??= countMatches(list, first);
    counted.catch(() => {}); // awaited below, after the walk
    const budget = Math.min(WALK_MOST, Math.max(WALK_LEAST, Math.ceil(2 * Math.min(expected.walk, WALK_MOST))));
    const walked = await walk({ ...list, cursor: place }, budget, rows.length);
    rows.push(...walked.rows);
    if (walked.end === undefined || rows.length > list.request.limit) break;
    place = walked.end;
  }
  return { rows, ...(await (counted ?? countMatches(list, first))) };
}

/** Walks up to `budget` rows. `end` is where the budget ran out; absent, the page is full or the list at its end. */
async function walk(list: List, budget: number, have = 0): Promise<Rows & { end: string[] | undefined }> {
  const rows = await list.database.walk(...ask(list, walkStatement, rowWords(list), have, budget));
  const last = rows.at(-1);
  const end = last?.[2] ? placeOf(last, list.order.field) : undefined;
  const matches = rows.filter((row) => row[1]);
  const full = have + matches.length > list.request.limit;
  return { rows: matches, end: full ? undefined : end };
}

async function gather(
  list: List,
  have: number,
  counting: boolean,
  expected: Estimate,
): Promise<Rows & { total: number | undefined }> {
  const statementOf = (shape: Shape) => gatherStatement(shape, counting);
  const rows = await list.database.search(...ask(list, statementOf, gatherWords(list, expected), have));
  return { rows, total: counting ? rows[0]?.[1] : undefined };
}

/** More than anybody has. */
const ALL = 1_000_000_000;

/**
 * What another slice asks about all the customers that a filter lets through: `write` puts its statement together, from
 * what to select their ids from and the parameters of its own, which take the values of `extra`.
 */
export function askOfMatching(
  workspace_id: number,
  request: Filter,
  kind: string,
  write: (matching: string, parameter: () => string) => string,
  ...extra: unknown[]
): Ask {
  const list = { workspace_id, request: { ...request, limit: 0 }, order: BY_CREATION, cursor: undefined };
  const way = waysOf(request)[0] ?? 'created_at';
  const words = { way, ...(way === 'search' ? indexWords(list) : rowWords(list)) };
  const [statement, values] = ask(list, (shape) => matchingStatement(kind, shape, write), words, 0, ...extra);
  values[1] = ALL;
  return [statement, values];
}

const BY_CREATION: Order = { field: 'created_at', descending: false };

/** Counts, unless the sample says that there are more than counts tell. */
async function countOr(list: List, expected: Estimate | undefined): Promise<Count> {
  if (expected?.surelyMoreThan(COUNT_CAP)) return { count: COUNT_CAP, count_is_exact: false };
  return countMatches(list, expected);
}

async function countMatches(list: List, expected?: Estimate): Promise<Count> {
  const uncut = { ...list, cursor: undefined };
  const [statement, values] = ask(uncut, countStatement, gatherWords(list, expected));
  values[1] = COUNT_CAP + 1;
  const [row] = await list.database.search(statement, values);
  return capped(row?.[0] ?? 0);
}

function countOfLedger(
  { total_customers: total, active_customers: active }: LedgerState,
  is_active: boolean | undefined,
): Count {
  return { count: is_active === undefined ? total : is_active ? active : total - active, count_is_exact: true };
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
    (row) => email === undefined || external_id === undefined || fieldOf(row[0], 'external_id') === external_id,
  );
  return { rows: found.filter((row) => row[1]), count: found.length, count_is_exact: true };
}

const capped = (count: number): Count => ({ count: Math.min(count, COUNT_CAP), count_is_exact: count <= COUNT_CAP });

const ALL_TIMES: TimeRange = ['-infinity', 'infinity'];

/** The statement of a shape together with its values. */
export function ask(
  { workspace_id, request, order, cursor }: Asked,
  statementOf: (shape: Shape) => Statement,
  { way = 'search', words = [], starts = [], more_words = [] }: Patterns,
  have = 0,
  ...extra: unknown[]
): [Statement, unknown[]] {
  const { is_active, updated_at, limit } = request;
  const { created_at = way === 'created_at' ? ALL_TIMES : undefined } = request;
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
    way,
    words: words.length,
    starts: starts.length > 0,
    more_words: more_words.length > 0,
  };
  return [statementOf(shape), valuesOf(parameters, ...extra)];
}

type Patterns = { way?: Way; words?: string[]; starts?: string[]; more_words?: string[] };

/** Words as conditions on each row. */
export function rowWords({ request: { words } }: Pick<Asked, 'request'>): Patterns {
  const [short, long] = [words.filter((word) => word.short), words.filter((word) => !word.short)];
  return { starts: short.map((word) => word.text), more_words: long.map((word) => patternOf(word.text)) };
}

/** The way of a gather, and its words as that takes them. */
function gatherWords(list: List, expected?: Estimate): Patterns {
  const way = expected?.way ?? waysOf(list.request)[0]!;
  return { way, ...(way === 'search' ? indexWords(list, expected?.shares) : rowWords(list)) };
}

/** Words found in more customers than this share are not worth asking the search index for beside a rarer one. */
const COMMON = 0.2;
const INDEXED_WORDS = 3;

/**
 * Words as conditions for the search index: the rarest, so far as they narrow the search; the rest is checked row by
 * row. A word without a trigram would have the whole index read.
 */
function indexWords({ request: { words } }: Pick<Asked, 'request'>, shares: number[] = []): Patterns {
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

/** Where a row lies in an ordering: its values in the ordering's columns. */
function placeOf([record, deleted_at]: Row, field: Shape['order']['field']): string[] {
  const text = (name: keyof Customer) => fieldOf(record, name);
  const places: Record<typeof field, () => string[]> = {
    last_name: () => [fold(text('last_name')), fold(text('first_name'))],
    first_name: () => [fold(text('first_name')), fold(text('last_name'))],
    email: () => [text('email')],
    created_at: () => [rfc3339Of(text('created_at'))],
    updated_at: () => [rfc3339Of(text('updated_at'))],
    deleted_at: () => [deleted_at],
  };
  return [...places[field](), text('id')];
}

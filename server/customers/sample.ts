// A fair sample of each large workspace's customers, kept in memory: it tells how many customers a filter lets through
// and how far along an ordering they lie, which is what choosing a plan takes.
import type { OrderingField } from '#contract/customers.ts';
import type { SearchWord } from '#contract/search.ts';
import type { Database } from '../database.ts';
import type { LedgerState } from '../events/events.ts';
import { inRequest } from '../request-context.ts';
import { READ_SAMPLE, type Way } from './list-store.ts';

/** Rows that a sample aims at; 4,096 parts of the ids make up a whole workspace. */
const SIZE = 4096;
const PARTS = 4096;
const KEPT = 64;

/** Some of the rows: 1 for each of them, and 0 for the others. */
type Rows = Uint8Array;
/** Rows' numbers in an order, and what they are ordered by. */
type Ordered = { rows: Uint16Array; keys: string[] };

export type Sample = {
  size: number;
  active: Rows;
  inactive: Rows;
  /** What long and short words are looked for in, of all rows. */
  search: Haystack;
  starts: Haystack;
  /** The rows in which a word was found, by word. */
  found: Map<string, Rows>;
  /** Customers that each row stands for. */
  scale: number;
  orders: Record<OrderingField, Ordered>;
  position: number;
};

export type SampleFilter = {
  words: SearchWord[];
  is_active: boolean | undefined;
  created_at: [from: string, before: string] | undefined;
  updated_at: [from: string, before: string] | undefined;
};

const samples = new WeakMap<Database, Map<number, Promise<Sample>>>();

/** The workspace's sample: read once, and again behind the scenes when a tenth of the workspace may have changed. */
export async function sampleOf(database: Database, workspace_id: number, ledger: LedgerState): Promise<Sample> {
  let workspaces = samples.get(database);
  if (!workspaces) {
    workspaces = new Map();
    samples.set(database, workspaces);
  }
  const kept = workspaces.get(workspace_id);
  if (!kept) return remember(workspaces, workspace_id, read(database, workspace_id, ledger));
  const sample = await kept;
  const stale = ledger.position - sample.position > 1000 + ledger.total_customers / 10;
  if (stale) {
    sample.position = ledger.position; // one refresh at a time
    read(database, workspace_id, ledger).then(
      (fresh) => remember(workspaces, workspace_id, Promise.resolve(fresh)),
      () => {},
    );
  }
  return sample;
}

/**
 * Reads the sample of a workspace that somebody has begun to look at, so that their first search need not wait for it; not
 * in place of another's.
 */
export function prepareSample(database: Database, workspace_id: number, ledger: LedgerState): void {
  const workspaces = samples.get(database);
  if (workspaces && (workspaces.has(workspace_id) || workspaces.size >= KEPT)) return;
  sampleOf(database, workspace_id, ledger).catch(() => {}); // who needs it is told
}

function remember(
  workspaces: Map<number, Promise<Sample>>,
  workspace_id: number,
  sample: Promise<Sample>,
): Promise<Sample> {
  sample.catch(() => workspaces.delete(workspace_id));
  workspaces.delete(workspace_id);
  workspaces.set(workspace_id, sample);
  if (workspaces.size > KEPT) workspaces.delete(workspaces.keys().next().value!);
  return sample;
}

/** How many of its 4,096 parts make a fair sample of a workspace with so many customers. */
export const stepsOf = (customers: number): number =>
  Math.min(256, Math.max(1, Math.ceil((SIZE * PARTS) / Math.max(customers, 1))));

async function read(database: Database, workspace_id: number, ledger: LedgerState): Promise<Sample> {
  const steps = stepsOf(ledger.total_customers);
  // It is for all who wait for it: whoever was the first may go away.
  const found = await inRequest(undefined, () => database.search(READ_SAMPLE, [workspace_id, steps]));
  const keys: Record<OrderingField, string[]> = {
    last_name: found.map((row) => `${row[3]}\n${row[4]}`),
    first_name: found.map((row) => `${row[4]}\n${row[3]}`),
    email: found.map((row) => row[5]),
    created_at: found.map((row) => row[6]),
    updated_at: found.map((row) => row[7]),
  };
  return {
    size: found.length,
    active: Uint8Array.from(found, (row) => Number(row[2])),
    inactive: Uint8Array.from(found, (row) => Number(!row[2])),
    search: haystackOf(found.map((row) => row[0])),
    starts: haystackOf(found.map((row) => ` ${row[1]} `)),
    found: new Map(),
    scale: PARTS / steps,
    orders: {
      last_name: orderedBy(keys.last_name),
      first_name: orderedBy(keys.first_name),
      email: orderedBy(keys.email),
      created_at: orderedBy(keys.created_at),
      updated_at: orderedBy(keys.updated_at),
    },
    position: ledger.position,
  };
}

function orderedBy(keys: string[]): Ordered {
  const rows = Uint16Array.from(keys.keys()).sort((a, b) => (keys[a]! < keys[b]! ? -1 : 1));
  return { rows, keys: Array.from(rows, (row) => keys[row]!) };
}

export type Estimate = {
  /** The share of all customers that each word of the filter is found in. */
  shares: number[];
  /** Rows of the ordering that lie before enough matches for a page. */
  walk: number;
  /** The way of gathering that looks at fewest rows, and how many these are. */
  way: Way;
  gather: number;
  /** Whether more than the given number match for certain. */
  surelyMoreThan: (number: number) => boolean;
};

/** What the sample says of a filter, an ordering and where in it the page begins. */
export function estimate(
  sample: Sample,
  filter: SampleFilter,
  order: { field: OrderingField; descending: boolean },
  cursor: string | undefined,
  limit: number,
): Estimate {
  const words = filter.words.map((word) => rowsWith(sample, word));
  const worded = words.reduce(both, undefined);
  const stated = filter.is_active === undefined ? undefined : filter.is_active ? sample.active : sample.inactive;
  const created = rowsWithin(sample.orders.created_at, filter.created_at);
  const updated = rowsWithin(sample.orders.updated_at, filter.updated_at);
  const passes = both(both(worded, stated), both(created, updated));
  const count = (rows: Rows | undefined) => (rows ? countOf(rows) : sample.size);
  const rowsOf = (way: Way) =>
    count(way === 'search' ? worded : both(stated, way === 'created_at' ? created : updated));
  const ways = waysOf(filter)
    .map((way) => ({ way, rows: rowsOf(way) }))
    .sort((a, b) => a.rows * ROW_COST[a.way] - b.rows * ROW_COST[b.way]);
  const { way, rows } = ways[0]!;
  const found = count(passes);
  return {
    shares: words.map((each) => countOf(each) / Math.max(1, sample.size)),
    walk: walkLength(sample, passes, stated, filter, order, cursor, limit),
    way,
    gather: rows * sample.scale,
    // Four standard deviations of a count of this size.
    surelyMoreThan: (number) => found > 16 && (found - 4 * Math.sqrt(found)) * sample.scale > number,
  };
}

/** Rows found by the search index are visited as they lie in the table, those by an index of time in its own order. */
const ROW_COST: Record<Way, number> = { search: 1, created_at: 2, updated_at: 2 };

/** By what the matches of a filter can be gathered, the first being good enough where there are few customers. */
export function waysOf({ words, is_active, created_at, updated_at }: SampleFilter): Way[] {
  const ways: Way[] = [];
  if (words.length > 0) ways.push('search');
  if (created_at) ways.push('created_at');
  if (updated_at) ways.push('updated_at');
  // The indexes of time lead with the state.
  if (is_active !== undefined && !created_at) ways.push('created_at');
  return ways;
}

/** The texts of all rows in one, and where each begins: looking through one text is many times quicker than through thousands. */
type Haystack = { text: string; begins: Uint32Array };

function haystackOf(texts: string[]): Haystack {
  const begins = new Uint32Array(texts.length);
  let length = 0;
  texts.forEach((text, index) => {
    begins[index] = length;
    length += text.length + 1;
  });
  return { text: texts.join('\0'), begins };
}

const WORDS_KEPT = 500;

/** The rows in which the word is found. */
function rowsWith(sample: Sample, { text, short }: SearchWord): Rows {
  const key = `${short} ${text}`;
  const known = sample.found.get(key);
  if (known) return known;
  const rows = new Uint8Array(sample.size);
  const { text: haystack, begins } = short ? sample.starts : sample.search;
  const needle = short ? ` ${text} ` : text;
  let row = 0;
  for (let at = haystack.indexOf(needle); at >= 0; at = haystack.indexOf(needle, at)) {
    while (row + 1 < begins.length && begins[row + 1]! <= at) row++;
    rows[row] = 1;
    if (row + 1 === begins.length) break;
    at = begins[row + 1]!;
  }
  if (sample.found.size >= WORDS_KEPT) sample.found.clear();
  sample.found.set(key, rows);
  return rows;
}

/** Rows that are in both; undefined stands for all of them. */
function both(some: Rows | undefined, others: Rows | undefined): Rows | undefined {
  if (!some || !others) return some ?? others;
  const rows = new Uint8Array(some.length);
  for (let row = 0; row < rows.length; row++) rows[row] = some[row]! & others[row]!;
  return rows;
}

function countOf(rows: Rows): number {
  let count = 0;
  for (let row = 0; row < rows.length; row++) count += rows[row]!;
  return count;
}

type Range = [from: string, before: string];

function rowsWithin({ rows, keys }: Ordered, range: Range | undefined): Rows | undefined {
  if (!range) return undefined;
  const within = new Uint8Array(rows.length);
  const end = placeOf(keys, range[1]);
  for (let place = placeOf(keys, range[0]); place < end; place++) within[rows[place]!] = 1;
  return within;
}

/** Where in the ordered keys those begin that are not before `key`, or, with `behind`, those that are after it. */
function placeOf(keys: string[], key: string, behind = false): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keys[middle]! < key || (behind && keys[middle] === key)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Looks at the first few matches after the cursor: how far away they begin, and how close together they lie. */
function walkLength(
  sample: Sample,
  passes: Rows | undefined,
  stated: Rows | undefined,
  filter: SampleFilter,
  { field, descending }: { field: OrderingField; descending: boolean },
  cursor: string | undefined,
  limit: number,
): number {
  const { rows, keys } = sample.orders[field];
  // A range of the very time that orders the list is where the index is read.
  const bounds = field === 'created_at' || field === 'updated_at' ? filter[field] : undefined;
  let begin = bounds ? placeOf(keys, bounds[0]) : 0;
  let end = bounds ? placeOf(keys, bounds[1]) : keys.length;
  if (cursor !== undefined && descending) end = Math.min(end, placeOf(keys, cursor));
  if (cursor !== undefined && !descending) begin = Math.max(begin, placeOf(keys, cursor, true));
  let rank = 0;
  let first = 0;
  let last = 0;
  let seen = 0;
  for (let place = begin; place < end && seen < 8; place++) {
    const row = rows[descending ? begin + end - 1 - place : place]!;
    if (stated?.[row] === 0) continue;
    rank++;
    if (passes?.[row] === 0) continue;
    last = rank;
    if (seen++ === 0) first = rank;
  }
  if (seen === 0) return Number.POSITIVE_INFINITY;
  if (seen === 1) return (first + 1) * sample.scale;
  const gap = (last - first) / (seen - 1);
  return Math.max(0, first - gap) * sample.scale + limit * gap;
}

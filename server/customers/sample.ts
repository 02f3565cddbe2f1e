// A fair sample of each large workspace's customers, kept in memory: it tells how many customers a filter lets through
// and how far along an ordering they lie, which is what choosing a plan takes.
import type { OrderingField } from '#contract/customers.ts';
import type { SearchWord } from '#contract/search.ts';
import type { Database } from '../database.ts';
import type { LedgerState } from '../events/events.ts';
import { inRequest } from '../request-context.ts';
import { READ_SAMPLE } from './list-store.ts';

/** Rows that a sample aims at; 4,096 parts of the ids make up a whole workspace. */
const SIZE = 4096;
const PARTS = 4096;
const KEPT = 64;

type SampleRow = { is_active: boolean; keys: Record<OrderingField, string> };
export type Sample = {
  rows: SampleRow[];
  /** What long and short words are looked for in, of all rows. */
  search: Haystack;
  starts: Haystack;
  /** The rows in which a word was found, by word. */
  found: Map<string, Uint8Array>;
  /** Customers that each row stands for. */
  scale: number;
  /** Per ordering, the rows' numbers in that order. */
  orders: Record<OrderingField, Uint16Array>;
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
  const rows = found.map(([, , is_active, last_key, first_key, email, created_at, updated_at]) => ({
    is_active,
    keys: {
      last_name: `${last_key}\n${first_key}`,
      first_name: `${first_key}\n${last_key}`,
      email,
      created_at,
      updated_at,
    },
  }));
  const orders = {} as Sample['orders'];
  for (const field of ['last_name', 'first_name', 'email', 'created_at', 'updated_at'] as const)
    orders[field] = Uint16Array.from(rows.keys()).sort((a, b) =>
      rows[a]!.keys[field] < rows[b]!.keys[field] ? -1 : 1,
    );
  return {
    rows,
    search: haystackOf(found.map((row) => row[0])),
    starts: haystackOf(found.map((row) => ` ${row[1]} `)),
    found: new Map(),
    scale: PARTS / steps,
    orders,
    position: ledger.position,
  };
}

/** What all that match can be gathered by: the search index, or the index of a time that there is a range of; a state is one of all times. */
export type Way = 'search' | 'created_at' | 'updated_at';

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
  const shares = words.map((rows) => rows.reduce((sum, row) => sum + row, 0) / Math.max(1, sample.rows.length));
  const rowsOf: Record<Way, number> = { search: 0, created_at: 0, updated_at: 0 };
  let found = 0;
  const passes = sample.rows.map((row, index) => {
    const worded = words.every((rows) => rows[index] === 1);
    const stated = filter.is_active === undefined || row.is_active === filter.is_active;
    const created = within(row.keys.created_at, filter.created_at);
    const updated = within(row.keys.updated_at, filter.updated_at);
    rowsOf.search += Number(worded);
    rowsOf.created_at += Number(stated && created);
    rowsOf.updated_at += Number(stated && updated);
    const pass = worded && stated && created && updated;
    found += Number(pass);
    return pass;
  });
  const ways = waysOf(filter).sort((a, b) => rowsOf[a] * ROW_COST[a] - rowsOf[b] * ROW_COST[b]);
  const way = ways[0]!;
  return {
    shares,
    walk: walkLength(sample, passes, filter, order, cursor, limit),
    way,
    gather: rowsOf[way] * sample.scale,
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

/** 1 for each row in which the word is found. */
function rowsWith(sample: Sample, { text, short }: SearchWord): Uint8Array {
  const key = `${short} ${text}`;
  const known = sample.found.get(key);
  if (known) return known;
  const rows = new Uint8Array(sample.rows.length);
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

const within = (value: string, range: [string, string] | undefined) =>
  !range || (value >= range[0] && value < range[1]);

/** Looks at the first few matches after the cursor: how far away they begin, and how close together they lie. */
function walkLength(
  sample: Sample,
  passes: boolean[],
  filter: SampleFilter,
  order: { field: OrderingField; descending: boolean },
  cursor: string | undefined,
  limit: number,
): number {
  const sorted = sample.orders[order.field];
  // A range of the very time that orders the list is where the index is read.
  const bounds = order.field === 'created_at' || order.field === 'updated_at' ? filter[order.field] : undefined;
  const seen: number[] = [];
  let rank = 0;
  for (let index = 0; index < sorted.length && seen.length < 8; index++) {
    const number = sorted[order.descending ? sorted.length - 1 - index : index]!;
    const row = sample.rows[number]!;
    if (filter.is_active !== undefined && row.is_active !== filter.is_active) continue;
    const key = row.keys[order.field];
    if (!within(key, bounds)) continue;
    if (cursor !== undefined && (order.descending ? key >= cursor : key <= cursor)) continue;
    rank++;
    if (passes[number]) seen.push(rank);
  }
  const [first] = seen;
  if (first === undefined) return Number.POSITIVE_INFINITY;
  if (seen.length === 1) return (first + 1) * sample.scale;
  const gap = (seen.at(-1)! - first) / (seen.length - 1);
  return Math.max(0, first - gap) * sample.scale + limit * gap;
}

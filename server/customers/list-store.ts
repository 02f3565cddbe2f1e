// The SQL of lists and searches. A statement is put together from the fixed pieces below, never from a caller's text;
// its name tells its pieces, so that each is planned once per connection.
import type { OrderingField } from '#contract/customers.ts';
import { rfc3339, type Statement } from '../database.ts';
import { READ_LEDGER_TEXT } from '../events/events.ts';
import { RECORD } from './record.ts';

type OrderColumn = { name: string; type: 'text' | 'uuid' | 'timestamptz' };
const text = (name: string): OrderColumn => ({ name, type: 'text' });
const time = (name: string): OrderColumn => ({ name, type: 'timestamptz' });
const ID: OrderColumn = { name: 'id', type: 'uuid' };

/** The columns that an ordering compares, ending in the id, so that no two rows tie. */
export const ORDER_COLUMNS: Record<OrderingField | 'deleted_at', OrderColumn[]> = {
  last_name: [text('last_key'), text('first_key'), ID],
  first_name: [text('first_key'), text('last_key'), ID],
  email: [text('email'), ID],
  created_at: [time('created_at'), ID],
  updated_at: [time('updated_at'), ID],
  deleted_at: [time('deleted_at'), ID],
};

export type Order = { field: OrderingField | 'deleted_at'; descending: boolean };

/** What all that match can be gathered by: the search index, or the index of a time that there is a range of; a state is one of all times. */
export type Way = 'search' | 'created_at' | 'updated_at';

/**
 * What a statement is made of; values are parameters. `way`: what a gather goes by; `words`: how many are given to the
 * search index.
 */
export type Shape = {
  order: Order;
  cursor: boolean;
  is_active: boolean | undefined;
  created_at: boolean;
  updated_at: boolean;
  way: Way;
  words: number;
  /** Short words: one array of them. */
  starts: boolean;
  /** Words beyond those of the search index, and all of them in a walk: one array of patterns. */
  more_words: boolean;
};

export type Parameters = {
  workspace_id: number;
  limit: number;
  cursor: string[] | undefined;
  created_at: [from: string, before: string] | undefined;
  updated_at: [from: string, before: string] | undefined;
  words: string[];
  starts: string[] | undefined;
  more_words: string[] | undefined;
};

const statements = new Map<string, Statement>();

/** Makes a statement of a shape once. `write` numbers its parameters through `$`, in the order of `valuesOf`. */
function statement(kind: string, shape: Shape, write: (pieces: Pieces) => string): Statement {
  const name = `${kind} ${Object.values(shape.order)} ${[shape.cursor, shape.is_active, shape.created_at, shape.updated_at, shape.way, shape.words, shape.starts, shape.more_words].map(String)}`;
  let made = statements.get(name);
  if (!made) {
    // PostgreSQL cuts names at 63 bytes, so the connection knows the statement by number.
    made = { name: `list_${statements.size}`, kind: `list: ${kind}`, text: write(piecesOf(shape)) };
    statements.set(name, made);
  }
  return made;
}

/** The values in the order in which every statement of a shape numbers them; an extra one comes last. */
export function valuesOf(parameters: Parameters, ...extra: unknown[]): unknown[] {
  const { workspace_id, limit, cursor = [], created_at = [], updated_at = [], words, starts, more_words } = parameters;
  return [
    workspace_id,
    limit,
    ...cursor,
    ...created_at,
    ...updated_at,
    ...words,
    ...(starts ? [starts] : []),
    ...(more_words ? [more_words] : []),
    ...extra,
  ];
}

type Pieces = ReturnType<typeof piecesOf>;

function piecesOf(shape: Shape) {
  let count = 2;
  const $ = () => `$${++count}`;
  const columns = ORDER_COLUMNS[shape.order.field];
  const row = columns.map((column) => column.name).join(', ');
  const keyset = shape.cursor
    ? `(${row}) ${shape.order.descending ? '<' : '>'} (${columns.map((column) => `${$()}::${column.type}`).join(', ')})`
    : 'true';
  const range = (field: string, asked: boolean) =>
    asked ? `${field} >= ${$()}::timestamptz AND ${field} < ${$()}::timestamptz` : 'true';
  const created = range('created_at', shape.created_at);
  const updated = range('updated_at', shape.updated_at);
  const words = Array.from({ length: shape.words }, () => `search LIKE ${$()}`);
  const starts = shape.starts ? [`string_to_array(starts, ' ') @> ${$()}::text[]`] : [];
  const moreWords = shape.more_words ? `search LIKE ALL (${$()}::text[])` : 'true';
  return {
    $,
    order: columns.map((column) => column.name + (shape.order.descending ? ' DESC' : '')).join(', '),
    row,
    keyset,
    created,
    updated,
    /** The range of the very time that orders the list. */
    own: shape.order.field === 'created_at' ? created : shape.order.field === 'updated_at' ? updated : 'true',
    /** What a gather's index answers. */
    indexed: { search: [...words, ...starts].join(' AND '), created_at: created, updated_at: updated }[shape.way],
    /** Short words as a condition on each row. */
    starts: starts[0] ?? 'true',
    moreWords,
    states: shape.is_active === undefined ? ['true', 'false'] : [String(shape.is_active)],
  };
}

/**
 * Rows of an ordering from its index, up to $limit of each state: one range of the index, or the two of the active and
 * the inactive customers, merged.
 */
function inOrder({ order, keyset, states }: Pieces, limit: string, condition = 'true'): string {
  const ranges = states.map(
    (
      state,
    ) => `(SELECT * FROM customers WHERE workspace_id = $1 AND deleted_at IS NULL AND is_active = ${state} AND ${keyset} AND ${condition}
      ORDER BY ${order} LIMIT ${limit})`,
  );
  return ranges.length === 1 ? ranges[0]! : `(${ranges.join(' UNION ALL ')} ORDER BY ${order} LIMIT ${limit})`;
}

/**
 * A page straight from the ordering's index, in one row together with the ledger of the same moment; ranges of time
 * are tested within the index of an ordering by time.
 */
export function pageStatement(shape: Shape): Statement {
  return statement('page', shape, (pieces) => {
    const condition = `${pieces.created} AND ${pieces.updated}`;
    return `SELECT ${READ_LEDGER_TEXT}, string_agg(${RECORD}, U&'\\001e') FROM ${inOrder(pieces, '$2', condition)} AS page`;
  });
}

export const deletedPageStatement = (shape: Shape): Statement =>
  statement(
    'deleted',
    shape,
    ({ keyset, order }) => `SELECT ${RECORD}, ${rfc3339('deleted_at')} FROM customers
    WHERE workspace_id = $1 AND deleted_at IS NOT NULL AND ${keyset} ORDER BY ${order} LIMIT $2`,
  );

/**
 * A page found by walking the ordering's index and testing each row. The filters stand outside the inner limit, so that
 * the budget (the last parameter) bounds the rows visited. The row at which the budget ends comes back whether it
 * matches or not: it tells that the walk was cut short, and where.
 */
export function walkStatement(shape: Shape): Statement {
  return statement('walk', shape, (pieces) => {
    const { order, created, updated, starts, moreWords } = pieces;
    const budget = `${pieces.$()}::bigint`;
    return `SELECT ${RECORD}, matches, step = ${budget} FROM (
        SELECT *, ${starts} AND ${moreWords} AND ${created} AND ${updated} AS matches, row_number() OVER () AS step
        FROM ${inOrder(pieces, budget, pieces.own)} AS walked) AS tested
      WHERE matches OR step = ${budget} ORDER BY ${order} LIMIT $2`;
  });
}

/**
 * All that match, found by the search index or by an index of time; fenced, so that no plan can turn it into a walk.
 * What the index answers is not asked again: an ordering by the other time then takes nothing but the index.
 */
function gathered({ created, updated, indexed, starts, moreWords, states }: Pieces, { way }: Shape): string {
  // An index of time leads with the state, so it wants both named; the search index is better off without.
  const state =
    states.length === 1 ? `is_active = ${states[0]}` : way === 'search' ? 'true' : 'is_active IN (true, false)';
  const rest = {
    search: [moreWords, created, updated],
    created_at: [starts, moreWords, updated],
    updated_at: [starts, moreWords, created],
  }[way];
  return `(SELECT * FROM customers WHERE workspace_id = $1 AND deleted_at IS NULL AND ${state} AND ${indexed} OFFSET 0) AS gathered
    WHERE ${rest.join(' AND ')}`;
}

/**
 * A page out of all that match, with their number if that is wanted, which costs half as much again: rows are sorted by
 * their keys alone, and only the page's are read whole.
 */
export function gatherStatement(shape: Shape, counting: boolean): Statement {
  return statement(counting ? 'gather and count' : 'gather', shape, (pieces) => {
    const { keyset, order, row } = pieces;
    const total = counting ? 'count(*) OVER ()' : 'NULL';
    return `SELECT ${RECORD}, total FROM (
        SELECT id AS hit, total FROM (SELECT ${row}, ${total} AS total FROM ${gathered(pieces, shape)}) AS counted
        WHERE ${keyset} ORDER BY ${order} LIMIT $2) AS hits
      JOIN customers ON workspace_id = $1 AND id = hit ORDER BY ${order}`;
  });
}

/** How many match, up to $2. */
export function countStatement(shape: Shape): Statement {
  return statement(
    'count',
    { ...shape, cursor: false },
    (pieces) => `SELECT count(*) FROM (SELECT 1 FROM ${gathered(pieces, shape)} LIMIT $2) AS counted`,
  );
}

/**
 * A statement of another slice about all that match, or the first $2 of them: `write` is given what to select from, and
 * numbers the parameters of its own.
 */
export function matchingStatement(
  kind: string,
  shape: Shape,
  write: (matching: string, parameter: () => string) => string,
): Statement {
  return statement(kind, { ...shape, cursor: false }, (pieces) =>
    write(`(SELECT id FROM ${gathered(pieces, shape)} LIMIT $2) AS matching`, pieces.$),
  );
}

/** The one customer with an email or external id, if the rest of the filter lets it through. */
export function lookupStatement(shape: Shape, field: 'email' | 'external_id'): Statement {
  return statement(`by_${field}`, shape, (pieces) => {
    const { keyset, created, updated, starts, moreWords, states } = pieces;
    return `SELECT ${RECORD}, ${keyset} FROM customers WHERE workspace_id = $1 AND deleted_at IS NULL AND ${field} = ${pieces.$()}
      AND is_active IN (${states}) AND ${created} AND ${updated} AND ${starts} AND ${moreWords} LIMIT $2`;
  });
}

/**
 * A slice of all customers that match, in the order of their ids: a text for each column with its values joined by U+001F,
 * which costs PostgreSQL less than a text for each customer; '' is null. Before them stands the id of the last row visited,
 * where the next slice begins. The filters stand outside the limit, so that $2 bounds the rows visited. With `keys`, what
 * only one customer can have, there is but one slice. `columns` are those of the table; where a caller has chosen them, the
 * statement is not kept: there are thousands of choices.
 */
export function sliceStatement(
  shape: Shape,
  keys: readonly ('email' | 'external_id')[],
  columns: readonly string[],
  isKept: boolean,
): Statement {
  const write = (pieces: Pieces) => {
    const { $, created, updated, starts, moreWords, states } = pieces;
    const visited =
      keys.length === 0
        ? `id > ${$()}::uuid AND id <= ${$()}::uuid ORDER BY id LIMIT $2`
        : `deleted_at IS NULL AND ${keys.map((key) => `${key} = ${$()}`).join(' AND ')} LIMIT $2`;
    const state = states.length === 1 ? `is_active = ${states[0]}` : 'true';
    const matches = ['deleted_at IS NULL', state, created, updated, starts, moreWords].join(' AND ');
    const texts = columns.map(
      (column) => `string_agg(coalesce(${column}::text, ''), U&'\\001f') FILTER (WHERE matches)`,
    );
    return `SELECT encode(max(uuid_send(id)), 'hex'), ${texts.join(', ')} FROM (
        SELECT *, ${matches} AS matches FROM (SELECT * FROM customers WHERE workspace_id = $1 AND ${visited}) AS visited
        OFFSET 0) AS tested`;
  };
  if (isKept) return statement(`slice by ${keys.join(', ') || 'id'}, ${columns.length} columns`, shape, write);
  return { name: '', kind: 'list: slice', text: write(piecesOf(shape)) };
}

/** The last of a workspace's customers as they are now. */
export const LAST_ID: Statement = {
  name: 'last_customer_id',
  text: 'SELECT id FROM customers WHERE workspace_id = $1 ORDER BY id DESC LIMIT 1',
};

export const COUNT_DELETED: Statement = {
  name: 'count_deleted',
  text: 'SELECT count(*) FROM (SELECT 1 FROM customers WHERE workspace_id = $1 AND deleted_at IS NOT NULL LIMIT $2) AS counted',
};

/** A fair sample of a workspace's customers: $2 of 4,096 parts of them. */
export const READ_SAMPLE: Statement = {
  name: 'read_sample',
  text: `SELECT search, starts, is_active, last_key, first_key, email, ${rfc3339('created_at')}, ${rfc3339('updated_at')} FROM customers
    WHERE workspace_id = $1 AND deleted_at IS NULL AND get_byte(uuid_send(id), 15) < 16 AND get_byte(uuid_send(id), 14) < $2`,
};

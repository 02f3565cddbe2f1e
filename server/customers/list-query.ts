// What a list request asks for, checked.
import { CUSTOMER_FIELDS, type Customer, filterKinds, LIMIT, ORDERINGS, RANGE_FIELDS } from '#contract/customers.ts';
import type { FieldKind } from '#contract/field.ts';
import { parseSearch, type SearchWord } from '#contract/search.ts';
import { type Cursor, cursorScope, isPlainText, isTimeText, readCursor } from '../page.ts';
import { invalid } from '../problem.ts';
import { names, type Query, trueOrFalse, wholeNumber } from '../query.ts';
import { isUuid } from '../uuid.ts';
import { ORDER_COLUMNS, type Order } from './list-store.ts';

/** A half-open range of times, as RFC 3339 with six decimals, or an infinity. */
export type TimeRange = [from: string, before: string];

export type ListRequest = {
  limit: number;
  order: Order;
  cursor: Cursor | null;
  /** What cursors of this list are bound to. */
  scope: string;
  words: SearchWord[];
  is_active: boolean | undefined;
  created_at: TimeRange | undefined;
  updated_at: TimeRange | undefined;
  email: string | undefined;
  external_id: string | undefined;
  deleted: boolean;
  fields: (keyof Customer)[] | undefined;
};

/** Reads a list's query; 400 names each parameter that is wrong. */
export function readListQuery(workspace_id: number, query: Query): ListRequest {
  const limit = wholeNumber(query, 'limit', LIMIT);
  const deleted = trueOrFalse(query, 'deleted') ?? false;
  const order: Order = deleted ? { field: 'deleted_at', descending: true } : readOrdering(query.ordering);
  const words = readSearch(query.search);
  const is_active = trueOrFalse(query, 'is_active');
  const [created_at, updated_at] = RANGE_FIELDS.map((field) => readRange(query, field));
  const email = readFilter(query, 'email', filterKinds.email);
  const external_id = readFilter(query, 'external_id', filterKinds.external_id);
  if (deleted) {
    const other = Object.keys(query).find((name) => !['deleted', 'limit', 'cursor', 'fields'].includes(name));
    if (other)
      throw invalid([
        { pointer: other, code: 'not_with_deleted', detail: `${other} cannot be combined with deleted=true.` },
      ]);
  }
  const scope = cursorScope([workspace_id, order, words, is_active, created_at, updated_at, email, external_id]);
  const checks = ORDER_COLUMNS[order.field].map(({ type }) =>
    type === 'uuid' ? isUuid : type === 'timestamptz' ? isTimeText : isPlainText,
  );
  return {
    limit,
    order,
    cursor: readCursor(query.cursor, scope, checks),
    scope,
    words,
    is_active,
    created_at,
    updated_at,
    email,
    external_id,
    deleted,
    fields: names(query, 'fields', CUSTOMER_FIELDS),
  };
}

function readOrdering(text = 'last_name'): Order {
  const descending = text.startsWith('-');
  const field = ORDERINGS.find((name) => name === (descending ? text.slice(1) : text));
  if (field) return { field, descending };
  throw invalid([
    {
      pointer: 'ordering',
      code: 'invalid_ordering',
      detail: `ordering must be one of ${ORDERINGS.join(', ')}, with a - before it to reverse.`,
    },
  ]);
}

function readSearch(text: string | undefined): SearchWord[] {
  if (text === undefined) return [];
  const { words, error } = parseSearch(text);
  if (error) throw invalid([{ pointer: 'search', ...error }]);
  return words;
}

function readFilter(
  query: Query,
  name: string,
  kind: FieldKind<string> | FieldKind<string | null>,
): string | undefined {
  const text = query[name];
  if (text === undefined) return undefined;
  const outcome = kind.normalise(text, name);
  if (outcome.refusal) throw invalid([{ pointer: name, ...outcome.refusal }]);
  return outcome.value ?? undefined;
}

/** Times are whole microseconds, so that "after" and "at or before" are the same as "at or after" and "before" the next one. */
function readRange(query: Query, field: (typeof RANGE_FIELDS)[number]): TimeRange | undefined {
  const bound = (operator: string): string | undefined => readFilter(query, `${field}[${operator}]`, filterKinds.time);
  const [gte, gt, lte, lt] = [bound('gte'), bound('gt'), bound('lte'), bound('lt')];
  if ([gte, gt, lte, lt].every((value) => value === undefined)) return undefined;
  const from = [gte, gt && nextMicrosecond(gt)]
    .filter((value) => value !== undefined)
    .sort()
    .at(-1);
  const before = [lt, lte && nextMicrosecond(lte)].filter((value) => value !== undefined).sort()[0];
  return [from ?? '-infinity', before ?? 'infinity'];
}

function nextMicrosecond(time: string): string {
  const micros = Number(time.slice(20, 26)) + 1;
  if (micros < 1_000_000) return `${time.slice(0, 20)}${String(micros).padStart(6, '0')}Z`;
  const next = new Date(Date.parse(`${time.slice(0, 19)}Z`) + 1000);
  return next.getUTCFullYear() > 9999 ? 'infinity' : `${next.toISOString().slice(0, 20)}000000Z`;
}

// The address of the list is all that it shows: the filter by the names that its parameters have in the API, the ordering, the
// columns, and what stands open beside it.
import type { ListQuery } from '#client/customers.ts';
import type { Customer, OrderingField } from '#contract/customers.ts';
import type { ListFilter } from './selection.ts';

export const COLUMNS = [
  'first_name',
  'last_name',
  'email',
  'phone',
  'is_active',
  'external_id',
  'created_at',
  'updated_at',
] as const satisfies (keyof Customer)[];
export type Column = (typeof COLUMNS)[number];
export const USUAL_COLUMNS: readonly Column[] = [
  'first_name',
  'last_name',
  'email',
  'phone',
  'is_active',
  'created_at',
];

export const ORDERED: readonly OrderingField[] = ['last_name', 'first_name', 'email', 'created_at', 'updated_at'];
export type Ordering = OrderingField | `-${OrderingField}`;
export const USUAL_ORDERING: Ordering = 'last_name';

export const RANGED = ['created_at', 'updated_at'] as const;
export type Ranged = (typeof RANGED)[number];
const OPERATORS = ['gte', 'gt', 'lte', 'lt'] as const;
type Operator = (typeof OPERATORS)[number];

/** What the list shows. */
export type ListState = {
  search: string;
  is_active: boolean | undefined;
  created_at: { [Bound in Operator]?: string };
  updated_at: { [Bound in Operator]?: string };
  email: string;
  external_id: string;
  ordering: Ordering;
  /** undefined: the ones that the person has chosen for every list, or the usual ones. */
  columns: readonly Column[] | undefined;
};

const NAMES = ['search', 'is_active', 'email', 'external_id', 'ordering', 'columns'];

/** Reads an address; what means nothing in it is left out. */
export function readState(query: URLSearchParams): ListState {
  const ordering = query.get('ordering');
  const active = query.get('is_active');
  const columns = (query.get('columns') ?? '').split(',').filter(isColumn);
  return {
    search: query.get('search') ?? '',
    is_active: active === 'true' ? true : active === 'false' ? false : undefined,
    created_at: readRange(query, 'created_at'),
    updated_at: readRange(query, 'updated_at'),
    email: query.get('email') ?? '',
    external_id: query.get('external_id') ?? '',
    ordering: isOrdering(ordering) ? ordering : USUAL_ORDERING,
    columns: columns.length > 0 ? [...new Set(columns)] : undefined,
  };
}

const isColumn = (name: string): name is Column => (COLUMNS as readonly string[]).includes(name);
const isOrdering = (text: string | null): text is Ordering =>
  text !== null && (ORDERED as readonly string[]).includes(text.replace(/^-/, ''));

function readRange(query: URLSearchParams, field: Ranged): ListState[Ranged] {
  const bounds = OPERATORS.flatMap((operator) => {
    const time = query.get(`${field}[${operator}]`);
    return time !== null && !Number.isNaN(Date.parse(time)) ? [[operator, time]] : [];
  });
  return Object.fromEntries(bounds);
}

/** The address of a state, with all in it that is not about the list left as it is. */
export function writeState(state: ListState, query = new URLSearchParams()): URLSearchParams {
  const next = new URLSearchParams(query);
  for (const name of [...next.keys()])
    if (NAMES.includes(name) || /^(created|updated)_at\[/.test(name)) next.delete(name);
  for (const [name, value] of Object.entries(filterOf(state))) next.set(name, String(value));
  if (state.ordering !== USUAL_ORDERING) next.set('ordering', state.ordering);
  if (state.columns) next.set('columns', state.columns.join(','));
  return next;
}

/** Whom the list shows, as bulk edits and exports take it. */
export function filterOf({ search, is_active, email, external_id, ...ranges }: ListState): ListFilter {
  const filter: ListFilter = {};
  if (search.trim() !== '') filter.search = search.trim();
  if (is_active !== undefined) filter.is_active = is_active;
  for (const field of RANGED)
    for (const [operator, time] of Object.entries(ranges[field])) filter[`${field}[${operator}]`] = time;
  if (email.trim() !== '') filter.email = email.trim();
  if (external_id.trim() !== '') filter.external_id = external_id.trim();
  return filter;
}

/** The query of the list, as the client takes it. */
export function queryOf(state: ListState): ListQuery {
  return { ...filterOf(state), ordering: state.ordering };
}

/** Whether two states list the same customers in the same order. */
export const keyOf = (state: ListState): string => JSON.stringify([filterOf(state), state.ordering]);

export const isFiltered = (state: ListState): boolean => Object.keys(filterOf(state)).length > 0;

/** Without anything that leaves customers out. */
export const unfiltered = (state: ListState): ListState => ({
  ...state,
  search: '',
  is_active: undefined,
  created_at: {},
  updated_at: {},
  email: '',
  external_id: '',
});

/** Orderings by which places all along the list can be asked for: those of lists that leave out nobody but by activity. */
export const hasAnchors = (state: ListState): boolean =>
  Object.keys(filterOf(state)).every((name) => name === 'is_active');

export const fieldOf = (ordering: Ordering): OrderingField => ordering.replace(/^-/, '') as OrderingField;
export const isDescending = (ordering: Ordering): boolean => ordering.startsWith('-');
export const reversed = (ordering: Ordering): Ordering =>
  isDescending(ordering) ? fieldOf(ordering) : `-${fieldOf(ordering)}`;

// ---- Days -----------------------------------------------------------------------------------------------------------

/** The bounds of a range of whole days where the person is; either may be left open. */
export function rangeOfDays(from: string, to: string): ListState[Ranged] {
  const range: ListState[Ranged] = {};
  if (from !== '') range.gte = new Date(`${from}T00:00:00`).toISOString();
  if (to !== '') {
    const end = new Date(`${to}T00:00:00`);
    end.setDate(end.getDate() + 1);
    range.lt = end.toISOString();
  }
  return range;
}

/** The days that a range goes from and to, for a person; '' where it is open. */
export function daysOfRange({ gte, gt, lt, lte }: ListState[Ranged]): { from: string; to: string } {
  const [first, last] = [gte ?? gt, lte ?? lt];
  const until = last === undefined ? undefined : new Date(Date.parse(last) - (lte === undefined ? 1 : 0));
  return { from: first === undefined ? '' : dayOf(new Date(first)), to: until === undefined ? '' : dayOf(until) };
}

const dayOf = (time: Date): string =>
  [time.getFullYear(), String(time.getMonth() + 1).padStart(2, '0'), String(time.getDate()).padStart(2, '0')].join('-');

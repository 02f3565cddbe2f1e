// The rows of one list, loaded as they are looked at: from its beginning, from its end, or from the nearest of the places that the
// server tells along it. What is loaded stays where it is; what is not yet there is a row without content.
import { Problem } from '#client/clientele.ts';
import type { Anchors } from '#contract/anchors.ts';
import type { Customer, CustomerPage } from '#contract/customers.ts';
import { api } from '../api.ts';
import { hasAnchors, type ListState, queryOf, reversed } from './list-url.ts';
import { NEAR, type Need, openPageMap, type Page, type Ref } from './page-map.ts';

/** Where somebody was in a list: the row at the top of the screen, how many pixels of it were above, and how it is found. */
export type Place = { index: number; offset: number; found?: { ref: Ref; index: number; side: 'begins' | 'ends' } };

export type Source = ReturnType<typeof openSource>;
export type Row = Customer;

/** Rows in a page that begins somewhere, and in one that goes on. */
const FIRST = 100;
const FURTHER = 200;
/** Rows loaded beyond those that are seen. */
const AHEAD = 60;
const ANCHORS = 1000;

/** Opens a list; what `place` says is loaded first. */
export function openSource(state: ListState, place?: Place) {
  const map = openPageMap<Row>();
  const ended = new AbortController();
  const { signal } = ended;
  const listeners = new Set<() => void>();
  const gone = new Set<string>();
  let count: { count: number; isExact: boolean } | undefined;
  let error: unknown;
  let version = 0;
  let shifted = 0;
  let busy = false;
  let view = { first: place?.index ?? 0, last: (place?.index ?? 0) + 30 };
  let anchors: Promise<Anchors> | undefined;
  let isOpen = false;
  /** Rows that somebody waits for, though they are not seen. */
  let walked: { first: number; last: number; done(): void } | undefined;

  const tell = () => {
    version++;
    for (const listener of listeners) listener();
  };

  async function load(ref: Ref | undefined, fromEnd: boolean, limit: number): Promise<Page<Row>> {
    const isReversed = ref?.reversed ?? fromEnd;
    const ordering = isReversed ? reversed(state.ordering) : state.ordering;
    const list = api().customers.list({ ...queryOf(state), ordering, limit }, { signal });
    const reply: CustomerPage = await list.page(ref?.cursor);
    const refTo = (path: string | null): Ref | null => (path === null ? null : { cursor: path, reversed: isReversed });
    count = { count: reply.count, isExact: reply.count_is_exact };
    return isReversed
      ? { rows: reply.results.reverse(), previous: refTo(reply.next), next: refTo(reply.previous) }
      : { rows: reply.results, previous: refTo(reply.previous), next: refTo(reply.next) };
  }

  async function satisfy(need: Need): Promise<void> {
    if (need.kind === 'jump') return jump(need.index);
    const page =
      need.kind === 'top' || need.kind === 'bottom'
        ? await load(undefined, need.kind === 'bottom', FIRST)
        : await load(need.ref, false, FURTHER);
    take(need, page);
  }

  /** To a row in the middle: by the place nearest to it, from where the rows in between are walked through. */
  async function jump(index: number): Promise<void> {
    anchors ??= api().customers.anchors({
      ordering: state.ordering,
      is_active: state.is_active,
      limit: ANCHORS,
      signal,
    });
    const { results, is_exact } = await anchors;
    const near = results.reduce<(typeof results)[number] | undefined>(
      (best, one) => (!best || Math.abs(one.rank - index) < Math.abs(best.rank - index) ? one : best),
      undefined,
    );
    const page = near && (await load({ cursor: near.cursor, reversed: false }, false, FIRST));
    if (!page || page.rows.length === 0) {
      // Nobody is there any more: the list ends before.
      const end = await load(undefined, true, FIRST);
      return take(end.rows.length === 0 ? { kind: 'bottom' } : { kind: 'jump', index }, end);
    }
    // In a very long list the nearest place is far: as ranks are rough there, it may as well be the row that is asked for.
    const isNear = is_exact || Math.abs(near.rank - index) <= NEAR - FIRST;
    take({ kind: 'jump', index: isNear ? near.rank : index }, page);
  }

  /** Back to where somebody was. */
  async function comeBack({ ref, index, side }: NonNullable<Place['found']>): Promise<void> {
    const page = await load(ref, false, FIRST);
    if (page.rows.length > 0) take({ kind: 'jump', index: side === 'ends' ? index - page.rows.length : index }, page);
  }

  function take(need: Need, page: Page<Row>): void {
    if (count && map.total === 0) map.setTotal(count.count);
    move(map.add(need, page, view.first));
    if (count) move(map.setTotal(count.count, view.first));
    map.trim(view.first, view.last);
    tell();
  }

  /** The ranks of what is looked at were wrong by so many. */
  function move(by: number): void {
    if (by === 0) return;
    if (walked) walked = { ...walked, first: walked.first + by, last: walked.last + by };
    shifted += by;
    view = { first: view.first + by, last: view.last + by };
  }

  function next(): Need | undefined {
    const need = map.need(view.first - AHEAD / 2, view.last + AHEAD, hasAnchors(state));
    if (need || !walked) return need;
    const further = map.need(walked.first, walked.last, false);
    if (!further) walked.done();
    return further;
  }

  /** One page after the other, until what is looked at is there. */
  async function pump(): Promise<void> {
    if (busy || signal.aborted || error !== undefined) return;
    busy = true;
    try {
      if (!isOpen && place?.found) await comeBack(place.found).catch(beginAnew);
      for (let need = next(); need; need = next()) {
        await satisfy(need);
        isOpen = true;
      }
      isOpen = true;
    } catch (problem) {
      if (signal.aborted) return;
      error = problem;
      walked?.done();
      tell();
    } finally {
      busy = false;
    }
  }

  /** A cursor from another time may not be one any more. */
  function beginAnew(problem: unknown): void {
    const isOld = problem instanceof Problem && problem.errors.some(({ code }) => code === 'invalid_cursor');
    if (!isOld) throw problem;
  }

  /** The first rows, or why there are none. */
  const ready = new Promise<void>((resolve) => {
    const look = () => {
      if (isSettled()) {
        listeners.delete(look);
        resolve();
      }
    };
    listeners.add(look);
    signal.addEventListener('abort', () => resolve());
  });
  const isSettled = () => count !== undefined || error !== undefined;
  void pump();

  return {
    state,
    place,
    ready,
    version: () => version,
    subscribe(listener: () => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    rowAt: map.rowAt,
    indexOf: map.indexOf,
    known: map.known,
    get total() {
      return map.total;
    },
    /** How many match, as the server counts them; beyond 10,000 matches of a search it does not. */
    get count() {
      return count;
    },
    get error() {
      return error;
    },
    /** By how many rows the ranks of what is looked at have been corrected, all in all. */
    get shifted() {
      return shifted;
    },
    isGone: (id: string) => gone.has(id),
    close: () => ended.abort(),

    /** What is seen: the rows from `first` to before `last`. */
    look(first: number, last: number): void {
      if (first === view.first && last === view.last) return;
      view = { first, last };
      void pump();
    },

    /** All rows from one to before another, loaded where they are not known. */
    async walk(first: number, last: number): Promise<Row[]> {
      await new Promise<void>((resolve) => {
        walked = { first, last, done: resolve };
        signal.addEventListener('abort', () => resolve());
        if (busy) return;
        void pump();
      });
      const stretch = walked ?? { first, last };
      walked = undefined;
      return map.known(stretch.first, stretch.last);
    },

    retry(): void {
      error = undefined;
      anchors = undefined;
      tell();
      void pump();
    },

    /** Takes customers as they are now; the order stays. */
    put(customers: ReadonlyMap<string, Row>): void {
      map.replace((row) => {
        const now = customers.get(row.id);
        return now && now.version > row.version ? now : undefined;
      });
      for (const id of customers.keys()) gone.delete(id);
      tell();
    },

    /** Customers who have been deleted; their rows stay until the list is loaded anew. */
    putDeleted(ids: readonly string[]): void {
      for (const id of ids) gone.add(id);
      tell();
    },

    /** How many match now. */
    async recount(): Promise<void> {
      const { count: now, count_is_exact } = await api()
        .customers.list({ ...queryOf(state), limit: 1, fields: ['id'] }, { signal })
        .page();
      count = { count: now, isExact: count_is_exact };
      tell();
    },

    placeOf(index: number, offset: number): Place {
      return { index, offset, found: map.refOf(index) };
    },
  };
}

// Which rows are chosen: one by one, from one to another, or all that match, however many.
import { useCallback, useEffect, useRef, useState } from 'react';
import { toast } from '../ui/toast.tsx';
import { words } from '../words.ts';
import type { Source } from './list-source.ts';
import { filterOf, keyOf } from './list-url.ts';
import type { Selection } from './selection.ts';

/** Rows that a range may have; more go by what they match. */
const MOST = 10_000;

export type Chosen = {
  has(id: string): boolean;
  isAll: boolean;
  /** How many; undefined for all that match. */
  size: number | undefined;
  selection: Selection | undefined;
  toggle(index: number): void;
  /** All from the row that was chosen last, or else from `origin`, to this one. */
  extend(index: number, origin?: number): void;
  all(): void;
  clear(): void;
};

const NOBODY: ReadonlySet<string> = new Set();

export function useSelection(source: Source | undefined): Chosen {
  const [ids, setIds] = useState(NOBODY);
  const [isAll, setAll] = useState(false);
  const last = useRef<string>(undefined);
  const filter = source && JSON.stringify(filterOf(source.state));
  const key = source && keyOf(source.state);

  const clear = useCallback(() => {
    setIds(NOBODY);
    setAll(false);
    last.current = undefined;
  }, []);
  // Whoever is chosen among some is not chosen among others; in another order they are the same.
  useEffect(() => {
    void filter;
    clear();
  }, [filter, clear]);
  useEffect(() => {
    void key;
    last.current = undefined;
  }, [key]);

  const has = useCallback((id: string) => isAll || ids.has(id), [isAll, ids]);

  function toggle(index: number) {
    const row = source?.rowAt(index);
    if (!source || !row) return;
    last.current = row.id;
    // Of all, one is taken out: those that are known stay chosen, as nobody has named the others.
    const next = new Set(
      isAll
        ? source
            .known(0, source.total)
            .map(({ id }) => id)
            .slice(0, MOST)
        : ids,
    );
    if (!next.delete(row.id)) next.add(row.id);
    setAll(false);
    setIds(next);
  }

  async function extend(index: number, origin = -1) {
    const from = last.current === undefined ? origin : (source?.indexOf(last.current) ?? -1);
    if (!source || isAll || from < 0) return toggle(index);
    if (Math.abs(index - from) >= MOST) return toast(words.customers.rangeTooLong(MOST), { tone: 'bad' });
    last.current ??= source.rowAt(from)?.id;
    const rows = await source.walk(Math.min(from, index), Math.max(from, index) + 1);
    setIds((before) => new Set([...before, ...rows.map(({ id }) => id)]));
  }

  return {
    has,
    isAll,
    size: isAll ? undefined : ids.size,
    selection: selectionOf(source, ids, isAll),
    toggle,
    extend,
    all: () => setAll(true),
    clear,
  };
}

function selectionOf(source: Source | undefined, ids: ReadonlySet<string>, isAll: boolean): Selection | undefined {
  if (isAll && source)
    return { filter: filterOf(source.state), count: source.count?.isExact ? source.count.count : null };
  return ids.size > 0 ? { ids: [...ids] } : undefined;
}

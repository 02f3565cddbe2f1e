// What happens to customers while their list is open: rows change in place and say so; what would stand elsewhere now, or not be
// there, waits until somebody wants the order renewed, so that nothing jumps beneath the pointer.
import { useEffect, useRef, useState } from 'react';
import type { Customer } from '#contract/customers.ts';
import type { LogEvent } from '#contract/events.ts';
import { useLive } from '../live.ts';
import type { Source } from './list-source.ts';
import { isIn, isMoved } from './matches.ts';

/** How long a row shows that it has changed. */
const SHOWN_MS = 2500;
/** Counts are asked for again at most this often. */
const COUNT_MS = 400;

const NONE: ReadonlySet<string> = new Set();

export type LiveList = {
  /** Rows that have just been changed by somebody. */
  changed: ReadonlySet<string>;
  /** Customers who are in the wrong place, or wrongly there or not there. */
  moved: number;
};

export function useLiveList(source: Source | undefined, onAway: () => void): LiveList {
  const [changed, setChanged] = useState(NONE);
  const [moved, setMoved] = useState<{ source: Source | undefined; ids: ReadonlySet<string> }>({ source, ids: NONE });
  const counting = useRef<ReturnType<typeof setTimeout>>(undefined);
  const showing = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(
    () => () => {
      clearTimeout(counting.current);
      clearTimeout(showing.current);
    },
    [],
  );

  useLive((events) => {
    if (!source) return;
    if (!events) return onAway();
    const { now, deleted, misplaced } = sorted(source, events);
    // Where there is nobody, nobody's place is lost.
    if (source.total === 0 && misplaced.length > 0) return onAway();
    const seen = new Set([...now].filter(([id, row]) => isOlder(source, id, row)).map(([id]) => id));
    source.put(now);
    source.putDeleted(deleted);
    if (misplaced.length > 0)
      setMoved((before) => ({ source, ids: new Set([...(before.source === source ? before.ids : []), ...misplaced]) }));
    if (seen.size > 0) {
      setChanged(seen);
      clearTimeout(showing.current);
      showing.current = setTimeout(() => setChanged(NONE), SHOWN_MS);
    }
    // Whoever comes or goes is counted.
    if (misplaced.length > 0 || deleted.length > 0) {
      clearTimeout(counting.current);
      counting.current = setTimeout(() => void source.recount().catch(() => {}), COUNT_MS);
    }
  });

  return { changed, moved: moved.source === source ? moved.ids.size : 0 };
}

function isOlder(source: Source, id: string, now: Customer): boolean {
  const row = source.rowAt(source.indexOf(id));
  return row !== undefined && row.version < now.version;
}

/** What events mean for a list. */
function sorted(source: Source, events: LogEvent[]) {
  const now = new Map<string, Customer>();
  const deleted = new Set<string>();
  const misplaced = new Set<string>();
  for (const { type, customer_id: id, customer, changes } of events) {
    if (!id || !type.startsWith('customer.')) continue;
    if (type === 'customer.deleted' || type === 'customer.erased') {
      now.delete(id);
      misplaced.delete(id);
      deleted.add(id);
    } else if (customer) {
      now.set(id, customer);
      deleted.delete(id);
      const isNew = type === 'customer.created' || type === 'customer.restored';
      const isKnown = isNew && source.indexOf(id) >= 0;
      if (isNew ? !isKnown && isIn(source.state, customer) : isMoved(source.state, customer, changes))
        misplaced.add(id);
    }
  }
  return { now, deleted: [...deleted], misplaced: [...misplaced] };
}

// Smaller parts around the list: how many there are, what holds its place at first, and the side where a customer stands open.
import { type KeyboardEvent, lazy, Suspense, useEffect, useRef, useSyncExternalStore } from 'react';
import { Loading } from '../ui/page.tsx';
import { words } from '../words.ts';
import styles from './list-page.module.css';
import type { Source } from './list-source.ts';

/** Not needed to see the list. */
const CustomerRecord = lazy(async () => ({ default: (await import('./record.tsx')).CustomerRecord }));

const never = () => () => {};

export function Count({ source }: { source: Source | undefined }) {
  useSyncExternalStore(source?.subscribe ?? never, source?.version ?? (() => 0));
  const count = source?.count;
  return (
    <p role="status" className={styles.count}>
      {count && words.customers.count(count.count, count.isExact)}
    </p>
  );
}

export function ListBones() {
  return (
    <div role="status" aria-label={words.customers.busy} className={[styles.nothing, styles.bones].join(' ')}>
      {Array.from({ length: 12 }, (_, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike
        <span key={at} />
      ))}
    </div>
  );
}

/** Takes the focus when it opens; Esc closes it. */
export function RecordSide({ id, onClose }: { id: string; onClose(): void }) {
  const side = useRef<HTMLElement>(null);
  useEffect(() => {
    void id;
    side.current?.focus({ preventScroll: true });
  }, [id]);

  function onKeyDown(event: KeyboardEvent) {
    const target = event.target as Element;
    // A field, a menu or a dialog in it takes Esc for itself.
    if (event.key !== 'Escape' || event.defaultPrevented) return;
    if (target.closest('input, textarea, select, dialog, [popover]')) return;
    event.preventDefault();
    onClose();
  }

  return (
    <aside ref={side} tabIndex={-1} aria-label={words.customers.record} className={styles.record} onKeyDown={onKeyDown}>
      <Suspense fallback={<Loading />}>
        <CustomerRecord id={id} onClose={onClose} />
      </Suspense>
    </aside>
  );
}

// A moment: how long ago for a glance, exactly for who asks.
import { useSyncExternalStore } from 'react';
import { ago, timeOf } from './figures.ts';

const TICK_MS = 20_000;

let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

/** One clock for all that is shown. */
function subscribe(listener: () => void) {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of listeners) each();
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

export function Time({ at }: { at: string }) {
  const time = useSyncExternalStore(subscribe, () => now);
  return (
    <time dateTime={at} title={timeOf(at)}>
      {ago(at, Math.max(time, Date.parse(at)))}
    </time>
  );
}

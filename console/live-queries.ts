// What is asked for anew when something happens in the workspace: soon, but not for each of a million changes.
import { useEffect, useRef } from 'react';
import { queries } from './api.ts';
import { useLive } from './live.ts';

const EVERY_MS = 1500;

/** Keeps what is known by these keys true for as long as the component is there. */
export function useLiveQueries(...keys: string[]): void {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const asked = useRef(0);
  useEffect(() => () => clearTimeout(timer.current), []);
  useLive(() => {
    if (timer.current !== undefined) return;
    const wait = Math.max(0, asked.current + EVERY_MS - Date.now());
    timer.current = setTimeout(() => {
      timer.current = undefined;
      asked.current = Date.now();
      for (const key of keys) queries.invalidateQueries({ queryKey: [key] });
    }, wait);
  });
}

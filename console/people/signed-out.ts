// A session that ended in the middle of work: requests wait until the person has signed in again, and then go on.
import { useSyncExternalStore } from 'react';

let waiting: ((again: boolean) => void)[] = [];
const listeners = new Set<() => void>();

/** Whether somebody is, as far as is known, signed in; who never was is sent to sign in instead. */
let isSignedIn = false;
export const noteSignedIn = (): void => {
  isSignedIn = true;
};

/** Resolves to whether the person signed in again. */
export function waitForSignIn(): Promise<boolean> {
  if (!isSignedIn) return Promise.resolve(false);
  return new Promise((resolve) => set([...waiting, resolve]));
}

export const useSignedOut = (): boolean => useSyncExternalStore(subscribe, () => waiting.length > 0);

export function goOn(again: boolean): void {
  const all = waiting;
  set([]);
  for (const resolve of all) resolve(again);
}

function set(next: typeof waiting): void {
  waiting = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

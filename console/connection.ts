// Whether the server can be reached: every request tells, and while it cannot, it is asked every few seconds.
import { useSyncExternalStore } from 'react';

const ASK_MS = 2000;
/** What a proxy answers for a server that is away. */
const AWAY = [502, 504];

let reachable = true;
let asking: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();

/** The browser's fetch, listened to. */
export async function watchedFetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  try {
    const reply = await fetch(input, init);
    setReachable(!AWAY.includes(reply.status));
    return reply;
  } catch (error) {
    // Nobody waits any more, which says nothing about the server.
    if (!init?.signal?.aborted) setReachable(false);
    throw error;
  }
}

export const useReachable = (): boolean => useSyncExternalStore(subscribe, () => reachable);

/** Calls whenever the server can be reached again. */
export function onReachable(run: () => void): () => void {
  return subscribe(() => {
    if (reachable) run();
  });
}

/** Asks at once, rather than at the next turn. */
export async function askServer(): Promise<void> {
  clearTimeout(asking);
  try {
    const { status } = await fetch('/readyz', { cache: 'no-store', signal: AbortSignal.timeout(10_000) });
    setReachable(status === 200);
  } catch {
    setReachable(false);
  }
}

function setReachable(now: boolean): void {
  clearTimeout(asking);
  if (!now) asking = setTimeout(askServer, ASK_MS);
  if (now === reachable) return;
  reachable = now;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

addEventListener('offline', () => setReachable(false));
addEventListener('online', askServer);

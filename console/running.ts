// Work that this person has begun and that goes on in the background, whichever page is open.
import { useSyncExternalStore } from 'react';
import { navigate } from 'wouter/use-browser-location';
import type { Cause } from '#contract/causes.ts';
import { changedBy, countsOf, forgetChanged, titleOf } from './activity/causes.ts';
import { api, messageOf, openWorkspace } from './api.ts';
import { toast } from './ui/toast.tsx';
import { words } from './words.ts';

export type Running = {
  cause: Cause;
  title: string;
  /** The server was not reached the last time. */
  lost: boolean;
};

const LOOK_MS = 700;
const LOST_MS = 4000;
const RESUMED = 100;
/** What takes longer than this nobody waits for. */
const LONG_MS = 5000;

let all: readonly Running[] = [];
let workspace = openWorkspace();
let timer: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();

function set(next: readonly Running[]): void {
  all = next;
  for (const listener of listeners) listener();
}

const replace = (id: string, change: Partial<Running>) =>
  set(all.map((one) => (one.cause.id === id ? { ...one, ...change } : one)));

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export const useRunning = (): readonly Running[] => useSyncExternalStore(subscribe, () => all);

/** Follows work until it has ended, and says then what came of it. */
export function follow(cause: Cause, title = titleOf(cause)): void {
  forgetOthers();
  set([...all.filter((one) => one.cause.id !== cause.id), { cause, title, lost: false }]);
  if (cause.state === 'running') look(0);
  else end(cause, title);
}

export const dismiss = (id: string): void => set(all.filter((one) => one.cause.id !== id));

/** Follows what the person with this account has under way, after the page was loaded anew. */
export async function resume(account_id: string, signal: AbortSignal): Promise<void> {
  forgetOthers();
  const { results } = await api().causes.list({ limit: RESUMED, signal }).page();
  const known = new Set(all.map(({ cause }) => cause.id));
  const found = results.filter(
    ({ id, state, actor }) => state === 'running' && actor.id === account_id && !known.has(id),
  );
  if (found.length === 0) return;
  set([...all, ...found.map((cause) => ({ cause, title: titleOf(cause), lost: false }))]);
  look(0);
}

/** What goes on in one workspace is not told of in another. */
function forgetOthers(): void {
  if (workspace === openWorkspace()) return;
  workspace = openWorkspace();
  set([]);
}

function look(after: number): void {
  clearTimeout(timer);
  timer = setTimeout(async () => {
    forgetOthers();
    const waiting = all.filter(({ cause }) => cause.state === 'running');
    await Promise.all(waiting.map(lookAt));
    const left = all.filter(({ cause }) => cause.state === 'running');
    if (left.length > 0) look(left.some(({ lost }) => lost) ? LOST_MS : LOOK_MS);
  }, after);
}

/** Whether its end has not been told yet: it is heard of by looking, and by stopping it. */
const isRunning = (id: string) => all.some(({ cause }) => cause.id === id && cause.state === 'running');

async function lookAt({ cause: { id }, title }: Running): Promise<void> {
  try {
    const cause = await api().causes.get(id);
    if (!isRunning(id)) return;
    if (cause.state === 'running') replace(id, { cause, lost: false });
    else if (cause.state === 'ready')
      dismiss(id); // a file that is checked: its own page tells more
    else end(cause, title);
  } catch {
    replace(id, { lost: true });
  }
}

function end(cause: Cause, title: string): void {
  const { id, state, at } = cause;
  forgetChanged();
  // The page that is about it tells more than a message would.
  const isOpen = pageOf(cause) === location.pathname;
  // Whoever has turned to something else finds it in the dock when they come back.
  const stays = !isOpen && state !== 'ready' && Date.now() - Date.parse(at) > LONG_MS;
  if (stays) replace(id, { cause, lost: false });
  else dismiss(id);
  if (!isOpen && !stays) say(cause, title);
}

/** What came of a cause that has ended. */
export const outcomeOf = ({ state, ...cause }: Cause, title: string): string =>
  state === 'running' ? '' : words.work.ended[state](title, countsOf({ state, ...cause }));

function say(cause: Cause, title: string): void {
  const look = { label: words.imports.look, run: () => navigate(pageOf(cause)) };
  const takeBack = { label: words.everywhere.undo, run: () => undo(cause, title) };
  const action = cause.state === 'ready' ? look : changedBy(cause) > 0 && cause.kind !== 'undo' ? takeBack : undefined;
  toast(outcomeOf(cause, title), { action, tone: cause.state === 'failed' ? 'bad' : 'plain' });
}

/** Where more is told about it. */
export const pageOf = ({ kind, id }: Cause): string => (kind === 'import' ? `/imports/${id}` : `/activity/${id}`);

/** Begins to take a cause back, and follows that. */
export async function undo(cause: Cause, title = titleOf(cause)): Promise<Cause | undefined> {
  try {
    const undoing = await api().causes.undo(cause.id);
    dismiss(cause.id);
    follow(undoing, words.activity.undoOf(title));
    forgetChanged();
    return undoing;
  } catch (error) {
    toast(messageOf(error), { tone: 'bad' });
    return undefined;
  }
}

/** Stops work; what is done by then stays. */
export async function stop(cause: Cause): Promise<void> {
  try {
    const stopped = await api().causes.cancel(cause.id);
    const { title } = all.find((one) => one.cause.id === cause.id) ?? {};
    if (title !== undefined && isRunning(cause.id)) end(stopped, title);
    else forgetChanged();
  } catch (error) {
    toast(messageOf(error), { tone: 'bad' });
  }
}

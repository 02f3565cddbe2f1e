// What changes in the workspace, as it happens: one stream of events for the whole console. Whoever shows something hears of
// it, and what was asked for before is asked for again.
import { useEffect, useRef } from 'react';
import type { LogEvent } from '#contract/events.ts';
import { api, queries, useOpenWorkspace } from './api.ts';

/** Events that come within this time are told together. */
const GATHER_MS = 100;
/** Of a page that nobody sees for longer than this the stream is closed. */
const HIDDEN_MS = 60_000;
/** A page that was away for longer than this begins anew rather than hear of everything. */
const AWAY_MS = 15 * 60_000;
const AGAIN_MS = 5000;
/** More customers than this at once are not asked for one by one. */
const MOST = 50;

/** `undefined`: so much may have happened meanwhile that everything is to be looked at anew. */
type Hear = (events: LogEvent[] | undefined) => void;

const hearers = new Set<Hear>();
let open: { stop: AbortController; client: ReturnType<typeof api> } | undefined;
let position: number | undefined;
let gathered: LogEvent[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;
let hiding: ReturnType<typeof setTimeout> | undefined;
let left = 0;
/** Whether something may have happened that nobody here has heard of. */
let isBehind = false;

/** Hears of what happens in the open workspace, by whomever. */
export function useLive(hear: Hear): void {
  const latest = useRef(hear);
  const workspace = useOpenWorkspace();
  useEffect(() => {
    latest.current = hear;
  });
  useEffect(() => {
    void workspace;
    const one: Hear = (events) => latest.current(events);
    hearers.add(one);
    start();
    return () => {
      hearers.delete(one);
      // Another page that listens may come at once.
      setTimeout(() => hearers.size === 0 && stop());
    };
  }, [workspace]);
}

function start(): void {
  if (open?.client === api() || document.hidden) return;
  if (open) {
    // Another workspace has another log.
    stop();
    position = undefined;
    isBehind = false;
    gathered = [];
  }
  const one = { stop: new AbortController(), client: api() };
  open = one;
  void follow(one);
}

function stop(): void {
  open?.stop.abort();
  open = undefined;
}

async function follow(one: NonNullable<typeof open>): Promise<void> {
  const { signal } = one.stop;
  try {
    // Known before there is an event, so that none is missed by a page that is hidden, or a connection that is lost, until then.
    if (position === undefined) {
      const [last] = await one.client.events.latest({ limit: 1, signal });
      if (open !== one) return;
      position = last?.position ?? 0;
      if (isBehind) renew();
      isBehind = false;
    }
    for await (const event of one.client.events.stream({ after: position, signal })) {
      if (open !== one) return;
      position = event.position;
      gathered.push(event);
      if (timer === undefined) timer = setTimeout(tell, GATHER_MS);
    }
  } catch {
    if (signal.aborted || open !== one) return;
    // Somebody who may not listen any more, or a position from before a backup was restored: from now on, then.
    position = undefined;
    isBehind = true;
    open = undefined;
    setTimeout(() => hearers.size > 0 && start(), AGAIN_MS);
  }
}

function renew(): void {
  void queries.invalidateQueries();
  for (const hear of [...hearers]) hear(undefined);
}

function tell(): void {
  timer = undefined;
  const events = gathered;
  gathered = [];
  if (events.length === 0) return;
  invalidate(events);
  for (const hear of [...hearers]) hear(events);
}

function invalidate(events: LogEvent[]): void {
  const ids = new Set(events.flatMap(({ customer_id }) => customer_id ?? []));
  const isAbout = (name: unknown, id: unknown): boolean =>
    name === 'customer' ? ids.has(id as string) || ids.size > MOST : WATCHED.includes(name as string);
  void queries.invalidateQueries({ predicate: ({ queryKey: [name, id] }) => isAbout(name, id) });
}

/** What any change may be about: counts, and lists of changes. */
const WATCHED = ['stats', 'timeline', 'events', 'deleted', 'causes', 'views'];

document.addEventListener('visibilitychange', () => {
  clearTimeout(hiding);
  if (document.hidden) {
    left = Date.now();
    hiding = setTimeout(stop, HIDDEN_MS);
    return;
  }
  if (open || hearers.size === 0) return;
  if (Date.now() - left > AWAY_MS) {
    position = undefined;
    isBehind = true;
  }
  start();
});

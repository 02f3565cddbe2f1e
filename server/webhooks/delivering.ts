// One webhook, from its cursor on: up to sixteen customers' events are on their way at once, one of each. A customer whose
// delivery fails is parked and tried on its own, so that the cursor goes on; what is noted of both is noted together.
import type { Workspace } from '#contract/access.ts';
import type { LogEvent } from '#contract/events.ts';
import { openBell } from '../bell.ts';
import type { Ask, Database } from '../database.ts';
import { readFeed, readFeedOf, watchLog } from '../events/events.ts';
import { inTransaction } from '../transaction.ts';
import { uuidv7 } from '../uuid.ts';
import { ADD_DELIVERIES, FORGET_DELIVERIES, NOTE_PLACE, PARK, UNPARK } from './delivering-store.ts';
import { type Lanes, laneOf, NOBODY, openLanes } from './lanes.ts';
import { PATIENCE_MS, type Parked, restAfter, waitAfter } from './parked.ts';
import type { Sent } from './sending.ts';

/** A webhook that this process is at. */
export type Taken = {
  workspace: Workspace;
  id: string;
  /** This process's mark. */
  mark: string;
  position: number;
  event_types: string[] | null;
  failing_since: number | null;
  parked: Map<string, Parked>;
};

export type Sender = (event: LogEvent, signal: AbortSignal) => Promise<Sent>;
export type Ending = 'idle' | 'stopped' | 'lost' | 'gone' | 'failing';

/** What may be set otherwise where it is tried out. */
export type Bounds = { at_once?: number; parked_most?: number; patience_ms?: number };

const AT_ONCE = 16;
/** With so many customers parked the cursor waits. */
const PARKED_MOST = 10_000;
/** Events that are taken in before they are sent. */
const AHEAD = 500;
/** How often is noted what was done: what a process that is killed may have sent in vain. */
const NOTE_MS = 500;
/** How often a sign of life is given where there is nothing to note. */
const ALIVE_MS = 1000;
/** How long somebody stays at a webhook with nothing to do. */
const IDLE_MS = 5000;
const LOOK_MS = 100;
/** How long a server that stops waits for what is on its way; what has not come back by then is sent again by whoever comes next. */
const STOP_MS = 3000;
/** A receiver that took nothing for so long is tried for everybody when it takes something again. */
const LONG_MS = 60_000;
const FORGET_MS = 60_000;
const KEPT_MS = 7 * 86_400_000;
const FORGOTTEN_AT_ONCE = 5000;

type Delivered = Record<string, string | number | null>;

/** Delivers until there is nothing to deliver, or it must not go on; whatever was done is noted then, unless it is another's by now. */
export async function deliver(
  database: Database,
  taken: Taken,
  send: Sender,
  stopping: AbortSignal,
  { at_once = AT_ONCE, parked_most = PARKED_MOST, patience_ms = PATIENCE_MS }: Bounds = {},
): Promise<Ending> {
  const { workspace, id, mark, parked, event_types } = taken;
  const lanes: Lanes = openLanes(taken.position);
  const leaving = new AbortController();
  const bell = openBell();
  const watch = watchLog(database, workspace.id, bell.ring);
  const looking = setInterval(bell.ring, LOOK_MS);
  /** Parked lanes that are just being tried, and those of which something is to be noted. */
  const trying = new Set<string>();
  const changed = new Set<string>();
  let log: Delivered[] = [];
  let ending: Ending | undefined;
  let failure: unknown;
  let sending = 0;
  let reading = false;
  let isRead = false;
  let noting: Promise<void> | undefined;
  let noted = { at: performance.now(), position: taken.position, forgot: 0 };
  let active = performance.now();
  let { failing_since } = taken;
  let delivered_at: number | null = null;
  /** Failures since the last success, of whichever customers. One that failed all along is tried with one alone. */
  let failures = failing_since === null ? 0 : at_once;
  let rests_until = 0;
  let stopped_at = 0;
  const stop = () => {
    stopped_at = Date.now();
    bell.ring();
  };
  stopping.addEventListener('abort', stop);

  const wants = (event: LogEvent) =>
    !parked.has(laneOf(event)) && (event_types === null || event_types.includes(event.type));
  const fail = (error: unknown) => {
    failure ??= error;
    bell.ring();
  };

  function readMore(): void {
    if (reading || lanes.size >= AHEAD || parked.size >= parked_most) return;
    if (isRead && watch.position <= lanes.read) return;
    reading = true;
    readFeed(database, workspace.id, lanes.read, AHEAD)
      .then((events) => {
        isRead = events.length < AHEAD;
        lanes.add(events, wants);
        if (events.length > 0) active = performance.now();
      })
      .catch(fail)
      .finally(() => {
        reading = false;
        bell.ring();
      });
  }

  function start(): void {
    const now = Date.now();
    if (stopping.aborted) return;
    while (now >= rests_until && sending < (failures >= at_once ? 1 : at_once)) {
      const lane = dueLane(now);
      const event = lane === undefined ? lanes.next() : undefined;
      if (lane === undefined && !event) return;
      sending++;
      (event ? deliverOne(event) : retry(lane!)).catch(fail).finally(() => {
        sending--;
        active = performance.now();
        bell.ring();
      });
    }
  }

  function dueLane(now: number): string | undefined {
    for (const [lane, { next_at }] of parked) if (next_at <= now && !trying.has(lane)) return lane;
    return undefined;
  }

  async function deliverOne(event: LogEvent): Promise<void> {
    const sent = await attempt(event, 1);
    if (!sent || ending) return;
    if (sent.failure === null) return lanes.done(event);
    const now = Date.now();
    const lane = laneOf(event);
    const next_at = now + waitAfter(1, sent.retry_after_ms);
    parked.set(lane, { position: event.position, attempts: 1, since: now, next_at });
    changed.add(lane);
    lanes.drop(event);
  }

  /** Goes on with a parked lane as far as it goes; level with all that was read, it is parked no longer. */
  async function retry(lane: string): Promise<void> {
    const one = parked.get(lane)!;
    trying.add(lane);
    try {
      const customer = lane === NOBODY ? null : lane;
      const { events, through } = await readFeedOf(database, workspace.id, customer, one.position, lanes.read);
      for (const event of events) {
        if (event_types !== null && !event_types.includes(event.type)) continue;
        if (one.position < event.position) Object.assign(one, { position: event.position, attempts: 0 });
        const sent = await attempt(event, one.attempts + 1);
        if (!sent || ending) return;
        const now = Date.now();
        changed.add(lane);
        if (sent.failure !== null) {
          if (one.attempts === 0) one.since = now;
          one.attempts++;
          one.next_at = now + waitAfter(one.attempts, sent.retry_after_ms);
          if (now - one.since < patience_ms) return;
          note(event, one.attempts, { ms: 0, status: null, failure: 'given_up' });
        }
        Object.assign(one, { position: event.position + 1, attempts: 0, since: now, next_at: now });
      }
      one.position = through + 1;
      one.next_at = Date.now();
      changed.add(lane);
      // Nothing was read meanwhile, or it is looked for anew: an event that was passed by while it was parked is not lost.
      if (one.position > lanes.read) parked.delete(lane);
    } finally {
      trying.delete(lane);
    }
  }

  /** Sends an event, and what follows for all from how that went; undefined where it no longer counts. */
  async function attempt(event: LogEvent, number: number): Promise<Sent | undefined> {
    const sent = await send(event, leaving.signal);
    if (leaving.signal.aborted) return undefined;
    const now = Date.now();
    note(event, number, sent);
    if (sent.failure === null) {
      if (failing_since !== null && now - failing_since > LONG_MS) for (const one of parked.values()) one.next_at = now;
      delivered_at = now;
      failing_since = null;
      failures = 0;
      rests_until = 0;
    } else {
      failing_since ??= now;
      failures++;
      if (failures >= at_once) rests_until = now + restAfter(now - failing_since);
      if (sent.gone) ending = 'gone';
      else if (now - failing_since >= patience_ms) ending = 'failing';
    }
    return sent;
  }

  function note(
    event: LogEvent,
    number: number,
    { ms, status, failure }: Pick<Sent, 'ms' | 'status' | 'failure'>,
  ): void {
    const { position, type, customer_id } = event;
    const now = Date.now();
    const row = {
      position,
      type,
      customer_id,
      attempt: number,
      at: new Date(now - ms).toISOString(),
      ms,
      status,
      failure,
    };
    log.push({ id: uuidv7(now, log.length & 0x3fff), ...row });
  }

  /** Notes all that has happened, as of now. */
  async function keep(): Promise<void> {
    const key = [workspace.id, id, mark];
    const time = (ms: number | null) => (ms === null || ms === 0 ? null : new Date(ms).toISOString());
    const place = [...key, lanes.position, time(delivered_at), time(failing_since), time(rests_until)];
    const asks: Ask[] = [[NOTE_PLACE, place]];
    const there = [...changed].filter((lane) => parked.has(lane));
    const away = [...changed].filter((lane) => !parked.has(lane));
    const rows = there.map((lane) => {
      const { since, next_at, ...one } = parked.get(lane)!;
      return { lane, ...one, since: time(since), next_at: time(next_at) };
    });
    if (there.length > 0) asks.push([PARK, [...key, JSON.stringify(rows)]]);
    if (away.length > 0) asks.push([UNPARK, [...key, away]]);
    if (log.length > 0) asks.push([ADD_DELIVERIES, [workspace.id, id, JSON.stringify(log)]]);
    const now = performance.now();
    if (log.length > 0 && now - noted.forgot >= FORGET_MS) {
      asks.push([FORGET_DELIVERIES, [workspace.id, id, uuidv7(Date.now() - KEPT_MS, 0), FORGOTTEN_AT_ONCE]]);
      noted.forgot = now;
    }
    noted = { ...noted, at: now, position: lanes.position };
    log = [];
    changed.clear();
    const [mine] = await inTransaction(database, asks);
    if (mine!.length === 0) ending = 'lost';
  }

  const isDirty = () => log.length > 0 || changed.size > 0 || lanes.position !== noted.position;

  function keepNow(): void {
    const since = performance.now() - noted.at;
    if (noting || since < (isDirty() ? NOTE_MS : ALIVE_MS)) return;
    noting = keep()
      .catch(fail)
      .finally(() => {
        noting = undefined;
        bell.ring();
      });
  }

  /** Nothing is to be done soon: the next one to look may take it when there is. */
  function isIdle(): boolean {
    if (sending > 0 || reading || noting) return false;
    const now = Date.now();
    if (rests_until - now > IDLE_MS) return true;
    if (lanes.size > 0 || (!isRead && parked.size < parked_most)) return false;
    const soon = [...parked.values()].some(({ next_at }) => next_at - now < IDLE_MS);
    return !soon && performance.now() - active >= IDLE_MS;
  }

  try {
    while (!ending && failure === undefined) {
      if (stopping.aborted && (sending === 0 || Date.now() - stopped_at > STOP_MS)) ending = 'stopped';
      else if (isIdle()) ending = 'idle';
      else {
        readMore();
        start();
        keepNow();
        await bell.rung();
      }
    }
  } finally {
    leaving.abort();
    clearInterval(looking);
    stopping.removeEventListener('abort', stop);
    watch.stop();
    await noting;
  }
  if (failure !== undefined) throw failure;
  if (ending !== 'lost' && isDirty()) await keep();
  return ending!;
}

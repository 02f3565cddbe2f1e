// Events on their way, in lanes of which each is a customer's: within one they go one after the other, beside each other they
// need not wait. The cursor is where all is done that lies before.
import type { LogEvent } from '#contract/events.ts';

/** The lane of events that are no customer's. */
export const NOBODY = '00000000-0000-0000-0000-000000000000';
export const laneOf = ({ customer_id }: LogEvent) => customer_id ?? NOBODY;

export type Lanes = {
  /** The last event that has been taken in. */
  readonly read: number;
  /** The last position up to which nothing is on its way. */
  readonly position: number;
  /** Events that are on their way. */
  readonly size: number;
  /** Takes events in, in their order; those that are not `wanted` are done. */
  add(events: LogEvent[], wanted: (event: LogEvent) => boolean): void;
  /** The first event of a lane that nobody is at; it stays until it is `done` or `dropped`. */
  next(): LogEvent | undefined;
  /** It was delivered: the next one of its lane may be. */
  done(event: LogEvent): void;
  /** It goes on elsewhere, with all behind it in its lane. */
  drop(event: LogEvent): void;
};

export function openLanes(position: number): Lanes {
  const lanes = new Map<string, LogEvent[]>();
  /** Lanes that nobody is at, the one that has waited longest first. */
  const ready = new Set<string>();
  /** Of what was taken in and is on its way, or was behind something that is: whether it is done, by position. */
  const open = new Map<number, boolean>();
  let read = position;
  let size = 0;

  function close(event: LogEvent): void {
    open.set(event.position, true);
    size--;
    // A map keeps the order in which it was filled, which is that of the log.
    for (const [first, isDone] of open) {
      if (!isDone) break;
      open.delete(first);
    }
  }

  return {
    get read() {
      return read;
    },
    get position() {
      for (const first of open.keys()) return first - 1;
      return read;
    },
    get size() {
      return size;
    },
    add(events, wanted) {
      for (const event of events) {
        read = event.position;
        if (!wanted(event)) continue;
        const lane = laneOf(event);
        const waiting = lanes.get(lane);
        if (waiting) waiting.push(event);
        else {
          lanes.set(lane, [event]);
          ready.add(lane);
        }
        open.set(event.position, false);
        size++;
      }
    },
    next() {
      for (const lane of ready) {
        ready.delete(lane);
        return lanes.get(lane)![0];
      }
      return undefined;
    },
    done(event) {
      const lane = laneOf(event);
      const waiting = lanes.get(lane)!;
      waiting.shift();
      if (waiting.length > 0) ready.add(lane);
      else lanes.delete(lane);
      close(event);
    },
    drop(event) {
      const lane = laneOf(event);
      const waiting = lanes.get(lane)!;
      lanes.delete(lane);
      for (const each of waiting) close(each);
    },
  };
}

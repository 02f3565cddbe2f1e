// The feed, as pages and as a stream.
import { eventRoutes, FEED_LIMIT } from '#contract/events.ts';
import type { Database } from '../database.ts';
import type { Call, Reply, RouteTable } from '../http.ts';
import { invalid, overloaded, Problem } from '../problem.ts';
import { trueOrFalse, wholeNumber } from '../query.ts';
import { currentRequest, isGone, whenGone } from '../request-context.ts';
import { readFeed, readLedger } from './events.ts';
import { followLog } from './stream.ts';

export type StreamOptions = {
  /** Whether whoever made a request may still read events. */
  mayStill(call: Call): Promise<boolean>;
  isDraining(): boolean;
  /** Hears how many streams are open. */
  onStreams(open: number): void;
};

/** Streams that are open at once: of one key or person, and of all in this process. Each holds a connection. */
const STREAMS_EACH = 20;
const STREAMS = 2000;

export function eventTable(database: Database, options: StreamOptions): RouteTable {
  const { mayStill, isDraining, onStreams } = options;
  /** Open streams by whose they are. */
  const open = new Map<string, number>();
  let total = 0;

  function count(who: string, change: 1 | -1): void {
    const now = (open.get(who) ?? 0) + change;
    if (now > 0) open.set(who, now);
    else open.delete(who);
    total += change;
    onStreams(total);
  }

  return [
    [
      eventRoutes.feed,
      async ({ actor, query }) => {
        const after = wholeNumber(query, 'after', { minimum: 0, default: 0 });
        const limit = wholeNumber(query, 'limit', FEED_LIMIT);
        const newest_first = trueOrFalse(query, 'newest_first');
        const results = await readFeed(database, actor.workspace.id, after, limit, newest_first);
        return { status: 200, body: JSON.stringify({ results }) };
      },
    ],
    [
      eventRoutes.stream,
      async (call): Promise<Reply> => {
        const { actor } = call;
        const after = await startOf(database, call);
        const who = `${actor.workspace.id} ${actor.type} ${actor.id}`;
        if ((open.get(who) ?? 0) >= STREAMS_EACH)
          throw new Problem(
            429,
            'too_many_streams',
            `There are ${STREAMS_EACH} open streams already; close one first.`,
            {
              headers: { 'retry-after': '5' },
            },
          );
        if (total >= STREAMS) throw overloaded();
        const request = currentRequest()!;
        if (!isGone(request)) {
          count(who, 1);
          whenGone(request, () => count(who, -1));
        }
        return {
          status: 200,
          type: 'text/event-stream',
          headers: {
            'cache-control': 'no-store',
            // Asks proxies not to gather what is to be seen at once.
            'x-accel-buffering': 'no',
            // A server that stops ends its streams first: who comes back must not do so on a connection that is closing.
            connection: 'close',
          },
          body: followLog(database, actor.workspace.id, after, {
            mayStill: () => mayStill(call),
            isGone: () => isGone(request),
            onGone: (hear) => void whenGone(request, hear),
            isDraining,
          }),
        };
      },
    ],
  ];
}

/** The position after which a stream begins: as a client that comes back says, or one that comes first; else the present one. */
async function startOf(database: Database, { actor, headers, query }: Call): Promise<number> {
  const last = headers['last-event-id'];
  const said = typeof last === 'string' && last !== '' ? { 'Last-Event-ID': last } : query;
  const name = said === query ? 'after' : 'Last-Event-ID';
  const after = wholeNumber(said, name, { minimum: 0, default: -1 });
  const { position } = await readLedger(database, actor.workspace.id);
  if (after > position)
    throw invalid([
      {
        pointer: name,
        code: 'beyond_log',
        detail: `${name} lies beyond the log, which ends at ${position}: it is from another time. Begin anew without it.`,
      },
    ]);
  return after < 0 ? position : after;
}

// The calls about the workspace's log.
import type { LogEvent } from '#contract/events.ts';
import { messagesOf } from './lines.ts';
import { Problem } from './problem.ts';
import { delayBefore, isPassing, wait } from './retry.ts';
import type { CallOptions, Send } from './send.ts';

/** A connection that held for so long was a good one. */
const STEADY_MS = 10_000;

export function eventCalls(send: Send) {
  return {
    /** The last events of the feed, the last one first: what has happened of late. */
    async latest({ limit, ...options }: CallOptions & { limit?: number } = {}): Promise<LogEvent[]> {
      const query = { newest_first: true, limit };
      return (await send<{ results: LogEvent[] }>({ method: 'GET', path: '/api/events', query, options })).results;
    },

    /**
     * Gives the events after a position, oldest first, up to the present end of the feed. Who remembers the position
     * of the last event that was handled, and goes on from there, misses nothing and sees nothing twice. `limit` is
     * events per request.
     */
    async *list({
      after = 0,
      limit = 200,
      ...options
    }: CallOptions & { after?: number; limit?: number } = {}): AsyncGenerator<LogEvent, void> {
      for (let position = after, more = true; more; ) {
        const query = { after: position, limit };
        const { results } = await send<{ results: LogEvent[] }>({ method: 'GET', path: '/api/events', query, options });
        yield* results;
        position = results.at(-1)?.position ?? position;
        more = results.length === limit;
      }
    },

    /**
     * Gives the events after a position, and each that happens from then on; without a position, those from now on. Goes on
     * where it was when the connection is lost or the server restarts, for as long as it takes, until the signal stops it or
     * nobody asks for the next one; throws a Problem where it may not read any more.
     */
    async *stream({ after, signal }: CallOptions & { after?: number } = {}): AsyncGenerator<LogEvent, void> {
      let position = after;
      for (let failures = 0; ; failures++) {
        const begun = Date.now();
        try {
          const call = {
            method: 'GET',
            path: '/api/events/stream',
            query: { after: position },
            options: { signal },
          } as const;
          for await (const { id, data } of messagesOf(await send.stream(call))) {
            if (id !== undefined) position = Number(id);
            if (data === undefined) continue;
            failures = 0;
            yield JSON.parse(data);
          }
        } catch (error) {
          if (!(error instanceof Problem) || !(error.status === 0 || isPassing(error.status))) throw error;
        }
        if (Date.now() - begun > STEADY_MS) failures = 0;
        await wait(delayBefore(failures, null), signal);
      }
    },
  };
}

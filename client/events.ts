// The calls about the workspace's log.
import type { LogEvent } from '#contract/events.ts';
import type { CallOptions, Send } from './send.ts';

export function eventCalls(send: Send) {
  return {
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
  };
}

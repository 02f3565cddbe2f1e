// The feed.
import { eventRoutes, FEED_LIMIT } from '#contract/events.ts';
import type { Database } from '../database.ts';
import type { RouteTable } from '../http.ts';
import { wholeNumber } from '../query.ts';
import { readFeed } from './events.ts';

export function eventTable(database: Database): RouteTable {
  return [
    [
      eventRoutes.feed,
      async ({ actor, query }) => {
        const after = wholeNumber(query, 'after', { minimum: 0, default: 0 });
        const limit = wholeNumber(query, 'limit', FEED_LIMIT);
        return {
          status: 200,
          body: JSON.stringify({ results: await readFeed(database, actor.workspace.id, after, limit) }),
        };
      },
    ],
  ];
}

// The log of a workspace, as it is read: one gap-free, ordered feed, and the same events seen by customer.
import { Type } from 'typebox';
import type { Route } from './api.ts';
import { type Customer, customerSchema } from './customers.ts';
import { EVENT_TYPES } from './event-types.ts';

export type EventActor = { type: 'key' | 'person' | 'system'; id: string | null; name: string };

export { EVENT_TYPES };

export type LogEvent = {
  position: number;
  at: string;
  type: string;
  customer_id: string | null;
  customer_version: number | null;
  actor: EventActor;
  request_id: string | null;
  cause_id: string | null;
  /** Former and new value of each field that changed. */
  changes: Record<string, [unknown, unknown]>;
  /** The whole customer after the change, null once it is erased; absent from events of something else, which have a subject. */
  customer?: Customer | null;
  subject?: Record<string, unknown>;
};

const nullable = (schema: ReturnType<typeof Type.String> | ReturnType<typeof Type.Integer>) =>
  Type.Union([schema, Type.Null()]);

export const actorSchema = Type.Object({
  type: Type.String({ enum: ['key', 'person', 'system'] }),
  id: nullable(Type.String()),
  name: Type.String(),
});

export const eventSchema = Type.Object(
  {
    position: Type.Integer({
      minimum: 1,
      description: 'Number of the event in its workspace: no gaps, no ties, the order in which changes happened.',
    }),
    at: Type.String({ format: 'date-time' }),
    type: Type.String({
      description: `${EVENT_TYPES.map((type) => `\`${type}\``).join(', ')}. Of a view that is not shared the log says neither name nor query.`,
    }),
    customer_id: nullable(Type.String({ format: 'uuid' })),
    customer_version: nullable(Type.Integer()),
    actor: actorSchema,
    request_id: nullable(Type.String()),
    cause_id: nullable(Type.String({ format: 'uuid', description: 'What this event belongs to, such as an import.' })),
    changes: Type.Record(Type.String(), Type.Tuple([Type.Unknown(), Type.Unknown()]), {
      description: 'Former and new value of each field that changed.',
    }),
    customer: Type.Optional(
      Type.Union([customerSchema, Type.Null()], { description: 'As it was after the change; null once it is erased.' }),
    ),
    subject: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), {
        description: 'What the event is about when it is not a customer, or what `customer.erased` took away.',
      }),
    ),
  },
  { title: 'Event' },
);

export const FEED_LIMIT = { minimum: 1, maximum: 1000, default: 100 } as const;

export const eventRoutes = {
  feed: {
    permission: 'events:read',
    tag: 'Events',
    method: 'GET',
    path: '/api/events',
    summary: 'Read the feed of changes',
    description:
      'Oldest first and without gaps: a reader that remembers the last position it handled misses nothing and sees nothing twice.',
    query: {
      after: Type.Integer({ minimum: 0, default: 0, description: 'The last position that was read.' }),
      newest_first: Type.Boolean({
        default: false,
        description: 'The last events of the feed instead, the last one first: what has happened of late.',
      }),
      limit: Type.Integer({ ...FEED_LIMIT, description: 'Events per page.' }),
    },
    replies: {
      200: {
        description: 'The events after that position.',
        schema: Type.Object({ results: Type.Array(eventSchema) }, { title: 'EventPage' }),
      },
    },
  },
  stream: {
    permission: 'events:read',
    tag: 'Events',
    method: 'GET',
    path: '/api/events/stream',
    summary: 'Watch the feed',
    description:
      'Server-sent events, as they happen: each `change` has an event of the feed as `data`, and its position as `id`. Oldest first, without gaps or repetitions; a client that comes back with `Last-Event-ID`, as browsers do by themselves, goes on behind it. A comment comes at least every 25 seconds. The stream ends when the key is revoked, and when the server stops: come back then. 20 streams at once for a key or person; 429 `too_many_streams` beyond.',
    query: {
      after: Type.Integer({
        minimum: 0,
        description: 'The last position that was read, where there is no `Last-Event-ID`; the present one otherwise.',
      }),
    },
    headers: {
      'Last-Event-ID': Type.Integer({ minimum: 0, description: 'The last position that was read.' }),
    },
    replies: { 200: { description: 'The events.', types: ['text/event-stream'] } },
  },
  history: {
    permission: 'events:read',
    tag: 'Customers',
    method: 'GET',
    path: '/api/customers/{id}/history',
    summary: 'Read the history of a customer',
    description: 'Newest first; works for deleted customers too.',
    parameters: { id: Type.String({ format: 'uuid' }) },
    query: {
      limit: Type.Integer({ ...FEED_LIMIT, description: 'Events per page.' }),
      cursor: Type.String({ description: 'Taken from `next` of a reply.' }),
    },
    replies: {
      200: {
        description: 'The events of the customer.',
        schema: Type.Object({ results: Type.Array(eventSchema), next: nullable(Type.String()) }, { title: 'History' }),
      },
    },
  },
} as const satisfies Record<string, Route>;

// What was done in bulk: each set of changes that belong together is a cause, and can be taken back.
import { Type } from 'typebox';
import { IDEMPOTENCY_KEY, type Route } from './api.ts';
import { type Customer, customerSchema } from './customers.ts';
import { actorSchema, type EventActor } from './events.ts';

export type CauseKind = 'import' | 'bulk_edit' | 'batch' | 'undo';
export type CauseState = 'running' | 'ready' | 'done' | 'cancelled' | 'failed';

export type Cause = {
  id: string;
  kind: CauseKind;
  state: CauseState;
  actor: EventActor;
  at: string;
  finished_at: string | null;
  details: Record<string, unknown> | null;
  progress: Record<string, number> | null;
  failure: string | null;
  undoes: string | null;
  undone_by: string | null;
};

/** A field that an undo left as it is, and why. */
export type KeptField = { field: string; code: string };
export type KeptChange = { position: number; customer_id: string; fields: KeptField[] };
export type Undone = { cause_id: string | null; customer: Customer; deleted: boolean; kept: KeptField[] };

const id = Type.String({ format: 'uuid' });
const nullable = <Schema extends ReturnType<typeof Type.String>>(schema: Schema) => Type.Union([schema, Type.Null()]);

const keptFields = Type.Array(
  Type.Object({
    field: Type.String(),
    code: Type.String({
      description:
        '`changed_since`: it has another value than the change gave it. `deleted_since`: the customer is deleted. `email_taken`, `external_id_taken`: another customer has the former value. `suppressed`: whoever had it was erased.',
    }),
  }),
  { description: 'Fields that were left as they are, and why.' },
);

export const causeSchema = Type.Object(
  {
    id,
    kind: Type.String({ enum: ['import', 'bulk_edit', 'batch', 'undo'] }),
    state: Type.String({
      enum: ['running', 'ready', 'done', 'cancelled', 'failed'],
      description: '`ready`: an import that is checked, and waits to be run.',
    }),
    actor: actorSchema,
    at: Type.String({ format: 'date-time', description: 'When it was begun.' }),
    finished_at: nullable(Type.String({ format: 'date-time' })),
    details: Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()], {
      description: 'What was asked for.',
    }),
    progress: Type.Union([Type.Record(Type.String(), Type.Integer()), Type.Null()], {
      description:
        'How far it has come: `done` of `total` dealt with, and what became of them, such as `changed`, `refused` or `kept`.',
    }),
    failure: nullable(Type.String({ description: 'Why it ended before its end.' })),
    undoes: nullable(Type.String({ format: 'uuid', description: 'The cause that this one takes back.' })),
    undone_by: nullable(Type.String({ format: 'uuid', description: 'The last cause that took this one back.' })),
  },
  { title: 'Cause' },
);

const cause = (description: string, headers?: Record<string, string>) => ({
  description,
  schema: causeSchema,
  headers,
});
const read = { permission: 'events:read', tag: 'Causes' } as const;
const write = { permission: 'customers:write', tag: 'Causes' } as const;
const LIMIT = { minimum: 1, maximum: 200, default: 25 } as const;
export const CAUSE_LIMIT = LIMIT;
const pageQuery = {
  limit: Type.Integer({ ...LIMIT, description: 'Entries per page.' }),
  cursor: Type.String({ description: 'Taken from `next` of a reply.' }),
};
const next = nullable(Type.String({ description: 'Path of the next page.' }));

export const causeRoutes = {
  list: {
    ...read,
    method: 'GET',
    path: '/api/causes',
    summary: 'List what was done in bulk',
    description: 'Imports, bulk edits, batches and undos, the last first.',
    query: pageQuery,
    replies: {
      200: {
        description: 'A page.',
        schema: Type.Object({ results: Type.Array(causeSchema), next }, { title: 'CausePage' }),
      },
    },
  },
  get: {
    ...read,
    method: 'GET',
    path: '/api/causes/{id}',
    summary: 'Retrieve a cause',
    description: 'What was asked for, and how far it has come.',
    parameters: { id },
    replies: { 200: cause('The cause.') },
  },
  kept: {
    ...read,
    method: 'GET',
    path: '/api/causes/{id}/kept',
    summary: 'List what an undo left as it was',
    parameters: { id },
    query: pageQuery,
    replies: {
      200: {
        description: 'A page, the last change first.',
        schema: Type.Object(
          {
            results: Type.Array(
              Type.Object({
                position: Type.Integer({ description: 'The event that was not, or not wholly, taken back.' }),
                customer_id: id,
                fields: keptFields,
              }),
            ),
            next,
          },
          { title: 'KeptPage' },
        ),
      },
    },
  },
  cancel: {
    ...write,
    method: 'POST',
    path: '/api/causes/{id}/cancel',
    summary: 'Stop what is under way',
    description: 'What is done by then stays, and can be undone. What has ended already stays as it is.',
    parameters: { id },
    replies: { 200: cause('The cause as it is now.') },
  },
} as const satisfies Record<string, Route>;

export const undoRoutes = {
  cause: {
    ...write,
    method: 'POST',
    path: '/api/causes/{id}/undo',
    summary: 'Take back everything that a cause did',
    description:
      'Created customers are deleted, deleted ones restored, changed fields get their former values. What was changed since is kept and listed. It is done in the background, as a cause of its own, which can be undone as well.',
    parameters: { id },
    headers: IDEMPOTENCY_KEY,
    replies: { 202: cause('The undo, under way.', { Location: 'Path of the undo.' }) },
  },
  event: {
    ...write,
    method: 'POST',
    path: '/api/events/{position}/undo',
    summary: 'Take back one change of a customer',
    description: 'As the undo of a cause, for a single event.',
    parameters: { position: Type.Integer({ minimum: 1 }) },
    headers: IDEMPOTENCY_KEY,
    replies: {
      200: {
        description: 'The customer as it is now.',
        schema: Type.Object(
          {
            cause_id: Type.Union([
              Type.String({
                format: 'uuid',
                description: 'The undo, which can be undone; null where nothing was to change.',
              }),
              Type.Null(),
            ]),
            customer: customerSchema,
            deleted: Type.Boolean({ description: 'Whether the customer is deleted now.' }),
            kept: keptFields,
          },
          { title: 'Undone' },
        ),
        headers: { 'Clientele-Position': "The workspace's position in its log after this change." },
      },
    },
  },
} as const satisfies Record<string, Route>;

// Many changes in one request.
import { type TSchema, Type } from 'typebox';
import { IDEMPOTENCY_KEY, type Route } from './api.ts';
import {
  type Customer,
  type CustomerInput,
  customerInputSchema,
  customerPatchSchema,
  customerSchema,
} from './customers.ts';
import { type ProblemBody, problemSchema } from './problem.ts';

export const BATCH_ITEMS = 1000;
const BATCH_BYTES = 8_388_608;

export const MATCH_FIELDS = ['email', 'external_id'] as const;
export type MatchField = (typeof MATCH_FIELDS)[number];

export type BatchItem =
  | { action: 'create'; customer: Partial<CustomerInput> }
  | { action: 'update'; id: string; version?: number; customer: Partial<CustomerInput> }
  | { action: 'upsert'; match: MatchField; customer: Partial<CustomerInput> }
  | { action: 'delete' | 'restore'; id: string; version?: number };

export type BatchResult =
  | { status: 200 | 201; customer: Customer }
  | { status: 204 }
  | { status: number; problem: Omit<ProblemBody, 'instance' | 'request_id'> };
export type BatchReply = { cause_id: string | null; results: BatchResult[] };

const id = Type.String({ format: 'uuid' });
const version = Type.Optional(
  Type.Integer({
    minimum: 1,
    description:
      'The version that the change is based on; the item is refused with 412 when it is not the current one.',
  }),
);
const action = (name: string, members: Record<string, TSchema>) =>
  Type.Object({ action: Type.String({ enum: [name] }), ...members }, { additionalProperties: false });

const itemSchema = Type.Union([
  action('create', { customer: customerInputSchema }),
  action('update', { id, version, customer: customerPatchSchema }),
  action('upsert', {
    match: Type.String({
      enum: [...MATCH_FIELDS],
      description:
        'The customer with this email, or external id, gets the fields that are given; where there is none, it is created.',
    }),
    customer: customerPatchSchema,
  }),
  action('delete', { id, version }),
  action('restore', { id, version }),
]);

const { instance: _, request_id: __, ...problemMembers } = problemSchema.properties;

const resultSchema = Type.Union([
  Type.Object({ status: Type.Integer({ enum: [200, 201] }), customer: customerSchema }),
  Type.Object({ status: Type.Integer({ enum: [204], description: 'Deleted.' }) }),
  Type.Object({ status: Type.Integer({ minimum: 400 }), problem: Type.Object(problemMembers) }),
]);

export const batchRoutes = {
  batch: {
    permission: 'customers:write',
    tag: 'Customers',
    method: 'POST',
    path: '/api/customers/batch',
    summary: 'Create, change and delete many customers',
    description:
      'The items are done in their order, each as if those before it had been requests of their own, and all in one transaction. `results` has one entry per item, in the same order. With `atomic` either every item is done or none: where one is refused the reply is a 400 that names each that was.',
    headers: IDEMPOTENCY_KEY,
    body: {
      schema: Type.Object(
        {
          items: Type.Array(itemSchema, { minItems: 1, maxItems: BATCH_ITEMS }),
          atomic: Type.Optional(Type.Boolean({ default: false, description: 'All or nothing.' })),
        },
        { title: 'Batch', additionalProperties: false },
      ),
      types: ['application/json'],
      limit: BATCH_BYTES,
    },
    replies: {
      200: {
        description: 'What became of each item.',
        schema: Type.Object(
          {
            cause_id: Type.Union([
              Type.String({ format: 'uuid', description: 'What the events of the batch have as their `cause_id`.' }),
              Type.Null(),
            ]),
            results: Type.Array(resultSchema),
          },
          { title: 'BatchResults' },
        ),
        headers: { 'Clientele-Position': "The workspace's position in its log after the batch." },
      },
    },
  },
} as const satisfies Record<string, Route>;

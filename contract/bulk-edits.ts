// One change to many customers.
import { type TSchema, Type } from 'typebox';
import { IDEMPOTENCY_KEY, type Route } from './api.ts';
import { causeSchema } from './causes.ts';
import { type CustomerInput, customerPatchSchema, filterQuery } from './customers.ts';

export const BULK_ACTIONS = ['update', 'activate', 'deactivate', 'delete'] as const;
export type BulkAction = (typeof BULK_ACTIONS)[number];

/** What a bulk edit cannot give to many, since no two customers may have the same. */
export const SINGLE_FIELDS = ['email', 'external_id'] as const;

export type BulkFilter = Record<string, string | boolean>;
export type BulkEdit = {
  filter?: BulkFilter;
  ids?: readonly string[];
  action: BulkAction;
  customer?: Partial<CustomerInput>;
};

export const BULK_IDS = 10_000;

const schema = Type.Object(
  {
    filter: Type.Optional(
      Type.Object(
        Object.fromEntries(Object.entries(filterQuery).map(([name, one]) => [name, Type.Optional(one as TSchema)])),
        {
          additionalProperties: false,
          description: 'As the parameters of the list; `{}` means all customers. Either this or `ids`.',
        },
      ),
    ),
    ids: Type.Optional(Type.Array(Type.String({ format: 'uuid' }), { minItems: 1, maxItems: BULK_IDS })),
    action: Type.String({ enum: [...BULK_ACTIONS] }),
    customer: Type.Optional(customerPatchSchema),
    dry_run: Type.Optional(Type.Boolean({ default: false, description: 'Only count whom it would be about.' })),
  },
  { title: 'BulkEdit', additionalProperties: false },
);

export const bulkEditRoutes = {
  create: {
    permission: 'customers:write',
    tag: 'Customers',
    method: 'POST',
    path: '/api/customers/bulk-edits',
    summary: 'Change or delete all customers that match',
    description:
      'Those who match at this moment get the change, in the background, whatever they match by then; the cause that is answered tells how far it has come, can be cancelled and undone. `update` gives each the fields in `customer`. With `dry_run` nothing is changed, and 200 tells how many match.',
    headers: IDEMPOTENCY_KEY,
    body: { schema, types: ['application/json'] },
    replies: {
      200: {
        description: 'How many match, of a dry run.',
        schema: Type.Object({ total: Type.Integer() }, { title: 'BulkCount' }),
      },
      202: {
        description: 'The bulk edit, under way.',
        schema: causeSchema,
        headers: { Location: 'Path of the cause.' },
      },
    },
  },
} as const satisfies Record<string, Route>;

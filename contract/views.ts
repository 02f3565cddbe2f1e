// Views: lists under a name, for oneself or for all in the workspace.
import { Type } from 'typebox';
import { IDEMPOTENCY_KEY, type Route } from './api.ts';
import { actorSchema, type EventActor } from './events.ts';
import { type FieldKind, flag, keyName } from './field.ts';

export type View = {
  id: string;
  name: string;
  query: string;
  shared: boolean;
  made_by: EventActor;
  created_at: string;
  updated_at: string;
};
export type ViewInput = Pick<View, 'name' | 'query'> & Partial<Pick<View, 'shared'>>;

const QUERY_MOST = 2000;

/** The query of a list as it stands in an address: printable ASCII, everything else percent-encoded. What it says is checked by whoever knows lists. */
const listAddress: FieldKind<string> = {
  schema: Type.String({
    maxLength: QUERY_MOST,
    pattern: '^[!-~]*$',
    description:
      'The query of a list as in an address, without the `?`: its filters, `ordering`, and `columns`, which names the fields to show in their order.',
    examples: ['search=maria&is_active=true&ordering=-created_at&columns=full_name,email'],
  }),
  normalise(value, label) {
    if (typeof value !== 'string')
      return value === null || value === undefined
        ? { refusal: { code: 'required', detail: `${label} is required.` } }
        : { refusal: { code: 'wrong_type', detail: `${label} must be text.` } };
    if (value.length > QUERY_MOST)
      return { refusal: { code: 'too_long', detail: `${label} has at most ${QUERY_MOST} characters.` } };
    if (!/^[!-~]*$/.test(value) || /[?#]/.test(value))
      return {
        refusal: {
          code: 'invalid_characters',
          detail: `${label} is what stands behind the ? of an address, percent-encoded.`,
        },
      };
    return { value };
  },
};

export const viewFields = {
  name: { kind: keyName, label: 'Name', required: true },
  query: { kind: listAddress, label: 'Query', required: true },
  shared: { kind: flag, label: 'Shared', required: false },
} as const;

/** Views that a key or person may have, and those that a workspace may share. */
export const VIEWS = { own: 200, shared: 1000 } as const;

const time = Type.String({ format: 'date-time' });
const shared = Type.Boolean({ description: 'Whether all in the workspace see it, or its maker alone.' });

export const viewSchema = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    name: keyName.schema,
    query: listAddress.schema,
    shared,
    made_by: actorSchema,
    created_at: time,
    updated_at: time,
  },
  { title: 'View' },
);

const base = { permission: 'customers:read', tag: 'Views' } as const;
const id = Type.String({ format: 'uuid' });
const json = ['application/json'];

export const viewRoutes = {
  list: {
    ...base,
    method: 'GET',
    path: '/api/views',
    summary: 'List the views',
    replies: {
      200: {
        description: 'Your own and the shared ones, by name.',
        schema: Type.Object({ results: Type.Array(viewSchema) }, { title: 'Views' }),
      },
    },
  },
  create: {
    ...base,
    method: 'POST',
    path: '/api/views',
    summary: 'Save a view',
    description: `To share it takes \`customers:write\`. ${VIEWS.own} of your own, and ${VIEWS.shared} that are shared in a workspace; 409 \`too_many_views\` beyond.`,
    headers: IDEMPOTENCY_KEY,
    body: {
      schema: Type.Object(
        { name: keyName.schema, query: listAddress.schema, shared: Type.Optional(shared) },
        { title: 'ViewInput', additionalProperties: false },
      ),
      types: json,
    },
    replies: { 201: { description: 'The view.', schema: viewSchema } },
  },
  update: {
    ...base,
    method: 'PATCH',
    path: '/api/views/{id}',
    summary: 'Change a view',
    description: 'One’s own, or, for an admin, a shared one.',
    parameters: { id },
    headers: IDEMPOTENCY_KEY,
    body: {
      schema: Type.Object(
        {
          name: Type.Optional(keyName.schema),
          query: Type.Optional(listAddress.schema),
          shared: Type.Optional(shared),
        },
        { title: 'ViewPatch', additionalProperties: false },
      ),
      types: ['application/json', 'application/merge-patch+json'],
    },
    replies: { 200: { description: 'The view as it is now.', schema: viewSchema } },
  },
  delete: {
    ...base,
    method: 'DELETE',
    path: '/api/views/{id}',
    summary: 'Delete a view',
    description: 'One’s own, or, for an admin, a shared one.',
    parameters: { id },
    headers: IDEMPOTENCY_KEY,
    replies: { 204: { description: 'Deleted.' } },
  },
} as const satisfies Record<string, Route>;

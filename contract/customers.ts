// THE list of customer fields, and the customer routes. A new field is a line here and a line in a migration.
import { type Static, type TObject, type TSchema, Type } from 'typebox';
import { IDEMPOTENCY_KEY, IF_MATCH, IF_NONE_MATCH, type Route } from './api.ts';
import { email, externalId, type FieldKind, flag, personName, phone, timestamp } from './field.ts';
import { SEARCH } from './search.ts';

export type CustomerInput = {
  first_name: string;
  last_name: string;
  email: string;
  phone: string | null;
  is_active: boolean;
  external_id: string | null;
};

type InputField<T> = { kind: FieldKind<T>; label: string; required: boolean; default?: T };

/** The fields that a caller writes: how each is checked, named to people, and what it is when left out. */
export const inputFields: { [K in keyof CustomerInput]: InputField<CustomerInput[K]> } = {
  first_name: { kind: personName, label: 'First name', required: true },
  last_name: { kind: personName, label: 'Last name', required: true },
  email: { kind: email, label: 'Email', required: true },
  phone: { kind: phone, label: 'Phone', required: false, default: null },
  is_active: { kind: flag, label: 'Active', required: false, default: true },
  external_id: { kind: externalId, label: 'External id', required: false, default: null },
};

export const externalIdField = inputFields.external_id;
export const INPUT_FIELDS = Object.keys(inputFields) as (keyof CustomerInput)[];

const nullable = (schema: TSchema) => Type.Union([schema, Type.Null()]);
const time = (description: string) =>
  Type.String({ format: 'date-time', description: `${description} RFC 3339, UTC, six decimals.` });

export const customerSchema = Type.Object(
  {
    id: Type.String({ format: 'uuid', description: 'UUIDv7, given at creation.' }),
    first_name: personName.schema,
    last_name: personName.schema,
    full_name: Type.String({ description: 'First and last name, joined by a space.' }),
    email: email.schema,
    phone: phone.schema,
    phone_e164: nullable(Type.String({ description: 'The phone number as E.164 when it is a valid one, else null.' })),
    is_active: flag.schema,
    external_id: externalId.schema,
    version: Type.Integer({ minimum: 1, description: 'Rises by one with each change; also the `ETag`.' }),
    created_at: time('When the customer was created.'),
    updated_at: time('When the customer was last changed.'),
  },
  { title: 'Customer' },
);

export type Customer = CustomerInput & {
  id: string;
  full_name: string;
  phone_e164: string | null;
  version: number;
  created_at: string;
  updated_at: string;
};

/** Every field of a customer in the order in which it is answered. */
export const CUSTOMER_FIELDS = Object.keys(customerSchema.properties) as (keyof Customer)[];
export const READ_ONLY_FIELDS = CUSTOMER_FIELDS.filter((field) => !(field in inputFields));

function inputSchema(title: string, options: { partial: boolean; omit?: string[] }): TObject {
  const properties = INPUT_FIELDS.map((field) => {
    const { kind, required } = inputFields[field];
    return [field, required && !options.partial ? kind.schema : Type.Optional(kind.schema)] as const;
  });
  return Type.Object(Object.fromEntries(properties), { title, additionalProperties: false });
}

export const customerInputSchema = inputSchema('CustomerInput', { partial: false });
export const customerPatchSchema = inputSchema('CustomerPatch', { partial: true });

export const ORDERINGS = ['last_name', 'first_name', 'email', 'created_at', 'updated_at'] as const;
export type OrderingField = (typeof ORDERINGS)[number];

export const RANGE_FIELDS = ['created_at', 'updated_at'] as const;
export const RANGE_OPERATORS = { gte: 'at or after', gt: 'after', lte: 'at or before', lt: 'before' } as const;

export const LIMIT = { minimum: 1, maximum: 200, default: 25 } as const;
/** Beyond this many, a count of a search or range says "at least". */
export const COUNT_CAP = 10_000;

const ranges = Object.fromEntries(
  RANGE_FIELDS.flatMap((field) =>
    Object.entries(RANGE_OPERATORS).map(([operator, words]) => [
      `${field}[${operator}]`,
      Type.String({ format: 'date-time', description: `Only customers whose ${field} is ${words} this time.` }),
    ]),
  ),
) as Record<string, TSchema>;

const fields = Type.String({
  description: 'Names of the fields to answer with, separated by commas; all when left out.',
});

export const listQuery: Record<string, TSchema> = {
  limit: Type.Integer({ ...LIMIT, description: 'Customers per page.' }),
  cursor: Type.String({ description: 'Where the page begins: taken from `next` or `previous` of a reply.' }),
  ordering: Type.String({
    enum: ORDERINGS.flatMap((field) => [field, `-${field}`]),
    default: 'last_name',
    description: '`-` reverses. Names are compared without case and accents; customers that tie are ordered by id.',
  }),
  search: Type.String({
    maxLength: SEARCH.characters,
    description: `Up to ${SEARCH.words} words that must all be found in the name, email or phone number, in any part of it, without regard to case and accents. A word of one or two letters is found where a name, the email or the number begins (in Chinese, Japanese, Korean or Thai names: anywhere). Digits are found in a phone number however it is written.`,
  }),
  is_active: Type.Boolean({ description: 'Only active, or only inactive customers.' }),
  ...ranges,
  email: Type.String({ description: 'The customer with this email.' }),
  external_id: Type.String({ description: 'The customer with this external id.' }),
  deleted: Type.Boolean({
    description: '`true`: the deleted customers, last deleted first; goes with `limit`, `cursor` and `fields` only.',
  }),
  fields,
};

const {
  limit: _limit,
  cursor: _cursor,
  ordering: _ordering,
  deleted: _deleted,
  fields: _fields,
  ...filters
} = listQuery;
/** The parameters of the list that tell which customers are meant. */
export const filterQuery: Record<string, TSchema> = filters;

export const customerPageSchema = Type.Object(
  {
    count: Type.Integer({ description: 'How many customers match.' }),
    count_is_exact: Type.Boolean({
      description: `False when a search or range matches more than ${COUNT_CAP}: \`count\` is then ${COUNT_CAP}.`,
    }),
    next: nullable(Type.String({ description: 'Path of the next page.' })),
    previous: nullable(Type.String({ description: 'Path of the page before.' })),
    results: Type.Array(customerSchema),
  },
  { title: 'CustomerPage' },
);

export type CustomerPage = {
  count: number;
  count_is_exact: boolean;
  next: string | null;
  previous: string | null;
  results: Customer[];
};

export const statsSchema = Type.Object(
  { total_customers: Type.Integer(), active_customers: Type.Integer(), inactive_customers: Type.Integer() },
  { title: 'CustomerStats', description: 'Exact at any size, never stale.' },
);
export type CustomerStats = Static<typeof statsSchema>;

const messageSchema = Type.Object({ message: Type.String(), customer: customerSchema }, { title: 'CustomerMessage' });

const id = Type.String({ format: 'uuid' });
const etag = { ETag: 'The version of the customer.' };
const position = { 'Clientele-Position': "The workspace's position in its log after this change." };
const one = (description: string, headers: Record<string, string> = {}) => ({
  description,
  schema: customerSchema,
  headers: { ...etag, ...headers },
});
const json = ['application/json'];
const patchTypes = ['application/json', 'application/merge-patch+json'];
const write = { permission: 'customers:write', tag: 'Customers' } as const;
const read = { permission: 'customers:read', tag: 'Customers' } as const;

export const customerRoutes = {
  list: {
    ...read,
    method: 'GET',
    path: '/api/customers',
    summary: 'List and search customers',
    description:
      'Pages are found by cursor, so that the last page costs what the first one does. `ETag` and `If-None-Match` spare an unchanged page.',
    query: listQuery,
    headers: IF_NONE_MATCH,
    replies: {
      200: {
        description: 'A page.',
        schema: customerPageSchema,
        headers: { ETag: 'Weak.', Link: 'The pages beside this one.' },
      },
      304: { description: 'Unchanged.' },
    },
  },
  create: {
    ...write,
    method: 'POST',
    path: '/api/customers',
    summary: 'Create a customer',
    headers: IDEMPOTENCY_KEY,
    body: { schema: customerInputSchema, types: json },
    replies: { 201: one('Created.', { Location: 'Path of the customer.', ...position }) },
  },
  stats: {
    ...read,
    method: 'GET',
    path: '/api/customers/stats',
    summary: 'Count the customers',
    headers: IF_NONE_MATCH,
    replies: {
      200: { description: 'The counts.', schema: statsSchema, headers: { ETag: 'Weak.' } },
      304: { description: 'Unchanged.' },
    },
  },
  upsert: {
    ...write,
    method: 'PUT',
    path: '/api/customers/by-external-id/{external_id}',
    summary: 'Create or replace by external id',
    parameters: { external_id: externalId.schema },
    headers: { ...IDEMPOTENCY_KEY, ...IF_MATCH },
    body: { schema: customerInputSchema, types: json },
    replies: {
      200: one('Replaced.', position),
      201: one('Created.', { Location: 'Path of the customer.', ...position }),
    },
  },
  get: {
    ...read,
    method: 'GET',
    path: '/api/customers/{id}',
    summary: 'Retrieve a customer',
    description: 'With `as_of`, as it was then; of a customer that is deleted now, too.',
    parameters: { id },
    query: {
      fields,
      as_of: Type.String({
        description:
          'A time (RFC 3339) or a position of the log: the customer is answered as it was then, or after that event.',
      }),
    },
    headers: IF_NONE_MATCH,
    replies: { 200: one('The customer.'), 304: { description: 'Unchanged.' } },
  },
  replace: {
    ...write,
    method: 'PUT',
    path: '/api/customers/{id}',
    summary: 'Replace a customer',
    description: 'Optional fields that are left out take their defaults.',
    parameters: { id },
    headers: { ...IDEMPOTENCY_KEY, ...IF_MATCH },
    body: { schema: customerInputSchema, types: json },
    replies: { 200: one('The customer as it is now.', position) },
  },
  update: {
    ...write,
    method: 'PATCH',
    path: '/api/customers/{id}',
    summary: 'Change some fields of a customer',
    description: 'A JSON merge patch (RFC 7396): fields that are left out stay as they are.',
    parameters: { id },
    headers: { ...IDEMPOTENCY_KEY, ...IF_MATCH },
    body: { schema: customerPatchSchema, types: patchTypes },
    replies: { 200: one('The customer as it is now.', position) },
  },
  delete: {
    ...write,
    method: 'DELETE',
    path: '/api/customers/{id}',
    summary: 'Delete a customer',
    description: 'The customer leaves every list and frees its email and external id; it can be restored.',
    parameters: { id },
    headers: { ...IDEMPOTENCY_KEY, ...IF_MATCH },
    replies: { 204: { description: 'Deleted.', headers: position } },
  },
  restore: {
    ...write,
    method: 'POST',
    path: '/api/customers/{id}/restore',
    summary: 'Restore a deleted customer',
    parameters: { id },
    headers: { ...IDEMPOTENCY_KEY, ...IF_MATCH },
    replies: { 200: one('The customer as it is now.', position) },
  },
  activate: {
    ...write,
    method: 'POST',
    path: '/api/customers/{id}/activate',
    summary: 'Activate a customer',
    parameters: { id },
    headers: { ...IDEMPOTENCY_KEY, ...IF_MATCH },
    replies: {
      200: { description: 'The customer as it is now.', schema: messageSchema, headers: { ...etag, ...position } },
    },
  },
  deactivate: {
    ...write,
    method: 'POST',
    path: '/api/customers/{id}/deactivate',
    summary: 'Deactivate a customer',
    parameters: { id },
    headers: { ...IDEMPOTENCY_KEY, ...IF_MATCH },
    replies: {
      200: { description: 'The customer as it is now.', schema: messageSchema, headers: { ...etag, ...position } },
    },
  },
} as const satisfies Record<string, Route>;

/** Kinds by which a filter's value is checked. */
export const filterKinds: { email: FieldKind<string>; external_id: FieldKind<string | null>; time: FieldKind<string> } =
  {
    email,
    external_id: externalId,
    time: timestamp,
  };

// Workspaces and the keys that open them.
import { Type } from 'typebox';
import { IDEMPOTENCY_KEY, ROLES, type Role, type Route } from './api.ts';
import { type FieldKind, keyName } from './field.ts';

export type Workspace = { id: number; slug: string; name: string; region: string | null; created_at: string };
export type Key = { id: string; name: string; role: Role; created_at: string; revoked_at: string | null };

/** An ISO 3166-1 region, or null: how phone numbers without a country code are read. */
export const region: FieldKind<string | null> = {
  schema: Type.Union([Type.String({ pattern: '^[A-Z]{2}$' }), Type.Null()], {
    description: 'ISO 3166-1 code of the region in which phone numbers without a country code are read.',
  }),
  normalise(value, label) {
    if (value === null) return { value: null };
    if (typeof value !== 'string')
      return { refusal: { code: 'wrong_type', detail: `${label} must be a text or null.` } };
    const code = value.trim().toUpperCase();
    if (!/^[A-Z]{2}$/.test(code))
      return { refusal: { code: 'invalid_region', detail: `${label} must be a code of two letters, such as GB.` } };
    return { value: code };
  },
};

export const role: FieldKind<Role> = {
  schema: Type.String({
    enum: [...ROLES],
    description:
      'viewer reads; editor writes customers too; admin also manages keys, members and the workspace; owner may everything.',
  }),
  normalise(value, label) {
    const known = ROLES.find((name) => name === value);
    return known
      ? { value: known }
      : { refusal: { code: 'invalid_role', detail: `${label} must be one of ${ROLES.join(', ')}.` } };
  },
};

export const keyFields = {
  name: { kind: keyName, label: 'Name', required: true },
  role: { kind: role, label: 'Role', required: true },
} as const;

export const workspaceFields = {
  name: { kind: keyName, label: 'Name', required: false },
  region: { kind: region, label: 'Region', required: false },
} as const;

const time = Type.String({ format: 'date-time' });
const keyProperties = {
  id: Type.String({ format: 'uuid' }),
  name: keyName.schema,
  role: role.schema,
  created_at: time,
  revoked_at: Type.Union([time, Type.Null()]),
};
export const keySchema = Type.Object(keyProperties, { title: 'Key' });
const newKeySchema = Type.Object(
  {
    ...keyProperties,
    key: Type.Union([Type.String(), Type.Null()], {
      description: 'The key itself, shown this once; null when the reply is a replay.',
    }),
  },
  { title: 'NewKey' },
);
export const workspaceSchema = Type.Object(
  { slug: Type.String(), name: Type.String(), region: region.schema, created_at: time },
  { title: 'Workspace' },
);

export const accessRoutes = {
  workspaces: {
    permission: 'workspace:read',
    any_workspace: true,
    tag: 'Access',
    method: 'GET',
    path: '/api/workspaces',
    summary: 'List the workspaces you may open',
    replies: {
      200: {
        description: 'The workspaces.',
        schema: Type.Object({ results: Type.Array(workspaceSchema) }, { title: 'Workspaces' }),
      },
    },
  },
  updateWorkspace: {
    permission: 'workspace:manage',
    tag: 'Access',
    method: 'PATCH',
    path: '/api/workspaces/{slug}',
    summary: 'Change the settings of a workspace',
    parameters: { slug: Type.String() },
    headers: IDEMPOTENCY_KEY,
    body: {
      schema: Type.Object(
        { name: Type.Optional(keyName.schema), region: Type.Optional(region.schema) },
        { title: 'WorkspacePatch', additionalProperties: false },
      ),
      types: ['application/json', 'application/merge-patch+json'],
    },
    replies: { 200: { description: 'The workspace as it is now.', schema: workspaceSchema } },
  },
  keys: {
    permission: 'keys:manage',
    tag: 'Access',
    method: 'GET',
    path: '/api/keys',
    summary: 'List the keys of the workspace',
    replies: {
      200: {
        description: 'The keys, newest first.',
        schema: Type.Object({ results: Type.Array(keySchema) }, { title: 'Keys' }),
      },
    },
  },
  createKey: {
    permission: 'keys:manage',
    tag: 'Access',
    method: 'POST',
    path: '/api/keys',
    summary: 'Create a key',
    description: 'A key cannot have a role above that of its maker.',
    headers: IDEMPOTENCY_KEY,
    body: {
      schema: Type.Object(
        { name: keyName.schema, role: role.schema },
        { title: 'KeyInput', additionalProperties: false },
      ),
      types: ['application/json'],
    },
    replies: { 201: { description: 'The key.', schema: newKeySchema } },
  },
  revokeKey: {
    permission: 'keys:manage',
    tag: 'Access',
    method: 'DELETE',
    path: '/api/keys/{id}',
    summary: 'Revoke a key',
    description: 'Every process refuses it within a second.',
    parameters: { id: Type.String({ format: 'uuid' }) },
    headers: IDEMPOTENCY_KEY,
    replies: { 204: { description: 'Revoked.' } },
  },
} as const satisfies Record<string, Route>;

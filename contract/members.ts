// The people of a workspace: its members, and who has been invited to become one.
import { Type } from 'typebox';
import { role } from './access.ts';
import { IDEMPOTENCY_KEY, type Role, type Route } from './api.ts';
import { actorSchema, type EventActor } from './events.ts';
import { email } from './field.ts';
import { type Account, accountSchema } from './people.ts';

/** A person in a workspace; the id is the account's. */
export type Member = Account & { role: Role; created_at: string };
export type Invitation = {
  id: string;
  email: string;
  role: Role;
  made_by: EventActor;
  created_at: string;
  expires_at: string;
};
/** `link`: path and fragment, told this once; null where the reply is a replay. */
export type NewInvitation = Invitation & { link: string | null };

export const memberFields = { role: { kind: role, label: 'Role', required: false } } as const;
export const invitationFields = {
  email: { kind: email, label: 'Email', required: true },
  role: { kind: role, label: 'Role', required: true },
} as const;

const time = Type.String({ format: 'date-time' });
const id = Type.String({ format: 'uuid' });

const memberSchema = Type.Object(
  { ...accountSchema.properties, role: role.schema, created_at: time },
  { title: 'Member' },
);
const invitationProperties = {
  id,
  email: email.schema,
  role: role.schema,
  made_by: actorSchema,
  created_at: time,
  expires_at: time,
};
const invitationSchema = Type.Object(invitationProperties, { title: 'Invitation' });
const newInvitationSchema = Type.Object(
  {
    ...invitationProperties,
    link: Type.Union([
      Type.String({
        description:
          'Path and fragment of the address that accepts it, once, within 7 days; told this once, and null when the reply is a replay.',
      }),
      Type.Null(),
    ]),
  },
  { title: 'NewInvitation' },
);
export const memberRoutes = {
  members: {
    permission: 'members:read',
    tag: 'People',
    method: 'GET',
    path: '/api/members',
    summary: 'List the members of the workspace',
    replies: {
      200: {
        description: 'The members, by name.',
        schema: Type.Object({ results: Type.Array(memberSchema) }, { title: 'Members' }),
      },
    },
  },
  updateMember: {
    permission: 'members:manage',
    tag: 'People',
    method: 'PATCH',
    path: '/api/members/{id}',
    summary: 'Change the role of a member',
    description: 'Nobody grants a role above their own, or touches a member who has one. The last owner stays one.',
    parameters: { id },
    headers: IDEMPOTENCY_KEY,
    body: {
      schema: Type.Object({ role: Type.Optional(role.schema) }, { title: 'MemberPatch', additionalProperties: false }),
      types: ['application/json', 'application/merge-patch+json'],
    },
    replies: { 200: { description: 'The member as they are now.', schema: memberSchema } },
  },
  removeMember: {
    permission: 'members:read',
    tag: 'People',
    method: 'DELETE',
    path: '/api/members/{id}',
    summary: 'Remove a member from the workspace',
    description:
      'Takes `members:manage`, save to remove oneself. The last owner stays. Every process keeps the removed out within a second.',
    parameters: { id },
    headers: IDEMPOTENCY_KEY,
    replies: { 204: { description: 'Removed.' } },
  },
  invitations: {
    permission: 'members:manage',
    tag: 'People',
    method: 'GET',
    path: '/api/invitations',
    summary: 'List the invitations that are open',
    replies: {
      200: {
        description: 'Those neither accepted nor expired, newest first.',
        schema: Type.Object({ results: Type.Array(invitationSchema) }, { title: 'Invitations' }),
      },
    },
  },
  createInvitation: {
    permission: 'members:manage',
    tag: 'People',
    method: 'POST',
    path: '/api/invitations',
    summary: 'Invite somebody to the workspace',
    description: 'An earlier invitation of the same address is open no longer. Nobody grants a role above their own.',
    headers: IDEMPOTENCY_KEY,
    body: {
      schema: Type.Object(
        { email: email.schema, role: role.schema },
        { title: 'InvitationInput', additionalProperties: false },
      ),
      types: ['application/json'],
    },
    replies: { 201: { description: 'The invitation, with its link.', schema: newInvitationSchema } },
  },
  revokeInvitation: {
    permission: 'members:manage',
    tag: 'People',
    method: 'DELETE',
    path: '/api/invitations/{id}',
    summary: 'Revoke an invitation',
    parameters: { id },
    headers: IDEMPOTENCY_KEY,
    replies: { 204: { description: 'Revoked.' } },
  },
} as const satisfies Record<string, Route>;

// The people who work with customers, whatever the workspaces: their accounts, how they sign in, and the links that let them in.
import { Type } from 'typebox';
import { role, workspaceSchema } from './access.ts';
import type { Role, Route } from './api.ts';
import { secondFactorCode } from './code.ts';
import { email, type FieldKind, keyName } from './field.ts';

/** A person, whatever the workspaces. */
export type Account = { id: string; email: string; name: string };
/** A workspace as one of its members sees it. */
export type Membership = { slug: string; name: string; role: Role };
export type SignedIn = { account: Account; workspaces: Membership[] };
/** Where somebody is signed in. `current`: it is the one that asks. */
export type Session = {
  id: string;
  created_at: string;
  last_seen_at: string;
  expires_at: string;
  user_agent: string | null;
  address: string | null;
  current: boolean;
};
export const LINK_KINDS = ['owner', 'invitation', 'password_reset'] as const;
/**
 * What a link is for. `has_account`: the address has an account already, whose password accepting an invitation takes.
 * An owner link names no address, a password reset no workspace.
 */
export type Link = {
  kind: (typeof LINK_KINDS)[number];
  email: string | null;
  has_account: boolean;
  workspace: { slug: string; name: string } | null;
  role: Role | null;
  expires_at: string;
};

/** The page that a link opens; its secret stands in the fragment, which browsers send to nobody. */
export const LINK_PATH = '/link';
/** Names the workspace that a signed-in person means; `?workspace=` does where a request cannot have headers. */
export const WORKSPACE_HEADER = 'Clientele-Workspace';

// ---- Fields ---------------------------------------------------------------------------------------------------------

export const PASSWORD_LEAST = 12;
const PASSWORD_MOST_BYTES = 1000;

/**
 * A password as somebody types it to be let in. NFKC (NIST SP 800-63B, section 3.1.1.2), so that it does not matter how
 * a keyboard puts an accent together; nothing is trimmed.
 */
export const password: FieldKind<string> = {
  schema: Type.String({
    minLength: 1,
    description: 'A password of at most 1,000 bytes in UTF-8. Nothing is trimmed.',
    examples: ['seven white herons at noon'],
  }),
  normalise(value, label) {
    if (value === undefined || value === null || value === '')
      return { refusal: { code: 'required', detail: `${label} is required.` } };
    if (typeof value !== 'string') return { refusal: { code: 'wrong_type', detail: `${label} must be text.` } };
    if (!value.isWellFormed())
      return { refusal: { code: 'invalid_characters', detail: `${label} contains invalid characters.` } };
    const text = value.length > PASSWORD_MOST_BYTES ? value : value.normalize('NFKC');
    if (new TextEncoder().encode(text).length > PASSWORD_MOST_BYTES)
      return { refusal: { code: 'too_long', detail: `${label} has at most ${PASSWORD_MOST_BYTES} bytes.` } };
    return { value: text };
  },
};

/** A password to be set. That it is not a common one, the server checks. */
export const newPassword: FieldKind<string> = {
  schema: Type.String({
    minLength: PASSWORD_LEAST,
    description: `A password of at least ${PASSWORD_LEAST} characters (code points) and at most 1,000 bytes in UTF-8, that is not among the common ones. Nothing is trimmed.`,
    examples: ['seven white herons at noon'],
  }),
  normalise(value, label) {
    const typed = password.normalise(value, label);
    if (typed.refusal) return typed;
    if ([...typed.value].length < PASSWORD_LEAST)
      return { refusal: { code: 'too_short', detail: `${label} has at least ${PASSWORD_LEAST} characters.` } };
    return typed;
  },
};

const SECRET_MOST = 200;

/** What stands in a link behind `#`. */
export const linkSecret: FieldKind<string> = {
  schema: Type.String({ minLength: 1, maxLength: SECRET_MOST, description: 'What stands in the link behind `#`.' }),
  normalise(value, label) {
    if (value === undefined || value === null || value === '')
      return { refusal: { code: 'required', detail: `${label} is required.` } };
    if (typeof value !== 'string') return { refusal: { code: 'wrong_type', detail: `${label} must be text.` } };
    if (value.length > SECRET_MOST)
      return { refusal: { code: 'too_long', detail: `${label} has at most ${SECRET_MOST} characters.` } };
    return { value };
  },
};

const code = { kind: secondFactorCode, label: 'Code', required: false } as const;

export const signInFields = {
  email: { kind: email, label: 'Email', required: true },
  password: { kind: password, label: 'Password', required: true },
  code,
} as const;
export const accountFields = { name: { kind: keyName, label: 'Name', required: false } } as const;
export const passwordFields = {
  current_password: { kind: password, label: 'Current password', required: true },
  new_password: { kind: newPassword, label: 'New password', required: true },
} as const;
export const linkFields = { secret: { kind: linkSecret, label: 'Secret', required: true } } as const;
export const acceptFields = {
  ...linkFields,
  email: { kind: email, label: 'Email', required: false },
  name: { kind: keyName, label: 'Name', required: false },
  password: { kind: password, label: 'Password', required: false },
  code,
} as const;
export const passwordResetFields = { email: { kind: email, label: 'Email', required: true } } as const;
// ---- Schemas --------------------------------------------------------------------------------------------------------

const time = Type.String({ format: 'date-time' });
const id = Type.String({ format: 'uuid' });
const nullable = (schema: ReturnType<typeof Type.String>) => Type.Union([schema, Type.Null()]);

const accountProperties = { id, email: email.schema, name: keyName.schema };
export const accountSchema = Type.Object(accountProperties, { title: 'Account' });
const signedInSchema = Type.Object(
  {
    account: accountSchema,
    workspaces: Type.Array(Type.Object({ slug: Type.String(), name: Type.String(), role: role.schema }), {
      description: 'Those that the person is a member of, by slug.',
    }),
  },
  { title: 'SignedIn' },
);
const sessionSchema = Type.Object(
  {
    id,
    created_at: time,
    last_seen_at: time,
    expires_at: time,
    user_agent: nullable(Type.String({ description: 'What the browser calls itself, shortened.' })),
    address: nullable(Type.String({ description: 'Where the person signed in from.' })),
    current: Type.Boolean({ description: 'Whether it is the one that asks.' }),
  },
  { title: 'Session' },
);
const linkSchema = Type.Object(
  {
    kind: Type.String({ enum: [...LINK_KINDS] }),
    email: nullable(Type.String({ description: 'Whom it is for; null where whoever opens it says so.' })),
    has_account: Type.Boolean({ description: 'Whether the address has an account, whose password is asked for.' }),
    workspace: Type.Union([Type.Pick(workspaceSchema, ['slug', 'name']), Type.Null()]),
    role: Type.Union([role.schema, Type.Null()]),
    expires_at: time,
  },
  { title: 'Link' },
);

const json = (schema: ReturnType<typeof Type.Object>) => ({ schema, types: ['application/json'] });
const closed = (properties: Parameters<typeof Type.Object>[0], title: string) =>
  json(Type.Object(properties, { title, additionalProperties: false }));
const signedIn = (description: string) => ({
  200: { description, schema: signedInSchema, headers: { 'Set-Cookie': 'The session, for browsers.' } },
});

// ---- Routes ---------------------------------------------------------------------------------------------------------
// Those without a permission are for browsers: what changes something takes a page of the server's own origin.

export const peopleRoutes = {
  session: {
    permission: null,
    person: true,
    tag: 'People',
    method: 'GET',
    path: '/api/session',
    summary: 'Read who is signed in',
    replies: { 200: { description: 'The person and their workspaces.', schema: signedInSchema } },
  },
  signIn: {
    permission: null,
    tag: 'People',
    method: 'POST',
    path: '/api/session',
    summary: 'Sign in',
    description:
      'A wrong password and an unknown address are answered alike. Attempts are limited, by account and by address: 429 with `Retry-After`. Where the account has a second factor and the password is right, a missing or wrong `code` is 401 `second_factor_required`.',
    body: closed(
      { email: email.schema, password: password.schema, code: Type.Optional(secondFactorCode.schema) },
      'SignIn',
    ),
    replies: signedIn('Signed in.'),
  },
  signOut: {
    permission: null,
    tag: 'People',
    method: 'DELETE',
    path: '/api/session',
    summary: 'Sign out',
    description: 'Succeeds without a session too.',
    replies: { 204: { description: 'Signed out.', headers: { 'Set-Cookie': 'Takes the session from the browser.' } } },
  },
  updateAccount: {
    permission: null,
    person: true,
    tag: 'People',
    method: 'PATCH',
    path: '/api/account',
    summary: 'Change your name',
    body: {
      schema: Type.Object(
        { name: Type.Optional(keyName.schema) },
        { title: 'AccountPatch', additionalProperties: false },
      ),
      types: ['application/json', 'application/merge-patch+json'],
    },
    replies: { 200: { description: 'The account as it is now.', schema: accountSchema } },
  },
  changePassword: {
    permission: null,
    person: true,
    tag: 'People',
    method: 'PUT',
    path: '/api/account/password',
    summary: 'Change your password',
    description: 'Signs you out everywhere else.',
    body: closed({ current_password: password.schema, new_password: newPassword.schema }, 'PasswordChange'),
    replies: { 204: { description: 'Changed.' } },
  },
  sessions: {
    permission: null,
    person: true,
    tag: 'People',
    method: 'GET',
    path: '/api/account/sessions',
    summary: 'List where you are signed in',
    replies: {
      200: {
        description: 'The sessions, the last one seen first.',
        schema: Type.Object({ results: Type.Array(sessionSchema) }, { title: 'Sessions' }),
      },
    },
  },
  revokeSession: {
    permission: null,
    person: true,
    tag: 'People',
    method: 'DELETE',
    path: '/api/account/sessions/{id}',
    summary: 'Sign out somewhere else',
    description: 'Every process refuses the session within a second.',
    parameters: { id },
    replies: { 204: { description: 'Revoked.' } },
  },
  revokeOtherSessions: {
    permission: null,
    person: true,
    tag: 'People',
    method: 'DELETE',
    path: '/api/account/sessions',
    summary: 'Sign out everywhere else',
    replies: { 204: { description: 'All sessions but this one are revoked.' } },
  },
  readLink: {
    permission: null,
    tag: 'People',
    method: 'POST',
    path: '/api/links/read',
    summary: 'Read what a link is for',
    body: closed({ secret: linkSecret.schema }, 'LinkSecret'),
    replies: { 200: { description: 'The link.', schema: linkSchema } },
  },
  acceptLink: {
    permission: null,
    tag: 'People',
    method: 'POST',
    path: '/api/links/accept',
    summary: 'Accept a link',
    description:
      'Once. An owner link takes email, name and password; an invitation name and password; where the address has an account already, that one’s password alone. A password reset takes the new password, and signs out everywhere. Where the account has a second factor, its `code` too: 401 `second_factor_required` otherwise, and the link is still good.',
    body: closed(
      {
        secret: linkSecret.schema,
        email: Type.Optional(email.schema),
        name: Type.Optional(keyName.schema),
        password: Type.Optional(newPassword.schema),
        code: Type.Optional(secondFactorCode.schema),
      },
      'LinkAcceptance',
    ),
    replies: signedIn('Accepted, and signed in.'),
  },
  requestPasswordReset: {
    permission: null,
    tag: 'People',
    method: 'POST',
    path: '/api/password-resets',
    summary: 'Ask for a link that resets a password',
    description: 'Answered alike whether the address has an account or not.',
    body: closed({ email: email.schema }, 'PasswordResetRequest'),
    replies: { 202: { description: 'If there is such an account, a link is on its way.' } },
  },
} as const satisfies Record<string, Route>;

// The second factor: codes of an app (TOTP, RFC 6238) besides the password, and recovery codes for when the app is lost.
import { Type } from 'typebox';
import type { Route } from './api.ts';
import { secondFactorCode } from './code.ts';
import { type Account, accountSchema, password } from './people.ts';

/** Somebody's account as they see it themselves. */
export type OwnAccount = Account & {
  /** False: they sign in with an OpenID provider only. */
  has_password: boolean;
  /** Whether signing in by password takes a code. */
  second_factor: boolean;
  recovery_codes_left: number;
};
/** What an authenticator app needs: the secret in base32, and the same as a URI that stands in a QR code. */
export type TotpSetup = { secret: string; uri: string };
export type RecoveryCodes = { recovery_codes: string[] };

export const RECOVERY_CODES = 10;

// ---- Fields ---------------------------------------------------------------------------------------------------------

const code = { kind: secondFactorCode, label: 'Code', required: true } as const;
export const beginTotpFields = { password: { kind: password, label: 'Password', required: true } } as const;
export const confirmTotpFields = { code } as const;
/** What shows that it is oneself, to take the second factor away or its recovery codes. */
export const proofFields = { ...beginTotpFields, code } as const;

// ---- Schemas --------------------------------------------------------------------------------------------------------

const ownAccountSchema = Type.Object(
  {
    ...accountSchema.properties,
    has_password: Type.Boolean({ description: 'False: the person signs in with an OpenID provider only.' }),
    second_factor: Type.Boolean({ description: 'Whether signing in by password takes a code.' }),
    recovery_codes_left: Type.Integer({ minimum: 0, maximum: RECOVERY_CODES }),
  },
  { title: 'OwnAccount' },
);
const setupSchema = Type.Object(
  {
    secret: Type.String({ description: 'The secret in base32, for apps that it is typed into.' }),
    uri: Type.String({ description: 'The secret as an `otpauth:` URI, for a QR code.' }),
  },
  { title: 'TotpSetup' },
);
const recoveryCodesSchema = Type.Object(
  {
    recovery_codes: Type.Array(Type.String(), {
      minItems: RECOVERY_CODES,
      maxItems: RECOVERY_CODES,
      description: 'Each signs in once instead of a code of the app. Told this once.',
    }),
  },
  { title: 'RecoveryCodes' },
);
const body = (properties: Parameters<typeof Type.Object>[0], title: string) => ({
  schema: Type.Object(properties, { title, additionalProperties: false }),
  types: ['application/json'],
});

// ---- Routes ---------------------------------------------------------------------------------------------------------

const proof = body({ password: password.schema, code: secondFactorCode.schema }, 'SecondFactorProof');
const own = { permission: null, person: true, tag: 'People' } as const;

export const secondFactorRoutes = {
  account: {
    ...own,
    method: 'GET',
    path: '/api/account',
    summary: 'Read your account',
    replies: { 200: { description: 'The account, and how it is signed in to.', schema: ownAccountSchema } },
  },
  beginTotp: {
    ...own,
    method: 'POST',
    path: '/api/account/totp',
    summary: 'Begin to set up a second factor',
    description:
      'Gives the secret for an authenticator app. It is asked for only once a code of it has been confirmed; to begin anew makes a new secret. 409 `second_factor_on` where there is one already.',
    body: body({ password: password.schema }, 'TotpBeginning'),
    replies: { 200: { description: 'The secret.', schema: setupSchema } },
  },
  confirmTotp: {
    ...own,
    method: 'PUT',
    path: '/api/account/totp',
    summary: 'Switch the second factor on',
    description: 'Takes a code that the app shows, and gives the recovery codes. From now on signing in takes a code.',
    body: body({ code: secondFactorCode.schema }, 'TotpConfirmation'),
    replies: { 200: { description: 'It is on.', schema: recoveryCodesSchema } },
  },
  removeTotp: {
    ...own,
    method: 'DELETE',
    path: '/api/account/totp',
    summary: 'Switch the second factor off',
    description: 'Its recovery codes are gone with it.',
    body: proof,
    replies: { 204: { description: 'It is off.' } },
  },
  createRecoveryCodes: {
    ...own,
    method: 'POST',
    path: '/api/account/recovery-codes',
    summary: 'Make new recovery codes',
    description: 'Those made before count no longer.',
    body: proof,
    replies: { 200: { description: 'The new ones.', schema: recoveryCodesSchema } },
  },
} as const satisfies Record<string, Route>;

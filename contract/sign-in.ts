// The ways to sign in that this server offers, and the one that leads over an OpenID provider.
import { Type } from 'typebox';
import type { Route } from './api.ts';

/** `mail`: whether a forgotten password can be reset by a link that is mailed. */
export type SignInOptions = { openid: { name: string } | null; mail: boolean };

/** The page to sign in; `?error=` says why the OpenID provider's answer did not do. */
export const SIGN_IN_PATH = '/sign-in';

/** Why somebody who came back from the OpenID provider was not let in. */
export const OPENID_ERRORS = {
  openid_unavailable: 'The provider cannot be reached, or answers with what is no OpenID Connect.',
  openid_refused: 'The provider refused, the person gave up there, or its answer does not hold.',
  openid_expired:
    'The answer belongs to nothing that this browser has begun within ten minutes: begin again, in one tab.',
  openid_unverified: 'The provider gives no address of the person, or does not say that it has verified it.',
  openid_unknown: 'Nobody with that address has an account or an open invitation.',
  openid_second_factor:
    'The account has a second factor: sign in by password once, then use the provider in the same browser.',
  openid_other_identity: 'The account with that address belongs to somebody else at the provider.',
  openid_too_many: 'Too many attempts: try again in some minutes.',
} as const;
export type OpenidErrorCode = keyof typeof OPENID_ERRORS;

const optionsSchema = Type.Object(
  {
    openid: Type.Union([Type.Object({ name: Type.String() }), Type.Null()], {
      description: 'The OpenID provider with whom people may sign in, and what it is called.',
    }),
    mail: Type.Boolean({ description: 'Whether a link that resets a password can be mailed.' }),
  },
  { title: 'SignInOptions' },
);

export const signInRoutes = {
  options: {
    permission: null,
    tag: 'People',
    method: 'GET',
    path: '/api/sign-in',
    summary: 'Read how people can sign in',
    replies: { 200: { description: 'The ways there are.', schema: optionsSchema } },
  },
  openid: {
    permission: null,
    signs_in: true,
    tag: 'People',
    method: 'GET',
    path: '/api/sign-in/openid',
    summary: 'Sign in with the OpenID provider',
    description: 'For browsers: leads to the provider, and from there to the callback. 404 without a provider.',
    query: {
      to: Type.Optional(
        Type.String({
          description: 'The page to come to in the end: a path of this server.',
          examples: ['/customers'],
        }),
      ),
    },
    replies: {
      303: {
        description: 'To the provider; or, where it cannot be reached, to `/sign-in?error=openid_unavailable`.',
        headers: { Location: 'The provider’s page.', 'Set-Cookie': 'What the answer must fit, for ten minutes.' },
      },
    },
  },
  openidCallback: {
    permission: null,
    signs_in: true,
    further_query: true,
    tag: 'People',
    method: 'GET',
    path: '/api/sign-in/openid/callback',
    summary: 'Come back from the OpenID provider',
    description: `The redirect URI to register with the provider. An account is found by the provider’s subject, else by a verified address; without one, an open invitation to that address is accepted. Refusals lead to the page to sign in, with \`error\`: ${Object.entries(
      OPENID_ERRORS,
    )
      .map(([code, meaning]) => `\`${code}\` (${meaning.replace(/\.$/, '')})`)
      .join('; ')}.`,
    query: {
      code: Type.Optional(Type.String({ description: 'What the provider gives in return for the person.' })),
      state: Type.Optional(Type.String({ description: 'What the cookie must fit.' })),
      error: Type.Optional(Type.String({ description: 'Why the provider did not let the person in.' })),
      iss: Type.Optional(Type.String({ description: 'The provider (RFC 9207).' })),
    },
    replies: {
      303: {
        description: 'To the page that was asked for, or to `/sign-in?error=<code>`.',
        headers: { Location: 'A path of this server.', 'Set-Cookie': 'The session.' },
      },
    },
  },
} as const satisfies Record<string, Route>;

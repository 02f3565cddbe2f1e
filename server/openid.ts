// OpenID Connect (Core 1.0) with the provider of the configuration: authorization code, PKCE (RFC 7636), state and nonce.
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  type Configuration,
  type CustomFetchOptions,
  calculatePKCECodeChallenge,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  fetchUserInfo,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client';
import type { OpenidErrorCode } from '#contract/sign-in.ts';
import { type Egress, openEgress, type Question } from './egress.ts';

export type OpenidSettings = {
  issuer: string;
  client_id: string;
  client_secret: string;
  scope: string;
  /** Where the provider sends people back to; registered with it. */
  redirect_uri: string;
};

/** What an answer must fit; kept by the browser that asks. */
export type Flow = { state: string; nonce: string; verifier: string };

/** Who somebody is, as the provider says. `email` only where it has verified that the address is theirs. */
export type Identity = { issuer: string; subject: string; email: string | null; name: string | null };

export type Openid = {
  /** The provider's page for somebody to go to. Throws an OpenidError. */
  begin(): Promise<{ url: string; flow: Flow }>;
  /** Who came back with this query. Throws an OpenidError. */
  finish(query: string, flow: Flow): Promise<Identity>;
};

/** An answer of the provider may be this long. */
const ANSWER_BYTES = 1_048_576;
/** Its discovery document is read anew after this long. Keys that sign are looked up when an unknown one turns up. */
const KNOWN_MS = 3_600_000;

/** `allow`: hosts within one's own network that the provider may name, as for `openEgress`; where it is itself, the issuer says. */
export function openOpenid(
  { issuer, client_id, client_secret, scope, redirect_uri }: OpenidSettings,
  allow: readonly string[] = [],
): Openid {
  const egress = openEgress([new URL(issuer).host, ...allow]);
  let known: { at: number; configuration: Promise<Configuration> } | undefined;

  async function configured(): Promise<Configuration> {
    if (!known || performance.now() - known.at > KNOWN_MS) {
      const asked = { at: performance.now(), configuration: discover() };
      known = asked;
      asked.configuration.catch(() => {
        if (known === asked) known = undefined;
      });
    }
    try {
      return await known.configuration;
    } catch (error) {
      throw openidError('openid_unavailable', error);
    }
  }

  const discover = () =>
    discovery(new URL(issuer), client_id, { client_secret }, authenticateClient(client_secret), {
      [customFetch]: (url, options) => ask(egress, url, options),
      // Not TLS alone vouches for an ID token, its signature does. An issuer by http is on this machine: the configuration
      // takes no other.
      execute: [enableNonRepudiationChecks, ...(issuer.startsWith('http:') ? [allowInsecureRequests] : [])],
    });

  return {
    async begin() {
      const configuration = await configured();
      const flow = { state: randomState(), nonce: randomNonce(), verifier: randomPKCECodeVerifier() };
      const url = buildAuthorizationUrl(configuration, {
        redirect_uri,
        scope,
        state: flow.state,
        nonce: flow.nonce,
        code_challenge: await calculatePKCECodeChallenge(flow.verifier),
        code_challenge_method: 'S256',
      });
      return { url: url.href, flow };
    },
    async finish(query, { state, nonce, verifier }) {
      const configuration = await configured();
      try {
        const tokens = await authorizationCodeGrant(configuration, new URL(`${redirect_uri}?${query}`), {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: verifier,
          idTokenExpected: true,
        });
        const claims = tokens.claims()!;
        // Some tell the address only here.
        const asks = claims.email === undefined && configuration.serverMetadata().userinfo_endpoint !== undefined;
        const more = asks ? await fetchUserInfo(configuration, tokens.access_token, claims.sub) : {};
        return identityOf({ ...more, ...claims });
      } catch (error) {
        throw openidError(isOutage(error) ? 'openid_unavailable' : 'openid_refused', error);
      }
    },
  };
}

function identityOf(claims: Record<string, unknown> & { iss: string; sub: string }): Identity {
  const { email, email_verified: verified, name } = claims;
  return {
    issuer: claims.iss,
    subject: claims.sub,
    email: typeof email === 'string' && verified === true ? email : null,
    name: typeof name === 'string' ? name : null,
  };
}

/** By the first of the two usual ways that the provider takes; it need not say so of the header (Discovery 1.0, section 3). */
function authenticateClient(secret: string): ClientAuth {
  const [inHeader, inBody] = [ClientSecretBasic(secret), ClientSecretPost(secret)];
  return (server, ...rest) => {
    const ways = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    const way = ways.includes('client_secret_basic') || !ways.includes('client_secret_post') ? inHeader : inBody;
    return way(server, ...rest);
  };
}

/**
 * Every request that leaves for the provider: to the address that its configuration or its discovery document names, and
 * on to none that an answer names; in a bounded time, and for a bounded answer.
 */
async function ask(egress: Egress, url: string, { method, headers, body }: CustomFetchOptions): Promise<Response> {
  const question: Question = {
    method: method === 'POST' ? 'POST' : 'GET',
    headers: Object.fromEntries(new Headers(headers)),
    body: body === null || body === undefined ? undefined : String(body),
    answer_bytes: ANSWER_BYTES,
  };
  const answer = await egress.ask(url, question).catch((error) => {
    throw new TypeError('The provider cannot be asked.', { cause: error });
  });
  if (answer.truncated) throw new TypeError('The answer is too long.');
  const told = Object.entries(answer.headersDistinct).flatMap(([name, values]) =>
    values!.map((value): [string, string] => [name, value]),
  );
  return new Response(answer.body.length === 0 ? null : new Uint8Array(answer.body), {
    status: answer.status,
    headers: told,
  });
}

// ---- Errors ---------------------------------------------------------------------------------------------------------

/** `code`: what the page to sign in is told; `reason`: what the log is told, which names nobody. */
export type OpenidError = Error & { code: OpenidErrorCode; reason: string };

export function openidError(code: OpenidErrorCode, cause?: unknown): OpenidError {
  const error = new Error(`Signing in with the OpenID provider failed: ${code}`, { cause });
  error.name = 'OpenidError';
  return Object.assign(error, { code, reason: reasonOf(cause) });
}

export const isOpenidError = (error: unknown): error is OpenidError => (error as Error)?.name === 'OpenidError';

/** The library's own words, which hold no claims; what the provider says of an error is not passed on. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return '';
  const { code, error } = cause as { code?: string; error?: string };
  const told = typeof error === 'string' && /^[a-z_]{1,60}$/.test(error) ? ` (${error})` : '';
  const under = (cause.cause as { code?: string } | undefined)?.code;
  return [code, `${cause.message}${told}`, typeof under === 'string' ? under : undefined].filter(Boolean).join(': ');
}

/** No answer, or one of a server that is not itself, rather than a refusal. */
function isOutage(error: unknown): boolean {
  if (error instanceof TypeError) return true; // what fetch throws
  const code = (error as { code?: string }).code;
  return code === 'OAUTH_TIMEOUT' || code === 'OAUTH_RESPONSE_IS_NOT_CONFORM' || code === 'OAUTH_RESPONSE_IS_NOT_JSON';
}

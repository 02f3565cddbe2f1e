// A little OpenID provider (Core 1.0 with Discovery): it signs whoever comes in as one person, without asking, and keeps to
// the protocol, unless a test tells it otherwise.
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type OpenidProvider = {
  issuer: string;
  /** Whom it signs in. */
  person: Record<string, unknown> & { sub: string };
  /** Changes the claims of an ID token before it is signed. */
  tamper: (claims: Record<string, unknown>) => Record<string, unknown>;
  /** Claims that stand in the answer of the userinfo endpoint instead. */
  userinfo: Record<string, unknown> | null;
  /** What it answers a path with, in place of what it should. */
  instead: Record<string, (request: IncomingMessage, response: ServerResponse) => void>;
  /** How the token endpoint takes the secret, as it says of itself. */
  ways: string[] | undefined;
  /** Signs with a key that it does not publish. */
  forges: boolean;
  /** The paths that were asked for. */
  asked: string[];
  /** Goes where `url` leads, as a browser does, and gives the address that it comes back to. */
  visit(url: string): Promise<URL>;
  close(): Promise<void>;
};

export const CLIENT = { client_id: 'clientele', client_secret: 'a secret: with/signs' };

type Grant = { challenge: string; nonce: string | null; redirect_uri: string };

export async function openProvider(): Promise<OpenidProvider> {
  const own = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const others = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const grants = new Map<string, Grant>();
  const server = createServer(async (request, response) => {
    const url = new URL(request.url!, provider.issuer);
    provider.asked.push(url.pathname);
    const instead = provider.instead[url.pathname];
    if (instead) return instead(request, response);
    try {
      await answer(url, request, response);
    } catch (error) {
      json(response, 400, { error: 'invalid_request', error_description: String(error) });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const provider: OpenidProvider = {
    issuer: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    person: { sub: 'subject-1', email: 'ada@example.com', email_verified: true, name: 'Ada Lovelace' },
    tamper: (claims) => claims,
    userinfo: null,
    instead: {},
    ways: undefined,
    forges: false,
    asked: [],
    async visit(url) {
      const response = await fetch(url, { redirect: 'manual' });
      if (response.status !== 302) throw new Error(`${response.status}: ${await response.text()}`);
      return new URL(response.headers.get('location')!);
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return provider;

  async function answer(url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { issuer } = provider;
    if (url.pathname === '/.well-known/openid-configuration')
      return json(response, 200, {
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/jwks`,
        ...(provider.userinfo && { userinfo_endpoint: `${issuer}/userinfo` }),
        ...(provider.ways && { token_endpoint_auth_methods_supported: provider.ways }),
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'],
      });
    if (url.pathname === '/jwks')
      return json(response, 200, {
        keys: [{ ...own.publicKey.export({ format: 'jwk' }), kid: 'own', use: 'sig', alg: 'RS256' }],
      });
    if (url.pathname === '/authorize') {
      const asked = Object.fromEntries(url.searchParams);
      if (asked.client_id !== CLIENT.client_id || asked.response_type !== 'code') throw new Error('client');
      if (asked.code_challenge_method !== 'S256' || !asked.scope!.split(' ').includes('openid'))
        throw new Error('PKCE');
      const code = randomBytes(16).toString('base64url');
      const { code_challenge, nonce = null, redirect_uri, state } = asked;
      grants.set(code, { challenge: code_challenge!, nonce, redirect_uri: redirect_uri! });
      const back = new URL(redirect_uri!);
      back.search = new URLSearchParams({ code, state: state!, session_state: 'of no concern' }).toString();
      response.writeHead(302, { location: back.href }).end();
      return;
    }
    if (url.pathname === '/token') return json(response, 200, await token(request));
    if (url.pathname === '/userinfo') return json(response, 200, { sub: provider.person.sub, ...provider.userinfo });
    json(response, 404, {});
  }

  async function token(request: IncomingMessage): Promise<object> {
    let text = '';
    for await (const chunk of request) text += chunk;
    const body = new URLSearchParams(text);
    const basic = Buffer.from((request.headers.authorization ?? '').replace('Basic ', ''), 'base64').toString();
    const [id, secret] =
      basic === '' ? [body.get('client_id'), body.get('client_secret')] : basic.split(':').map(plain);
    if (basic === '' ? !provider.ways?.includes('client_secret_post') : provider.ways?.includes('client_secret_post'))
      throw new Error('another way');
    if (id !== CLIENT.client_id || secret !== CLIENT.client_secret) throw new Error('secret');
    const grant = grants.get(body.get('code')!);
    grants.delete(body.get('code')!); // once
    if (!grant || body.get('redirect_uri') !== grant.redirect_uri) throw new Error('code');
    const challenge = createHash('sha256').update(body.get('code_verifier')!).digest('base64url');
    if (challenge !== grant.challenge) throw new Error('PKCE');
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: provider.issuer, aud: CLIENT.client_id, iat: now, exp: now + 300, nonce: grant.nonce };
    const person = provider.userinfo ? { sub: provider.person.sub } : provider.person;
    const key = provider.forges ? others.privateKey : own.privateKey;
    const id_token = signed(provider.tamper({ ...claims, ...person }), key);
    return { access_token: 'access', token_type: 'Bearer', expires_in: 300, id_token };
  }
}

const plain = (text: string) => decodeURIComponent(text.replaceAll('+', ' '));

function signed(claims: object, key: KeyObject): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'RS256', kid: 'own' })}.${part(claims)}`;
  return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`;
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

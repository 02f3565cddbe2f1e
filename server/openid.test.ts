// OpenID Connect with a real provider, over HTTP, that keeps to the protocol or does not.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { CLIENT, type OpenidProvider, openProvider } from '../test/support/openid-provider.ts';
import { type Flow, type Openid, type OpenidError, openOpenid } from './openid.ts';

const redirect_uri = 'https://crm.example.com/api/sign-in/openid/callback';
let provider: OpenidProvider;
let openid: Openid;
beforeEach(async () => {
  provider = await openProvider();
  openid = openOpenid({ ...CLIENT, issuer: provider.issuer, scope: 'openid email', redirect_uri });
});
afterEach(() => provider.close());

/** The whole way there and back; `flow` is what the browser kept. */
async function there(): Promise<{ query: string; flow: Flow }> {
  const { url, flow } = await openid.begin();
  return { query: (await provider.visit(url)).search.slice(1), flow };
}
async function thereAndBack() {
  const { query, flow } = await there();
  return openid.finish(query, flow);
}
const refuses = (work: Promise<unknown>, code: string, reason = /./) =>
  assert.rejects(work, (error: OpenidError) => {
    assert.equal(error.code, code, String(error.cause));
    assert.match(error.reason, reason);
    assert.doesNotMatch(error.reason, /\bada\b|Lovelace|subject-1/);
    return true;
  });

describe('somebody', () => {
  test('goes to the provider with PKCE, state and nonce, and is who it says', async () => {
    const { url, flow } = await openid.begin();
    const { searchParams, origin, pathname } = new URL(url);
    assert.equal(origin + pathname, `${provider.issuer}/authorize`);
    const asked = Object.fromEntries(searchParams);
    assert.match(asked.code_challenge!, /^[\w-]{43}$/);
    assert.deepEqual(
      { ...asked, code_challenge: '' },
      {
        response_type: 'code',
        client_id: CLIENT.client_id,
        redirect_uri,
        scope: 'openid email',
        state: flow.state,
        nonce: flow.nonce,
        code_challenge: '',
        code_challenge_method: 'S256',
      },
    );
    const back = await provider.visit(url);
    assert.deepEqual(await openid.finish(back.search.slice(1), flow), {
      issuer: provider.issuer,
      subject: 'subject-1',
      email: 'ada@example.com',
      name: 'Ada Lovelace',
    });
  });

  test('has an address only where the provider has verified it', async () => {
    for (const verified of [false, undefined, 'yes', 1]) {
      provider.person = { sub: 'subject-1', email: 'ada@example.com', email_verified: verified };
      assert.equal((await thereAndBack()).email, null, String(verified));
    }
  });

  test('has the address that the userinfo endpoint tells, of the same subject', async () => {
    provider.userinfo = { email: 'ada@example.com', email_verified: true };
    assert.equal((await thereAndBack()).email, 'ada@example.com');
    provider.userinfo = { ...provider.userinfo, sub: 'another' };
    await refuses(thereAndBack(), 'openid_refused');
  });

  test('gets in where the provider takes the secret in the body alone', async () => {
    provider.ways = ['client_secret_post'];
    assert.equal((await thereAndBack()).subject, 'subject-1');
  });

  test('is told apart by the provider, which is asked what it is like once', async () => {
    await Promise.all([thereAndBack(), thereAndBack()]);
    assert.equal(provider.asked.filter((path) => path.startsWith('/.well-known')).length, 1);
  });
});

describe('an answer is refused', () => {
  test('with a state that another browser began, and the code is not even used', async () => {
    const [mine, theirs] = [await there(), await there()];
    await refuses(openid.finish(theirs.query, mine.flow), 'openid_refused');
    assert.ok(!provider.asked.includes('/token'));
  });

  test('with a code that was meant for another browser, whatever its state', async () => {
    const [mine, theirs] = [await there(), await there()];
    const code = new URLSearchParams(theirs.query).get('code')!;
    const query = new URLSearchParams({ code, state: mine.flow.state }).toString();
    await refuses(openid.finish(query, mine.flow), 'openid_refused');
  });

  test('with a code that has been used', async () => {
    const { query, flow } = await there();
    await openid.finish(query, flow);
    await refuses(openid.finish(query, flow), 'openid_refused');
  });

  for (const [what, claims] of Object.entries({
    'another nonce': { nonce: 'another' },
    'no nonce': { nonce: undefined },
    'another audience': { aud: 'another' },
    'another issuer': { iss: 'https://evil.example' },
    'an end long ago': { exp: 1_000_000_000 },
    'no subject': { sub: undefined },
  }))
    test(`with ${what}`, async () => {
      provider.tamper = (given) => ({ ...given, ...claims });
      await refuses(thereAndBack(), 'openid_refused');
    });

  test('signed by somebody else', async () => {
    provider.forges = true;
    await refuses(thereAndBack(), 'openid_refused');
  });

  test('where the provider refuses', async () => {
    const { flow } = await openid.begin();
    const query = new URLSearchParams({ error: 'access_denied', error_description: 'ada may not', state: flow.state });
    await refuses(openid.finish(query.toString(), flow), 'openid_refused', /access_denied/);
    await refuses(openid.finish('', flow), 'openid_refused');
  });
});

describe('a provider that is not there', () => {
  test('is said to be unavailable, and is there again as soon as it is', async () => {
    provider.instead['/.well-known/openid-configuration'] = (_, response) => response.writeHead(503).end('Sorry');
    await refuses(openid.begin(), 'openid_unavailable');
    provider.instead = {};
    await openid.begin();
  });

  test('nor listens', async () => {
    const gone = openOpenid({ ...CLIENT, issuer: 'http://127.0.0.1:1', scope: 'openid', redirect_uri });
    await refuses(gone.begin(), 'openid_unavailable');
  });

  test('when a code is to be exchanged, is told from one that refuses', async () => {
    provider.instead['/token'] = (_, response) => response.writeHead(502).end('Sorry');
    await refuses(thereAndBack(), 'openid_unavailable');
    provider.instead['/token'] = (request) => request.socket.destroy();
    await refuses(thereAndBack(), 'openid_unavailable', /ECONNRESET|SOCKET/);
  });

  test('answers at another address, or is another than it says', async () => {
    let visited = 0;
    const other = createServer((_, response) => {
      visited++;
      response.end();
    });
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    const elsewhere = `http://127.0.0.1:${(other.address() as AddressInfo).port}/`;
    const redirect: OpenidProvider['instead'][string] = (_, response) =>
      response.writeHead(307, { location: elsewhere }).end();
    for (const path of ['/token', '/jwks', '/.well-known/openid-configuration']) {
      provider.instead = { [path]: redirect };
      const fresh = openOpenid({ ...CLIENT, issuer: provider.issuer, scope: 'openid', redirect_uri });
      openid = fresh;
      await refuses(thereAndBack(), 'openid_unavailable');
    }
    assert.equal(visited, 0);
    other.closeAllConnections();
    other.close();
    provider.instead = {
      '/.well-known/openid-configuration': (_, response) =>
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(JSON.stringify({ issuer: 'https://login.example.com', authorization_endpoint: elsewhere })),
    };
    openid = openOpenid({ ...CLIENT, issuer: provider.issuer, scope: 'openid', redirect_uri });
    await refuses(openid.begin(), 'openid_unavailable');
  });

  test('floods whoever asks, and is not listened to', async () => {
    provider.instead['/.well-known/openid-configuration'] = (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(`{"issuer":"${'x'.repeat(2_000_000)}"}`);
    };
    await refuses(openid.begin(), 'openid_unavailable', /too long/);
  });
});

// Behind a proxy that speaks HTTPS: what is redirected, what is refused, and whose word for it counts.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startServer, type TestServer } from './support/server.ts';

const HSTS = 'max-age=31536000; includeSubDomains; preload';
const options = { hsts: HSTS, https_redirect: true, public_url: 'https://crm.example.com' };
let behind: TestServer;
before(async () => {
  behind = await startServer({ ...options, trusted_proxies: ['127.0.0.1/32'], metrics_token: 'a-token-for-tests' });
});
after(() => behind.stop());

const plain = { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'http', 'x-forwarded-host': 'evil.example' };
const secure = { ...plain, 'x-forwarded-proto': 'https' };
const open = (path: string, method = 'GET', headers: Record<string, string> = plain) =>
  fetch(behind.base + path, { method, headers, redirect: 'manual' });

describe('over plain HTTP', () => {
  test('pages are sent on to the public address, when they are read and nothing secret came with it', async () => {
    for (const path of ['/api/docs', '/console?x=1', '/', '//evil.example/', '/@evil.example'])
      for (const method of ['GET', 'HEAD']) {
        const reply = await open(path, method);
        assert.deepEqual([reply.status, reply.headers.get('location')], [308, `https://crm.example.com${path}`]);
      }
    assert.equal((await open('/console', 'POST')).status, 403);
    assert.equal((await open('/console', 'GET', { ...plain, authorization: 'Bearer x' })).status, 403);
  });

  test('the API is refused, however its path is written', async () => {
    const before = (await behind.call('GET', '/api/customers/stats', undefined, secure)).text;
    const body = { first_name: 'Ada', last_name: 'Lovelace', email: 'ada@example.org' };
    const replies = [
      await behind.call('GET', '/api/customers', undefined, plain),
      await behind.call('POST', '/api/customers', body, plain),
      await behind.call('GET', '/%61pi/customers', undefined, plain),
      await behind.call('GET', '/api/openapi.json', undefined, plain),
      await behind.call('GET', '/metrics', undefined, { ...plain, authorization: 'Bearer a-token-for-tests' }),
    ];
    for (const reply of replies) {
      assert.deepEqual([reply.status, reply.body.code], [403, 'https_required']);
      assert.equal(reply.headers.get('location'), null);
    }
    assert.equal((await behind.call('GET', '/api/customers/stats', undefined, secure)).text, before);
  });

  test('probes are answered: whoever balances the load asks directly', async () => {
    for (const path of ['/healthz', '/readyz']) assert.equal((await open(path)).status, 200);
  });
});

describe('Strict-Transport-Security', () => {
  const sent = async (server: TestServer, headers: Record<string, string>, path = '/api/customers') =>
    (await server.call('GET', path, undefined, headers)).headers.get('strict-transport-security');

  test('is sent over HTTPS, with errors too, and never over plain HTTP', async () => {
    for (const path of ['/api/customers', '/api/nothing', '/api/docs', '/healthz'])
      assert.equal(await sent(behind, secure, path), HSTS, path);
    for (const path of ['/api/customers', '/api/nothing', '/healthz', '/api/customers/%ff'])
      assert.equal(await sent(behind, plain, path), null, path);
    assert.equal(await sent(behind, {}), null);
  });

  test('is not sent where it is not configured', async () => {
    const without = await startServer({ trusted_proxies: ['127.0.0.1/32'] });
    try {
      assert.equal(await sent(without, secure), null);
    } finally {
      await without.stop();
    }
  });
});

test('what a proxy says counts from the addresses that are trusted alone', async () => {
  for (const trusted_proxies of [[], ['10.0.0.0/8'], ['127.0.0.2'], ['::1']]) {
    const server = await startServer({ ...options, trusted_proxies });
    try {
      const reply = await server.call('GET', '/api/customers', undefined, secure);
      assert.equal(reply.headers.get('strict-transport-security'), null);
      // From this machine itself plain HTTP will do: had the address been believed, this would be refused.
      assert.equal((await server.call('GET', '/api/customers', undefined, plain)).status, 200);
    } finally {
      await server.stop();
    }
  }
});

test('what the caller wrote before the proxy did does not count', async () => {
  const headers = { 'x-forwarded-for': '127.0.0.1, 203.0.113.9', 'x-forwarded-proto': 'https, http' };
  assert.equal((await behind.call('GET', '/api/customers', undefined, headers)).status, 403);
  for (const header of ['forwarded', 'x-real-ip', 'x-forwarded-ssl', 'front-end-https', 'x-url-scheme'])
    assert.equal((await behind.call('GET', '/api/customers', undefined, { ...plain, [header]: 'https' })).status, 403);
});

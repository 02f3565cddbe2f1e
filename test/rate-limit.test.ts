// Quotas: whose they are, what is told of them, and that no caller can choose whose quota to draw on.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openRateLimiter } from '#server/rate-limit.ts';
import { openTestLog } from './support/log.ts';
import { signUp } from './support/people.ts';
import { startServer, type TestServer } from './support/server.ts';

const log = openTestLog();
let server: TestServer;
before(async () => {
  server = await startServer({ rate_limiter: openRateLimiter({ requests: 5, seconds: 3600 }), logger: log.logger });
});
after(() => server.stop());

const as = (role: 'viewer' | 'editor' | 'admin' | 'owner') => ({ authorization: `Bearer ${server.keys[role]}` });
const securityLines = (event: string) => log.lines().filter((line) => line.security === event);

describe('a key', () => {
  test('has a quota of its own, told in every reply, and is refused beyond it until some of it is back', async () => {
    for (let left = 4; left >= 0; left--) {
      const reply = await server.call('GET', '/api/customers', undefined, as('viewer'));
      assert.equal(reply.status, 200);
      assert.equal(reply.headers.get('ratelimit-policy'), '"default";q=5;w=3600');
      assert.match(reply.headers.get('ratelimit')!, new RegExp(`^"default";r=${left};t=\\d+$`));
    }
    const refused = await server.call('GET', '/api/customers', undefined, as('viewer'));
    assert.equal(refused.status, 429);
    assert.equal(refused.body.code, 'rate_limited');
    const seconds = Number(refused.headers.get('retry-after'));
    assert.ok(seconds > 700 && seconds <= 720, 'a fifth of an hour');
    assert.equal(refused.headers.get('ratelimit'), `"default";r=0;t=${seconds}`);
    const [line] = securityLines('rate_limited');
    assert.equal(line.request_id, refused.body.request_id);
    assert.equal(line.workspace, 'main');
    assert.ok(line.key_id);
  });

  test('beyond its quota changes nothing', async () => {
    const body = { first_name: 'Ada', last_name: 'Lovelace', email: 'ada@example.org' };
    const statuses = [];
    for (let index = 0; index < 7; index++)
      statuses.push((await server.call('POST', '/api/customers', { ...body, email: `a${index}@example.org` })).status);
    assert.deepEqual(statuses, [201, 201, 201, 201, 201, 429, 429]);
    const { body: list } = await server.call('GET', '/api/customers', undefined, as('admin'));
    assert.equal(list.count, 5);
  });

  test('cannot get out of it by anything that it sends', async () => {
    const tries: Record<string, string>[] = [
      { 'x-forwarded-for': '198.51.100.7' },
      { forwarded: 'for=198.51.100.7' },
      { 'x-real-ip': '198.51.100.7' },
      { 'x-request-id': 'another' },
      { 'clientele-workspace': 'other' },
    ];
    for (const headers of tries)
      assert.equal(
        (await server.call('GET', '/api/customers', undefined, { ...as('viewer'), ...headers })).status,
        429,
      );
  });
});

describe('an address', () => {
  const wrong = `clt_${'0'.repeat(32)}1_${'0'.repeat(64)}`;

  test('has a quota for wrong keys, for none, and for what does not exist; keys that were right before still pass', async () => {
    assert.equal((await server.call('GET', '/api/customers/stats', undefined, as('owner'))).status, 200);
    const attempts = [
      ['/api/customers', `Bearer ${wrong}`, 401],
      ['/api/customers', 'Bearer nonsense', 401],
      ['/api/customers', '', 401],
      ['/api/nothing', '', 404],
      ['/api/openapi.json', '', 200],
      ['/api/customers', `Bearer ${wrong}`, 429],
      ['/api/nothing', '', 429],
      ['/api/openapi.json', '', 429],
    ] as const;
    for (const [path, authorization, status] of attempts) {
      const headers: Record<string, string> = { authorization, 'x-forwarded-for': `198.51.100.${Math.random()}` };
      assert.deepEqual([path, (await server.call('GET', path, undefined, headers)).status], [path, status]);
    }
    assert.equal((await server.call('GET', '/api/customers/stats', undefined, as('owner'))).status, 200);
    assert.equal(securityLines('key_refused').length, 3);
  });

  test('draws nothing for the probes of machines', async () => {
    for (let index = 0; index < 10; index++) assert.equal((await server.call('GET', '/healthz')).status, 200);
  });

  test('is told by a trusted proxy, and by nobody else', async () => {
    const behind = await startServer({
      rate_limiter: openRateLimiter({ requests: 1, seconds: 3600 }),
      trusted_proxies: ['127.0.0.1'],
    });
    try {
      const from = async (address: string) =>
        (await fetch(`${behind.base}/api/nothing`, { headers: { 'x-forwarded-for': address } })).status;
      assert.equal(await from('198.51.100.1'), 404);
      assert.equal(await from('198.51.100.1'), 429);
      assert.equal(await from('198.51.100.2'), 404);
      assert.equal(await from('9.9.9.9, 198.51.100.2'), 429, 'what stands left of it, the caller has written');
    } finally {
      await behind.stop();
    }
  });
});

test('no key stands in the log', () => {
  assert.ok(log.lines().length > 20);
  for (const key of Object.values(server.keys)) assert.ok(!log.text().includes(key.slice(-64)));
});

test('a person has a quota of their own, in whatever session', async () => {
  const server = await startServer({
    rate_limiter: openRateLimiter({ requests: 5, seconds: 3600 }),
    logger: log.logger,
  });
  const person = await signUp(server, 'viewer');
  for (let left = 4; left >= 0; left--) {
    const path = left % 2 === 0 ? '/api/session' : '/api/customers';
    const { status, headers } = await person.call('GET', path);
    assert.equal(status, 200);
    assert.match(headers.get('ratelimit')!, new RegExp(`^"default";r=${left};`));
  }
  for (const path of ['/api/session', '/api/customers'])
    assert.equal((await person.call('GET', path)).body.code, 'rate_limited');
  const line = securityLines('rate_limited').at(-1);
  assert.deepEqual([line.account_id, line.key_id], [person.id, undefined]);
  await server.stop();
});

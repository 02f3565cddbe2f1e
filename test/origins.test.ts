// Pages of other sites: which may call the API, and that a browser lets no other see an answer.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openTestLog } from './support/log.ts';
import { repliesIn, sendRaw } from './support/raw.ts';
import { startServer, type TestServer } from './support/server.ts';

const LISTED = 'https://app.example.com';
const log = openTestLog();
let open: TestServer;
let closed: TestServer;
before(async () => {
  open = await startServer({ cors_origins: [LISTED, 'http://localhost:5173'], logger: log.logger });
  closed = await startServer();
});
after(() => Promise.all([open.stop(), closed.stop()]));

const ask = async (server: TestServer, line: string, origin: string, more = '') =>
  repliesIn(await sendRaw(server.base, `${line} HTTP/1.1\r\nHost: x\r\nOrigin: ${origin}\r\n${more}\r\n`))[0]!;
const preflight = (server: TestServer, origin: string) =>
  ask(server, 'OPTIONS /api/customers', origin, 'Access-Control-Request-Method: PATCH\r\n');
const read = (server: TestServer, origin: string) =>
  ask(server, 'GET /api/customers', origin, `Authorization: Bearer ${server.keys.viewer}\r\n`);

describe('an origin that is listed', () => {
  test('may read, write and see the headers that tell of an answer, but sends no cookies', async () => {
    for (const origin of [LISTED, 'http://localhost:5173']) {
      const { status, head } = await preflight(open, origin);
      assert.equal(status, 204);
      assert.match(head, new RegExp(`^access-control-allow-origin: ${origin}$`, 'm'));
      assert.match(head, /^access-control-allow-methods: .*PATCH/m);
      assert.match(head, /^access-control-allow-headers: .*Authorization/m);
      assert.match((await read(open, origin)).head, /^access-control-expose-headers: .*ETag/m);
    }
    for (const { head } of [await preflight(open, LISTED), await read(open, LISTED)]) {
      assert.doesNotMatch(head, /access-control-allow-credentials|access-control-allow-origin: \*|set-cookie/i);
      assert.match(head, /^vary: Origin$/im);
    }
  });
});

const LOOK_ALIKES = [
  'null',
  '*',
  '',
  'http://app.example.com',
  'HTTPS://APP.EXAMPLE.COM',
  'https://app.example.com:443',
  'https://app.example.com:8443',
  'https://app.example.com/',
  'https://app.example.com.evil.example',
  'https://app.example.com@evil.example',
  'https://evil-app.example.com',
  'https://evil.example/https://app.example.com',
  'https://sub.app.example.com',
  'https://appXexample.com',
  'https://app.example.co',
  `${LISTED}, https://evil.example`,
  `${LISTED} https://evil.example`,
  `${LISTED}\r\nOrigin: https://evil.example`,
  'file://',
  'http://localhost:5174',
];

describe('an origin that is not listed is let see nothing:', () => {
  for (const origin of LOOK_ALIKES)
    test(JSON.stringify(origin), async () => {
      for (const { head } of [await preflight(open, origin), await read(open, origin)])
        assert.doesNotMatch(head, /access-control-allow-(origin|credentials)/i);
    });

  test('none at all where none is listed', async () => {
    for (const origin of [LISTED, ...LOOK_ALIKES])
      for (const { head } of [await preflight(closed, origin), await read(closed, origin)])
        assert.doesNotMatch(head, /access-control/i, origin);
  });

  test('and the log says so', () => {
    assert.ok(log.lines().filter((line) => line.security === 'origin_refused').length >= LOOK_ALIKES.length - 1);
  });
});

test('what a form of another site can send is refused: it changes nothing without a key and without JSON', async () => {
  const body = JSON.stringify({ first_name: 'Ada', last_name: 'Lovelace', email: 'ada@example.org' });
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', '']) {
    const headers = { 'content-type': type, origin: 'https://evil.example' };
    assert.equal((await open.call('POST', '/api/customers', body, headers)).status, 415, type);
    assert.equal(
      (await open.call('POST', '/api/customers', body, { ...headers, authorization: '' })).status,
      401,
      type,
    );
  }
  const withCookie = { authorization: '', cookie: `key=${open.keys.owner}; authorization=Bearer ${open.keys.owner}` };
  assert.equal((await open.call('GET', '/api/customers', undefined, withCookie)).status, 401);
  assert.equal((await open.call('GET', `/api/customers?key=${open.keys.owner}`, undefined, withCookie)).status, 401);
  assert.equal((await open.call('GET', '/api/customers/stats')).body.total_customers, 0);
});

test('no answer is a script: a callback is an unknown parameter, and no reply has a type that runs', async () => {
  assert.equal((await open.call('GET', '/api/customers?callback=alert')).status, 400);
  for (const path of ['/api/customers', '/api/nothing', '/api/customers/<script>', '/api/openapi.json', '/healthz']) {
    const { headers } = await open.call('GET', path);
    assert.match(headers.get('content-type')!, /^application\/(problem\+)?json; charset=utf-8$/, path);
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
  }
});

// What every reply has, whatever was sent: the security headers, one shape of error, and no 5xx for anything malformed.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { sendRaw } from './support/raw.ts';
import { startServer, type TestServer } from './support/server.ts';

let server: TestServer;
before(async () => {
  server = await startServer();
});
after(() => server.stop());

const request = (line: string, headers = '') => `${line}\r\nHost: x\r\n${headers}\r\n`;

describe('an error has the shape of a problem, also the parser’s own', () => {
  const cases: [name: string, bytes: string, status: number, code: string][] = [
    ['no HTTP', 'hello there\r\n\r\n', 400, 'malformed_request'],
    ['a bad method', request('BREW /api/customers HTTP/1.1'), 400, 'malformed_request'],
    ['headers beyond bounds', request('GET / HTTP/1.1', `X: ${'a'.repeat(20_000)}\r\n`), 431, 'headers_too_large'],
    ['a path of bad escapes', request('GET /api/customers/%zz HTTP/1.1'), 400, 'bad_url'],
    ['a path of invalid UTF-8', request('GET /api/customers/%ff HTTP/1.1'), 400, 'bad_url'],
    [
      'a path too long for a parameter',
      request(`GET /api/customers/${'a'.repeat(4000)} HTTP/1.1`),
      414,
      'uri_too_long',
    ],
    ['nothing there', request('GET /api/nothing HTTP/1.1'), 404, 'not_found'],
    [
      'a method not allowed',
      request('PUT /api/customers HTTP/1.1', 'Content-Length: 0\r\n'),
      405,
      'method_not_allowed',
    ],
    [
      'two lengths',
      request('POST /api/customers HTTP/1.1', 'Content-Length: 1\r\nContent-Length: 2\r\n'),
      400,
      'malformed_request',
    ],
    ['no key', request('GET /api/customers HTTP/1.1'), 401, 'unauthenticated'],
  ];
  for (const [name, bytes, status, code] of cases)
    test(name, async () => {
      const reply = await sendRaw(server.base, bytes);
      const [head = '', body = ''] = reply.split('\r\n\r\n');
      assert.match(head, new RegExp(`^HTTP/1.1 ${status} `), reply);
      assert.match(head, /content-type: application\/problem\+json/i);
      assert.match(head, /x-content-type-options: nosniff/i);
      assert.match(head, /content-security-policy: default-src 'none'/i);
      const problem = JSON.parse(body);
      assert.equal(problem.code, code);
      assert.equal(problem.status, status);
      assert.ok(problem.request_id);
    });

  test('405 says what is allowed', async () => {
    const reply = await server.call('DELETE', '/api/customers');
    assert.equal(reply.headers.get('allow'), 'GET, HEAD, POST');
  });
});

test('random bytes and random paths never give a 5xx', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      assert.doesNotMatch(
        await sendRaw(
          server.base,
          Buffer.concat([Buffer.from('POST /api/customers HTTP/1.1\r\n'), bytes, Buffer.from('\r\n\r\n')]),
        ),
        /^HTTP\/1.1 5/,
      );
    }),
    { numRuns: 60 },
  );
  const segment = fc.oneof(
    fc.constantFrom('api', 'customers', 'by-external-id', 'restore', 'events', 'keys', '..', '', '%2e', 'stats'),
    fc.string({ unit: 'binary' }).map(encodeSafely),
  );
  const method = fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD');
  await fc.assert(
    fc.asyncProperty(
      method,
      fc.array(segment, { maxLength: 5 }),
      fc.string({ unit: 'binary' }).map(encodeSafely),
      fc.json(),
      async (verb, path, query, body) => {
        const reply = await server.call(
          verb,
          `/${path.join('/')}?${query}`,
          verb === 'GET' || verb === 'HEAD' ? undefined : body,
        );
        assert.ok(reply.status < 500, `${verb} ${path.join('/')}: ${reply.text}`);
      },
    ),
    { numRuns: 300 },
  );
});

function encodeSafely(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

test('any JSON as a customer is taken or refused, never a 5xx', async () => {
  const value = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'grapheme' }),
    fc.anything({ maxDepth: 1 }),
    fc.constantFrom(' ', 'a@b.co', '+14155552671', null, true),
  );
  const body = fc.record(
    { first_name: value, last_name: value, email: value, phone: value, is_active: value, external_id: value },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(body, async (fields) => {
      const reply = await server.call('POST', '/api/customers', JSON.stringify(fields));
      assert.ok(reply.status === 201 || reply.status === 400, reply.text);
      if (reply.status === 201)
        assert.equal((await server.call('GET', `/api/customers/${reply.body.id}`)).text, reply.text);
    }),
    { numRuns: 300 },
  );
});

test('a request id is taken if sane, else made', async () => {
  assert.equal(
    (await server.call('GET', '/healthz', undefined, { 'x-request-id': 'abc-1' })).headers.get('x-request-id'),
    'abc-1',
  );
  assert.match(
    (await server.call('GET', '/healthz', undefined, { 'x-request-id': 'a b<' })).headers.get('x-request-id')!,
    /^[0-9a-f-]{36}$/,
  );
});

test('every reply has the headers that keep browsers safe, and none that names what made it', async () => {
  const body = { first_name: 'Ada', last_name: 'Lovelace', email: 'headers@example.org' };
  const made = await server.call('POST', '/api/customers', body);
  const path = `/api/customers/${made.body.id}`;
  const replies = [
    made,
    await server.call('GET', path),
    await server.call('HEAD', path),
    await server.call('GET', path, undefined, { 'if-none-match': '"1"' }),
    await server.call('GET', '/api/customers'),
    await server.call('GET', '/api/customers?x=1'),
    await server.call('GET', '/api/customers', undefined, { authorization: '' }),
    await server.call('GET', '/api/keys'),
    await server.call('GET', '/api/docs'),
    await server.call('GET', '/healthz'),
    await server.call('GET', '/metrics'),
    await server.call('GET', '/nothing'),
    await server.call('GET', '/%zz'),
    await server.call('OPTIONS', '/api/customers'),
    await server.call('DELETE', path),
  ];
  const statuses = replies.map(({ status }) => status);
  assert.deepEqual(statuses, [201, 200, 200, 304, 200, 400, 401, 403, 200, 200, 403, 404, 400, 405, 204]);
  for (const { status, headers } of replies) {
    assert.match(headers.get('content-security-policy')!, /^default-src 'none'; style-src 'self'; /);
    assert.match(headers.get('content-security-policy')!, /base-uri 'none'; frame-ancestors 'none'$/);
    assert.doesNotMatch(headers.get('content-security-policy')!, /unsafe|script-src|\*/);
    assert.match(
      headers.get('cache-control')!,
      status >= 400 ? /^no-store$/ : /^(no-cache, private|public, no-cache)$/,
    );
    assert.ok(headers.get('x-request-id'));
    for (const [name, value] of [
      ['x-content-type-options', 'nosniff'],
      ['x-frame-options', 'DENY'],
      ['referrer-policy', 'strict-origin-when-cross-origin'],
      ['cross-origin-opener-policy', 'same-origin'],
      ['cross-origin-resource-policy', 'same-origin'],
      ['x-xss-protection', '0'],
    ] as const)
      assert.equal(headers.get(name), value, `${status} ${name}`);
    for (const name of ['server', 'x-powered-by', 'via', 'set-cookie', 'strict-transport-security'])
      assert.equal(headers.get(name), null, `${status} ${name}`);
  }
});

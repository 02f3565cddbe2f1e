// What every reply has, whatever was sent: the security headers, one shape of error, and no 5xx for anything malformed.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { startServer, type TestServer } from './support/server.ts';

let server: TestServer;
before(async () => {
  server = await startServer();
});
after(() => server.stop());

/** Sends bytes as they are and gives what comes back until the server closes, or has answered. */
function raw(bytes: string | Uint8Array): Promise<string> {
  const { hostname, port } = new URL(server.base);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    let got = '';
    socket.setTimeout(5000, () => socket.destroy());
    socket.on('data', (chunk) => {
      got += chunk.toString('latin1');
      const [head = '', body] = got.split('\r\n\r\n', 2);
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? Number.NaN);
      if (body !== undefined && body.length >= length) socket.end();
    });
    socket.on('close', () => resolve(got));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' || error.code === 'EPIPE' ? resolve(got) : reject(error),
    );
  });
}

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
      const reply = await raw(bytes);
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
        await raw(Buffer.concat([Buffer.from('POST /api/customers HTTP/1.1\r\n'), bytes, Buffer.from('\r\n\r\n')])),
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

describe('behind HTTPS', () => {
  test('HSTS is sent, pages are redirected to the public address, the API refuses plain HTTP', async () => {
    const secured = await startServer({
      hsts: 'max-age=31536000; includeSubDomains; preload',
      https_redirect: true,
      public_url: 'https://crm.example.com',
      trusted_proxies: ['127.0.0.1/32'],
    });
    try {
      const plain = {
        'x-forwarded-for': '203.0.113.9',
        'x-forwarded-proto': 'http',
        'x-forwarded-host': 'evil.example',
      };
      const refused = await secured.call('GET', '/api/customers', undefined, plain);
      assert.deepEqual([refused.status, refused.body.code], [403, 'https_required']);
      const page = await fetch(`${secured.base}/console?x=1`, { headers: plain, redirect: 'manual' });
      assert.deepEqual([page.status, page.headers.get('location')], [308, 'https://crm.example.com/console?x=1']);
      const good = await secured.call('GET', '/api/customers', undefined, { ...plain, 'x-forwarded-proto': 'https' });
      assert.equal(good.status, 200);
      assert.equal(good.headers.get('strict-transport-security'), 'max-age=31536000; includeSubDomains; preload');
    } finally {
      await secured.stop();
    }
  });
});

describe('other origins', () => {
  test('are let in when listed, and only then', async () => {
    const open = await startServer({ cors_origins: ['https://app.example.com'] });
    try {
      const preflight = (base: string, origin: string) =>
        fetch(`${base}/api/customers`, {
          method: 'OPTIONS',
          headers: {
            origin,
            'access-control-request-method': 'PATCH',
            'access-control-request-headers': 'authorization,content-type',
          },
        });
      const allowed = await preflight(open.base, 'https://app.example.com');
      assert.equal(allowed.status, 204);
      assert.equal(allowed.headers.get('access-control-allow-origin'), 'https://app.example.com');
      assert.match(allowed.headers.get('access-control-allow-methods')!, /PATCH/);
      const stranger = await preflight(open.base, 'https://evil.example.com');
      assert.equal(stranger.headers.get('access-control-allow-origin'), null);
      assert.equal(
        (await preflight(server.base, 'https://app.example.com')).headers.get('access-control-allow-origin'),
        null,
      );
      const read = await open.call('GET', '/api/customers', undefined, { origin: 'https://app.example.com' });
      assert.equal(read.headers.get('access-control-allow-origin'), 'https://app.example.com');
      assert.match(read.headers.get('access-control-expose-headers')!, /ETag/);
    } finally {
      await open.stop();
    }
  });
});

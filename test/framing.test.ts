// Where one request ends and the next begins, and whom a request is for: whatever a proxy before the server could read in
// another way than the server does is refused, with the connection closed behind it where the two could lose step.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { repliesIn, sendRaw } from './support/raw.ts';
import { startServer, type TestServer } from './support/server.ts';

let server: TestServer;
before(async () => {
  server = await startServer();
});
after(() => server.stop());

const JSON_TYPE = 'Content-Type: application/json\r\n';
const BODY = JSON.stringify({ first_name: 'Ada', last_name: 'Lovelace', email: 'ada@example.org' });
const key = () => `Authorization: Bearer ${server.keys.editor}\r\n`;
const count = async () => (await server.call('GET', '/api/customers/stats')).body.total_customers;

/** A POST with these framing headers and body, and behind it a request that must not be taken for one of its own. */
const post = (framing: string, body: string) =>
  `POST /api/customers HTTP/1.1\r\nHost: x\r\n${key()}${JSON_TYPE}${framing}\r\n\r\n${body}` +
  `DELETE /api/customers/smuggled HTTP/1.1\r\nHost: x\r\n${key()}\r\n`;

describe('a request is refused, and its connection closed, for', () => {
  const length = `Content-Length: ${BODY.length}`;
  const chunked = 'Transfer-Encoding: chunked';
  const whole = `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`;
  const shapes: [name: string, framing: string, body: string][] = [
    ['a length and chunks', `${length}\r\n${chunked}`, whole],
    ['chunks and a length', `${chunked}\r\n${length}`, whole],
    ['a length twice', `${length}\r\n${length}`, BODY],
    ['two lengths', `${length}\r\nContent-Length: 5`, BODY],
    ['a list of lengths', `${length}, ${BODY.length}`, BODY],
    ['a length with a sign', `Content-Length: +${BODY.length}`, BODY],
    ['a negative length', 'Content-Length: -1', BODY],
    ['a hexadecimal length', `Content-Length: 0x${BODY.length.toString(16)}`, BODY],
    ['no length where it should be', 'Content-Length:', BODY],
    ['a length beyond all numbers', 'Content-Length: 99999999999999999999999', BODY],
    ['a space before the colon of a length', `Content-Length : ${BODY.length}`, BODY],
    ['a space before the colon of chunks', 'Transfer-Encoding : chunked', whole],
    ['an encoding that is none', 'Transfer-Encoding: xchunked', whole],
    ['an encoding of identity', 'Transfer-Encoding: identity', whole],
    ['chunks that are not the last encoding', 'Transfer-Encoding: chunked, identity', whole],
    ['chunks twice', `${chunked}\r\n${chunked}`, whole],
    ['chunks in a folded line', 'Transfer-Encoding:\r\n chunked', whole],
    ['chunks after a vertical tab', 'Transfer-Encoding: \x0bchunked', whole],
    ['a chunk size with more behind it', chunked, '2x\r\n{}\r\n0\r\n\r\n'],
    ['a chunk size with 0x', chunked, '0x2\r\n{}\r\n0\r\n\r\n'],
    ['a chunk size with a space', chunked, '2 \r\n{}\r\n0\r\n\r\n'],
    ['a negative chunk size', chunked, '-2\r\n{}\r\n0\r\n\r\n'],
    ['a chunk size beyond all numbers', chunked, 'fffffffffffffffff\r\n{}\r\n0\r\n\r\n'],
    ['chunks in lines that end in LF', chunked, '2\n{}\n0\n\n'],
    ['LF in a chunk extension', chunked, '2;a\nb\r\n{}\r\n0\r\n\r\n'],
    ['a chunk longer than its size', chunked, '2\r\n{}{}\r\n0\r\n\r\n'],
    ['a folded header', `${length}\r\nX: a\r\n b`, BODY],
    ['LF within a header', `${length}\r\nX: a\nY: b`, BODY],
    ['CR within a header', `${length}\r\nX: a\rY: b`, BODY],
    ['NUL within a header', `${length}\r\nX: a\0b`, BODY],
    ['a header without a colon', `${length}\r\nX`, BODY],
    ['a header without a name', `${length}\r\n: x`, BODY],
  ];
  for (const [name, framing, body] of shapes)
    test(name, async () => {
      const before = await count();
      const replies = repliesIn(await sendRaw(server.base, post(framing, body), 2));
      assert.deepEqual(
        replies.map(({ status, body }) => [status, JSON.parse(body).code]),
        [[400, 'malformed_request']],
      );
      assert.match(replies[0]!.head, /^connection: close$/im);
      assert.equal(await count(), before);
    });

  test('lines that end in LF, a first header that is folded, and versions that are none', async () => {
    for (const bytes of [
      `GET /api/customers HTTP/1.1\nHost: x\n${key().trim()}\n\n`,
      `GET /api/customers HTTP/1.1\r\n Host: x\r\n${key()}\r\n`,
      `GET /api/customers HTTP/1.2\r\nHost: x\r\n${key()}\r\n`,
      `GET /api/customers x HTTP/1.1\r\nHost: x\r\n${key()}\r\n`,
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    ]) {
      const [reply] = repliesIn(await sendRaw(server.base, bytes));
      assert.deepEqual([reply!.status, JSON.parse(reply!.body).code], [400, 'malformed_request'], bytes.slice(0, 60));
    }
  });
});

test('the bytes of a body are never a request: not of one that is refused, and not of one that takes none', async () => {
  const inner = `POST /api/customers HTTP/1.1\r\nHost: x\r\n${key()}${JSON_TYPE}Content-Length: ${BODY.length}\r\n\r\n${BODY}`;
  const before = await count();
  for (const [line, headers, status] of [
    ['POST /api/customers', JSON_TYPE, 401],
    ['GET /api/customers/stats', key(), 200],
    ['DELETE /api/customers/x', key(), 400],
    ['POST /api/nothing', key(), 404],
    ['POST /api/customers', `${key()}${JSON_TYPE}`, 400],
  ] as const) {
    const outer = `${line} HTTP/1.1\r\nHost: x\r\n${headers}Content-Length: ${inner.length}\r\n\r\n${inner}`;
    const next = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n';
    const replies = repliesIn(await sendRaw(server.base, outer + next, 2));
    assert.deepEqual(
      replies.map((reply) => reply.status),
      [status, 200],
      line,
    );
  }
  assert.equal(await count(), before);
});

test('what a trailer says is not heard', async () => {
  const bytes = `POST /api/customers HTTP/1.1\r\nHost: x\r\n${JSON_TYPE}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n${key()}\r\n`;
  assert.equal(repliesIn(await sendRaw(server.base, bytes))[0]!.status, 401);
});

describe('whom a request is for', () => {
  const get = (path: string, headers: string) => `GET ${path} HTTP/1.1\r\n${headers}${key()}\r\n`;
  const statusOf = async (bytes: string) => repliesIn(await sendRaw(server.base, bytes))[0]!.status;

  test('is said once: not by no Host or two, nor by two keys', async () => {
    const path = '/api/customers/stats';
    assert.equal(await statusOf(get(path, 'Host: x\r\n')), 200);
    for (const headers of [
      '',
      'Host: a\r\nHost: b\r\n',
      'Host: a\r\nhOST: a\r\n',
      'Host: x\r\nAuthorization: Bearer y\r\n',
    ])
      assert.equal(await statusOf(get(path, headers)), 400, headers);
    assert.equal(await statusOf(`GET ${path} HTTP/1.0\r\n${key()}\r\n`), 200);
  });

  test('never reaches a reply: no Host, no forwarded host, no host of a URL', async () => {
    const hosts = 'Host: evil.example\r\nX-Forwarded-Host: evil.example\r\nForwarded: host=evil.example\r\n';
    await server.call('POST', '/api/customers', { ...JSON.parse(BODY), email: 'a@example.org' });
    await server.call('POST', '/api/customers', { ...JSON.parse(BODY), email: 'b@example.org' });
    const paths = [
      '/api/customers?limit=1',
      '/api/customers/stats',
      '/api/docs',
      '/api/nothing',
      '/api/customers/x',
      '/%zz',
    ];
    for (const path of paths)
      for (const target of [path, `http://evil.example${path}`]) {
        const reply = await sendRaw(server.base, get(target, hosts));
        assert.match(reply, /^HTTP\/1.1 (200|400|404) /);
        assert.doesNotMatch(reply, /evil/);
      }
    const made = `POST http://evil.example/api/customers HTTP/1.1\r\n${hosts}${key()}${JSON_TYPE}Content-Length: ${BODY.length}\r\n\r\n${BODY}`;
    const [{ status, head, body }] = repliesIn(await sendRaw(server.base, made)) as [ReturnType<typeof repliesIn>[0]];
    assert.equal(status, 201);
    assert.match(head, /^location: \/api\/customers\/[0-9a-f-]{36}$/m);
    assert.doesNotMatch(head + body, /evil/);
  });
});

describe('methods', () => {
  test('that a route does not have are 405, and TRACE gives nothing back', async () => {
    for (const method of ['TRACE', 'PURGE', 'PROPFIND', 'LINK', 'SEARCH', 'OPTIONS']) {
      const bytes = `${method} /api/customers HTTP/1.1\r\nHost: x\r\nX-Secret: mirror\r\n${key()}\r\n`;
      const [reply] = repliesIn(await sendRaw(server.base, bytes));
      assert.deepEqual([reply!.status, JSON.parse(reply!.body).code], [405, 'method_not_allowed'], method);
      assert.match(reply!.head, /^allow: GET, HEAD, POST$/im);
      assert.doesNotMatch(reply!.head + reply!.body, /mirror|Bearer/);
    }
  });

  test('cannot be changed by a header or a parameter', async () => {
    const override = { 'x-http-method-override': 'DELETE', 'x-method-override': 'DELETE', 'x-http-method': 'DELETE' };
    assert.equal((await server.call('POST', '/api/customers/stats', undefined, override)).status, 405);
    assert.equal((await server.call('GET', '/api/customers?_method=POST')).status, 400);
  });

  test('CONNECT opens no tunnel, and an Upgrade changes nothing', async () => {
    for (const target of ['evil.example:443', '/api/customers']) {
      const [reply] = repliesIn(await sendRaw(server.base, `CONNECT ${target} HTTP/1.1\r\nHost: x\r\n${key()}\r\n`));
      assert.deepEqual([reply!.status, JSON.parse(reply!.body).code], [400, 'malformed_request']);
    }
    for (const upgrade of ['websocket', 'h2c']) {
      const headers = `Host: x\r\n${key()}Connection: Upgrade\r\nUpgrade: ${upgrade}\r\n`;
      const [reply] = repliesIn(await sendRaw(server.base, `GET /api/customers/stats HTTP/1.1\r\n${headers}\r\n`));
      assert.equal(reply!.status, 200);
    }
  });

  test('an expectation that is not understood is passed over', async () => {
    const bytes = `GET /healthz HTTP/1.1\r\nHost: x\r\nExpect: the-unexpected\r\n\r\n`;
    assert.equal(repliesIn(await sendRaw(server.base, bytes))[0]!.status, 200);
  });
});

describe('size', () => {
  const MiB = 1_048_576;
  const asked: [name: string, bytes: () => string, status: number, code: string][] = [
    ['a body that says it is too large', () => head(`Content-Length: ${MiB + 1}`), 413, 'body_too_large'],
    [
      'a body of chunks that grows too large',
      () => `${head('Transfer-Encoding: chunked')}${chunks(17)}`,
      413,
      'body_too_large',
    ],
    [
      'headers',
      () => `GET /api/customers HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(17_000)}\r\n\r\n`,
      431,
      'headers_too_large',
    ],
    [
      'many headers',
      () => `GET /api/customers HTTP/1.1\r\nHost: x\r\n${'a:\r\n'.repeat(5000)}\r\n`,
      431,
      'headers_too_large',
    ],
    [
      'a URL',
      () => `GET /api/customers?search=${'a'.repeat(17_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
      431,
      'headers_too_large',
    ],
    [
      'a part of the path',
      () => `GET /api/customers/${'a'.repeat(3300)} HTTP/1.1\r\nHost: x\r\n\r\n`,
      414,
      'uri_too_long',
    ],
  ];
  const head = (framing: string) => `POST /api/customers HTTP/1.1\r\nHost: x\r\n${key()}${JSON_TYPE}${framing}\r\n\r\n`;
  const chunks = (count: number) => `10000\r\n${' '.repeat(65_536)}\r\n`.repeat(count);
  for (const [name, bytes, status, code] of asked)
    test(`${name} beyond its limit is refused with its own problem`, async () => {
      const [reply] = repliesIn(await sendRaw(server.base, bytes()));
      assert.deepEqual([reply!.status, JSON.parse(reply!.body).code], [status, code]);
    });
});

test('a request that does not arrive in time is refused, with its headers or its body missing', async () => {
  const hasty = await startServer({ request_timeout_ms: 300 });
  try {
    const line = `POST /api/customers HTTP/1.1\r\nHost: x\r\n`;
    for (const part of [
      line,
      `${line}Authorization: Bearer ${hasty.keys.editor}\r\n${JSON_TYPE}Content-Length: 100\r\n\r\n{"first_name":`,
    ]) {
      const [reply] = repliesIn(await sendRaw(hasty.base, part));
      assert.deepEqual([reply?.status, JSON.parse(reply?.body ?? '{}').code], [408, 'request_timeout']);
    }
  } finally {
    await hasty.stop();
  }
});

describe('a connection that was refused', () => {
  const open = async (bytes: string): Promise<Socket> => {
    const { hostname, port } = new URL(server.base);
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write(bytes);
    return socket;
  };
  const refused = ['hello there\r\n\r\n', 'CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\n\r\n'];

  test('and that is held open all the same is let go', { timeout: 30_000 }, async () => {
    for (const bytes of refused) {
      const socket = await open(bytes);
      socket.resume();
      await once(socket, 'end');
      // Nobody is there any more when what is written comes back as an error.
      while (!socket.destroyed) {
        socket.write('x');
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  });

  test('and that is cut off meanwhile harms nobody', async () => {
    for (const bytes of refused)
      for (let index = 0; index < 50; index++) {
        const socket = await open(bytes);
        socket.resetAndDestroy();
      }
    assert.equal((await server.call('GET', '/healthz')).status, 200);
  });
});

describe('header values', () => {
  const printable = fc
    .string({ unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 60 })
    .map((text) => text.replace(/[\r\n]/g, ''));

  test('of any bytes never give a 5xx, nor another line in the reply', async () => {
    const names = [
      'X-Request-Id',
      'Idempotency-Key',
      'If-Match',
      'If-None-Match',
      'Origin',
      'Authorization',
      'Content-Type',
    ];
    const usual = new Set(
      (await sendRaw(server.base, sent('X', 'y'))).split('\r\n\r\n')[0]!.split('\r\n').slice(1).map(nameOf),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), printable, async (name, value) => {
        const [reply] = repliesIn(await sendRaw(server.base, sent(name, value)));
        assert.ok(reply && reply.status < 500, reply?.body);
        const lines = reply.head.split('\r\n').slice(1);
        for (const line of lines) assert.match(line, /^[\w-]+: [\x20-\x7e]*$/);
        if (reply.status === 400) return;
        const known = [
          ...usual,
          'www-authenticate',
          'etag',
          'location',
          'clientele-position',
          'idempotency-replayed',
          'allow',
        ];
        assert.deepEqual(
          lines.map(nameOf).filter((one) => !known.includes(one)),
          [],
        );
      }),
      { numRuns: 300 },
    );
  });
  const nameOf = (line: string) => line.slice(0, line.indexOf(':')).toLowerCase();
  const sent = (name: string, value: string) =>
    `PATCH /api/customers/x HTTP/1.1\r\nHost: x\r\n${name === 'Authorization' ? '' : key()}${name === 'Content-Type' ? '' : JSON_TYPE}${name}: ${value}\r\nContent-Length: 2\r\n\r\n{}`;

  test('with a line break in them end there: no reply repeats what follows', async () => {
    for (const name of ['X-Request-Id', 'Idempotency-Key', 'If-Match', 'Origin']) {
      const reply = await sendRaw(server.base, sent(name, 'a\r\nX-Injected: yes'));
      assert.doesNotMatch(reply, /injected/i);
    }
  });
});

// Sessions and browsers: under which name a cookie goes, and from whose pages a request may come that goes by one.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openVisitor, PASSWORD, signUp } from './support/people.ts';
import { repliesIn, sendRaw } from './support/raw.ts';
import { startServer, type TestReply, type TestServer } from './support/server.ts';

const PUBLIC = 'https://crm.example.com';
let server: TestServer;
let person: Awaited<ReturnType<typeof signUp>>;
before(async () => {
  server = await startServer({ public_url: `${PUBLIC}/`, trusted_proxies: ['127.0.0.1'] });
  person = await signUp(server, 'editor');
});
after(() => server.stop());

/** As a proxy that takes HTTPS hands a request on. */
const HTTPS = { 'x-forwarded-proto': 'https' };
const codeOf = ({ status, body }: TestReply) => [status, body?.code];

describe('a request by cookie that changes something', () => {
  const own = () => new URL(server.base).origin;
  const cases = (): [headers: Record<string, string | null>, isTaken: boolean][] => [
    [{ 'sec-fetch-site': 'same-origin' }, true],
    [{ 'sec-fetch-site': 'same-origin', origin: 'https://evil.example' }, true], // which no browser would send
    [{ 'sec-fetch-site': 'same-site' }, false],
    [{ 'sec-fetch-site': 'cross-site' }, false],
    [{ 'sec-fetch-site': 'none' }, false],
    [{ 'sec-fetch-site': '' }, false],
    [{ 'sec-fetch-site': 'same-origin, cross-site' }, false],
    [{ 'sec-fetch-site': 'cross-site', origin: PUBLIC }, false],
    [{ 'sec-fetch-site': null }, false],
    [{ 'sec-fetch-site': null, origin: PUBLIC }, true],
    [{ 'sec-fetch-site': null, origin: own() }, true],
    [{ 'sec-fetch-site': null, origin: 'null' }, false],
    [{ 'sec-fetch-site': null, origin: '' }, false],
    [{ 'sec-fetch-site': null, origin: `${PUBLIC}.evil.example` }, false],
    [{ 'sec-fetch-site': null, origin: 'http://crm.example.com' }, false],
    [{ 'sec-fetch-site': null, origin: `${PUBLIC}:8443` }, false],
    [{ 'sec-fetch-site': null, origin: 'http://127.0.0.1:1' }, false],
    [{ 'sec-fetch-site': null, origin: own().replace('http', 'https') }, false],
    [{ 'sec-fetch-site': null, referer: `${PUBLIC}/customers` }, false],
  ];

  test('is taken from a page of the server’s own, and refused from any other', async () => {
    for (const [headers, isTaken] of cases())
      for (const [method, path, body] of [
        ['POST', '/api/customers', { first_name: 'X', last_name: 'Y', email: `${Math.random()}@example.com` }],
        ['PATCH', '/api/account', { name: 'Ed' }],
        ['POST', '/api/session', { email: person.email, password: PASSWORD }],
        ['POST', '/api/links/read', { secret: 'x' }],
      ] as const) {
        // To sign in would end the session that is tried here.
        const cookie = path === '/api/session' ? null : person.cookie;
        const reply = await openVisitor(server.base).call(method, path, body, { cookie, ...headers });
        const refused = reply.status === 403 && reply.body.code === 'cross_site_request';
        assert.equal(refused, !isTaken, `${JSON.stringify(headers)} ${path} ${reply.text}`);
      }
  });

  test('has changed nothing where it is refused, and told so before it is read who asks', async () => {
    const before = (await person.call('GET', '/api/customers/stats')).text;
    const cookie = `clientele=${'x'.repeat(43)}`;
    const reply = await person.call('POST', '/api/customers', {}, { cookie, 'sec-fetch-site': 'cross-site' });
    assert.deepEqual(codeOf(reply), [403, 'cross_site_request']);
    assert.equal((await person.call('GET', '/api/customers/stats')).text, before);
  });

  test('is free to read, for nobody else sees the answer; and with a key, which no browser adds by itself', async () => {
    const site = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };
    const read = await person.call('GET', '/api/customers', undefined, site);
    assert.equal(read.status, 200);
    assert.equal(read.headers.get('access-control-allow-origin'), null);
    assert.equal(read.headers.get('access-control-allow-credentials'), null);
    const body = { first_name: 'K', last_name: 'Ey', email: 'key@example.com' };
    assert.equal((await server.call('POST', '/api/customers', body, site)).status, 201);
  });
});

describe('a cookie', () => {
  const signIn = (headers: Record<string, string>) => {
    const visitor = openVisitor(server.base);
    return visitor
      .call('POST', '/api/session', { email: person.email, password: PASSWORD }, headers)
      .then((reply) => ({ visitor, reply }));
  };

  test('goes over HTTPS alone, with the prefix that ties it to this host', async () => {
    const { visitor, reply } = await signIn(HTTPS);
    assert.equal(reply.status, 200, reply.text);
    assert.match(
      visitor.setCookie!,
      /^__Host-clientele=[\w-]{43}; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure$/,
    );
    assert.equal((await visitor.call('GET', '/api/session', undefined, HTTPS)).status, 200);
    const secret = visitor.cookie.split('=')[1];
    const plain = { ...HTTPS, cookie: `clientele=${secret}` };
    assert.equal(
      (await visitor.call('GET', '/api/session', undefined, plain)).status,
      401,
      'another host may set that',
    );
    assert.equal((await visitor.call('GET', '/api/session')).status, 401, 'nor does it count in the clear');
  });

  test('is found among others, and a broken header is no session', async () => {
    const read = (cookie: string) =>
      person.call('GET', '/api/session', undefined, { cookie }).then(({ status }) => status);
    assert.equal(await read(`theme=dark; ${person.cookie}; other="a=b"`), 200);
    assert.equal(await read(`xclientele=1;${person.cookie}`), 200);
    for (const broken of ['clientele', 'clientele=', '=', ';;;', `clientele="${person.cookie}"`, `${person.cookie}x`])
      assert.equal(await read(broken), 401, broken);
  });

  test('is given to nobody over plain HTTP, save on the machine itself', async () => {
    const ask = async (host: string) => {
      const body = JSON.stringify({ email: person.email, password: PASSWORD });
      const bytes = `POST /api/session HTTP/1.1\r\nHost: ${host}\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      const [reply] = repliesIn(await sendRaw(server.base, bytes));
      return [reply!.status, /^set-cookie: clientele=/im.test(reply!.head)];
    };
    for (const host of ['localhost', 'localhost:4000', '127.0.0.1:80', '127.0.0.2', '[::1]:4000'])
      assert.deepEqual(await ask(host), [200, true], host);
    for (const host of [
      'crm.example.com',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      '192.168.1.7',
      'x@localhost',
    ])
      assert.deepEqual(await ask(host), [403, false], host);
  });
});

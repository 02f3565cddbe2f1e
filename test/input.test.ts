// Hostile input: what may not be written cannot be, and nothing that is sent is taken for something else.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import type { Route } from '#contract/api.ts';
import { READ_ONLY_FIELDS } from '#contract/customers.ts';
import { routeTables } from '#server/openapi.ts';
import { headersOf, PASSWORD, signUp, type Visitor } from './support/people.ts';
import { repliesIn, sendRaw } from './support/raw.ts';
import { startServer, type TestServer } from './support/server.ts';

let server: TestServer;
let id: string;
let imported: string;
let owner: Visitor & { id: string; email: string };
before(async () => {
  server = await startServer();
  owner = await signUp(server, 'owner');
  id = (await server.call('POST', '/api/customers', { ...ada(), external_id: 'held' })).body.id;
  const file = 'first_name,last_name,email\nAda,Lovelace,ada@example.org\n';
  imported = (await server.call('POST', '/api/imports', file, { 'content-type': 'text/csv' })).body.id;
});
after(() => server.stop());

let made = 0;
const ada = () => ({ first_name: 'Ada', last_name: 'Lovelace', email: `ada${++made}@example.org` });
/** A person, since some routes take no key. */
const admin = () => headersOf(owner);
const position = async () =>
  (await server.call('GET', '/api/events?limit=1000')).body.results.at(-1).position as number;

/** Whatever takes a body, with one that is right. */
const writes = (): [method: string, path: string, body: object][] => [
  ['POST', '/api/customers', ada()],
  ['PUT', `/api/customers/${id}`, ada()],
  ['PATCH', `/api/customers/${id}`, { phone: null }],
  ['PUT', '/api/customers/by-external-id/held', ada()],
  ['POST', '/api/customers/batch', { items: [{ action: 'create', customer: ada() }] }],
  ['POST', '/api/customers/bulk-edits', { ids: [id], action: 'activate' }],
  ['PATCH', `/api/imports/${imported}`, { match: 'email' }],
  ['POST', '/api/suppressions/lift', { email: 'ada@example.org' }],
  ['PATCH', '/api/retention', { erase_deleted_after_days: 30 }],
  ['POST', '/api/webhooks', { url: 'https://example.com' }],
  ['PATCH', `/api/webhooks/${id}`, { enabled: false }],
  ['POST', `/api/webhooks/${id}/replay`, { after: 0 }],
  ['POST', '/api/views', { name: 'x', query: '' }],
  ['PATCH', `/api/views/${id}`, { name: 'x' }],
  ['POST', '/api/keys', { name: 'x', role: 'viewer' }],
  ['PATCH', '/api/workspaces/main', { name: 'Main' }],
  ['POST', '/api/session', { email: owner.email, password: PASSWORD }],
  ['PATCH', '/api/account', { name: 'Olive' }],
  ['PUT', '/api/account/password', { current_password: PASSWORD, new_password: `${PASSWORD} too` }],
  ['POST', '/api/account/totp', { password: PASSWORD }],
  ['PUT', '/api/account/totp', { code: '123456' }],
  ['DELETE', '/api/account/totp', { password: PASSWORD, code: '123456' }],
  ['POST', '/api/account/recovery-codes', { password: PASSWORD, code: '123456' }],
  ['POST', '/api/links/read', { secret: 'x' }],
  ['POST', '/api/links/accept', { secret: 'x' }],
  ['POST', '/api/password-resets', { email: owner.email }],
  ['PATCH', `/api/members/${owner.id}`, { role: 'owner' }],
  ['POST', '/api/invitations', { email: 'new@example.org', role: 'viewer' }],
];

test('every route that takes a body is tried here', () => {
  const bodies = Object.values(routeTables).flatMap((table) =>
    Object.values(table).filter((route: Route) => route.body && !route.body.stream),
  );
  assert.equal(bodies.length, writes().length);
});

describe('a field that may not be written', () => {
  const internal = ['workspace_id', 'deleted_at', 'position', 'first_key', 'search', 'secret_hash', 'actor', 'role_id'];
  const prototypes = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'];

  test('is refused by name in every body, and nothing changes', async () => {
    const before = await position();
    for (const [method, path, body] of writes()) {
      const own = /(batch|bulk-edits|session|password|totp|codes|replay|lift|retention)$|imports|links|resets/.test(
        path,
      )
        ? []
        : path.startsWith('/api/customers')
          ? READ_ONLY_FIELDS
          : ['id', 'created_at'];
      for (const [fields, code] of [
        [own, 'read_only'],
        [internal, 'unknown_field'],
        [prototypes, 'unknown_field'],
      ] as const)
        for (const field of fields) {
          const text = `{${JSON.stringify(field)}:{"is_active":false},${JSON.stringify(body).slice(1)}`;
          const reply = await server.call(method, path, text, admin());
          assert.equal(reply.status, 400, `${method} ${path} ${field}`);
          assert.deepEqual(reply.body.errors, [{ pointer: `/${field}`, code, detail: reply.body.errors[0].detail }]);
        }
    }
    assert.equal(await position(), before);
    assert.deepEqual(Object.keys(Object.prototype), []);
    assert.equal(({} as { is_active?: unknown }).is_active, undefined);
  });

  test('is not filled in from the prototype of what is sent', async () => {
    const sent = '{"__proto__":{"first_name":"Ada","last_name":"L","email":"p@example.org"}}';
    const { body } = await server.call('POST', '/api/customers', sent);
    const pointers = body.errors.map((error: { pointer: string }) => error.pointer);
    assert.deepEqual(pointers, ['/__proto__', '/first_name', '/last_name', '/email']);
  });
});

describe('a body is refused, wherever one is taken and with an Idempotency-Key too, that is', () => {
  const MiB = 1_048_576;
  const shapes: Record<string, string> = {
    'nested 10,000 deep': `{"name":${'['.repeat(10_000)}${']'.repeat(10_000)}}`,
    'nested as deep as a body can be': `{"name":${'['.repeat(MiB / 2 - 10)}${']'.repeat(MiB / 2 - 10)}}`,
    'of objects within objects': `${'{"name":'.repeat(100_000)}1${'}'.repeat(100_000)}`,
    'a MiB of spaces': ' '.repeat(MiB),
    'a MiB of array': `[${'0,'.repeat(MiB / 2 - 2)}0]`,
    'a MiB of one number': `{"name":${'9'.repeat(MiB - 10)}}`,
    'a MiB of one name': `{"${'n'.repeat(MiB - 10)}":1}`,
    'a MiB of quotes': `{"name":"${'\\"'.repeat(MiB / 2 - 10)}"}`,
    'a MiB of members': `{${Array.from({ length: 80_000 }, (_, index) => `"m${index}":1`).join(',')}}`,
    'a MiB of one member, again and again': `{${'"a":1,'.repeat(170_000)}"a":1}`,
    'infinite numbers': '{"name":1e999,"version":-1e999}',
    'two documents': '{} {}',
    'a list of one': '[{"name":"x"}]',
    JavaScript: "{name:'x'}",
    'with a comment': '{"name":"x"/**/}',
    'no JSON for all its numbers': '{"name":NaN}',
  };
  for (const [name, body] of Object.entries(shapes))
    test(name, async () => {
      for (const [method, path] of writes()) {
        const reply = await server.call(method, path, body, { ...admin(), 'idempotency-key': 'k' });
        assert.equal(reply.status, 400, `${method} ${path}: ${reply.text.slice(0, 200)}`);
        assert.ok(reply.text.length < 20_000, 'a long body has no long answer');
      }
    });

  test('nested 101 deep, and not one that is nested 100 deep', async () => {
    const codes = async (depth: number) => {
      const { body } = await server.call('POST', '/api/customers', '['.repeat(depth) + ']'.repeat(depth));
      return body.errors.map((error: { code: string }) => error.code);
    };
    assert.deepEqual(await codes(100), ['wrong_type']);
    assert.deepEqual(await codes(101), ['too_deep']);
  });
});

describe('a query', () => {
  const hostile = `
    limit=1&limit=2 | limit[]=1 | limit[0]=1 | limit[gte]=1 | limit=1&limit[]=2 | limit=1;limit=2 | Limit=1 | limit%00=1
    __proto__=1 | __proto__[limit]=1 | constructor=1 | constructor[prototype]=1 | toString=1 | hasOwnProperty=1 | =1
    limit= | limit | limit=+1 | limit=1%20 | limit=%EF%BC%91 | limit=01 | limit=1.0 | limit=-1 | limit=9007199254740993
    limit=201 | cursor=${'a'.repeat(2001)} | cursor= | cursor=%00 | search=a%0d%0ab | email=a%0a@b.co | external_id=%0d
    search=a+b+c+d+e+f+g+h+i | search=${'a'.repeat(201)} | fields=${'id,'.repeat(4000)} | fields=__proto__
    ordering=id;drop | ordering=last_name,email | ordering=--email | is_active=TRUE | created_at[gte]='now' | deleted=1`;

  for (const query of hostile.trim().split(/ *[|\n] */))
    test(`is refused that says ${query.slice(0, 40)}`, async () => {
      const reply = await server.call('GET', `/api/customers?${query}`);
      assert.deepEqual([reply.status, reply.body.code], [400, 'invalid'], reply.text);
    });

  test('is refused by every route that has none, and bodies are no queries', async () => {
    for (const path of ['/api/customers/stats', '/api/keys', '/api/workspaces', '/healthz', '/api/docs'])
      assert.equal((await server.call('GET', `${path}?x=1`, undefined, admin())).status, 400, path);
    for (const [method, path, body] of writes())
      assert.equal((await server.call(method, `${path}?is_active=false`, body, admin())).status, 400);
  });
});

test('a path leads to no file and to no other route: up and down, twice encoded, with NUL or backslash', async () => {
  const up = ['/..', '/%2e%2e', '/..%2f', '/%2e%2e%2f', '/..%5c', '\\..', '/..;', '/%252e%252e%252f', '/.%00.'];
  for (const start of ['', '/api', '/api/docs', '/api/docs.css', '/api/customers', `/api/customers/${id}`])
    for (const step of up)
      for (const target of ['/etc/passwd', '/package.json', '/config/production.toml', '/.git/config', '/keys']) {
        const { status, body } = await sendPath(`${start}${step.repeat(3)}${target}`);
        if (start === '' && step.startsWith('\\')) assert.equal(body.code, 'malformed_request');
        else assert.deepEqual([status, body.code], [404, 'not_found'], `${start}${step}${target}`);
      }
  for (const path of ['/API/customers', '/api//customers', '/api%2fcustomers', '/api/customers;x', '/api/./customers'])
    assert.equal((await sendPath(path)).status, 404, path);
});

/** Not by fetch, which tidies paths. */
async function sendPath(path: string) {
  const bytes = `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.keys.owner}\r\n\r\n`;
  const [reply] = repliesIn(await sendRaw(server.base, bytes));
  return { status: reply!.status, body: JSON.parse(reply!.body) };
}

test('Location and Link hold nothing but a path of this server, whatever the caller put in', async () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }),
    fc.constantFrom(
      'a\r\nSet-Cookie: x=1',
      '>; rel="next", <https://evil.example',
      '//evil.example',
      '../../keys',
      'a b"\'<>',
    ),
  );
  let links = 0;
  await fc.assert(
    fc.asyncProperty(text, async (given) => {
      const encoded = encodeURIComponent(given.toWellFormed());
      const put = await server.call('PUT', `/api/customers/by-external-id/${encoded}`, ada());
      if (put.status === 201) assert.match(put.headers.get('location')!, /^\/api\/customers\/[0-9a-f-]{36}$/);
      for (const parameter of ['search', 'external_id', 'email']) {
        const list = await server.call('GET', `/api/customers?limit=1&${parameter}=${encoded}`);
        assert.ok(list.status === 200 || list.status === 400);
        if (list.headers.has('link')) checkLink(list.headers.get('link')!);
      }
    }),
    { numRuns: 100 },
  );
  for (let more = 0; more < 2; more++) await server.call('POST', '/api/customers', ada());
  for (const query of ['search=ada', 'search=%22ada%22', 'search=ada%3E', 'is_active=true&search=ada+%3C']) {
    const { headers } = await server.call('GET', `/api/customers?limit=1&${query}`);
    if (headers.has('link')) checkLink(headers.get('link')!);
  }
  assert.ok(links > 0, 'a search with pages was among them');

  function checkLink(link: string): void {
    links++;
    assert.match(link, /^<\/api\/customers\?[\w%.*+&=-]+>; rel="next"(, <[^<>]+>; rel="prev")?$/);
  }
});

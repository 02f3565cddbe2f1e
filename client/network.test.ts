// The typed client with something unreliable between it and a real server.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { after, before, mock, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { startServer, type TestServer } from '../test/support/server.ts';
import { createClient, Problem } from './clientele.ts';
import { delayBefore } from './retry.ts';
import type { ClientOptions } from './send.ts';

let server: TestServer;
before(async () => {
  server = await startServer();
  // No test is about how long a pause lasts.
  mock.method(Math, 'random', () => 0);
});
after(() => server.stop());

type Canned = { status: number; headers?: Record<string, string>; body?: string };
/** `lose`: the server does what it was asked, and the connection ends without its reply; `half`: amid its reply. */
type Step = 'pass' | 'lose' | 'half' | 'hang' | Canned;
type Seen = { method: string; url: string; headers: IncomingHttpHeaders };

/** A proxy that takes its steps one after the other and the last one ever after, and a client that goes through it. */
async function through(t: TestContext, steps: Step[], options: Partial<ClientOptions> & { prefix?: string } = {}) {
  const { prefix = '', ...client } = options;
  const seen: Seen[] = [];
  const proxy = createServer(async (request, response) => {
    const step = steps[Math.min(seen.length, steps.length - 1)]!;
    const { method = '', url = '', headers } = request;
    seen.push({ method, url, headers });
    const sent = await buffer(request);
    if (step === 'hang') return;
    if (typeof step === 'object') return void response.writeHead(step.status, step.headers).end(step.body);
    if (!url.startsWith(`${prefix}/api/`)) return void response.writeHead(404).end();
    const { host, connection, 'content-length': length, ...kept } = headers;
    const body = sent.length > 0 ? sent : undefined;
    const reply = await fetch(server.base + url.slice(prefix.length), {
      method,
      headers: kept as Record<string, string>,
      body,
    });
    const text = await reply.text();
    if (step === 'lose') return void request.socket.destroy();
    const type = reply.headers.get('content-type');
    response.writeHead(reply.status, type ? { 'content-type': type } : {});
    if (step === 'pass') return void response.end(text);
    response.write(text.slice(0, 10), () => request.socket.destroy());
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}${prefix}`;
  return { url, seen, ...createClient({ url, key: server.keys.editor, ...client }) };
}

const BUSY = JSON.stringify({ code: 'rate_limited', detail: 'Too many requests.' });

let count = 0;
const person = () => ({ first_name: 'Grace', last_name: 'Hopper', email: `grace${++count}@example.com` });

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = [];
  for await (const item of items) list.push(item);
  return list;
}

async function failure(work: Promise<unknown>): Promise<Problem> {
  const error = await work.then(
    () => assert.fail('it was not refused'),
    (error) => error,
  );
  assert.ok(error instanceof Problem, inspect(error));
  return error;
}

const HTML = { 'content-type': 'text/html' };

test('what fails in passing is sent again, under the same idempotency key', async (t) => {
  const passing = [{ status: 503, headers: HTML, body: '<h1>' }, { status: 429 }, { status: 502 }, { status: 504 }];
  const { customers, seen } = await through(t, [...passing, 'half', 'pass'], { retries: 5 });
  const made = await customers.create(person());
  assert.deepEqual(await customers.get(made.id), made);
  const creations = seen.filter(({ method }) => method === 'POST');
  assert.equal(creations.length, 6);
  assert.equal(new Set(creations.map(({ headers }) => headers['idempotency-key'])).size, 1);
  await customers.deactivate(made.id);
  assert.notEqual(seen.at(-1)!.headers['idempotency-key'], creations[0]!.headers['idempotency-key']);
});

test('a change whose reply was lost happens once', async (t) => {
  const direct = createClient({ url: server.base, key: server.keys.editor }).customers;
  const { customers: before } = await through(t, ['lose', 'lose', 'pass']);
  const input = person();
  const { id } = await before.create(input);
  assert.deepEqual(
    (await direct.list({ email: input.email }).page()).results.map((found) => found.id),
    [id],
  );

  const changes = ['update', 'replace', 'upsert', 'delete', 'restore'] as const;
  for (const change of changes) {
    const { customers, seen } = await through(t, ['lose', 'pass']);
    // A second time each would be refused: the version has moved on, or the customer is gone.
    const if_match = change === 'restore' ? undefined : (await direct.get(id)).version;
    if (change === 'update') await customers.update(id, { external_id: 'x1' }, { if_match });
    if (change === 'replace') await customers.replace(id, { ...input, external_id: 'x2' }, { if_match });
    if (change === 'upsert') await customers.upsert('x2', { ...input, last_name: 'Murray' }, { if_match });
    if (change === 'delete') await customers.delete(id, { if_match });
    if (change === 'restore') await customers.restore(id);
    assert.equal(seen.length, 2, change);
  }
  const types = (await all(direct.history(id))).map(({ type }) => type.replace('customer.', ''));
  assert.deepEqual(types, ['restored', 'deleted', 'updated', 'updated', 'updated', 'created']);
});

test('it gives up after the retries, and tells a proxy from Clientele', async (t) => {
  const { customers, seen } = await through(
    t,
    [{ status: 502, headers: { ...HTML, 'x-request-id': 'r7' }, body: '<h1>Bad gateway' }],
    { retries: 2 },
  );
  const problem = await failure(customers.create(person()));
  assert.equal(seen.length, 3);
  assert.deepEqual(
    [problem.name, problem.status, problem.code, problem.errors, problem.request_id],
    ['Problem', 502, 'unexpected_reply', [], 'r7'],
  );
  assert.match(problem.message, /502/);
});

test('what will not pass is not sent again', async (t) => {
  const replies: [Step, string][] = [
    [{ status: 500, headers: HTML, body: '<h1>' }, 'unexpected_reply'],
    [
      {
        status: 500,
        headers: { 'content-type': 'application/problem+json' },
        body: '{"code":"internal","detail":"Oh."}',
      },
      'internal',
    ],
    [{ status: 404, headers: { 'content-type': 'application/json' }, body: '"?"' }, 'unexpected_reply'],
    [{ status: 200, headers: HTML, body: '<h1>Please sign in' }, 'unexpected_reply'],
    [{ status: 200, headers: { 'content-type': 'application/json' }, body: '{"results":' }, 'unexpected_reply'],
    [{ status: 204 }, 'unexpected_reply'],
    [{ status: 307, headers: { location: '/api/customers/stats' } }, 'unexpected_reply'],
  ];
  for (const [reply, code] of replies) {
    const { customers, seen } = await through(t, [reply]);
    assert.equal((await failure(customers.stats())).code, code, inspect(reply));
    assert.equal(seen.length, 1, inspect(reply));
  }
  const { customers, seen } = await through(t, ['pass']);
  assert.equal((await failure(customers.create({ ...person(), email: '?' }))).code, 'invalid');
  assert.equal(seen.length, 1);
});

test('Retry-After is heeded', async (t) => {
  const { customers, seen } = await through(t, [{ status: 429, headers: { 'retry-after': '1' } }, 'pass']);
  const timers = t.mock.method(globalThis, 'setTimeout');
  await customers.stats();
  assert.equal(seen.length, 2);
  assert.ok(timers.mock.calls.some((call) => call.arguments[1] === 1000));
});

test('pauses grow, are spread, and respect Retry-After within reason', (t) => {
  const now = Date.parse('2026-01-31T09:30:00Z');
  t.mock.method(Date, 'now', () => now);
  const random = t.mock.method(Math, 'random', () => 0);
  assert.equal(delayBefore(5, null), 0);
  assert.equal(delayBefore(0, '7'), 7000);
  assert.equal(delayBefore(0, 'Sat, 31 Jan 2026 09:30:20 GMT'), 20_000);
  assert.equal(delayBefore(0, 'Sat, 31 Jan 2026 09:29:00 GMT'), 0);
  assert.equal(delayBefore(0, '86400'), 60_000);
  assert.equal(delayBefore(0, 'soon'), 0);
  random.mock.mockImplementation(() => 0.5);
  assert.deepEqual(
    [0, 1, 2, 3, 20].map((retry) => delayBefore(retry, null)),
    [100, 200, 400, 800, 5000],
  );
  assert.equal(delayBefore(0, '7'), 7100);
});

// Were the signal not heard, the call would end too, but a minute later.
test('a signal stops a call, whether it waits for a reply or for its next try', { timeout: 30_000 }, async (t) => {
  for (const step of ['hang', { status: 503, headers: { 'retry-after': '60' } }] as const) {
    const { customers, seen } = await through(t, [step], { timeout_ms: 60_000 });
    const stop = new AbortController();
    const reached = setInterval(() => seen.length > 0 && stop.abort(new Error('enough')), 20);
    t.after(() => clearInterval(reached));
    await assert.rejects(customers.create(person(), { signal: stop.signal }), /^Error: enough$/);
    assert.equal(seen.length, 1);
    await assert.rejects(customers.stats({ signal: stop.signal }), /^Error: enough$/);
    assert.equal(seen.length, 1, 'nothing is sent for a signal that was aborted before');
  }
});

test('a wait beyond the patience of whoever asks is not begun', async (t) => {
  const full: Canned = {
    status: 429,
    headers: { 'content-type': 'application/json', 'retry-after': '30' },
    body: BUSY,
  };
  const { customers, seen } = await through(t, [full], { patience_ms: 3000 });
  assert.equal((await failure(customers.stats())).code, 'rate_limited');
  assert.equal(seen.length, 1);
  const soon = await through(t, [{ ...full, headers: { ...full.headers, 'retry-after': '0' } }, 'pass'], {
    patience_ms: 3000,
  });
  await soon.customers.stats();
  assert.equal(soon.seen.length, 2);
});

test('a server that does not answer, or is not there, is told of', async (t) => {
  const { customers, seen } = await through(t, ['hang'], { retries: 1, timeout_ms: 500 });
  const late = await failure(customers.stats());
  assert.deepEqual([late.status, late.code, seen.length], [0, 'timeout', 2]);

  const gone = createServer().listen(0, '127.0.0.1');
  await once(gone, 'listening');
  const url = `http://127.0.0.1:${(gone.address() as AddressInfo).port}`;
  await once(gone.close(), 'close');
  const none = await failure(createClient({ url, key: 'key', retries: 0 }).customers.stats());
  assert.deepEqual([none.status, none.code, none.message], [0, 'no_reply', `No reply from ${url} (ECONNREFUSED).`]);
});

test('an export that breaks off throws, however much has come, and time counts from the last of it', async (t) => {
  let parts: string[] = [];
  let ending: 'end' | 'destroy' | 'hang' = 'end';
  const sending = createServer(async (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/jsonl; charset=utf-8' });
    for (const part of parts) await sleep(300, response.write(part));
    if (ending === 'end') response.end();
    if (ending === 'destroy') response.destroy();
  });
  await once(sending.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    sending.closeAllConnections();
    sending.close();
  });
  const url = `http://127.0.0.1:${(sending.address() as AddressInfo).port}`;
  const { customers } = createClient({ url, key: 'key', timeout_ms: 2000, retries: 0 });
  parts = ['{"id":"1"}\n{"i', 'd":"é"}\n'];
  assert.deepEqual(await all(customers.export()), [{ id: '1' }, { id: 'é' }]);
  parts = Array.from({ length: 9 }, (_, id) => `{"id":"${id}"}\n`); // longer than the timeout, all of them together
  assert.equal((await all(customers.export())).length, 9);
  for (const [how, rest, code] of [
    ['destroy', '', 'no_reply'],
    ['end', '{"id', 'no_reply'],
    ['hang', '', 'timeout'],
  ] as const) {
    ending = how;
    parts = ['{"id":"1"}\n', rest].filter((part) => part !== '');
    const got: unknown[] = [];
    const reading = async () => {
      for await (const one of customers.export()) got.push(one);
    };
    assert.equal((await failure(reading())).code, code, how);
    assert.deepEqual(got, [{ id: '1' }]);
  }
  ending = 'hang';
  const stop = new AbortController();
  const reading = all(customers.export({}, { signal: stop.signal }));
  setTimeout(() => stop.abort(new Error('enough')), 300);
  await assert.rejects(reading, /^Error: enough$/);
});

test('the url may have a path, under which pages are turned too', async (t) => {
  const { customers, url } = await through(t, ['pass'], { prefix: '/crm/eu' });
  const slash = createClient({ url: `${url}/`, key: server.keys.editor });
  for (let i = 0; i < 3; i++) await customers.create({ ...person(), last_name: 'Prefix' });
  for (const client of [customers, slash.customers]) {
    const found = await all(client.list({ search: 'prefix', limit: 1 }));
    assert.equal(found.length, 3);
  }
});

test('the key is in no error', async (t) => {
  const key = server.keys.viewer;
  const echo = JSON.stringify({
    code: 'echo',
    detail: `You sent ${key}.`,
    errors: [{ pointer: '', code: 'x', detail: key }],
    request_id: key,
  });
  const steps: Step[] = [
    'pass',
    'hang',
    { status: 400, headers: HTML, body: key },
    { status: 400, headers: { 'content-type': 'application/json' }, body: echo },
  ];
  for (const step of steps) {
    const { customers } = await through(t, [step], { key, retries: 0, timeout_ms: 200 });
    const problem = await failure(customers.create(person()));
    const shown = inspect(problem, { depth: Infinity, showHidden: true }) + JSON.stringify(problem) + problem.stack;
    assert.ok(!shown.includes(key), shown);
  }
});

// Replies that are sent while they are being made, on routes of their own.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { PassThrough } from 'node:stream';
import { after, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pino from 'pino';
import type { Route } from '#contract/api.ts';
import { watchConnections } from '#server/drain.ts';
import { addRoutes, createHttp, type HttpOptions } from '#server/http.ts';
import { overloaded } from '#server/problem.ts';
import { appOptions } from './support/app.ts';
import { until } from './support/process.ts';
import { sendRaw } from './support/raw.ts';

const lines = new PassThrough();
const log: Record<string, unknown>[] = [];
lines.on('data', (text) => {
  for (const line of String(text).trim().split('\n')) log.push(JSON.parse(line));
});
const done: [route: string, status: number, ms: number][] = [];
let draining = false;
let ended = 0;

const options: HttpOptions = {
  ...appOptions({ logger: pino({ level: 'info' }, lines), request_timeout_ms: 1000 }),
  authenticate: () => {
    throw new Error('No route here takes a key.');
  },
  findPerson: () => {
    throw new Error('No route here takes a session.');
  },
  onRequestDone: (_method, route, status, ms) => done.push([route, status, ms]),
  isDraining: () => draining,
};
const app = createHttp(options);
const route = (path: string): Route => ({
  method: 'GET',
  path,
  permission: null,
  tag: 't',
  summary: 's',
  replies: { 200: { description: 'd' } },
});
const streams: Record<string, () => AsyncGenerator<string | Buffer>> = {
  '/news': async function* () {
    yield 'one\n';
    await sleep(2500);
    yield Buffer.from('two\n');
  },
  '/broken': async function* () {
    yield 'one\n';
    throw Object.assign(new Error('somebody@example.com'), { code: '23505', detail: 'somebody@example.com' });
  },
  '/endless': async function* () {
    try {
      while (true) yield 'x'.repeat(100_000);
    } finally {
      ended++;
    }
  },
};
addRoutes(app, options, [
  ...Object.entries(streams).map(([path, body]): Parameters<typeof addRoutes>[2][number] => [
    route(path),
    () => ({ status: 200, type: 'text/plain; charset=utf-8', body: body() }),
  ]),
  [
    route('/refused'),
    () => {
      throw overloaded();
    },
  ],
]);
const base = await app.listen({ host: '127.0.0.1', port: 0 });
const connections = watchConnections(app.server);
after(() => app.close());
beforeEach(() => {
  log.length = 0;
  done.length = 0;
});
const told = (path: string) => until(() => done.some(([name]) => name === path), `${path} is told of`);

test('a reply that has nothing to say for longer than requests may take goes on, and is no slow request', async () => {
  const reply = await fetch(`${base}/news`);
  assert.equal(reply.headers.get('content-type'), 'text/plain; charset=utf-8');
  assert.equal(reply.headers.get('x-content-type-options'), 'nosniff');
  assert.ok(reply.headers.get('x-request-id'));
  assert.equal(await reply.text(), 'one\ntwo\n');
  await told('/news');
  const [, status, ms] = done[0]!;
  assert.ok(status === 200 && ms < 2500, `${status} after ${ms} ms`);
  await until(() => log.length > 0, 'a line');
  assert.deepEqual([log[0]!.msg, log[0]!.status], ['Request', 200]);
  assert.ok((log[0]!.duration_ms as number) >= 2400);
});

test('what fails before it begins is answered with a problem', async () => {
  assert.equal((await fetch(`${base}/refused`)).status, 503);
});

test('what fails on the way breaks the connection, and the log has it without what it is about', async () => {
  const reply = await fetch(`${base}/broken`);
  assert.equal(reply.status, 200);
  await assert.rejects(reply.text());
  await told('/broken');
  assert.equal(done[0]![1], 500);
  const failure = log.find(({ level }) => level === 50)!;
  assert.deepEqual([failure.route, (failure.err as { code: string }).code], ['/broken', '23505']);
  assert.doesNotMatch(JSON.stringify(log), /somebody/);
});

test('what nobody takes is cut off, and what nobody wants is not made', async () => {
  const { port } = new URL(base);
  for (const request of ['GET', 'GET', 'HEAD']) {
    const before = ended;
    const socket = connect(Number(port), '127.0.0.1');
    socket.on('error', () => {});
    socket.write(`${request} /endless HTTP/1.1\r\nHost: x\r\n\r\n`);
    await once(socket, 'readable');
    if (request === 'HEAD') assert.match(String(socket.read()), /^HTTP\/1.1 200 OK/);
    await until(() => ended > before, 'the stream is closed');
    socket.destroy();
  }
  await until(() => done.length === 3, 'all are told of');
  assert.deepEqual(done.map(([, status]) => status).sort(), [200, 499, 499]);
  assert.equal(
    log.some(({ level }) => level === 50),
    false,
  );
});

test('a server that stops waits for what has begun, closes its connection behind it, and cuts off what has no end', async () => {
  const { port } = new URL(base);
  const news = sendRaw(base, 'GET /news HTTP/1.1\r\nHost: x\r\n\r\n', 99);
  await sleep(100);
  const endless = connect(Number(port), '127.0.0.1');
  let closed = false;
  endless.on('error', () => {});
  endless.on('close', () => {
    closed = true;
  });
  endless.on('data', () => {});
  endless.write('GET /endless HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(endless, 'data');
  draining = true;
  const cut = connections.drain(4500);
  assert.match(await news, /two\n\r\n0\r\n\r\n$/);
  assert.equal(closed, false);
  assert.equal(await cut, 1);
  await until(() => closed, 'the endless one is cut off');
});

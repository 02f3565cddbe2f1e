// A server that is stopped: it says so first, and finishes what it began.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { createKey, findWorkspace, systemActor } from '#server/access/access.ts';
import { loadConfig } from '#server/config.ts';
import { watchConnections } from '#server/drain.ts';
import { serve } from '#server/main.ts';
import { PROJECT } from '#server/project.ts';
import { isWaiting, startClientele, until } from './support/process.ts';
import { openTestDatabase, type TestDatabase } from './support/server.ts';

let opened: TestDatabase;
let key: string;
before(async () => {
  opened = await openTestDatabase();
  const actor = systemActor((await findWorkspace(opened.database, 'main'))!, 'test');
  key = (await createKey(opened.database, actor, { name: 'test', role: 'editor' }, { request_id: null })).subject.key!;
});
after(() => opened.drop());

/** A request over the connection of an agent, or over a new one. */
async function ask(url: string, { agent, body }: { agent?: Agent; body?: unknown } = {}) {
  const sent = request(url, {
    agent: agent ?? new Agent(),
    method: body ? 'POST' : 'GET',
    headers: { authorization: `Bearer ${key}`, ...(body ? { 'content-type': 'application/json' } : {}) },
  });
  sent.end(body && JSON.stringify(body));
  const [reply] = (await once(sent, 'response')) as [IncomingMessage];
  const text = (await reply.toArray()).join('');
  return { status: reply.statusCode, connection: reply.headers.connection, text };
}

const isRefused = (url: string) =>
  ask(`${url}/healthz`).then(
    () => false,
    (error) => error.code === 'ECONNREFUSED',
  );

test('readiness goes first, and for as long as configured all is served, each reply the last of its connection', async () => {
  const config = loadConfig({ DATABASE_URL: opened.url, PORT: '0', CLIENTELE_LOG_LEVEL: 'silent' }, PROJECT);
  config.server.drain_delay_ms = 6000;
  const { url, close } = await serve(config, () => {});
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  assert.equal((await ask(`${url}/readyz`, { agent })).status, 200);
  assert.equal((await ask(`${url}/api/customers`, { agent })).connection, 'keep-alive');
  const closing = close();
  const ready = await ask(`${url}/readyz`);
  assert.equal(ready.status, 503);
  assert.equal(JSON.parse(ready.text).code, 'draining');
  assert.equal((await ask(`${url}/healthz`)).status, 200);
  const last = await ask(`${url}/api/customers`, { agent });
  assert.deepEqual([last.status, last.connection], [200, 'close']);
  assert.equal((await ask(`${url}/api/nothing`)).connection, 'close');
  await closing;
  assert.ok(await isRefused(url));
});

test('SIGTERM: a write under way is finished and acknowledged, and the exit code is 0', async () => {
  const server = await startClientele({ DATABASE_URL: opened.url, PORT: '0' });
  const blocker = new pg.Client(opened.connection);
  await blocker.connect();
  try {
    await blocker.query('BEGIN');
    await blocker.query('SELECT FROM ledgers FOR UPDATE');
    const agent = new Agent({ keepAlive: true });
    const body = { first_name: 'Ada', last_name: 'Lovelace', email: 'ada@example.org' };
    const writing = ask(`${server.url}/api/customers`, { agent, body });
    await until(() => isWaiting(blocker), 'the write waits for the ledger');
    server.process.kill('SIGTERM');
    await until(() => isRefused(server.url), 'the listener is closed');
    await blocker.query('ROLLBACK');
    const reply = await writing;
    assert.deepEqual([reply.status, reply.connection], [201, 'close']);
    assert.equal(await server.ended, 0);
  } finally {
    await blocker.end();
    server.process.kill('SIGKILL');
  }
});

describe('connections', () => {
  /** A server that answers /wait never, and everything else at once. */
  async function open() {
    const server = createServer((request, response) => request.url !== '/wait' && response.end('served'));
    const connections = watchConnections(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const socket = connect(port, '127.0.0.1');
    const [accepted] = (await once(server, 'connection')) as [Socket];
    let received = '';
    socket.on('data', (chunk) => (received += chunk));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    const send = (path: string) => socket.write(`GET ${path} HTTP/1.1\r\nHost: test\r\n\r\n`);
    return {
      drain: connections.drain,
      socket,
      closed,
      send,
      count: () => received.split('served').length - 1,
      server,
      accepted,
    };
  }

  test('that are idle are closed, but a request that crosses the end is served', async () => {
    const { drain, closed, send, count } = await open();
    send('/');
    await until(() => count() === 1, 'the first reply');
    const draining = drain(60_000);
    send('/');
    assert.equal(await draining, 0);
    await closed;
    assert.equal(count(), 2);
  });

  test('on which a request has begun to arrive wait for its rest', async () => {
    const { drain, closed, count, socket, accepted } = await open();
    socket.write('GET / HTTP/1.1\r\nHost: ');
    await until(() => accepted.bytesRead > 0, 'the first half has arrived');
    const idle = connect((accepted.address() as { port: number }).port, '127.0.0.1');
    idle.write('GET / HTTP/1.1\r\nHost: test\r\n\r\n');
    await once(idle, 'data');
    const draining = drain(60_000);
    await once(idle, 'close');
    socket.write('test\r\nConnection: close\r\n\r\n');
    assert.equal(await draining, 0);
    await closed;
    assert.equal(count(), 1);
  });

  test('that never brought anything hold nobody up', async () => {
    const { drain, closed } = await open();
    assert.equal(await drain(5_000), 0);
    await closed;
  });

  test('whose request is not answered in time are cut off, and counted', async () => {
    const { drain, closed, send, server, socket } = await open();
    socket.on('error', () => {}); // it is not ended in order
    send('/wait');
    await once(server, 'request');
    assert.equal(await drain(100), 1);
    await closed;
  });
});

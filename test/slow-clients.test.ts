// Two thousand clients that take their time: to say what they want, to send it, to read the answer. Others are served
// meanwhile, memory stays bounded, and the slow ones are cut off.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { createKey, findWorkspace, systemActor } from '#server/access/access.ts';
import { until } from './support/process.ts';
import { openTestDatabase, type TestDatabase } from './support/server.ts';
import { type ServerProcess, startProcess } from './support/server-process.ts';

/** Longer than it takes for all to be there, shorter than a test may take. */
const TIMEOUT_MS = 5000;
const EACH = { headers: 1000, body: 950, reply: 50 };
const MOST_MB = 400;

let opened: TestDatabase;
let server: ServerProcess;
let key: string;
before(async () => {
  opened = await openTestDatabase();
  const actor = systemActor((await findWorkspace(opened.database, 'main'))!, 'test');
  key = (await createKey(opened.database, actor, { name: 'k', role: 'editor' }, { request_id: null })).subject.key!;
  server = await startProcess({ DATABASE_URL: opened.url }, { server: { request_timeout_ms: TIMEOUT_MS } });
  await Promise.all(Array.from({ length: 200 }, (_, index) => create(`filler${index}`)));
});
after(async () => {
  await server?.end('SIGKILL');
  await opened?.drop();
});

const authorization = () => `Bearer ${key}`;
const create = (name: string) =>
  fetch(`${server.url}/api/customers`, {
    method: 'POST',
    headers: { authorization: authorization(), 'content-type': 'application/json' },
    body: JSON.stringify({ first_name: 'Slow', last_name: 'Client', email: `${name}@example.com` }),
  });
const list = () => fetch(`${server.url}/api/customers?limit=50`, { headers: { authorization: authorization() } });
const megabytes = () =>
  Number(execFileSync('ps', ['-o', 'rss=', '-p', String(server.pid)], { encoding: 'utf8' })) / 1024;

test('others are served, memory is bounded, and the slow are cut off', async () => {
  const slow: { kind: keyof typeof EACH; socket: Socket; got: string; isCut: boolean }[] = [];
  const head = (line: string) => `${line} HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization()}\r\n`;
  const begin = {
    headers: `${head('GET /api/customers')}X-Slow: `,
    body: `${head('POST /api/customers')}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{`,
    // Enough to fill what the kernel keeps for a connection, a few megabytes, and more.
    reply: `${head('GET /api/openapi.json')}\r\n`.repeat(80),
  };
  const trickle = setInterval(() => {
    for (const { kind, socket, isCut } of slow) if (!isCut) socket.write(kind === 'reply' ? '\r\n' : ' ');
  }, 2000);
  let most = 0;
  let asked = 0;
  let served = 0;
  async function serveOthers(): Promise<void> {
    most = Math.max(most, megabytes());
    const replies = await Promise.all([list(), create(`other${asked++}`)]);
    await Promise.all(replies.map((reply) => reply.text()));
    // On a machine that has no time for it a write may be refused for now.
    for (const { status } of replies) assert.ok([200, 201, 503].includes(status), String(status));
    if (replies.every(({ ok }) => ok)) served++;
  }

  async function come(kind: keyof typeof EACH): Promise<void> {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    const one = { kind, socket, got: '', isCut: false };
    // Who never reads does not hear that it is cut off either, but what it still sends is refused.
    if (kind === 'reply') socket.pause();
    socket.on('data', (bytes) => {
      one.got += bytes.toString('latin1');
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      one.isCut = true;
    });
    await once(socket, 'connect');
    socket.write(begin[kind]);
    slow.push(one);
  }

  try {
    for (const kind of ['headers', 'body', 'reply'] as const)
      for (let count = 0; count < EACH[kind]; count += 50) {
        await Promise.all(Array.from({ length: 50 }, () => come(kind)));
        await serveOthers();
      }
    await until(async () => {
      await serveOthers();
      return slow.every(({ isCut }) => isCut);
    }, 'that all are cut off');
  } finally {
    clearInterval(trickle);
    for (const { socket } of slow) socket.destroy();
  }
  assert.ok(served > 10, `others were served ${served} times`);
  assert.ok(most < MOST_MB, `the server took ${most} MB`);
  for (const { kind, got } of slow) if (kind !== 'reply') assert.match(got, /^HTTP\/1.1 408 /);
  assert.equal(server.isAlive(), true);
});

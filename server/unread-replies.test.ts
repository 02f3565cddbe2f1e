import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { sendStream } from './streams.ts';
import { expectProgress, watchUnreadReplies } from './unread-replies.ts';

/** More than the kernel keeps for a connection. */
const REPLY = Buffer.alloc(16 * 2 ** 20);

const answerAtOnce = (response: ServerResponse): unknown => response.end(REPLY);

async function serve(t: TestContext, limit: number, most: number, answer = answerAtOnce) {
  const unread = watchUnreadReplies(limit, most);
  const server = createServer((_request, response) => {
    unread.add(response);
    response.once('finish', () => unread.remove(response));
    answer(response);
  });
  const opened: Socket[] = [];
  const cut = new Set<Socket>();
  server.on('connection', (socket) => {
    const { remotePort } = socket;
    socket.once('close', () => cut.add(opened.find(({ localPort }) => localPort === remotePort)!));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    for (const socket of opened) socket.destroy();
    server.close();
    unread.close();
  });
  const ask = () => {
    const socket = connect((server.address() as { port: number }).port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    opened.push(socket);
    return socket;
  };
  const until = async (isSo: () => boolean) => {
    for (const deadline = Date.now() + 30_000; !isSo(); await sleep(10)) assert.ok(Date.now() < deadline, String(isSo));
  };
  return { ask, cut, until };
}

test('who does not take a reply in time is cut off, and who does is not', async (t) => {
  const { ask, cut, until } = await serve(t, 3000, Number.POSITIVE_INFINITY);
  const never = ask().pause();
  const reader = ask();
  let got = 0;
  reader.on('data', (bytes) => {
    got += bytes.length;
  });
  await until(() => cut.has(never));
  await until(() => got > REPLY.length);
  assert.equal(cut.has(reader), false);
});

test('where unread replies take too much memory, those who wait longest are cut off', async (t) => {
  const { ask, cut, until } = await serve(t, 60_000, 2.5 * REPLY.length);
  const sockets: Socket[] = [];
  for (let count = 0; count < 5; count++) {
    sockets.push(ask().pause());
    await once(sockets.at(-1)!, 'readable');
  }
  await until(() => cut.size >= 2);
  assert.deepEqual(sockets.map((socket) => cut.has(socket)).slice(-2), [false, false]);
  assert.equal(cut.has(sockets[0]!), true);
});

describe('of a stream,', () => {
  async function* parts(count: number, pause_ms: number): AsyncGenerator<Buffer> {
    for (let part = 0; part < count; part++) {
      yield REPLY.subarray(0, 2 ** 20);
      await sleep(pause_ms);
    }
  }
  const answerWith = (count: number, pause_ms: number) => (response: ServerResponse) => {
    expectProgress(response);
    sendStream(response, parts(count, pause_ms));
  };

  test('who takes nothing is cut off', async (t) => {
    const { ask, cut, until } = await serve(t, 500, Number.POSITIVE_INFINITY, answerWith(100, 0));
    const never = ask().pause();
    await until(() => cut.has(never));
  });

  test('who takes a little now and then has as long as it takes', async (t) => {
    const { ask, cut } = await serve(t, 3000, Number.POSITIVE_INFINITY, answerWith(24, 0));
    const slow = ask().pause();
    let got = 0;
    for (const begun = Date.now(); got < 23 * 2 ** 20; ) {
      assert.equal(cut.has(slow), false, `after ${Date.now() - begun} ms`);
      const bytes = slow.read() as Buffer | null;
      got += bytes?.length ?? 0;
      await sleep(bytes ? 20 : 1);
    }
    assert.ok(got >= 23 * 2 ** 20);
  });

  test('nothing has to be taken while there is nothing', async (t) => {
    const { ask, cut, until } = await serve(t, 1000, Number.POSITIVE_INFINITY, answerWith(2, 3000));
    const waiting = ask();
    let got = 0;
    waiting.on('data', (bytes) => {
      got += bytes.length;
    });
    await until(() => got > 2 * 2 ** 20);
    assert.equal(cut.has(waiting), false);
  });
});

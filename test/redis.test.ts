// Servers that share a Redis: one quota, one set of kept answers; and none of it is missed when Redis is lost.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, before, beforeEach, describe, test } from 'node:test';
import { createKey, createWorkspace, systemActor } from '#server/access/access.ts';
import { createApp } from '#server/app.ts';
import { PROJECT } from '#server/project.ts';
import { openRateLimiter } from '#server/rate-limit.ts';
import { openRedis } from '#server/redis.ts';
import { openResultCache, type ResultCache } from '#server/result-cache.ts';
import { probeQuota, shareRateLimiter } from '#server/shared-rate-limit.ts';
import { shareResults } from '#server/shared-results.ts';
import { appOptions } from './support/app.ts';
import { openTestLog } from './support/log.ts';
import { redisMissing, startRedis, type TestRedis } from './support/redis.ts';
import { openTestConnections, startServer, type TestServer } from './support/server.ts';

const QUOTA = 6;
/** More than servers have: on a busy machine a Redis that is well may be late. */
const PATIENCE = { wait_ms: 2000, silent_ms: 3000 };
const LOST = 'Redis is lost: until it is back, this server counts quotas and keeps answers by itself';
const BACK = 'Redis is back: quotas and answers are shared again';

type Reply = { status: number; left: number; text: string; headers: Headers };
type Peer = {
  cache: ResultCache;
  get(path?: string, key?: string): Promise<Reply>;
  /** What was logged about Redis: its reason, or that it is back. */
  said(): string[];
  log(): string;
  stop(): Promise<void>;
};

describe('servers that share a Redis', { skip: redisMissing, timeout: 120_000 }, () => {
  let store: TestServer;
  let redis: TestRedis;
  const peers: Peer[] = [];
  before(async () => {
    store = await startServer();
    redis = await startRedis();
  });
  beforeEach(async () => {
    await Promise.all(peers.splice(0).map((peer) => peer.stop()));
    await redis.client.flushall();
  });
  after(async () => {
    await Promise.all(peers.splice(0).map((peer) => peer.stop()));
    await redis?.stop();
    await store?.stop();
  });

  async function openPeer(requests = QUOTA, url = redis.url): Promise<Peer> {
    const log = openTestLog();
    const shared = await openRedis(url, log.logger, probeQuota, PATIENCE);
    await shared.known;
    const database = openTestConnections(store.connection);
    const cache = openResultCache(1_000_000, shareResults(shared, 1_000_000));
    const rate_limiter = shareRateLimiter(openRateLimiter({ requests, seconds: 3600 }), shared);
    const app = createApp(database, appOptions({ cache, rate_limiter, logger: log.logger }));
    const base = await app.listen({ host: '127.0.0.1', port: 0 });
    const peer: Peer = {
      cache,
      async get(path = '/api/customers/stats', key = store.keys.editor) {
        const response = await fetch(base + path, { headers: { authorization: `Bearer ${key}` } });
        const left = Number(/r=(\d+)/.exec(response.headers.get('ratelimit') ?? '')?.[1]);
        return { status: response.status, left, text: await response.text(), headers: response.headers };
      },
      said: () =>
        log
          .lines()
          .filter((line) => line.msg === LOST || line.msg === BACK)
          .map((line) => line.reason ?? 'back'),
      log: log.text,
      async stop() {
        await app.close();
        shared.close();
        await database.close();
      },
    };
    peers.push(peer);
    return peer;
  }

  const openPair = (requests?: number) => Promise.all([openPeer(requests), openPeer(requests)]);
  const isBack = (peer: Peer) => until(() => peer.said().at(-1) === 'back');

  describe('quotas', () => {
    test('are one, whichever server is asked, and leave nothing behind', async () => {
      const [here, there] = await openPair();
      const left = [];
      for (let round = 0; round < QUOTA / 2; round++) left.push((await here.get()).left, (await there.get()).left);
      assert.deepEqual(left, [5, 4, 3, 2, 1, 0]);
      const refused = await there.get();
      assert.equal(refused.status, 429);
      const seconds = Number(refused.headers.get('retry-after'));
      assert.ok(seconds > 590 && seconds <= 600, 'a sixth of an hour');
      assert.equal((await here.get()).status, 429);
      const keys = await redis.client.keys('*');
      assert.equal(keys.filter((key) => key.startsWith('clientele:quota:key ')).length, 1);
      for (const key of keys)
        assert.ok((await redis.client.pttl(key)) <= 3_600_000 && (await redis.client.pttl(key)) !== -1);
    });

    test('of addresses are one too: keys that are not known are not looked up anywhere beyond it', async () => {
      const [here, there] = await openPair();
      for (let index = 0; index < QUOTA; index++)
        assert.equal((await [here, there][index % 2]!.get('/api/customers/stats', 'wrong')).status, 401);
      assert.equal((await here.get('/api/customers/stats')).status, 429, 'a key that this server has not seen');
      assert.equal((await there.get('/api/nothing')).status, 429);
    });

    test('come back with time', async () => {
      const here = await openPeer(36_000);
      assert.equal((await here.get()).status, 200);
      await until(async () => (await redis.client.keys('clientele:quota:key *')).length === 0);
    });

    test('are never refused for longer than their time, wherever the clock has been', async () => {
      const here = await openPeer();
      await here.get();
      const [key] = await redis.client.keys('clientele:quota:key *');
      await redis.client.set(key!, '9000000000000000');
      const refused = await here.get();
      assert.equal(refused.status, 429);
      assert.ok(Number(refused.headers.get('retry-after')) <= 600);
      await redis.client.set(key!, 'nonsense');
      assert.equal((await here.get()).left, QUOTA - 1);
    });
  });

  describe('kept answers', () => {
    const path = '/api/customers?search=ada&limit=2';
    let number = 0;
    const create = () =>
      store.call('POST', '/api/customers', {
        first_name: 'Ada',
        last_name: 'Byron',
        email: `ada${++number}@example.org`,
      });
    const shared = async () => (await redis.client.keys('clientele:answer:*')).sort();
    before(async () => {
      for (let index = 0; index < 3; index++) await create();
    });

    test('are had from one another, byte for byte, and a write makes them void on all at once', async () => {
      const [here, there] = await openPair(1000);
      const first = await here.get(path);
      await until(async () => (await shared()).length === 1);
      const second = await there.get(path);
      assert.deepEqual(there.cache.counts, { hit: 0, shared: 1, outdated: 0, miss: 0 });
      assert.equal(second.text, first.text);
      for (const name of ['etag', 'link', 'content-type'])
        assert.equal(second.headers.get(name), first.headers.get(name));
      assert.ok(first.headers.get('link'));
      await there.get(path);
      assert.equal(there.cache.counts.hit, 1, 'from then on it is its own');

      await create();
      const [a, b] = await Promise.all([here.get(path), there.get(path)]);
      for (const { text } of [a, b]) assert.equal(JSON.parse(text).count, number);
      const [key] = await shared();
      const seconds = await redis.client.ttl(key!);
      assert.ok(seconds > 0 && seconds <= 60);
      assert.ok(!(await shared()).join().includes('ada'), 'no name tells what was asked');
    });

    test('are never had by another role, workspace or question, whatever Redis says', async () => {
      const [here, there] = await openPair(1000);
      const workspace = (await createWorkspace(store.database, `other-${Date.now()}`, 'Other'))!;
      const made = await createKey(
        store.database,
        systemActor(workspace, 'test'),
        { name: 'viewer', role: 'viewer' },
        { request_id: null },
      );
      const strangers = [store.keys.viewer, made.subject.key!];
      await here.get(path);
      await until(async () => (await shared()).length === 1);
      for (const key of strangers) await there.get(path, key);
      assert.equal(there.cache.counts.shared, 0);
      await until(async () => (await shared()).length === 3);

      // Each is given another's answer.
      const names = await shared();
      const entries = await redis.client.mgetBuffer(names);
      await Promise.all(names.map((name, index) => redis.client.set(name, entries[(index + 1) % 3]!)));
      const fresh = await openPeer(1000);
      assert.equal(JSON.parse((await fresh.get(path, strangers[1]!)).text).count, 0);
      assert.equal(JSON.parse((await fresh.get(path)).text).count, number);
      assert.equal(fresh.cache.counts.shared, 0);
    });

    test('are not sent beyond what may be sent in a time', async () => {
      const log = openTestLog();
      const connection = await openRedis(redis.url, log.logger, probeQuota, PATIENCE);
      await connection.known;
      const results = shareResults(connection, 10_000);
      for (let position = 1; position <= 20; position++)
        results.keep('key', { position, headers: {}, body: Buffer.alloc(1000) });
      results.keep('last', { position: 1, headers: {}, body: Buffer.alloc(100) });
      await until(async () => (await results.find('last', 1)) !== undefined);
      assert.equal((await shared()).length, 10);
      connection.close();
    });
  });

  describe('Redis', () => {
    test('killed under requests fails none; local limits hold until it is back', async () => {
      const [here, there] = await openPair();
      await here.get();
      await there.get();
      const running = Array.from({ length: 50 }, (_, index) => [here, there][index % 2]!.get('/api/nothing'));
      await redis.signal('SIGKILL');
      running.push(...Array.from({ length: 50 }, (_, index) => [here, there][index % 2]!.get('/api/nothing')));
      for (const { status } of await Promise.all(running)) assert.ok([404, 429].includes(status), String(status));
      for (const peer of [here, there]) {
        const statuses = [];
        for (let index = 0; index < QUOTA; index++) statuses.push((await peer.get()).status);
        assert.deepEqual(statuses, [200, 200, 200, 200, 200, 429], 'what was taken here before counts');
        assert.equal(peer.said().length, 1, 'one warning');
      }
      await redis.start();
      await Promise.all([isBack(here), isBack(there)]);
      for (let left = QUOTA - 1; left >= 0; left--) assert.equal((await [here, there][left % 2]!.get()).left, left);
      for (const peer of [here, there]) {
        assert.equal((await peer.get()).status, 429);
        assert.equal(peer.said().length, 2);
      }
    });

    test('stopped holds no request up', async () => {
      const here = await openPeer(100);
      await here.get();
      await redis.signal('SIGSTOP');
      try {
        const replies = await Promise.all([here.get(), here.get('/api/customers'), here.get('/api/nothing')]);
        assert.deepEqual(
          replies.map(({ status }) => status),
          [200, 200, 404],
        );
        assert.deepEqual(here.said(), ['late']);
        const late = await openPeer(100);
        assert.deepEqual([(await late.get()).left, late.said()], [99, ['late']], 'a server can start');
      } finally {
        await redis.signal('SIGCONT');
      }
      for (const peer of peers) await isBack(peer);
      const { left } = await peers[0]!.get();
      assert.equal((await peers[1]!.get()).left, left - 1);
      assert.deepEqual(here.said(), ['late', 'back']);
    });

    test('that never answers a question is not waited for', async () => {
      const log = openTestLog();
      const shared = await openRedis(redis.url, log.logger, probeQuota, PATIENCE);
      await shared.known;
      assert.equal(await shared.ask(() => new Promise(() => {})), undefined);
      assert.equal(shared.ask(probeQuota), undefined, 'nor asked again until it is back');
      await until(() => log.lines().length === 2);
      assert.equal((await shared.ask(probeQuota))?.allowed, true);
      shared.close();
    });

    test('that takes no writes is lost, though it answers, until it does', async () => {
      const here = await openPeer();
      await redis.client.config('RESETSTAT');
      await redis.client.replicaof('127.0.0.1', 1);
      for (let left = QUOTA - 1; left >= 0; left--) assert.equal((await here.get()).left, left);
      const refusals = async () =>
        Number(/errorstat_READONLY:count=(\d+)/.exec(await redis.client.info('errorstats'))?.[1] ?? 0);
      await until(async () => (await refusals()) >= 4);
      assert.deepEqual(here.said(), ['READONLY']);
      await redis.client.replicaof('no', 'one');
      await isBack(here);
      assert.deepEqual(here.said(), ['READONLY', 'back']);
    });

    test('that wants another password, is none or still reads its data is lost; the log tells no password', async () => {
      const locked = await startRedis('--requirepass', 'correct');
      const other = await startFake(() => '+OK\r\n');
      const loading = await startFake((command) =>
        command === 'INFO' ? '$35\r\nloading:1\r\nloading_eta_seconds:1000\r\n' : '+OK\r\n',
      );
      try {
        const wrong = await openPeer(QUOTA, locked.url.replace('//', '//:hunter2@'));
        const right = await openPeer(QUOTA, locked.url.replace('//', '//:correct@'));
        const none = await openPeer(QUOTA, other.url);
        const slow = await openPeer(QUOTA, loading.url);
        for (const peer of [wrong, right, none, slow]) {
          const { status, left, text } = await peer.get();
          assert.deepEqual([status, left], [200, QUOTA - 1], text);
        }
        assert.deepEqual(wrong.said(), ['WRONGPASS']);
        assert.deepEqual(right.said(), []);
        assert.deepEqual(none.said(), ['nonsense']);
        assert.deepEqual(slow.said(), ['late']);
        for (const peer of [wrong, right]) assert.doesNotMatch(peer.log(), /hunter2|correct/);
      } finally {
        await Promise.all(peers.splice(0).map((peer) => peer.stop()));
        other.close();
        loading.close();
        await locked.stop();
      }
    });
  });

  test('clientele starts without its Redis, says so once, and ends when told to, also while Redis hangs', async () => {
    const lone = await startRedis();
    await lone.signal('SIGKILL');
    const env = { ...process.env, DATABASE_URL: store.url, PORT: '0', REDIS_URL: lone.url };
    const server = spawn(process.execPath, ['cli/main.ts', 'serve'], {
      cwd: PROJECT,
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    server.stderr.on('data', (chunk) => {
      said += chunk;
    });
    try {
      await until(() => /serves http:\S+/.test(said));
      const url = /serves (http:\/\/[^\s(]+)/.exec(said)![1]!;
      const get = () => fetch(`${url}/api/customers`, { headers: { authorization: `Bearer ${store.keys.editor}` } });
      assert.equal((await get()).status, 200);
      await lone.start();
      await until(() => said.includes(BACK));
      assert.equal(said.slice(0, said.indexOf(BACK)).split(LOST).length, 2, 'one warning');
      await lone.signal('SIGSTOP');
      assert.equal((await get()).status, 200);
      const ended = once(server, 'exit');
      server.kill('SIGTERM');
      assert.deepEqual(await ended, [0, null]);
    } finally {
      server.kill('SIGKILL');
      await lone.stop();
    }
  });
});

/** What answers each command with a text of ours. */
async function startFake(answer: (command: string) => string): Promise<{ url: string; close(): void }> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      for (const [, command] of `${chunk}`.matchAll(/^\*\d+\r\n\$\d+\r\n(\w+)/gm))
        socket.write(answer(command!.toUpperCase()));
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { url: `redis://127.0.0.1:${(server.address() as { port: number }).port}`, close: () => server.close() };
}

/** Waits for what must come; the test's own limit ends what never does. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}

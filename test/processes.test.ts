// Several processes that serve one port: together they are one server, whichever of them dies.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, type IncomingMessage, request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { PROJECT } from '#server/project.ts';
import { type Clientele, freePort, isAlive, startClientele, until, workersOf } from './support/process.ts';
import { openTestDatabase } from './support/server.ts';

const token = 'a-token-for-tests';
const words = ['--processes', '2'];
let env: NodeJS.ProcessEnv;
let data: string;
let key: string;
let server: Clientele;
let acknowledged = 0;

before(async () => {
  data = await mkdtemp(join(tmpdir(), 'clientele-processes-'));
  await chmod(data, 0o755);
  env = {
    CLIENTELE_DATA: data,
    DATABASE_URL: '',
    PORT: String(await freePort()),
    CLIENTELE_METRICS_TOKEN: token,
    CLIENTELE_METRICS_PORT: String(await freePort()),
    CLIENTELE_RATE_LIMIT: '1001/3600',
    CLIENTELE_LOG_LEVEL: 'error',
  };
  key = keys('create', '--role', 'editor', '--name', 'test');
  server = await startClientele(env, words);
});
after(async () => {
  server.process.kill('SIGTERM');
  await server.ended;
  await rm(data, { recursive: true, force: true });
});

/** A start that should fail; one that does not is ended. */
async function refused(env: NodeJS.ProcessEnv, words: string[]): Promise<void> {
  const started = await startClientele(env, words);
  started.process.kill('SIGTERM');
  await started.ended;
}

function keys(...rest: string[]): string {
  return execFileSync(process.execPath, ['cli/clientele.js', 'keys', ...rest], {
    cwd: PROJECT,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  }).trim();
}

/** A request over a connection of its own, so that the two take turns. */
async function ask(path: string, body?: unknown, headers: Record<string, string> = {}) {
  const sent = request(server.url + path, {
    agent: new Agent(),
    method: body ? 'POST' : 'GET',
    headers: { authorization: `Bearer ${key}`, ...(body ? { 'content-type': 'application/json' } : {}), ...headers },
  });
  sent.end(body && JSON.stringify(body));
  const [reply] = (await once(sent, 'response')) as [IncomingMessage];
  const text = (await reply.toArray()).join('');
  return { status: reply.statusCode!, headers: reply.headers, text };
}

async function create(email: string, headers?: Record<string, string>) {
  const reply = await ask('/api/customers', { first_name: 'Ada', last_name: 'Lovelace', email }, headers);
  if (reply.status === 201 && !reply.headers['idempotency-replayed']) acknowledged++;
  return reply;
}

const scrape = async () => (await ask('/metrics', undefined, { authorization: `Bearer ${token}` })).text;

/** Requests that made customers, by the process that answered them. */
function created(text: string): Record<string, number> {
  const line =
    /^clientele_http_request_duration_seconds_count\{method="POST",.*status="201",process="(\w+)"\} (\d+)$/gm;
  return Object.fromEntries([...text.matchAll(line)].map(([, process, count]) => [process, Number(count)]));
}

test('they start as one: migrated once, told once', () => {
  assert.equal(server.said().match(/serves http/g)?.length, 1);
  assert.equal(workersOf(server.process.pid!).length, 2);
});

test('they share the work, and whichever is asked tells the metrics of all, as does the port for this machine', async () => {
  for (const reply of await Promise.all(Array.from({ length: 20 }, (_, index) => create(`ada${index}@example.org`))))
    assert.equal(reply.status, 201);
  const local = await (await fetch(`http://127.0.0.1:${env.CLIENTELE_METRICS_PORT}/metrics`)).text();
  for (const text of [await scrape(), await scrape(), local]) {
    const { 1: one = 0, 2: two = 0, ...others } = created(text);
    assert.ok(one > 0 && two > 0, 'both answer');
    assert.deepEqual([one + two, others], [20, {}]);
    for (const name of ['process_start_time_seconds', 'nodejs_eventloop_lag_p99_seconds'])
      assert.deepEqual(
        [...text.matchAll(new RegExp(`^${name}\\{process="(\\w+)"\\} \\S+$`, 'gm'))].map(([, each]) => each),
        ['primary', '1', '2'],
      );
  }
});

test('a write repeated with its idempotency key happens once, whichever process gets it', async () => {
  const replies = await Promise.all(
    Array.from({ length: 10 }, () => create('ida@example.org', { 'idempotency-key': 'once' })),
  );
  assert.deepEqual([...new Set(replies.map(({ status }) => status))], [201]);
  assert.equal(replies.filter(({ headers }) => !headers['idempotency-replayed']).length, 1);
  assert.equal(new Set(replies.map(({ text }) => JSON.parse(text).id)).size, 1);
});

test('what one has written the other reads at once, though both keep answers', async () => {
  for (let round = 0; round < 10; round++) {
    await create(`round${round}@example.org`);
    const replies = await Promise.all(Array.from({ length: 4 }, () => ask('/api/customers?limit=1&search=ada')));
    assert.deepEqual([...new Set(replies.map(({ text }) => JSON.parse(text).count))], [acknowledged]);
  }
});

test('a key that is revoked is soon refused by both', async () => {
  const other = keys('create', '--role', 'viewer', '--name', 'other');
  const statuses = async () =>
    Promise.all(
      Array.from({ length: 4 }, async () => {
        return (await ask('/api/customers/stats', undefined, { authorization: `Bearer ${other}` })).status;
      }),
    );
  assert.deepEqual(await statuses(), [200, 200, 200, 200]);
  const listed = keys('list', '--json')
    .split('\n')
    .map((line) => JSON.parse(line));
  keys('revoke', listed.find(({ name }) => name === 'other').id);
  await until(async () => (await statuses()).every((status) => status === 401), 'both refuse the key');
});

test('each has its part of the rate limit', async () => {
  const { headers } = await ask('/api/customers/stats');
  assert.equal(headers['ratelimit-policy'], '"default";q=500;w=3600');
});

test('one that dies is replaced', async () => {
  const [one, other] = workersOf(server.process.pid!);
  process.kill(one!, 'SIGKILL');
  await until(() => workersOf(server.process.pid!).filter((pid) => pid !== one).length === 2, 'there are two again');
  assert.ok(workersOf(server.process.pid!).includes(other!), 'the other one is who it was');
  const sentence = 'A worker process has ended (signal SIGKILL); another takes its place.';
  await until(() => server.said().includes(sentence), sentence);
  await until(async () => {
    const before = created(await scrape());
    await Promise.all(Array.from({ length: 4 }, (_, index) => create(`again${index}${Math.random()}@example.org`)));
    const after = created(await scrape());
    return [1, 2].every((number) => (after[number] ?? 0) > (before[number] ?? 0));
  }, 'both answer again');
});

test('a primary that is killed leaves nobody behind but for requests under way, and nothing that hinders the next', async () => {
  const workers = workersOf(server.process.pid!);
  assert.equal(workers.length, 2);
  const body = JSON.stringify({ first_name: 'Ada', last_name: 'Lovelace', email: 'late@example.org' });
  const sent = request(`${server.url}/api/customers`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      'content-length': body.length,
      expect: '100-continue',
    },
  });
  sent.flushHeaders();
  await once(sent, 'continue');
  server.process.kill('SIGKILL');
  // Its standard error is open for as long as a worker has it.
  await once(server.process, 'exit');
  sent.end(body);
  const [reply] = (await once(sent, 'response')) as [IncomingMessage];
  reply.resume();
  assert.deepEqual([reply.statusCode, reply.headers.connection], [201, 'close']);
  acknowledged++;
  await until(() => !workers.some(isAlive), 'the workers are gone');
  server = await startClientele(env, words);
  assert.equal(JSON.parse((await ask('/api/customers/stats')).text).total_customers, acknowledged);
});

test('signals that all hear at once stop them once, in order, with exit code 0; the database goes with them', async () => {
  const workers = workersOf(server.process.pid!);
  for (const pid of [...workers, server.process.pid!]) process.kill(pid, 'SIGTERM');
  assert.equal(await server.ended, 0);
  assert.ok(!workers.some(isAlive));
  assert.match(server.said(), /PostgreSQL stopped/);
  assert.doesNotMatch(server.said(), /worker process/);
  server = await startClientele(env, words);
});

test('a port in use, and workers that cannot start, are said in a sentence', async () => {
  const opened = await openTestDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'clientele-broken-'));
  const taken = createServer();
  taken.listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };
  const base = { DATABASE_URL: opened.url, CLIENTELE_METRICS_PORT: '' };
  try {
    await assert.rejects(
      refused({ ...base, PORT: String(port) }, words),
      new RegExp(`start: clientele: Port ${port} on 127.0.0.1 is in use; set PORT to another.\n$`),
    );
    const broken = join(folder, 'broken.mjs');
    await writeFile(broken, `if (process.argv[1]?.endsWith('worker.ts')) process.exit(7);`);
    await assert.rejects(
      refused({ ...base, PORT: '0', NODE_OPTIONS: `--import=${broken}` }, words),
      /\nclientele: No worker process can start: 5 tries failed\. It ended with exit code 7 before it served\.\n$/,
    );
    await assert.rejects(
      refused({ ...base, PORT: '0' }, ['--processes', '64']),
      /64 processes make up to 896 connections, and the database takes \d+/,
    );
    await assert.rejects(refused(base, ['--processes', '0']), /--processes must be a whole number from 1 to 64/);
  } finally {
    taken.close();
    await opened.drop();
    await rm(folder, { recursive: true, force: true });
  }
});

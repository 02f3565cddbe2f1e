// The drill: everything is lost but a backup that was made while people worked, and all of it is there again.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { LogEvent } from '#contract/events.ts';
import { verifyBackup } from '#server/backup/backup.ts';
import { keepBackups } from '#server/backup/schedule.ts';
import { openEmbedded } from '#server/embedded.ts';
import { migrate } from '#server/migrate.ts';
import { PROJECT } from '#server/project.ts';
import { ada } from './support/customers.ts';
import { openTestLog } from './support/log.ts';
import { type Clientele, startClientele, until } from './support/process.ts';
import { openTestDatabase, type TestDatabase } from './support/server.ts';

const folder = await mkdtemp(join(tmpdir(), 'backup-test-'));
await chmod(folder, 0o755); // under root PostgreSQL runs as another user
after(() => rm(folder, { recursive: true, force: true }));

type Ran = { code: number; out: string; err: string };

function clientele(env: NodeJS.ProcessEnv, ...words: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const settings = { cwd: PROJECT, env: { ...process.env, CLIENTELE_ENV: 'development', ...env } };
    execFile(process.execPath, ['cli/clientele.js', ...words], settings, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    );
  });
}

const dataOf = (name: string) => ({ CLIENTELE_DATA: join(folder, name), PORT: '0' });

async function keyOf(env: NodeJS.ProcessEnv, workspace = 'main'): Promise<string> {
  const { out, err } = await clientele(
    env,
    'keys',
    'create',
    '--name',
    'drill',
    '--role',
    'admin',
    '--workspace',
    workspace,
  );
  assert.match(out, /^clt_/, err);
  return out.trim();
}

function callerOf(url: string, key: string) {
  return async (method: string, path: string, body?: unknown) => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const reply = await fetch(url + path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await reply.text();
    assert.ok(reply.ok, `${method} ${path}: ${reply.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  };
}
type Caller = ReturnType<typeof callerOf>;

/** The whole log. */
async function logOf(call: Caller): Promise<LogEvent[]> {
  const all: LogEvent[] = [];
  for (;;) {
    const { results } = await call('GET', `/api/events?limit=1000&after=${all.at(-1)?.position ?? 0}`);
    if (results.length === 0) return all;
    all.push(...results);
  }
}

/** What a log makes of the customers. */
function fold(log: LogEvent[]): Map<string, unknown> {
  const customers = new Map<string, unknown>();
  for (const { type, customer_id, customer } of log)
    if (type === 'customer.deleted') customers.delete(customer_id!);
    else if (customer_id !== null) customers.set(customer_id, customer);
  return customers;
}

async function customersOf(call: Caller): Promise<Map<string, unknown>> {
  const found = new Map<string, unknown>();
  for (let path = '/api/customers?limit=200&ordering=created_at'; path; ) {
    const page = await call('GET', path);
    for (const customer of page.results) found.set(customer.id, customer);
    path = page.next;
  }
  return found;
}

/** Creates, changes, deletes and restores without end; gives how that is stopped. */
function keepWriting(call: Caller): () => Promise<void> {
  let isOver = false;
  const ids: string[] = [];
  const work = async (first: number) => {
    for (let turn = first; !isOver; turn++) {
      const { id } = await call('POST', '/api/customers', ada());
      ids.push(id);
      const other = ids[turn % ids.length]!;
      await call('PATCH', `/api/customers/${id}`, { phone: `+44 20 7946 ${String(1000 + (turn % 9000))}` });
      if (turn % 3 === 0) {
        await call('DELETE', `/api/customers/${id}`);
        if (turn % 2 === 0) await call('POST', `/api/customers/${id}/restore`);
      } else await call('POST', `/api/customers/${other}/${turn % 2 ? 'activate' : 'deactivate'}`).catch(() => {});
    }
  };
  const working = [0, 1, 2].map(work);
  for (const one of working) one.catch(() => {}); // told by whoever stops them
  return async () => {
    isOver = true;
    await Promise.all(working);
  };
}

/** Whether a restored server has the log of the other one up to where its own ends, its customers, and goes on from there. */
async function assertRestored(restored: Caller, whole: LogEvent[], least: number): Promise<void> {
  const log = await logOf(restored);
  assert.ok(log.length >= least, `${log.length} of at least ${least} events`);
  assert.deepEqual(log, whole.slice(0, log.length));
  assert.deepEqual(await customersOf(restored), fold(log));
  const { total_customers } = await restored('GET', '/api/customers/stats');
  assert.equal(total_customers, fold(log).size);
  const { id } = await restored('POST', '/api/customers', ada());
  const [next, ...more] = (await restored('GET', `/api/events?after=${log.length}`)).results;
  assert.deepEqual([next.position, next.customer_id, more.length], [log.length + 1, id, 0]);
}

async function stop(server: Clientele): Promise<void> {
  server.process.kill('SIGTERM');
  await server.ended;
}

describe('a backup of the embedded database, made while people write', { timeout: 240_000 }, () => {
  const origin = dataOf('origin');
  const physical = () => join(folder, 'files.backup');
  const logical = () => join(folder, 'tables.backup');
  const logs: { main: LogEvent[]; shop: LogEvent[] } = { main: [], shop: [] };
  let keys: { main: string; shop: string };
  let least: number;

  before(async () => {
    let server = await startClientele(origin);
    await clientele(origin, 'workspaces', 'create', 'shop', '--name', 'Shop');
    keys = { main: await keyOf(origin), shop: await keyOf(origin, 'shop') };
    const [main, shop] = [callerOf(server.url, keys.main), callerOf(server.url, keys.shop)];
    const stops = [keepWriting(main), keepWriting(shop)];
    await sleep(1500);
    least = (await main('GET', '/api/events?newest_first=true&limit=1')).results[0].position;
    for (const words of [
      ['backup', physical()],
      ['backup', logical(), '--logical'],
    ]) {
      const { code, out, err } = await clientele(origin, ...words);
      assert.equal(code, 0, err);
      assert.match(out, /backup of [\d.]+ MiB/);
    }
    await sleep(500);
    // All is lost, at once.
    for (const halt of stops) halt().catch(() => {});
    server.process.kill('SIGKILL');
    await server.ended;
    server = await startClientele(origin);
    logs.main = await logOf(callerOf(server.url, keys.main));
    logs.shop = await logOf(callerOf(server.url, keys.shop));
    await stop(server);
  });

  for (const [what, file] of [
    ['the files', physical],
    ['the tables', logical],
  ] as const)
    test(`of ${what} gives everything back: customers, log, keys, workspaces`, async () => {
      const target = dataOf(`restored-${what.split(' ')[1]}`);
      const { code, out, err } = await clientele(target, 'restore', file(), '--no-erasures');
      assert.equal(code, 0, out + err);
      assert.doesNotMatch(out, /WRONG/);
      const server = await startClientele(target);
      await assertRestored(callerOf(server.url, keys.main), logs.main, least);
      await assertRestored(callerOf(server.url, keys.shop), logs.shop, 1);
      await stop(server);
    });

  test('is refused where there is a database already, and that one is left as it is', async () => {
    for (const file of [physical(), logical()]) {
      const before = await keyOf(origin);
      const { code, err } = await clientele(origin, 'restore', file, '--no-erasures');
      assert.equal(code, 1);
      assert.match(err, /already|not empty/);
      const server = await startClientele(origin);
      await callerOf(server.url, before)('GET', '/api/customers/stats');
      await stop(server);
    }
  });

  test('that was cut off or changed is refused, and nothing is made of it', async () => {
    for (const [name, damage] of [
      ['cut', async (file: string) => truncate(file, Math.floor((await readFile(file)).length * 0.7))],
      ['end', async (file: string) => truncate(file, (await readFile(file)).length - 16)],
      [
        'flip',
        async (file: string) => {
          const handle = await open(file, 'r+');
          const { size } = await handle.stat();
          const byte = Buffer.alloc(1);
          await handle.read(byte, 0, 1, Math.floor(size / 2));
          byte[0]! ^= 0xff;
          await handle.write(byte, 0, 1, Math.floor(size / 2));
          await handle.close();
        },
      ],
      ['other', (file: string) => writeFile(file, 'first_name,last_name\n')],
    ] as const)
      for (const whole of [physical(), logical()]) {
        const file = join(folder, `${name}.backup`);
        await writeFile(file, await readFile(whole));
        await damage(file);
        const target = dataOf(`from-${name}`);
        const { code, err } = await clientele(target, 'restore', file, '--no-erasures');
        assert.equal(code, 1);
        assert.match(err, /damaged or was cut off|no backup/, name);
        assert.deepEqual(await readdir(target.CLIENTELE_DATA).catch(() => []), []);
      }
  });

  test('is never written over another file, nor left half under its name', async () => {
    const { code, err } = await clientele(origin, 'backup', physical());
    assert.equal(code, 1);
    assert.match(err, /is there already/);
    const missing = await clientele(origin, 'backup', join(folder, 'nowhere', 'x.backup'));
    assert.equal(missing.code, 1);
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.endsWith('.part')),
      [],
    );
  });
});

describe('a backup of before somebody was erased', { timeout: 120_000 }, () => {
  test('is restored only together with what was erased since, and brings nobody back', async () => {
    const origin = { ...dataOf('erasing'), CLIENTELE_ERASURES: join(folder, 'erasures.jsonl') };
    let server = await startClientele(origin);
    const key = await keyOf(origin);
    let call = callerOf(server.url, key);
    const gone = await call('POST', '/api/customers', ada());
    const kept = await call('POST', '/api/customers', ada());
    const files = ['', '--logical'].map((option) => ({ file: join(folder, `before${option}.backup`), option }));
    for (const { file, option } of files) {
      const { code, err } = await clientele(origin, 'backup', file, ...(option ? [option] : []));
      assert.equal(code, 0, err);
    }
    await call('POST', `/api/customers/${gone.id}/erase`);
    await stop(server);

    for (const { file, option } of files) {
      const data = dataOf(`unerased${option}`);
      // The hashes of then are recognised by the key of then alone.
      await mkdir(data.CLIENTELE_DATA);
      await copyFile(join(origin.CLIENTELE_DATA, 'suppression-key'), join(data.CLIENTELE_DATA, 'suppression-key'));
      const unsaid = await clientele(data, 'restore', file);
      assert.equal(unsaid.code, 2, unsaid.err);
      assert.match(unsaid.err, /CLIENTELE_ERASURES.*--no-erasures/);
      const target = { ...data, CLIENTELE_ERASURES: origin.CLIENTELE_ERASURES };
      const { code, out, err } = await clientele(target, 'restore', file);
      assert.equal(code, 0, out + err);
      assert.match(out, /1 customer erased again, of 1 erasure that/);
      server = await startClientele(target);
      call = callerOf(server.url, key);
      assert.equal((await call('GET', `/api/customers/${kept.id}`)).id, kept.id);
      await assert.rejects(call('GET', `/api/customers/${gone.id}`), /404/);
      await assert.rejects(call('POST', '/api/customers', { ...ada(), email: gone.email }), /suppressed/);
      assert.doesNotMatch(JSON.stringify(await logOf(call)), new RegExp(gone.email));
      await stop(server);
    }
  });
});

describe('another PostgreSQL', { timeout: 120_000 }, () => {
  let other: TestDatabase;
  let name: string;
  before(async () => {
    other = await openTestDatabase();
  });
  after(() => other.drop());

  /** An empty database beside the other one. */
  async function fresh(): Promise<string> {
    name = `${new URL(other.url.replace(/@[^/]*/, '@x')).pathname.slice(1)}_${Math.random().toString(36).slice(2, 8)}`;
    const client = new pg.Client(other.connection);
    await client.connect();
    await client.query(`CREATE DATABASE ${name}`);
    await client.end();
    return other.url.replace(/[^/]*$/, name);
  }
  async function drop(): Promise<void> {
    const client = new pg.Client(other.connection);
    await client.connect();
    await client.query(`DROP DATABASE ${name} WITH (FORCE)`);
    await client.end();
  }

  test('takes over by one command, with everything; not while the server runs, nor where something is', async () => {
    const origin = dataOf('moving');
    const server = await startClientele(origin);
    const key = await keyOf(origin);
    const call = callerOf(server.url, key);
    const halt = keepWriting(call);
    await sleep(500);
    await halt();
    const log = await logOf(call);
    const url = await fresh();
    const busy = await clientele(origin, 'move', url);
    assert.equal(busy.code, 1);
    await stop(server);
    const { code, out, err } = await clientele(origin, 'move', url);
    assert.equal(code, 0, out + err);
    const again = await clientele(origin, 'move', url);
    assert.match(again.err, /not empty/);
    const moved = await startClientele({ DATABASE_URL: url, PORT: '0' });
    await assertRestored(callerOf(moved.url, key), log, log.length);

    const file = join(folder, 'external.backup');
    const made = await clientele({ DATABASE_URL: url }, 'backup', file);
    assert.equal(made.code, 0, made.err);
    await stop(moved);
    const back = dataOf('back');
    const restored = await clientele(back, 'restore', file, '--no-erasures');
    assert.equal(restored.code, 0, restored.out + restored.err);
    await drop();
  });
});

describe('a server with an embedded database', { timeout: 60_000 }, () => {
  test('makes backups by itself, keeps the last few, and clears away what was left half done', async () => {
    const data = join(folder, 'scheduled');
    const kept = join(folder, 'kept');
    const embedded = await openEmbedded({ directory: data, role: 'tool' });
    await migrate(embedded.connection, join(PROJECT, 'migrations'));
    const log = openTestLog();
    const made: number[] = [];
    await mkdir(kept);
    await writeFile(join(kept, 'clientele-20200101T000000Z.backup'), '');
    await writeFile(join(kept, 'clientele-20200102T000000Z.backup.part'), '');
    await writeFile(join(kept, 'notes.txt'), '');
    for (const at of [1, 2]) await utimes(join(kept, 'clientele-20200101T000000Z.backup'), at, at);
    const schedule = {
      connection: embedded.connection,
      directory: data,
      folder: kept,
      every_hours: 0.0001,
      keep: 2,
      logger: log.logger,
      onBackup: (at: number) => made.push(at),
    };
    const backups = keepBackups(schedule, { look_ms: 50, first_ms: 0 });
    await until(() => new Set(made).size > 3, 'some backups');
    await backups.stop();
    const names = (await readdir(kept)).filter((name) => name !== 'notes.txt');
    assert.ok(names.length <= 3 && names.every((name) => /^clientele-\d{8}T\d{6}Z\.backup$/.test(name)), names.join());
    assert.ok(!names.includes('clientele-20200101T000000Z.backup'));
    assert.equal((await verifyBackup(join(kept, names.at(-1)!))).kind, 'physical');
    await embedded.release();
  });
});

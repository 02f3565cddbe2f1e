// The embedded PostgreSQL, with real processes: who starts it, who stops it, and what becomes of it when they are killed.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { type Connection, dataDirectory, type Embedded, openEmbedded } from '../server/embedded.ts';

/** Opens databases in a folder of the test's own; whatever the test leaves open is released after it. */
function folder(t: TestContext) {
  const path = mkdtempSync(join(tmpdir(), 'embedded-test-'));
  chmodSync(path, 0o755); // under root PostgreSQL runs as another user
  const opened: Embedded[] = [];
  t.after(async () => {
    for (const each of opened) await each.release();
    const left = postmasterPid(path);
    if (left && isAlive(left)) process.kill(left, 'SIGQUIT');
    await until(() => !left || !isAlive(left));
    for (const each of [path, ...opened.map(({ connection }) => connection.host)])
      rmSync(each, { recursive: true, force: true });
  });
  const open = async (role: 'server' | 'tool', log?: (line: string) => void) => {
    const embedded = await openEmbedded({ directory: path, role, log });
    opened.push(embedded);
    return embedded;
  };
  return { path, open };
}

test('the first start makes the database, the next finds its data', async (t) => {
  const { path, open } = folder(t);
  const first = await open('server');
  const pid = postmasterPid(path)!;
  await ask(first.connection, 'CREATE TABLE kept AS SELECT 42 AS answer');
  const [settings] = await ask(
    first.connection,
    `SELECT current_setting('server_encoding') AS encoding, current_setting('data_checksums') AS checksums, lower('ÄÖÉЖ') AS lower,
       current_setting('fsync') || current_setting('full_page_writes') || current_setting('synchronous_commit') AS durable,
       current_setting('listen_addresses') AS addresses`,
  );
  assert.deepEqual(settings, { encoding: 'UTF8', checksums: 'on', lower: 'äöéж', durable: 'ononon', addresses: '' });
  await first.release();
  assert.equal(isAlive(pid), false);
  assert.equal(postmasterPid(path), undefined);
  assert.equal(existsSync(first.connection.host), false, 'no folder is left behind for the socket');

  const second = await open('server');
  assert.deepEqual(await ask(second.connection, 'SELECT answer FROM kept'), [{ answer: 42 }]);
  assert.deepEqual(second.connection, first.connection);
});

test('what the database had in memory is there again after a restart', async (t) => {
  const { open } = folder(t);
  const first = await open('server');
  await ask(
    first.connection,
    'CREATE EXTENSION pg_buffercache; CREATE TABLE read_often AS SELECT n, repeat(n::text, 99) AS text FROM generate_series(1, 5000) AS n',
  );
  const pagesOf = async ({ connection }: Embedded) => {
    const [row] = await ask(
      connection,
      `SELECT count(*)::int AS pages FROM pg_buffercache WHERE relfilenode = pg_relation_filenode('read_often')`,
    );
    return (row as { pages: number }).pages;
  };
  const pages = await pagesOf(first);
  assert.ok(pages > 50);
  await first.release();

  const second = await open('server');
  for (const deadline = Date.now() + 30_000; (await pagesOf(second)) < pages; await sleep(50))
    assert.ok(Date.now() < deadline, 'they were never read');
});

test('PostgreSQL writes no statement and no value to its log', async (t) => {
  const { path, open } = folder(t);
  const { connection } = await open('tool');
  await ask(connection, 'CREATE TABLE people (email text UNIQUE)');
  const insert = () => ask(connection, 'INSERT INTO people VALUES ($1)', ['ada@example.com']);
  await insert();
  await assert.rejects(insert, { code: '23505' });
  const log = readFileSync(join(path, 'postgres.log'), 'utf8');
  assert.match(log, /duplicate key/);
  assert.doesNotMatch(log, /ada@example\.com|INSERT/);
});

test('of two tools the last one out stops the database', async (t) => {
  const { path, open } = folder(t);
  const [first, second] = await Promise.all([open('tool'), open('tool')]);
  const pid = postmasterPid(path)!;
  await first.release();
  assert.equal(postmasterPid(path), pid);
  assert.deepEqual(await ask(second.connection, 'SELECT 1 AS one'), [{ one: 1 }]);
  await Promise.all([second.release(), second.release()]);
  assert.equal(isAlive(pid), false);
});

test('of two that leave at once one stops the database', async (t) => {
  const { path, open } = folder(t);
  const both = await Promise.all([open('server'), open('tool')]);
  const pid = postmasterPid(path)!;
  await Promise.all(both.map((each) => each.release()));
  assert.equal(isAlive(pid), false);
});

test('a tool that comes while the last one leaves gets a database', async (t) => {
  const { open } = folder(t);
  let last = await open('tool');
  for (let round = 0; round < 5; round += 1) {
    const [next] = await Promise.all([open('tool'), last.release()]);
    assert.deepEqual(await ask(next.connection, 'SELECT 1 AS one'), [{ one: 1 }]);
    last = next;
  }
});

test('a second server is refused, and the first and a tool are unharmed', async (t) => {
  const { path, open } = folder(t);
  const first = await open('server');
  await assert.rejects(open('server'), {
    name: 'StartError',
    message: `Another Clientele server is already serving ${path}.`,
  });
  const tool = await open('tool');
  assert.deepEqual(await ask(first.connection, 'SELECT 1 AS one'), [{ one: 1 }]);
  await first.release();
  const next = await open('server');
  assert.deepEqual(await ask(tool.connection, 'SELECT 1 AS one'), [{ one: 1 }]);
  await tool.release();
  assert.deepEqual(await ask(next.connection, 'SELECT 1 AS one'), [{ one: 1 }]);
});

test('the database of a killed server is taken over by the next', async (t) => {
  const { path, open } = folder(t);
  const module = new URL('../server/embedded.ts', import.meta.url).href;
  const code = `import { openEmbedded } from ${JSON.stringify(module)};
    await openEmbedded({ directory: ${JSON.stringify(path)}, role: 'server' });
    console.log('open');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  const pid = postmasterPid(path)!;
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(isAlive(pid), true);

  const next = await open('server');
  assert.equal(postmasterPid(path), pid);
  await next.release();
  assert.equal(isAlive(pid), false);
});

for (const [whose, pid] of [
  ['no process', 4_194_303],
  ['another process', process.pid],
] as const) {
  test(`a postmaster.pid with the number of ${whose} is no hindrance`, async (t) => {
    const { path, open } = folder(t);
    await (await open('tool')).release();
    const file = join(path, 'postgres', 'postmaster.pid');
    writeFileSync(file, `${pid}\n${join(path, 'postgres')}\n1700000000\n5432\n/tmp\n\n  1234567         0\nready   \n`);
    const { connection } = await open('server');
    assert.deepEqual(await ask(connection, 'SELECT 1 AS one'), [{ one: 1 }]);
    assert.notEqual(postmasterPid(path), pid);
    assert.deepEqual(
      readdirSync(join(path, 'postgres')).filter((name) => name.endsWith('.stale')),
      [],
    );
  });
}

test('the data of another version of PostgreSQL are refused and left alone', async (t) => {
  const { path, open } = folder(t);
  mkdirSync(join(path, 'postgres'));
  writeFileSync(join(path, 'postgres', 'PG_VERSION'), '17\n');
  await assert.rejects(open('tool'), {
    name: 'StartError',
    message: /made by PostgreSQL 17, but this is PostgreSQL 18/,
  });
  assert.deepEqual(readdirSync(path, { recursive: true }), ['postgres', 'postgres/PG_VERSION']);
});

test("a folder of somebody else's in the database's place is refused and left alone", async (t) => {
  const { path, open } = folder(t);
  mkdirSync(join(path, 'postgres'));
  writeFileSync(join(path, 'postgres', 'notes.txt'), 'mine');
  await assert.rejects(open('tool'), {
    name: 'StartError',
    message: /holds something other than a PostgreSQL database/,
  });
  assert.deepEqual(readdirSync(path, { recursive: true }), ['postgres', 'postgres/notes.txt']);
});

test('a database that cannot start says so with the end of its log', async (t) => {
  const { path, open } = folder(t);
  await (await open('tool')).release();
  const broken = join(path, 'postgres', 'postgresql.conf');
  writeFileSync(broken, 'no_such_setting = 1\n', { flag: 'a' });
  await assert.rejects(open('tool'), {
    name: 'StartError',
    message: /unrecognized configuration parameter "no_such_setting"/,
  });
});

test('of two first starts at once both get the one database', async (t) => {
  const { path, open } = folder(t);
  const [one, other] = await Promise.all([open('server'), open('tool')]);
  await ask(one.connection, 'CREATE TABLE shared (n int)');
  assert.deepEqual(await ask(other.connection, 'SELECT n FROM shared'), []);
  assert.deepEqual(
    readdirSync(path).filter((name) => name.startsWith('postgres.new-')),
    [],
  );
});

test('a server brings its killed PostgreSQL back', async (t) => {
  const { path, open } = folder(t);
  const lines: string[] = [];
  const server = await open('server', (line) => lines.push(line));
  await ask(server.connection, 'CREATE TABLE kept AS SELECT 42 AS answer');
  const pid = postmasterPid(path)!;
  for (const each of [pid, ...childrenOf(pid)]) kill(each);
  await until(() => lines.includes('PostgreSQL is back'));
  assert.notEqual(postmasterPid(path), pid);
  assert.deepEqual(await ask(server.connection, 'SELECT answer FROM kept'), [{ answer: 42 }]);
  await assert.rejects(open('server'), { name: 'StartError', message: /already serving/ });
});

test('a server takes its locks again when only its connection was lost', async (t) => {
  const { path, open } = folder(t);
  const lines: string[] = [];
  const server = await open('server', (line) => lines.push(line));
  const pid = postmasterPid(path);
  await ask(server.connection, 'SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = $1', ['advisory']);
  await until(() => lines.includes('PostgreSQL is back'));
  assert.equal(postmasterPid(path), pid);
  await assert.rejects(open('server'), { name: 'StartError', message: /already serving/ });
});

test('a server can leave while its PostgreSQL cannot be brought back', async (t) => {
  const { path, open } = folder(t);
  const lines: string[] = [];
  const server = await open('server', (line) => lines.push(line));
  writeFileSync(join(path, 'postgres', 'postgresql.conf'), 'no_such_setting = 1\n', { flag: 'a' });
  const pid = postmasterPid(path)!;
  for (const each of [pid, ...childrenOf(pid)]) kill(each);
  await until(() => lines.some((line) => line.includes('no_such_setting')));
  await server.release();
});

test('the data go where they are told to, else into the project', (t) => {
  const { path } = folder(t);
  assert.equal(dataDirectory('/srv/crm', path), '/srv/crm');
  assert.equal(dataDirectory('elsewhere', path), join(path, 'elsewhere'));
  assert.equal(dataDirectory(undefined, path), join(path, 'data'));
});

const asRoot = { skip: process.getuid?.() !== 0 && 'only root has another user run PostgreSQL' };

test('where the user that PostgreSQL runs as cannot go, root is told which folder is closed', asRoot, async (t) => {
  const { path } = folder(t);
  const closed = join(path, 'home');
  mkdirSync(closed, { mode: 0o700 });
  const directory = join(closed, 'data');
  await assert.rejects(openEmbedded({ directory, role: 'tool' }), (error: Error) => {
    assert.equal(error.name, 'StartError');
    assert.ok(error.message.includes(`chmod o+x ${closed}`), error.message);
    return true;
  });
  assert.deepEqual(readdirSync(closed), []);
  assert.equal(dataDirectory(undefined, closed), '/var/lib/clientele/data');
  mkdirSync(join(directory, 'postgres'), { recursive: true });
  assert.equal(dataDirectory(undefined, closed), directory, 'data that are there are not passed over');
});

async function ask(connection: Connection, text: string, values?: unknown[]): Promise<unknown[]> {
  const client = new pg.Client(connection);
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(text, values)).rows;
  } finally {
    await client.end();
  }
}

function postmasterPid(path: string): number | undefined {
  try {
    return Number.parseInt(readFileSync(join(path, 'postgres', 'postmaster.pid'), 'utf8'), 10);
  } catch {
    return undefined;
  }
}

/** Each child of the postmaster has a session of its own. */
function childrenOf(pid: number): number[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  return lines
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([child, parent]) => (parent === pid ? [child!] : []));
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // gone by itself
  }
}

/** A zombie, which only waits for its parent to take note, is not. */
function isAlive(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout.trim() !== '' && !stdout.startsWith('Z');
}

async function until(isSo: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 30_000; !isSo(); await sleep(10)) {
    if (Date.now() > deadline) throw new Error(`never happened: ${isSo}`);
  }
}

// Migrations while others are about: who start at the same time, who are killed in the middle, who serve meanwhile.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { migrate } from '#server/migrate.ts';
import { until } from './support/process.ts';
import { openTestDatabase, type TestDatabase } from './support/server.ts';

let opened: TestDatabase;
let client: pg.Client;
let folder: string;

beforeEach(async () => {
  opened = await openTestDatabase();
  client = await connect();
  // Begun anew, with migrations of the test's own.
  await client.query('DROP TABLE migrations');
  folder = mkdtempSync(join(tmpdir(), 'clientele-migrate-'));
});
afterEach(async () => {
  await client.end();
  await opened.drop();
  rmSync(folder, { recursive: true });
});

async function connect(): Promise<pg.Client> {
  const made = new pg.Client(opened.connection);
  made.on('error', () => {});
  await made.connect();
  return made;
}

function write(...files: string[]): string[] {
  return files.map((sql, index) => {
    const name = `000${index + 1}_test.sql`;
    writeFileSync(join(folder, name), sql);
    return name;
  });
}

const one = async (sql: string, values?: unknown[]) =>
  Object.values((await client.query(sql, values)).rows[0] ?? {})[0];
/** How many sessions of migrations are in a state. */
const migrating = async (condition: string) =>
  Number(
    await one(`SELECT count(*) FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'clientele migrations' AND ${condition}`),
  );

/** Waits in a migration until its gate is opened. */
const pass = (gate: number) =>
  `DO $$ BEGIN WHILE EXISTS (SELECT FROM gates WHERE number = ${gate}) LOOP PERFORM pg_sleep(0.01); END LOOP; END $$;`;

test('of several that start at once one migrates, and the others wait for it', async () => {
  await client.query('CREATE TABLE gates (number integer PRIMARY KEY)');
  await client.query('INSERT INTO gates VALUES (1)');
  const names = write(
    `${pass(1)} CREATE TABLE first (id integer);`,
    'CREATE TABLE second (id integer); INSERT INTO second VALUES (1);',
  );
  const lines: string[] = [];
  const log = (line: string) => lines.push(line);
  const started = Promise.all([1, 2, 3].map(() => migrate(opened.connection, folder, { log })));
  const waiting = () => lines.filter((line) => line.startsWith('Another process is migrating')).length;
  await until(() => waiting() === 2, 'that two wait');
  await client.query('DELETE FROM gates');
  const done = await started;
  assert.deepEqual(
    done.sort((a, b) => b.length - a.length),
    [names, [], []],
  );
  assert.equal(waiting(), 2);
  assert.equal(await one('SELECT count(*) FROM second'), '1');
});

test('who waits for longer than it has patience for says so', async () => {
  write('SELECT 1;');
  const other = await connect();
  await other.query('SELECT pg_advisory_lock(1667459430)');
  await assert.rejects(migrate(opened.connection, folder, { patience_ms: 1 }), {
    name: 'StartError',
    message: 'Another process is migrating the database, and not done yet: start again when it is.',
  });
  await other.end();
  assert.deepEqual(await migrate(opened.connection, folder), ['0001_test.sql']);
});

test('killed at any point, it is done again as if nothing had been', async () => {
  await client.query('CREATE TABLE gates (number integer PRIMARY KEY)');
  const names = write(
    `${pass(1)} CREATE TABLE first (id integer);`,
    `CREATE TABLE second (id integer); ${pass(2)} INSERT INTO second VALUES (1); ALTER TABLE first ADD COLUMN name text; ${pass(3)}`,
    `${pass(4)} DROP TABLE first; ${pass(5)} INSERT INTO second VALUES (2);`,
  );
  const code = `import { migrate } from '#server/migrate.ts'; await migrate(...JSON.parse(process.argv[1]));`;
  const seen: unknown[] = [];
  for (const gate of [1, 2, 3, 4, 5]) {
    await client.query('INSERT INTO gates VALUES ($1)', [gate]);
    const child = spawn(
      process.execPath,
      ['--input-type=module', '-e', code, JSON.stringify([opened.connection, folder])],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
    await until(async () => (await migrating(`wait_event = 'PgSleep'`)) === 1, `it is at gate ${gate}`);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await until(async () => (await migrating('true')) === 0, 'PostgreSQL has noticed');
    await client.query('DELETE FROM gates');
    seen.push([
      await one(`SELECT array_agg(number ORDER BY number) FROM migrations`),
      await one(`SELECT count(*) FROM pg_class WHERE oid IN (to_regclass('first'), to_regclass('second'))`),
    ]);
  }
  assert.deepEqual(seen, [
    [null, '0'],
    [[1], '1'],
    [[1], '1'],
    [[1, 2], '2'],
    [[1, 2], '2'],
  ]);
  assert.deepEqual(await migrate(opened.connection, folder), names.slice(2));
  assert.deepEqual(await one('SELECT array_agg(id ORDER BY id) FROM second'), [1, 2]);
  assert.equal(await one(`SELECT to_regclass('first')`), null);
});

test('while it waits for a lock, those who serve are not held up', async () => {
  await client.query('CREATE TABLE things (id integer)');
  write('ALTER TABLE things ADD COLUMN name text;');
  const long = await connect();
  const writer = await connect();
  await long.query('BEGIN');
  await long.query('SELECT FROM things');
  const lines: string[] = [];
  let done: string[] | undefined;
  const migration = migrate(opened.connection, folder, { log: (line) => lines.push(line) }).then((names) => {
    done = names;
  });
  for (let round = 1; round <= 3; round++) {
    await until(async () => (await migrating(`wait_event_type = 'Lock'`)) === 1, 'the migration waits for its lock');
    const written = writer.query('INSERT INTO things VALUES ($1)', [round]);
    const granted = await Promise.race([written.then(() => true), sleep(20_000, false, { ref: false })]);
    assert.ok(granted, 'the writer behind it gets on');
    assert.equal(done, undefined, 'the migration does not');
  }
  await long.query('COMMIT');
  await migration;
  assert.deepEqual(done, ['0001_test.sql']);
  assert.equal(await one('SELECT count(*) FROM things WHERE name IS NULL'), '3');
  assert.match(
    lines.join('\n'),
    /^The migration 0001_test.sql waits for a lock. The oldest transaction is that of the database's process \d+, \d+ s old.$/,
  );
  await long.end();
  await writer.end();
});

test('who gets no lock for longer than it has patience for says so, and has changed nothing', async () => {
  await client.query('CREATE TABLE things (id integer)');
  write('CREATE TABLE other (id integer); ALTER TABLE things ADD COLUMN name text;');
  const long = await connect();
  await long.query('BEGIN');
  await long.query('LOCK TABLE things IN ACCESS SHARE MODE');
  const pid = (await long.query('SELECT pg_backend_pid() AS pid')).rows[0].pid;
  await assert.rejects(migrate(opened.connection, folder, { patience_ms: 1 }), ({ name, message }: Error) => {
    assert.equal(name, 'StartError');
    assert.match(message, /^The migration 0001_test.sql did not get a lock that it needs\. The oldest transaction /);
    assert.ok(message.includes(`process ${pid},`), message);
    return true;
  });
  assert.equal(await one(`SELECT to_regclass('other')`), null);
  await long.end();
});

test('a half migrated database is refused', async () => {
  write('SELECT 1;', 'SELECT 2;', 'SELECT 3;');
  await migrate(opened.connection, folder);
  await client.query('DELETE FROM migrations WHERE number = 2');
  await assert.rejects(migrate(opened.connection, folder), {
    name: 'StartError',
    message: /^The database is half migrated: it lacks 0002_test.sql/,
  });
});

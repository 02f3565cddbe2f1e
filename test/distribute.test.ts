// `clientele distribute`. What can be known without Citus is tested always: that every table has its place, and what the
// places ask of the schema. The rest runs where CITUS_URL names an empty database of a coordinator, with the extension in it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { createClient } from '#client/clientele.ts';
import { PLAN } from '#server/distribution/distribution.ts';
import { PROJECT } from '#server/project.ts';
import { startClientele } from './support/process.ts';
import { openTestDatabase } from './support/server.ts';

const distributed = Object.keys(PLAN).filter((table) => PLAN[table] === 'distributed');
const atHome = Object.keys(PLAN).filter((table) => PLAN[table] === 'coordinator');

/** The command line at a database. */
function clientele(url: string, ...words: string[]) {
  const env = { ...process.env, DATABASE_URL: url };
  return spawnSync(process.execPath, ['cli/clientele.js', ...words], { cwd: PROJECT, env, encoding: 'utf8' });
}

async function ask<Row extends pg.QueryResultRow>(connection: pg.ClientConfig, text: string, values: unknown[] = []) {
  const client = new pg.Client(connection);
  await client.connect();
  try {
    return (await client.query<Row>(text, values)).rows;
  } finally {
    await client.end();
  }
}

test('every table has its place', async (t) => {
  const opened = await openTestDatabase();
  t.after(() => opened.drop());
  const tables = await ask<{ name: string }>(
    opened.connection,
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`,
  );
  assert.deepEqual(
    Object.keys(PLAN).sort(),
    tables.map(({ name }) => name),
  );
  const printed = clientele(opened.url, 'distribute', '--plan').stdout.trim().split('\n');
  assert.deepEqual(Object.fromEntries(printed.map((line) => line.split(/\s+/))), PLAN);
});

test('of a distributed table the workspace is part of all that is unique, first, and always known', async (t) => {
  const opened = await openTestDatabase();
  t.after(() => opened.drop());
  const indexes = await ask<{ table: string; index: string; first: string }>(
    opened.connection,
    `SELECT t.relname AS table, i.relname AS index, a.attname AS first FROM pg_index
      JOIN pg_class AS t ON t.oid = indrelid JOIN pg_class AS i ON i.oid = indexrelid
      JOIN pg_attribute AS a ON a.attrelid = indrelid AND a.attnum = indkey[0] AND attnotnull
      WHERE indisunique AND t.relname = ANY ($1)`,
    [distributed],
  );
  assert.deepEqual(new Set(indexes.map(({ table }) => table)), new Set(distributed));
  assert.deepEqual(
    indexes.filter(({ first }) => first !== 'workspace_id'),
    [],
  );
  // Citus takes neither; and of the keys that are given up it may be said that nothing is lost, as they lead to workspaces.
  const [counted] = await ask<{ odd: number }>(
    opened.connection,
    `SELECT (SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgrelid = ANY ($1::regclass[]))
      + (SELECT count(*) FROM pg_attribute WHERE attidentity <> '' AND attrelid = ANY ($1::regclass[])) AS odd`,
    [distributed],
  );
  assert.equal(Number(counted!.odd), 0);
  const keys = await ask<{ target: string }>(
    opened.connection,
    `SELECT DISTINCT confrelid::regclass::text AS target FROM pg_constraint
      WHERE contype = 'f' AND (conrelid = ANY ($1::regclass[]) OR confrelid = ANY ($1::regclass[]))`,
    [distributed],
  );
  assert.deepEqual(keys, [{ target: 'workspaces' }]);
});

test('which statements are about both sorts of tables is known', async () => {
  const mentions = (tables: string[], text: string) =>
    new RegExp(`\\b(?:FROM|JOIN|USING|INTO|UPDATE|,)\\s+(?:${tables.join('|')})\\b(?!\\.)`).test(text);
  const both: string[] = [];
  for (const path of globSync('server/*/{store,*-store}.ts', { cwd: PROJECT })) {
    const module: Record<string, unknown> = await import(join(PROJECT, path));
    for (const [name, value] of Object.entries(module)) {
      const text = typeof value === 'string' ? value : (value as { text?: unknown }).text;
      if (typeof text === 'string' && mentions(distributed, text) && mentions(atHome, text)) both.push(name);
    }
  }
  // One more is one more for Citus to plan: look whether it can, with CITUS_URL.
  assert.deepEqual(both.sort(), [
    'FIND_UNPUBLISHED',
    'FIND_UNSEALED',
    'FIND_WEBHOOKS_TO_DELIVER',
    'INSERT_WORKSPACE',
    'IS_USED',
    'LIST_WEBHOOKS',
    'READ_IF_TAKEN',
    'READ_POSITIONS',
    'READ_WEBHOOK',
    'RECORD_NAMED',
  ]);
});

test('without Citus it says so, and changes nothing', async (t) => {
  const opened = await openTestDatabase();
  t.after(() => opened.drop());
  const count = () => ask(opened.connection, 'SELECT conname FROM pg_constraint ORDER BY 1');
  const before = await count();
  const { status, stdout, stderr } = clientele(opened.url, 'distribute');
  assert.equal(status, 1);
  assert.equal(stdout, '');
  const [found] = await ask<{ offered: number }>(
    opened.connection,
    `SELECT count(*)::integer AS offered FROM pg_available_extensions WHERE name = 'citus'`,
  );
  const sentence = found!.offered === 0 ? 'This PostgreSQL has no Citus:' : 'This database has no Citus yet:';
  assert.match(stderr, new RegExp(`^clientele: ${sentence} `));
  assert.deepEqual(await count(), before);
});

const { CITUS_URL } = process.env;

test('with Citus everything goes on as before, each workspace on one node', {
  skip: CITUS_URL ? false : 'CITUS_URL is not given',
}, async (t) => {
  const connection = { connectionString: CITUS_URL };
  t.after(() => ask(connection, 'DROP SCHEMA public CASCADE; CREATE SCHEMA public'));
  assert.equal(clientele(CITUS_URL!, 'migrate').status, 0);
  const key = clientele(CITUS_URL!, 'keys', 'create', '--role', 'editor', '--name', 'test').stdout.trim();
  const email = (number: number) => `ada${number}@example.com`;

  const first = await startClientele({ DATABASE_URL: CITUS_URL, PORT: '0' });
  const earlier = await createClient({ url: first.url, key }).customers.create({
    first_name: 'Ada',
    last_name: 'Byron',
    email: email(0),
  });
  const refused = clientele(CITUS_URL!, 'distribute');
  assert.match(refused.stderr, /stop all servers first/);
  first.process.kill('SIGTERM');
  await first.ended;

  const done = clientele(CITUS_URL!, 'distribute');
  assert.equal(done.status, 0, done.stderr);
  assert.match(done.stdout, new RegExp(`Distributed ${distributed.join(', ')}\\.`));
  assert.match(clientele(CITUS_URL!, 'distribute').stdout, /^Everything is distributed already\./);
  const placed = await ask<{ name: string }>(
    connection,
    `SELECT table_name::text AS name FROM citus_tables WHERE citus_table_type = 'distributed' AND distribution_column = 'workspace_id' ORDER BY 1`,
  );
  assert.deepEqual(
    placed.map(({ name }) => name),
    distributed.toSorted(),
  );

  const second = await startClientele({ DATABASE_URL: CITUS_URL, PORT: '0' });
  t.after(async () => {
    second.process.kill('SIGTERM');
    await second.ended;
  });
  const { customers } = createClient({ url: second.url, key });
  assert.equal((await customers.get(earlier.id)).email, email(0));
  const made = await Promise.all(
    Array.from({ length: 50 }, (_, number) =>
      customers.create({ first_name: 'Ada', last_name: 'Lovelace', email: email(number + 1) }),
    ),
  );
  assert.equal((await customers.update(made[0]!.id, { last_name: 'King' })).version, 2);
  assert.equal((await customers.list({ search: 'lovelace', limit: 100 }).page()).results.length, 49);
  assert.equal(clientele(CITUS_URL!, 'workspaces', 'create', 'second', '--name', 'Second').status, 0);
  const doctor = clientele(CITUS_URL!, 'doctor');
  assert.equal(doctor.status, 0, doctor.stdout);
  // Sealing looks through all workspaces; it does so every second.
  await sleep(5000);
  assert.doesNotMatch(second.said(), /"level":50|could not be sealed/);
});

// `clientele export` as it is typed, on a database of its own.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import pg from 'pg';
import { createWorkspace, findWorkspace } from '#server/access/access.ts';
import { fillWithMany, MANY } from '../test/support/fill.ts';
import { openTestDatabase, type TestDatabase } from '../test/support/server.ts';

let opened: TestDatabase;
let folder: string;
before(async () => {
  opened = await openTestDatabase();
  await createWorkspace(opened.database, 'many', 'Many');
  const sql = new pg.Client(opened.connection);
  await sql.connect();
  await fillWithMany(sql, (await findWorkspace(opened.database, 'many'))!.id);
  await sql.end();
});
after(() => opened.drop());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'export-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

function start(words: string[]) {
  const env = { ...process.env, DATABASE_URL: opened.url };
  const child = spawn(process.execPath, [join(import.meta.dirname, 'clientele.js'), ...words], { env, cwd: folder });
  const said = { err: '' };
  child.stderr.on('data', (text) => (said.err += text));
  return { child, ended: once(child, 'close').then(([code]) => ({ code, ...said })) };
}

async function run(...words: string[]) {
  const { child, ended } = start(words);
  let out = '';
  child.stdout.on('data', (text) => (out += text));
  return { ...(await ended), out };
}

test('customers go to standard output, as CSV or JSON lines, those that are asked for', async () => {
  await writeFile(
    join(folder, 'people.csv'),
    'first_name,last_name,email,is_active\nAda,Lovelace,ada@example.com,t\nGrace,Hopper,grace@example.com,f\n',
  );
  assert.equal((await run('import', 'people.csv')).code, 0);
  const all = await run('export');
  assert.deepEqual([all.code, all.err], [0, '']);
  assert.match(all.out, /^first_name,.*\nAda,Lovelace,ada@example.com,,true,,20.*\nGrace,.*\n$/);
  const some = await run('export', '--format', 'jsonl', '--fields', 'email,first_name', '--inactive');
  assert.deepEqual(some, { code: 0, err: '', out: '{"first_name":"Grace","email":"grace@example.com"}\n' });
  assert.equal((await run('export', '--search', 'love', '--fields', 'email')).out, 'email\nada@example.com\n');
});

test('a file takes the place of the one before when it is complete, and is its owner’s alone', async () => {
  await writeFile(join(folder, 'all.csv'), 'before');
  const { code, out, err } = await run('export', '--workspace', 'many', '--output', 'all.csv');
  assert.deepEqual([code, out, err], [0, '', 'Wrote 40,000 customers to all.csv.\n']);
  assert.equal((await readFile(join(folder, 'all.csv'), 'utf8')).split('\n').length, MANY + 2);
  assert.equal((await stat(join(folder, 'all.csv'))).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(folder), ['all.csv']);
});

test('what is stopped or fails leaves what was there, and nothing else', async () => {
  await writeFile(join(folder, 'all.csv'), 'before');
  await mkdir(join(folder, 'folder'));
  for (const [words, code, said] of [
    [['--output', 'folder'], 1, /folder is a folder/],
    [['--output', 'nowhere/all.csv'], 1, /nowhere\/all.csv cannot be written/],
    [['--output', 'all.csv', '--format', 'xml'], 1, /format must be one of csv, jsonl/],
    [['--output', 'all.csv', '--fields', 'secret'], 1, /fields has a field that does not exist/],
    [['--workspace', 'none'], 1, /There is no workspace "none"/],
    [['--active', '--inactive'], 2, /exclude each other/],
    [['all.csv'], 2, /a word too many/],
  ] as [string[], number, RegExp][]) {
    const ran = await run('export', ...words);
    assert.equal(ran.code, code, words.join(' '));
    assert.match(ran.err, said);
    assert.equal(ran.out, '');
  }
  const { child, ended } = start(['export', '--workspace', 'many']);
  await once(child.stdout, 'readable');
  child.kill('SIGINT');
  child.stdout.resume();
  assert.equal((await ended).code, 130);
  assert.deepEqual((await readdir(folder)).sort(), ['all.csv', 'folder']);
  assert.equal(await readFile(join(folder, 'all.csv'), 'utf8'), 'before');
});

test('whoever reads may have had enough', async () => {
  const { child, ended } = start(['export', '--workspace', 'many']);
  await once(child.stdout, 'readable');
  child.stdout.destroy();
  assert.deepEqual(await ended, { code: 0, err: '' });
});

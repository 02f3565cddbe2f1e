// `clientele doctor` as it is typed.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type pg from 'pg';
import { sealBlock } from '#server/events/events.ts';
import { openTestSql, type TestSql } from '../test/support/server.ts';

let opened: TestSql;
let sql: pg.Client;
before(async () => {
  opened = await openTestSql();
  ({ sql } = opened);
});
after(() => opened.drop());

async function run(words: string[], env: NodeJS.ProcessEnv = { DATABASE_URL: opened.url }) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'clientele.js'), ...words], {
    env: { ...process.env, ...env },
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (text) => (out += text));
  child.stderr.on('data', (text) => (err += text));
  const [code] = await once(child, 'close');
  return { code, out, err };
}

test('says that nothing is wrong, and the head to note, and finds it again', async () => {
  assert.equal((await run(['keys', 'create', '--role', 'viewer', '--name', 'x'])).code, 0);
  const { rows } = await sql.query("SELECT id FROM workspaces WHERE slug = 'main'");
  assert.equal(await sealBlock(opened.database, rows[0].id, 0), 1);
  const { code, out, err } = await run(['doctor']);
  assert.deepEqual([code, err], [0, 'Nothing is wrong.\n'], out);
  assert.match(out, /^ok {6}log +1 event of workspace main in order, without a gap\.$/m);
  const [, noted] = /--head (main:1:[0-9a-f]{64})$/m.exec(out)!;
  assert.equal((await run(['doctor', '--head', noted!, '--workspace', 'main'])).code, 0);
});

test('exits with 1 where something is wrong, and says it for people and programs', async () => {
  await sql.query('UPDATE ledgers SET total_customers = 5');
  try {
    const { code, out, err } = await run(['doctor']);
    assert.deepEqual([code, err], [1, '1 finding of something wrong.\n'], out);
    assert.match(out, /^WRONG +counts +The ledger of workspace main counts 5 customers, and there are 0\.$/m);
    const { code: again, out: lines } = await run(['doctor', '--json']);
    const findings = lines
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.equal(again, 1);
    assert.deepEqual(
      findings.filter(({ status }) => status === 'wrong').map(({ check, workspace }) => [check, workspace]),
      [['counts', 'main']],
    );
  } finally {
    await sql.query('UPDATE ledgers SET total_customers = 0');
  }
});

test('exits with 2 where it is asked for what it cannot do', async () => {
  for (const words of [
    ['--head', 'main:1:abc'],
    ['--workspace', 'main', '--head', `other:1:${'0'.repeat(64)}`],
    ['--fix'],
    ['more'],
  ]) {
    const { code } = await run(['doctor', ...words]);
    assert.equal(code, 2, words.join(' '));
  }
  assert.match(
    (await run(['doctor', '--workspace', 'none'])).out,
    /^WRONG +workspaces +There is no workspace "none"\.$/m,
  );
});

test('looks at a database of its own as it is: what is not migrated is said, and not done', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'doctor-test-'));
  await rm(folder, { recursive: true }); // it is made, with the rights that PostgreSQL wants
  const own = { CLIENTELE_DATA: folder, DATABASE_URL: '' };
  try {
    const { code, out } = await run(['doctor'], own);
    assert.equal(code, 1, out);
    assert.match(out, /^WRONG +migrations +The database lacks 0001_core\.sql, .*: run npx clientele migrate\.$/m);
    assert.equal((await run(['migrate'], own)).code, 0);
    const well = await run(['doctor'], own);
    assert.equal(well.code, 0, well.out);
    assert.match(well.out, /^ok {6}installation/m);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

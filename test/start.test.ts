// What stops a start is one sentence and a non-zero exit, and harms nothing.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { PROJECT } from '#server/project.ts';
import { openTestDatabase, type TestDatabase } from './support/server.ts';

let opened: TestDatabase;
before(async () => {
  opened = await openTestDatabase();
});
after(() => opened.drop());

function serve(env: NodeJS.ProcessEnv) {
  const { status, stderr } = spawnSync(process.execPath, ['cli/clientele.js', 'serve'], {
    cwd: PROJECT,
    encoding: 'utf8',
    env: { ...process.env, ...env },
    timeout: 60_000,
  });
  return { status, stderr };
}

test('a port in use', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as { port: number };
  const { status, stderr } = serve({ DATABASE_URL: opened.url, PORT: String(port) });
  taken.close();
  assert.equal(status, 1);
  assert.match(stderr, new RegExp(`^clientele: Port ${port} on 127.0.0.1 is in use; set PORT to another.$`, 'm'));
  assert.doesNotMatch(stderr, /^\s+at /m);
});

test('a database that is not there, and one that lets nobody in', () => {
  const nobody = serve({ DATABASE_URL: 'postgresql://ada:s3cret@127.0.0.1:1/crm' });
  assert.equal(nobody.status, 1);
  assert.match(nobody.stderr, /^clientele: The database cannot be reached: .*ECONNREFUSED/m);
  const missing = serve({ DATABASE_URL: opened.url.replace(/\/[^/]*$/, '/no_such_database') });
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, /^clientele: The database cannot be reached: .*no_such_database/m);
  for (const { stderr } of [nobody, missing]) assert.doesNotMatch(stderr, /s3cret|^\s+at /m);
});

test('a schema of a newer version, or of changed migrations', async () => {
  const client = new pg.Client(opened.connection);
  await client.connect();
  await client.query(`INSERT INTO migrations (number, name, checksum) VALUES (9999, '9999_later.sql', '')`);
  const { status, stderr } = serve({ DATABASE_URL: opened.url, PORT: '0' });
  await client.query(`DELETE FROM migrations WHERE number = 9999`);
  await client.query(`UPDATE migrations SET checksum = 'other' WHERE number = 1`);
  const changed = serve({ DATABASE_URL: opened.url, PORT: '0' });
  await client.end();
  assert.equal(status, 1);
  assert.match(stderr, /has been migrated by a newer version of Clientele/);
  assert.equal(changed.status, 1);
  assert.match(changed.stderr, /0001_core.sql is not the one that was applied/);
});

test('a second server on the same folder; the first goes on, and Ctrl-C stops it and its database', async () => {
  const data = await mkdtemp(join(tmpdir(), 'clientele-start-'));
  await chmod(data, 0o755);
  const env = { DATABASE_URL: '', CLIENTELE_DATA: data, PORT: '0' };
  const first = spawn(process.execPath, ['cli/clientele.js', 'serve'], {
    cwd: PROJECT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  try {
    let said = '';
    for await (const chunk of first.stderr) {
      said += chunk;
      if (/serves http:\S+/.test(said)) break;
    }
    const url = /serves (http:\/\/[^\s(]+)/.exec(said)![1]!;
    const second = serve(env);
    assert.equal(second.status, 1);
    assert.match(second.stderr, /^clientele: Another Clientele server is already serving/m);
    assert.equal((await fetch(`${url}/readyz`)).status, 200);
  } finally {
    const ended = new Promise<number | null>((resolve) => first.once('exit', resolve));
    first.kill('SIGINT');
    assert.equal(await ended, 0);
    await rm(data, { recursive: true, force: true });
  }
});

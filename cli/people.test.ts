// The first owner's link, as the server and the command line print it, and what the command line says of people.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { PROJECT } from '#server/project.ts';
import { openVisitor, PASSWORD } from '../test/support/people.ts';
import { type Clientele, startClientele, until } from '../test/support/process.ts';
import { openTestDatabase, type TestDatabase } from '../test/support/server.ts';

let opened: TestDatabase;
let server: Clientele;
before(async () => {
  opened = await openTestDatabase();
  server = await startClientele({ DATABASE_URL: opened.url, PORT: '0' }, ['--processes', '2']);
});
after(async () => {
  server?.process.kill('SIGTERM');
  await server?.ended;
  await opened.drop();
});

function run(...words: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['cli/main.ts', ...words], {
    cwd: PROJECT,
    encoding: 'utf8',
    env: { ...process.env, DATABASE_URL: opened.url, CLIENTELE_PUBLIC_URL: 'https://crm.example.com' },
    timeout: 60_000,
  });
  return { status, stdout: stdout.trim(), stderr };
}
const secretIn = (address: string) => address.split('#')[1]!;

test('serve prints one address, once for all its processes; it makes the owner, and is not printed again', async () => {
  await until(() => /Next: /.test(server.said()), 'it says what comes next');
  const printed = server.said().match(/http:\S+\/link#\S+/g)!;
  assert.equal(printed.length, 1);
  assert.ok(printed[0]!.startsWith(`${server.url}/link#`), printed[0]);
  const owner = openVisitor(server.url);
  const account = { email: 'olive@example.com', name: 'Olive Owner', password: PASSWORD };
  const made = await owner.call('POST', '/api/links/accept', { secret: secretIn(printed[0]!), ...account });
  assert.equal(made.status, 200, made.text);
  assert.equal((await owner.call('GET', '/api/customers')).status, 200);
  const second = await startClientele({ DATABASE_URL: opened.url, PORT: '0' });
  try {
    assert.equal((await owner.call('GET', '/api/session')).status, 200);
    await until(() => /Next: /.test(second.said()), 'it says what comes next');
    assert.doesNotMatch(second.said(), /link#/);
  } finally {
    second.process.kill('SIGTERM');
    await second.ended;
  }
  assert.ok(!server.said().includes('olive'), 'and nothing of people stands in the log');
});

test('owner-link prints another at any time, for any workspace, under the address that people use', async () => {
  const { status, stdout } = run('owner-link');
  assert.equal(status, 0);
  assert.match(stdout, /^https:\/\/crm\.example\.com\/link#i[0-9a-f]{32}1_[\w-]{43}$/);
  const visitor = openVisitor(server.url);
  const read = await visitor.call('POST', '/api/links/read', { secret: secretIn(stdout) });
  assert.deepEqual([read.body.kind, read.body.workspace.slug], ['owner', 'main']);
  assert.equal(JSON.parse(run('owner-link', '--json').stdout).link.split('#')[0], 'https://crm.example.com/link');
  const missing = run('owner-link', '--workspace', 'nowhere');
  assert.deepEqual([missing.status, missing.stderr], [1, 'clientele: there is no workspace "nowhere".\n']);
  assert.equal(run('owner-link', '--workspace', 'NO WHERE').status, 2);
});

test('people list names everybody with what they may open, and people reset-link lets them in again', async () => {
  const [line] = run('people', 'list').stdout.split('\n');
  const { email, name, workspaces } = JSON.parse(line!);
  assert.deepEqual(
    { email, name, workspaces },
    {
      email: 'olive@example.com',
      name: 'Olive Owner',
      workspaces: 'main (owner)',
    },
  );
  const { status, stdout } = run('people', 'reset-link', 'Olive@example.com');
  assert.equal(status, 0);
  const password = 'eight black swans at dawn';
  const visitor = openVisitor(server.url);
  const reset = await visitor.call('POST', '/api/links/accept', { secret: secretIn(stdout), password });
  assert.equal(reset.status, 200, reset.text);
  assert.equal(run('people', 'reset-link', 'nobody@example.com').status, 1);
  assert.equal(run('people', 'reset-link', 'nobody').status, 2);
  assert.equal(run('people', 'reset-link').status, 2);
});

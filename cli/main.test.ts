// The command line before any command: help, usage and what is not there.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { PROJECT } from '#server/project.ts';
import { allCommands, findCommand } from './commands.ts';

const clientele = (words: string[], env: NodeJS.ProcessEnv = {}) =>
  spawnSync(process.execPath, ['cli/clientele.js', ...words], {
    cwd: PROJECT,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });

test('help lists every command, and every command tells its usage', async () => {
  const { stdout, status } = clientele(['help']);
  assert.equal(status, 0);
  for (const command of await allCommands()) {
    assert.ok(stdout.includes(command.name), command.name);
    assert.equal(await findCommand(command.name.split(' ')), command);
  }
  const usage = clientele(['keys', 'create', '--help']);
  assert.deepEqual([usage.status, usage.stderr], [0, '']);
  assert.match(usage.stdout, /^Usage: clientele keys create --role/);
});

test('what is wrong with a command is said, with exit code 2', () => {
  for (const [words, sentence] of [
    [['dance'], /there is no command "dance"/],
    [['keys', 'create', '--rôle', 'x'], /Unknown option/],
    [['keys', 'create', '--name', 'x'], /--role is missing/],
    [['workspaces', 'create'], /<slug> is missing/],
    [['workspaces', 'create', 'Not A Slug'], /slug/],
  ] as const) {
    const { status, stderr } = clientele([...words]);
    assert.equal(status, 2, stderr);
    assert.match(stderr, sentence);
  }
});

test('config prints what is in effect, its secrets masked; mistakes are named', () => {
  const shown = clientele(['config'], { DATABASE_URL: 'postgresql://ada:s3cret@db.example/crm', PORT: '4444' });
  assert.equal(shown.status, 0, shown.stderr);
  assert.match(shown.stdout, /4444/);
  assert.ok(!shown.stdout.includes('s3cret'));
  const wrong = clientele(['config'], { PORT: 'eighty', DATABASE_URL: 'mysql://ada:s3cret@db' });
  assert.equal(wrong.status, 1);
  assert.match(wrong.stderr, /PORT/);
  assert.match(wrong.stderr, /DATABASE_URL/);
  assert.ok(!wrong.stderr.includes('s3cret'));
  assert.match(clientele(['config'], { CLIENTELE_COLOUR: 'red' }).stderr, /CLIENTELE_COLOUR is not a variable/);
});

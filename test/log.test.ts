// What the log says of requests: enough to find one and to see why it was slow, and nothing about people.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { PROJECT } from '#server/main.ts';
import { openTestLog } from './support/log.ts';
import { startServer, type TestServer } from './support/server.ts';

const log = openTestLog();
let server: TestServer;
before(async () => {
  server = await startServer({ logger: log.logger });
});
after(() => server.stop());

const lineOf = (request_id: string | null) => log.lines().find((line) => line.request_id === request_id);

test('each request has a line: its route and not its path, who made it, how it ended and how long it took', async () => {
  const made = await server.call('POST', '/api/customers', {
    first_name: 'Grace',
    last_name: 'Hopper',
    email: 'grace.hopper@navy.example',
    phone: '+1 202 555 0147',
    external_id: 'navy-7',
  });
  const { id } = made.body;
  const read = await server.call('GET', `/api/customers/${id}`, undefined, { 'x-request-id': 'mine' });
  assert.equal(read.status, 200);
  const { level, time, duration_ms, key_id, ...line } = lineOf('mine');
  assert.deepEqual(line, {
    request_id: 'mine',
    method: 'GET',
    route: '/api/customers/:id',
    status: 200,
    workspace: 'main',
    msg: 'Request',
  });
  assert.ok(duration_ms > 0 && level === 30 && time > 0);
  assert.equal(lineOf(made.headers.get('x-request-id')).key_id, key_id);
});

test('nothing personal stands in the log, whatever was asked and refused', async () => {
  await server.call('GET', '/api/customers?search=hopper&ordering=email');
  await server.call('GET', '/api/customers?email=grace.hopper@navy.example');
  await server.call('PUT', '/api/customers/by-external-id/navy-7', { first_name: 'Gr4ce' });
  await server.call('POST', '/api/customers', {
    first_name: 'Grace',
    last_name: 'Hopper',
    email: 'grace.hopper@navy.example',
  });
  await server.call('GET', '/api/customers?colour=turquoise');
  await server.call('POST', '/api/customers', '{"first_name": "Grace", broken');
  assert.ok(log.lines().length > 8);
  for (const secret of ['grace', 'hopper', '555', 'navy', 'turquoise', ...Object.values(server.keys)])
    assert.ok(!log.text().toLowerCase().includes(secret.toLowerCase()), secret);
});

test('probes are heard of only by those who listen closely', async () => {
  const { headers } = await server.call('GET', '/healthz');
  assert.equal(lineOf(headers.get('x-request-id')).level, 20);
});

test('a slow request is a warning that names the statement it waited for', async () => {
  const blocker = new pg.Client(server.connection);
  await blocker.connect();
  try {
    await blocker.query('BEGIN');
    await blocker.query('SELECT FROM ledgers FOR UPDATE');
    const saving = ['ada', 'ida'].map((name) =>
      server.call('POST', '/api/customers', {
        first_name: name,
        last_name: 'Slow',
        email: `${name}@slow.example`,
      }),
    );
    await new Promise((resolve) => setTimeout(resolve, 700));
    await blocker.query('ROLLBACK');
    for (const { status, headers } of await Promise.all(saving)) {
      assert.equal(status, 201);
      const line = lineOf(headers.get('x-request-id'));
      assert.equal(line.msg, 'Slow request');
      assert.equal(line.slowest_statement, 'lock_ledger');
      assert.ok(line.statement_ms >= 500 && line.statement_ms <= line.duration_ms + 1);
    }
  } finally {
    await blocker.end();
  }
});

const WRITES_MUCH = `
  const { openLog } = await import('#server/log.ts');
  const { logger, close } = openLog('info');
  for (let index = 0; index < 2000; index++) logger.info({ index }, 'x'.repeat(5000));
  await new Promise((resolve) => setTimeout(resolve, 300));
  logger.info('last');
  close();
`;

for (const reader of ['reads', 'reads nothing', 'is gone'] as const)
  test(`a log whose reader ${reader} holds nothing up`, async () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', WRITES_MUCH], {
      cwd: PROJECT,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let read = '';
    if (reader === 'reads') child.stderr.on('data', (chunk) => (read += chunk));
    if (reader === 'is gone') child.stderr.destroy();
    const [code] = await once(child, 'exit');
    assert.equal(code, 0);
    if (reader === 'reads') assert.match(read, /"index":0.*\n/);
  });

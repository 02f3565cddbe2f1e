// What the log says of requests: enough to find one and to see why it was slow, and nothing about people.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { PROJECT } from '#server/project.ts';
import { openTestLog } from './support/log.ts';
import { headersOf, signUp } from './support/people.ts';
import { isWaiting, until } from './support/process.ts';
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

const CSV = { 'content-type': 'text/csv' };
const HOPPERS = 'first_name,last_name,email\nGrace,Hopper,grace@navy.example\nGr4ce,Hopper,hopper\n';

test('nothing personal stands in the log, whatever was asked and refused, on every route', async () => {
  const { call, keys } = server;
  const person = { first_name: 'Grace', last_name: 'Hopper', email: 'grace.hopper@navy.example' };
  const owner = { authorization: `Bearer ${keys.owner}` };
  const { body } = await call('GET', '/api/customers?search=hopper&ordering=email');
  const path = `/api/customers/${body.results[0].id}`;
  const made = await call('POST', '/api/keys', { name: 'Hopper’s laptop', role: 'viewer' }, owner);
  const hopper = await signUp(server, 'admin');
  const cookie = hopper.cookie.split('=')[1]!;
  const signedIn = headersOf(hopper);
  const ours = { 'sec-fetch-site': 'same-origin' };
  const password = 'grace hopper at the navy';
  const email = 'grace.hopper@navy.example';
  for (const [method, address, sent, headers] of [
    ['GET', '/api/session', undefined, signedIn],
    ['PATCH', '/api/account', { name: 'Grace Hopper' }, signedIn],
    ['PATCH', '/api/account', { name: 'Hopper' }, { ...signedIn, 'sec-fetch-site': 'cross-site' }],
    ['PUT', '/api/account/password', { current_password: password, new_password: password }, signedIn],
    ['GET', '/api/account/sessions', undefined, signedIn],
    ['DELETE', '/api/account/sessions/hopper', undefined, signedIn],
    ['DELETE', '/api/account/sessions', undefined, signedIn],
    ['GET', '/api/account', undefined, signedIn],
    ['POST', '/api/account/totp', { password }, signedIn],
    ['PUT', '/api/account/totp', { code: 'hopper' }, signedIn],
    ['DELETE', '/api/account/totp', { password, code: 'hopper' }, signedIn],
    ['POST', '/api/account/recovery-codes', { password, code: '202 555' }, signedIn],
    ['GET', '/api/sign-in'],
    ['GET', '/api/sign-in/openid?to=/hopper'],
    ['GET', '/api/sign-in/openid/callback?code=hopper&state=hopper&error=hopper'],
    ['POST', '/api/links/read', { secret: 'hopper' }, ours],
    ['POST', '/api/links/accept', { secret: 'hopper', email, name: 'Grace Hopper', password }, ours],
    ['POST', '/api/password-resets', { email }, ours],
    ['GET', '/api/members', undefined, signedIn],
    ['GET', '/api/members?workspace=hopper', undefined, signedIn],
    ['PATCH', '/api/members/hopper', { role: 'hopper' }, signedIn],
    ['DELETE', '/api/members/hopper', undefined, signedIn],
    ['GET', '/api/invitations', undefined, signedIn],
    ['POST', '/api/invitations', { email, role: 'editor' }, signedIn],
    ['DELETE', '/api/invitations/hopper', undefined, signedIn],
    ['POST', '/api/session', { email: 'grace.hopper@navy.example', password }, ours],
    ['DELETE', '/api/session', undefined, signedIn],
    ['GET', '/api/customers?email=grace.hopper@navy.example&limit=1'],
    ['GET', '/api/customers?colour=turquoise'],
    ['GET', '/api/customers?search=hopper&cursor=hopper'],
    ['GET', '/api/customers/stats?hopper=hopper'],
    ['GET', '/api/customers/anchors?ordering=hopper'],
    ['GET', '/api/customers/stats/timeline?from=hopper'],
    ['GET', '/api/customers/export?search=hopper'],
    ['GET', '/api/customers/hopper'],
    ['GET', '/api/hopper/%ff'],
    ['GET', `/api/${'hopper'.repeat(800)}`],
    ['GET', '/hopper?q=hopper'],
    ['GET', `${path}/history`],
    ['GET', '/api/events'],
    ['GET', '/api/events/stream?after=hopper'],
    ['POST', '/api/events/2/undo'],
    ['POST', '/api/customers/hopper/erase'],
    ['GET', '/api/customers/hopper/erasure'],
    ['GET', '/api/customers/hopper/dossier'],
    ['POST', '/api/suppressions/lift', { email: 'hopper@example.com', external_id: 'hopper' }],
    ['GET', '/api/retention'],
    ['PATCH', '/api/retention', { erase_deleted_after_days: 'hopper' }],
    ['GET', '/api/webhooks'],
    ['POST', '/api/webhooks', { url: 'https://hopper.example.com/hopper', description: 'hopper' }],
    ['GET', '/api/webhooks/hopper'],
    ['PATCH', '/api/webhooks/hopper', { description: 'hopper' }],
    ['DELETE', '/api/webhooks/hopper'],
    ['POST', '/api/webhooks/hopper/rotate-secret'],
    ['GET', '/api/webhooks/hopper/deliveries?cursor=hopper'],
    ['POST', '/api/webhooks/hopper/replay', { after: 'hopper' }],
    ['POST', '/api/webhooks/hopper/test'],
    ['GET', '/api/views'],
    ['POST', '/api/views', { name: 'Hopper', query: 'search=hopper' }],
    ['POST', '/api/views', { name: 'Hopper', query: 'hopper=hopper' }],
    ['PATCH', '/api/views/hopper', { name: 'Hopper' }],
    ['DELETE', '/api/views/hopper'],
    ['GET', '/api/causes?cursor=hopper'],
    ['GET', '/api/causes/hopper'],
    ['GET', '/api/causes/hopper/kept'],
    ['POST', '/api/causes/hopper/cancel'],
    ['POST', '/api/causes/hopper/undo'],
    ['POST', '/api/customers', person, { 'idempotency-key': 'hopper' }],
    ['POST', '/api/customers', '{"first_name": "Grace", broken'],
    ['POST', '/api/customers', { ...person, first_name: 'Gr4ce', hopper: 1 }],
    ['PUT', '/api/customers/by-external-id/navy-7', { first_name: 'Gr4ce' }],
    ['PUT', '/api/customers/by-external-id/navy-8', { ...person, email: 'g.hopper@navy.example' }],
    ['PUT', path, { ...person, external_id: 'navy-9' }],
    ['PATCH', path, { phone: '+1 202 555 0199' }, { 'if-match': '"hopper"' }],
    ['PATCH', path, { phone: '+1 202 555 0199' }, { 'idempotency-key': 'hopper' }],
    ['POST', '/api/customers/batch', { items: [{ action: 'create', customer: person }, { action: 'hopper' }] }],
    ['POST', '/api/customers/bulk-edits', { filter: { search: 'hopper' }, action: 'deactivate' }],
    ['POST', '/api/imports?filename=hopper.csv', HOPPERS, CSV],
    ['POST', '/api/imports?filename=hopper.csv', 'hopper', CSV],
    ['GET', '/api/imports'],
    ['GET', '/api/imports/hopper'],
    ['PATCH', '/api/imports/hopper', { match: 'hopper' }],
    ['POST', '/api/imports/hopper/run'],
    ['POST', '/api/imports/hopper/cancel'],
    ['POST', '/api/imports/hopper/undo'],
    ['GET', '/api/imports/hopper/rejected.csv'],
    ['GET', '/api/imports/hopper/events'],
    ['POST', `${path}/deactivate`],
    ['POST', `${path}/activate`],
    ['DELETE', path],
    ['POST', `${path}/restore`],
    ['HOPPER', path],
    ['GET', '/api/workspaces', undefined, owner],
    ['PATCH', '/api/workspaces/main', { name: 'Hopper and sons' }, owner],
    ['GET', '/api/keys', undefined, owner],
    ['POST', '/api/keys', { name: 'Hopper', role: 'owner' }],
    ['DELETE', `/api/keys/${made.body.id}`, undefined, owner],
    ['GET', '/api/customers', undefined, { authorization: `Bearer ${made.body.key}` }],
    ['GET', '/api/customers', undefined, { authorization: 'Basic hopper' }],
    ['GET', '/metrics', undefined, { authorization: 'Bearer hopper' }],
    ['OPTIONS', '/api/customers', undefined, { origin: 'https://hopper.example', 'x-request-id': 'hopper hopper' }],
    ['GET', '/healthz'],
    ['GET', '/readyz'],
    ['GET', '/api/openapi.json'],
    ['GET', '/api/docs'],
    ['GET', '/api/docs.css'],
  ] as [string, string, unknown?, Record<string, string | null>?][])
    await call(method, address, sent, headers).catch(() => assert.equal(method, 'HOPPER')); // which Node’s parser refuses
  await once(
    connect(Number(new URL(server.base).port), '127.0.0.1')
      .end('hopper\r\n\r\n')
      .resume(),
    'close',
  );
  const { paths } = JSON.parse(readFileSync(join(PROJECT, 'docs/openapi.json'), 'utf8'));
  const told = new Set(log.lines().map(({ route }) => route));
  const untold = Object.keys(paths).filter((route) => !told.has(route.replaceAll(/\{(\w+)\}/g, ':$1')));
  assert.deepEqual(untold, []);
  const secrets = [
    'grace',
    'hopper',
    '202 555',
    '2025550',
    'navy',
    'turquoise',
    'people.example',
    cookie,
    made.body.key,
    ...Object.values(keys),
  ];
  for (const secret of secrets) assert.ok(!log.text().toLowerCase().includes(secret.toLowerCase()), secret);
});

test('what fails on our side is told with its stack, and without what PostgreSQL quotes', async () => {
  const client = new pg.Client(server.connection);
  await client.connect();
  const failures = [
    // Its detail holds the whole row.
    { code: '23514', sql: `ALTER TABLE customers ADD CONSTRAINT failing CHECK (email NOT LIKE 'noether%')` },
    // Its message holds the email.
    {
      code: '22P02',
      sql: `CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM NEW.email::integer; END';
            CREATE TRIGGER failing BEFORE INSERT ON customers FOR EACH ROW EXECUTE FUNCTION fail()`,
    },
  ];
  try {
    for (const { code, sql } of failures) {
      await client.query(sql);
      const reply = await server.call('POST', '/api/customers', {
        first_name: 'Emmy',
        last_name: 'Noether',
        email: 'noether@goettingen.example',
        phone: '+49 551 390',
      });
      assert.equal(reply.status, 500);
      assert.equal(reply.body.code, 'internal');
      const lines = log.lines().filter(({ request_id }) => request_id === reply.headers.get('x-request-id'));
      const [failure] = lines.filter(({ level }) => level === 50);
      assert.equal(failure.err.code, code);
      assert.equal(failure.route, '/api/customers');
      assert.match(failure.err.stack, /\n\s+at .*\.[jt]s:\d+/);
      for (const text of [log.text(), reply.text])
        assert.doesNotMatch(text, /emmy|noether|goettingen|551 390|failing row|invalid input/i);
    }
  } finally {
    await client.query('DROP TRIGGER IF EXISTS failing ON customers');
    await client.query('ALTER TABLE customers DROP CONSTRAINT failing');
    await client.end();
  }
});

test('whoever goes away without an answer leaves a line too', async () => {
  const blocker = new pg.Client(server.connection);
  await blocker.connect();
  try {
    await blocker.query('BEGIN');
    await blocker.query('LOCK TABLE customers IN ACCESS EXCLUSIVE MODE');
    const leaving = new AbortController();
    const asked = fetch(`${server.base}/api/customers?search=lovelace`, {
      headers: { authorization: `Bearer ${server.keys.viewer}`, 'x-request-id': 'leaving' },
      signal: leaving.signal,
    });
    await until(() => isWaiting(blocker), 'that it waits');
    leaving.abort();
    await assert.rejects(asked, { name: 'AbortError' });
    await until(() => lineOf('leaving') !== undefined, 'its line');
    assert.equal(lineOf('leaving').status, 499);
  } finally {
    await blocker.query('ROLLBACK');
    await blocker.end();
  }
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
    await until(() => isWaiting(blocker), 'that they wait');
    await new Promise((resolve) => setTimeout(resolve, 600));
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

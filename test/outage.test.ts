// The database goes away under a running server: 503, never a crash, and all is well when it is back.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { startServer, type TestServer } from './support/server.ts';

let server: TestServer;
before(async () => {
  server = await startServer();
});
after(() => server.stop());

test('lost connections give 503 with Retry-After until they are back', async () => {
  const admin = new pg.Client({ ...server.connection, database: 'postgres' });
  await admin.connect();
  const { database: name } = server.connection;
  try {
    assert.equal((await server.call('GET', '/api/customers')).status, 200);
    await admin.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
    await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
    const body = { first_name: 'No', last_name: 'Body', email: 'nobody@example.com' };
    for (const [method, path, sent] of [
      ['GET', '/api/customers', undefined],
      ['POST', '/api/customers', body],
      ['GET', '/api/customers?search=nobody', undefined],
      ['GET', '/readyz', undefined],
    ] as const) {
      const reply = await server.call(method, path, sent);
      assert.equal(reply.status, 503, `${method} ${path}: ${reply.text}`);
      assert.equal(reply.headers.get('retry-after'), '1');
      assert.ok(!reply.text.includes('nobody@'));
    }
    assert.equal((await server.call('GET', '/healthz')).status, 200);
  } finally {
    await admin.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
    await admin.end();
  }
  const deadline = Date.now() + 10_000;
  let status = 0;
  while (status !== 200 && Date.now() < deadline) {
    status = (await server.call('GET', '/readyz')).status;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.equal(status, 200);
  assert.equal(
    (
      await server.call('POST', '/api/customers', {
        first_name: 'Some',
        last_name: 'Body',
        email: 'somebody@example.com',
      })
    ).status,
    201,
  );
});

test('connections cut in the middle of writes lose nothing and double nothing', async () => {
  const admin = new pg.Client({ ...server.connection, database: 'postgres' });
  await admin.connect();
  const created: string[] = [];
  let running = true;
  let serial = 0;
  const clients = Array.from({ length: 8 }, async () => {
    while (running) {
      const email = `cut${++serial}@example.com`;
      const headers = { 'idempotency-key': email };
      for (;;) {
        const reply = await server.call(
          'POST',
          '/api/customers',
          { first_name: 'Cut', last_name: 'Off', email },
          headers,
        );
        assert.ok([201, 503].includes(reply.status), reply.text);
        if (reply.status === 201) {
          created.push(email);
          break;
        }
      }
    }
  });
  for (let cut = 0; cut < 15; cut++) {
    const least = created.length + 5;
    while (created.length < least) await new Promise((resolve) => setTimeout(resolve, 5));
    await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [
      server.connection.database,
    ]);
  }
  running = false;
  await Promise.all(clients);
  await admin.end();
  const { body } = await server.call('GET', '/api/customers?search=cut&limit=1');
  assert.equal(body.count, created.length);
  assert.equal(new Set(created).size, created.length);
});

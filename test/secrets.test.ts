// Keys, people and the insides of the server: what is never told, to callers or to the log.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { authenticate } from '#server/access/access.ts';
import { openTestLog } from './support/log.ts';
import { openTestConnections, startServer, type TestServer } from './support/server.ts';

const log = openTestLog();
let server: TestServer;
let client: pg.Client;
before(async () => {
  server = await startServer({ logger: log.logger });
  client = new pg.Client(server.connection);
  await client.connect();
});
after(async () => {
  await client.end();
  await server.stop();
});

const secretOf = (key: string) => key.slice(-64);

describe('the secret of a key', () => {
  test('is in no table: its hash alone is kept', async () => {
    const { rows: tables } = await client.query(
      `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'`,
    );
    const texts = [];
    for (const { name } of tables)
      texts.push(JSON.stringify((await client.query(`SELECT t::text FROM "${name}" t`)).rows));
    const all = texts.join('\n');
    for (const key of Object.values(server.keys)) {
      assert.ok(!all.includes(secretOf(key)));
      assert.ok(all.includes(crypto.hash('sha256', secretOf(key))));
    }
  });

  test('is compared in constant time, and an unknown key costs the same comparison as a wrong one', async (t) => {
    const database = openTestConnections(server.connection);
    const spy = t.mock.method(crypto, 'timingSafeEqual');
    syncBuiltinESMExports();
    try {
      const right = server.keys.viewer;
      const wrong = `${right.slice(0, -64)}${'0'.repeat(64)}`;
      const unknown = `clt_${'0'.repeat(32)}1_${'0'.repeat(64)}`;
      for (const [key, status] of [[right], [wrong, 401], [unknown, 401]] as const) {
        spy.mock.resetCalls();
        const asked = (async () => authenticate(database, `Bearer ${key}`))();
        if (status) await assert.rejects(asked, { status });
        else assert.equal((await asked).role, 'viewer');
        assert.equal(spy.mock.callCount(), 1);
        assert.deepEqual(
          spy.mock.calls[0]!.arguments.map((side) => side.byteLength),
          [32, 32],
        );
      }
    } finally {
      spy.mock.restore();
      syncBuiltinESMExports();
      await database.close();
    }
  });

  test('is needed whole: no part of it, no other case and no more of it will do', async () => {
    const key = server.keys.editor;
    const tries = [
      key.slice(0, -1),
      `${key}0`,
      key.toUpperCase(),
      key.replace('clt_', ''),
      `${key.slice(0, -64)}${secretOf(server.keys.owner)}`,
      `${key.slice(0, -65)}0_${secretOf(key)}`,
      `${key},${key}`,
      `${key} ${key}`,
      `"${key}"`,
    ];
    for (const token of tries)
      for (const authorization of [`Bearer ${token}`, token, `Basic ${btoa(token)}`, `Bearer Bearer ${token}`]) {
        const reply = await server.call('GET', '/api/customers', undefined, { authorization });
        assert.equal(reply.status, 401, authorization);
        assert.equal(reply.headers.get('www-authenticate'), 'Bearer realm="Clientele"');
      }
  });

  test('stands in no log and in no refusal, wherever a caller puts it by mistake', async () => {
    const key = server.keys.editor;
    const ada = { first_name: 'Ada', last_name: 'Lovelace', email: 'ada@example.org' };
    const replies = [
      await server.call('GET', '/api/customers', undefined, { authorization: `Bearer ${key}x` }),
      await server.call('GET', '/api/customers', undefined, { authorization: `Token ${key}` }),
      await server.call('GET', `/api/customers?search=${key}`),
      await server.call('GET', `/api/customers?email=${key}`),
      await server.call('GET', `/api/customers?limit=${key}`),
      await server.call('POST', '/api/customers', { ...ada, first_name: key }),
      await server.call('POST', '/api/customers', { ...ada, is_active: key }),
      await server.call('POST', '/api/customers', `{"first_name": "${key}", broken`),
      await server.call('POST', '/api/customers', ada, { 'idempotency-key': key }),
      await server.call('POST', '/api/customers', ada, { 'content-type': key }),
      await server.call('GET', '/healthz', undefined, { origin: key }),
    ];
    await server.call('GET', `/api/customers?key=${key}`);
    await server.call('GET', `/${key}/${key}`);
    await server.call('GET', `/api/customers/${key}`);
    for (const { text } of replies) assert.ok(!text.includes(secretOf(key)), text);
    assert.ok(log.lines().length >= replies.length);
    for (const one of Object.values(server.keys)) assert.ok(!log.text().includes(secretOf(one)));
  });
});

describe('whoever watches the log is told', () => {
  test('of a key whose role may not do what it tried, by the key’s id and workspace', async () => {
    const authorization = `Bearer ${server.keys.viewer}`;
    const admin = { authorization: `Bearer ${server.keys.admin}` };
    const replies = [
      await server.call('DELETE', '/api/customers/x', undefined, { authorization }),
      await server.call('POST', '/api/keys', { name: 'x', role: 'owner' }, admin),
    ];
    for (const { status, headers } of replies) {
      assert.equal(status, 403);
      const line = log.lines().find((one) => one.security && one.request_id === headers.get('x-request-id'));
      assert.deepEqual([line.security, line.workspace, line.level], ['permission_refused', 'main', 40]);
      assert.match(line.key_id, /^[0-9a-f-]{36}$/);
    }
  });

  test('of a wrong key, by the address that it came from', async () => {
    const { headers } = await server.call('GET', '/api/customers', undefined, { authorization: 'Bearer x' });
    const line = log.lines().find((one) => one.security && one.request_id === headers.get('x-request-id'));
    assert.deepEqual([line.security, line.address, line.route], ['key_refused', '127.0.0.1', '/api/customers']);
  });
});

// Last, since it breaks the database.
test('a failure of ours says nothing of the inside: no stack, no SQL, no path, no value', async () => {
  const ada = { first_name: 'Ada', last_name: 'Lovelace', email: 'augusta@example.org', external_id: 'secret-7' };
  const { id } = (await server.call('POST', '/api/customers', ada)).body;
  await client.query('DROP TABLE customers CASCADE');
  const replies = [
    await server.call('GET', '/api/customers'),
    await server.call('GET', '/api/customers?search=augusta'),
    await server.call('GET', `/api/customers/${id}`),
    await server.call('POST', '/api/customers', { ...ada, email: 'augusta2@example.org' }),
    await server.call('PATCH', `/api/customers/${id}`, { phone: '+1 202 555 0147' }),
    await server.call('PUT', '/api/customers/by-external-id/secret-7', ada),
  ];
  for (const reply of replies) {
    assert.equal(reply.status, 500, reply.text);
    const { request_id, instance, ...rest } = reply.body;
    assert.deepEqual(rest, {
      type: '/api/docs#internal',
      title: 'Internal Server Error',
      status: 500,
      detail: 'Something went wrong on our side.',
      code: 'internal',
      errors: [],
    });
    const line = log.lines().find((one) => one.level === 50 && one.request_id === request_id);
    assert.ok(line.err.stack, 'the log has the stack');
  }
  for (const value of ['augusta', 'lovelace', '+1 202', 'secret-7'])
    assert.ok(!log.text().toLowerCase().includes(value), value);
  assert.equal((await server.call('GET', '/healthz')).status, 200, 'and the server goes on');
});

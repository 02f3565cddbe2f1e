// Keys, roles and the walls between workspaces.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openTestConnections, startServer, type TestServer } from '../../test/support/server.ts';
import { authenticate, createKey, createWorkspace, findWorkspace, revokeKey, systemActor } from './access.ts';

let server: TestServer;
let foreign: { authorization: string };
before(async () => {
  server = await startServer();
  await createWorkspace(server.database, 'other', 'Other');
  const actor = systemActor((await findWorkspace(server.database, 'other'))!, 'test');
  foreign = {
    authorization: `Bearer ${(await createKey(server.database, actor, { name: 'other', role: 'owner' }, { request_id: null })).subject.key}`,
  };
});
after(() => server.stop());

const admin = () => ({ authorization: `Bearer ${server.keys.admin}` });

describe('a key', () => {
  test('is shown once, kept as a hash, works at once and is logged without its secret', async () => {
    const made = await server.call('POST', '/api/keys', { name: 'CI', role: 'viewer' }, admin());
    assert.equal(made.status, 201, made.text);
    assert.match(made.body.key, /^clt_[0-9a-f]{32}[0-9a-z]+_[0-9a-f]{64}$/);
    assert.equal(
      (await server.call('GET', '/api/customers', undefined, { authorization: `Bearer ${made.body.key}` })).status,
      200,
    );
    const secret = made.body.key.split('_')[2];
    const listed = await server.call('GET', '/api/keys', undefined, admin());
    const feed = await server.call('GET', '/api/events?limit=1000');
    for (const reply of [listed, feed]) {
      assert.ok(reply.text.includes(made.body.id));
      assert.ok(!reply.text.includes(secret));
    }
  });

  test('cannot be given a role above its maker’s', async () => {
    const reply = await server.call('POST', '/api/keys', { name: 'x', role: 'owner' }, admin());
    assert.deepEqual([reply.status, reply.body.code], [403, 'role_too_high']);
    assert.equal((await server.call('POST', '/api/keys', { name: 'x', role: 'viewer' })).status, 403);
  });

  test('made twice with one Idempotency-Key is one key, its text shown the first time only', async () => {
    const headers = { ...admin(), 'idempotency-key': 'key-1' };
    const first = await server.call('POST', '/api/keys', { name: 'once', role: 'viewer' }, headers);
    const again = await server.call('POST', '/api/keys', { name: 'once', role: 'viewer' }, headers);
    assert.deepEqual({ ...again.body, key: 0 }, { ...first.body, key: 0 });
    assert.equal(again.body.key, null);
  });

  test('that is revoked is refused within a second, in every process', async () => {
    const made = await server.call('POST', '/api/keys', { name: 'gone', role: 'editor' }, admin());
    const authorization = `Bearer ${made.body.key}`;
    const elsewhere = openTestConnections(server.connection);
    try {
      await authenticate(elsewhere, authorization);
      assert.equal((await server.call('GET', '/api/customers', undefined, { authorization })).status, 200);
      assert.equal(
        (await server.call('DELETE', `/api/keys/${made.body.id.toUpperCase()}`, undefined, admin())).status,
        204,
      );
      assert.equal(
        (await server.call('GET', '/api/customers', undefined, { authorization })).status,
        401,
        'here at once',
      );
      await new Promise((resolve) => setTimeout(resolve, 1001));
      await assert.rejects(async () => authenticate(elsewhere, authorization), { status: 401 });
    } finally {
      await elsewhere.close();
    }
  });

  test('that was seen lately is checked without the database', async () => {
    await server.call('GET', '/api/customers/stats');
    const before = server.statements('find_key');
    assert.ok(before > 0);
    await Promise.all(Array.from({ length: 20 }, () => server.call('GET', '/api/customers/stats')));
    assert.ok(server.statements('find_key') - before < 5);
  });
});

describe('another workspace', () => {
  test('sees nothing of this one, and cannot tell a foreign id from an unknown one', async () => {
    const mine = (
      await server.call('POST', '/api/customers', {
        first_name: 'Mine',
        last_name: 'Only',
        email: 'mine@example.com',
        external_id: 'mine',
      })
    ).body;
    const stable = ({ instance, request_id, ...rest }: Record<string, unknown>) => rest;
    const unknown = '01890000-0000-7000-8000-000000000000';
    for (const [method, suffix, body] of [
      ['GET', '', undefined],
      ['PATCH', '', { last_name: 'Stolen' }],
      ['PUT', '', { first_name: 'A', last_name: 'B', email: 'c@example.com' }],
      ['DELETE', '', undefined],
      ['POST', '/restore', undefined],
      ['POST', '/deactivate', undefined],
      ['GET', '/history', undefined],
    ] as const) {
      const theirs = await server.call(method, `/api/customers/${mine.id}${suffix}`, body, foreign);
      const nobodys = await server.call(method, `/api/customers/${unknown}${suffix}`, body, foreign);
      assert.equal(theirs.status, 404);
      assert.deepEqual(stable(theirs.body), stable(nobodys.body));
    }
    assert.equal((await server.call('GET', '/api/customers?search=mine', undefined, foreign)).body.count, 0);
    assert.equal((await server.call('GET', '/api/customers?external_id=mine', undefined, foreign)).body.count, 0);
    assert.equal((await server.call('GET', '/api/customers/stats', undefined, foreign)).body.total_customers, 0);
    const events = (await server.call('GET', '/api/events', undefined, foreign)).body.results;
    assert.ok(events.every((event: { type: string }) => event.type === 'key.created'));
    const key = (await server.call('GET', '/api/keys', undefined, admin())).body.results[0];
    assert.equal((await server.call('DELETE', `/api/keys/${key.id}`, undefined, foreign)).status, 404);
    const same = await server.call(
      'POST',
      '/api/customers',
      { first_name: 'Same', last_name: 'Email', email: 'mine@example.com', external_id: 'mine' },
      foreign,
    );
    assert.equal(same.status, 201);
    assert.deepEqual((await server.call('GET', `/api/customers/${mine.id}`)).body, mine);
  });
});

describe('a workspace', () => {
  test('has a region by which phones are read, from the moment it is set', async () => {
    const customer = { first_name: 'Re', last_name: 'Gion', email: 'region@example.com', phone: '020 7946 0958' };
    assert.equal((await server.call('POST', '/api/customers', customer)).body.phone_e164, null);
    const changed = await server.call('PATCH', '/api/workspaces/main', { region: 'gb' }, admin());
    assert.equal(changed.body.region, 'GB');
    assert.equal(
      (await server.call('POST', '/api/customers', { ...customer, email: 'r2@example.com' })).body.phone_e164,
      '+442079460958',
    );
    assert.equal((await server.call('PATCH', '/api/workspaces/other', { name: 'x' }, admin())).status, 404);
    assert.equal((await server.call('PATCH', '/api/workspaces/main', { region: 'Britain' }, admin())).status, 400);
  });
});

test('a role that was granted is kept from what it may not do', async () => {
  const actor = server.actor;
  const viewer = await createKey(server.database, actor, { name: 'v', role: 'viewer' }, { request_id: null });
  const authorization = `Bearer ${viewer.subject.key}`;
  for (const [method, path] of [
    ['POST', '/api/customers'],
    ['POST', '/api/keys'],
    ['PATCH', '/api/workspaces/main'],
    ['DELETE', `/api/keys/${viewer.subject.id}`],
  ])
    assert.equal((await server.call(method!, path!, {}, { authorization })).status, 403);
  await revokeKey(server.database, actor, viewer.subject.id, { request_id: null });
});

// What the customer routes promise, through the real server and database.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ada } from '../../test/support/customers.ts';
import { startServer, type TestServer } from '../../test/support/server.ts';
import { createCustomer } from './customers.ts';

let server: TestServer;
before(async () => {
  server = await startServer();
});
after(() => server.stop());

async function create(fields: object = {}) {
  const reply = await server.call('POST', '/api/customers', ada(fields));
  assert.equal(reply.status, 201, reply.text);
  return reply.body;
}
const codes = (body: { errors: { pointer: string; code: string }[] }) =>
  body.errors.map(({ pointer, code }) => `${pointer} ${code}`).sort();

describe('creating', () => {
  test('answers with the whole customer, its place and its version', async () => {
    const reply = await server.call('POST', '/api/customers', {
      first_name: ' grace ',
      last_name: "O'BRIEN",
      email: ' Grace@Example.com',
      phone: '+1 (415) 555-2671',
      external_id: 'crm-1',
    });
    assert.equal(reply.status, 201);
    const { id, created_at, updated_at, ...rest } = reply.body;
    assert.deepEqual(rest, {
      first_name: 'Grace',
      last_name: "O'Brien",
      full_name: "Grace O'Brien",
      email: 'grace@example.com',
      phone: '+1 (415) 555-2671',
      phone_e164: '+14155552671',
      is_active: true,
      external_id: 'crm-1',
      version: 1,
    });
    assert.match(created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    assert.equal(updated_at, created_at);
    assert.equal(reply.headers.get('location'), `/api/customers/${id}`);
    assert.equal(reply.headers.get('etag'), '"1"');
    const read = await server.call('GET', `/api/customers/${id}`);
    assert.equal(read.text, reply.text);
  });

  test('names every field that is wrong', async () => {
    const { status, body } = await server.call('POST', '/api/customers', {
      first_name: 'R2D2',
      email: 'nobody',
      is_active: 'true',
      version: 3,
      nickname: 'x',
      'a/b~': 1,
    });
    assert.equal(status, 400);
    assert.deepEqual(codes(body), [
      '/a~1b~0 unknown_field',
      '/email invalid_email',
      '/first_name invalid_characters',
      '/is_active wrong_type',
      '/last_name required',
      '/nickname unknown_field',
      '/version read_only',
    ]);
  });

  test('refuses an email or external id that is held, and tells by whom', async () => {
    const held = await create({ external_id: 'held' });
    const { status, body } = await server.call(
      'POST',
      '/api/customers',
      ada({ email: held.email.toUpperCase(), external_id: 'held' }),
    );
    assert.equal(status, 400);
    assert.deepEqual(codes(body), ['/email email_taken', '/external_id external_id_taken']);
    assert.deepEqual(body.errors[0].conflict, { id: held.id, href: `/api/customers/${held.id}` });
  });

  test('of many at once with one email makes exactly one', async () => {
    const email = 'race@example.com';
    const replies = await Promise.all(
      Array.from({ length: 50 }, () => server.call('POST', '/api/customers', ada({ email }))),
    );
    assert.equal(replies.filter((reply) => reply.status === 201).length, 1);
    assert.equal(
      replies.filter((reply) => reply.status === 400 && reply.body.errors[0].code === 'email_taken').length,
      49,
    );
  });

  test('of a hundred at once costs one transaction', async () => {
    const start = server.statements();
    const made = Array.from({ length: 100 }, () =>
      createCustomer(server.database, server.actor, ada(), { request_id: null }),
    );
    const outcomes = await Promise.all(made);
    // The lock, the holders of the emails, the rows, the events: four statements between one BEGIN and one COMMIT.
    assert.equal(server.statements() - start, 4);
    const positions = outcomes.map((outcome) => outcome.position).sort((a, b) => a - b);
    assert.deepEqual(
      positions,
      Array.from({ length: 100 }, (_, index) => positions[0]! + index),
    );
  });

  test('answers each of many at once with its own outcome', async () => {
    const bodies = Array.from({ length: 120 }, (_, index) =>
      index % 3 === 0 ? ada({ last_name: '1' }) : ada({ first_name: `Nr${'abcdefghij'[index % 10]}` }),
    );
    const replies = await Promise.all(bodies.map((body) => server.call('POST', '/api/customers', body)));
    replies.forEach((reply, index) => {
      assert.equal(reply.status, index % 3 === 0 ? 400 : 201);
      if (reply.status === 201) assert.equal(reply.body.email, bodies[index]!.email);
    });
  });
});

describe('hostile bodies', () => {
  const hostile: [string, string | Uint8Array, Record<string, string>, number, string][] = [
    ['malformed JSON', '{"first_name":', {}, 400, 'malformed_json'],
    ['an empty body', '', {}, 400, 'malformed_json'],
    ['an array', '[]', {}, 400, 'invalid'],
    ['null', 'null', {}, 400, 'invalid'],
    ['invalid UTF-8', new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), {}, 400, 'invalid'],
    ['a lone surrogate', '{"first_name":"\\ud800"}', {}, 400, 'invalid'],
    ['NUL', '{"first_name":"a\\u0000b"}', {}, 400, 'invalid'],
    ['a member twice', '{"first_name":"A","first_name":"B"}', {}, 400, 'invalid'],
    ['a member twice, once escaped', '{"first_name":"A","first\\u005fname":"B"}', {}, 400, 'invalid'],
    ['__proto__', '{"__proto__":{"first_name":"A"}}', {}, 400, 'invalid'],
    ['deep nesting', `{"first_name":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, {}, 400, 'invalid'],
    ['another type', '{}', { 'content-type': 'text/plain' }, 415, 'unsupported_media_type'],
    ['another charset', '{}', { 'content-type': 'application/json; charset=latin1' }, 415, 'unsupported_media_type'],
    ['a content encoding', '{}', { 'content-encoding': 'gzip' }, 415, 'unsupported_encoding'],
    ['more than a MiB', JSON.stringify({ first_name: 'a'.repeat(1_100_000) }), {}, 413, 'body_too_large'],
  ];
  for (const [name, body, headers, status, code] of hostile)
    test(name, async () => {
      const reply = await server.call('POST', '/api/customers', body, headers);
      assert.equal(reply.status, status, reply.text);
      assert.equal(reply.body.code, code);
      assert.equal(reply.headers.get('content-type'), 'application/problem+json; charset=utf-8');
      assert.equal(reply.body.request_id, reply.headers.get('x-request-id'));
    });
});

describe('changing', () => {
  test('PATCH changes what it names and logs former and new values', async () => {
    const customer = await create({ phone: '020 7946 0958' });
    const reply = await server.call('PATCH', `/api/customers/${customer.id}`, { phone: null, last_name: 'Byron' });
    assert.equal(reply.status, 200);
    assert.equal(reply.body.full_name, 'Ada Byron');
    assert.equal(reply.body.phone, null);
    assert.equal(reply.body.version, 2);
    assert.ok(reply.body.updated_at > customer.updated_at);
    const history = await server.call('GET', `/api/customers/${customer.id}/history`);
    assert.deepEqual(history.body.results[0].changes, {
      last_name: ['Lovelace', 'Byron'],
      phone: ['020 7946 0958', null],
    });
    assert.equal(history.body.results[0].actor.name, 'editor');
    assert.equal(String(history.body.results[0].position), reply.headers.get('clientele-position'));
  });

  test('a change that changes nothing makes no version and no event', async () => {
    const customer = await create();
    const reply = await server.call('PATCH', `/api/customers/${customer.id}`, { first_name: 'ada' });
    assert.deepEqual(reply.body, customer);
    const history = await server.call('GET', `/api/customers/${customer.id}/history`);
    assert.equal(history.body.results.length, 1);
  });

  test('PUT takes the whole record, what is left out its default', async () => {
    const customer = await create({ phone: '+14155552671', is_active: false });
    const reply = await server.call('PUT', `/api/customers/${customer.id}`, {
      first_name: 'Ada',
      last_name: 'King',
      email: customer.email,
    });
    assert.equal(reply.body.phone, null);
    assert.equal(reply.body.phone_e164, null);
    assert.equal(reply.body.is_active, true);
    const missing = await server.call('PUT', `/api/customers/${customer.id}`, { first_name: 'Ada' });
    assert.deepEqual(codes(missing.body), ['/email required', '/last_name required']);
  });

  test('If-Match lets through the current version alone', async () => {
    const customer = await create();
    const path = `/api/customers/${customer.id}`;
    const first = await server.call('PATCH', path, { last_name: 'One' }, { 'if-match': '"1"' });
    assert.equal(first.status, 200);
    for (const tag of ['"1"', 'W/"2"', '"02"', '"x"']) {
      const stale = await server.call('PATCH', path, { last_name: 'Two' }, { 'if-match': tag });
      assert.equal(stale.status, 412, tag);
    }
    assert.equal((await server.call('PATCH', path, { last_name: 'Three' }, { 'if-match': '"9", "2"' })).status, 200);
    assert.equal((await server.call('DELETE', path, undefined, { 'if-match': '*' })).status, 204);
    assert.equal((await server.call('PATCH', path, {}, { 'if-match': 'nonsense' })).status, 400);
  });

  test('activate and deactivate', async () => {
    const customer = await create();
    const off = await server.call('POST', `/api/customers/${customer.id}/deactivate`);
    assert.equal(off.body.message, 'Customer deactivated.');
    assert.equal(off.body.customer.is_active, false);
    const on = await server.call('POST', `/api/customers/${customer.id}/activate/`);
    assert.equal(on.body.customer.version, 3);
  });

  test('many changes of one customer at once all happen, in some order', async () => {
    const customer = await create();
    const replies = await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        server.call('PATCH', `/api/customers/${customer.id}`, { phone: `+1415555${1000 + index}` }),
      ),
    );
    assert.deepEqual(
      replies.map((reply) => reply.body.version).sort((a, b) => a - b),
      Array.from({ length: 30 }, (_, index) => index + 2),
    );
  });

  test('an email that is given up at the same moment can be taken or is refused, never twice', async () => {
    const one = await create();
    const [moved, taken] = await Promise.all([
      server.call('PATCH', `/api/customers/${one.id}`, { email: `new.${one.email}` }),
      server.call('POST', '/api/customers', ada({ email: one.email })),
    ]);
    assert.equal(moved.status, 200);
    assert.ok([201, 400].includes(taken.status));
  });
});

describe('deleting and restoring', () => {
  test('a deleted customer is gone, frees its email, keeps its history and comes back', async () => {
    const customer = await create({ external_id: 'gone' });
    const path = `/api/customers/${customer.id}`;
    assert.equal((await server.call('DELETE', path)).status, 204);
    assert.equal((await server.call('GET', path)).status, 404);
    assert.equal((await server.call('DELETE', path)).status, 404);
    assert.equal((await server.call('PATCH', path, { last_name: 'X' })).status, 404);
    const deleted = await server.call('GET', '/api/customers?deleted=true');
    assert.equal(deleted.body.results[0].id, customer.id);

    const other = await create({ email: customer.email, external_id: 'gone' });
    const refused = await server.call('POST', `${path}/restore`);
    assert.equal(refused.status, 400);
    assert.deepEqual(codes(refused.body), ['/email email_taken', '/external_id external_id_taken']);
    await server.call('DELETE', `/api/customers/${other.id}`);

    const restored = await server.call('POST', `${path}/restore`);
    assert.equal(restored.status, 200, restored.text);
    assert.equal(restored.body.version, 3);
    assert.equal((await server.call('POST', `${path}/restore`)).body.version, 3);
    const history = await server.call('GET', `${path}/history`);
    assert.deepEqual(
      history.body.results.map((event: { type: string }) => event.type),
      ['customer.restored', 'customer.deleted', 'customer.created'],
    );
  });
});

describe('upsert by external id', () => {
  test('creates, then replaces; the path decides', async () => {
    const path = `/api/customers/by-external-id/${encodeURIComponent('Ünï/ 1')}`;
    const made = await server.call('PUT', path, ada());
    assert.equal(made.status, 201, made.text);
    assert.equal(made.body.external_id, 'Ünï/ 1');
    const again = await server.call('PUT', path, { ...ada(), external_id: 'Ünï/ 1' });
    assert.equal(again.status, 200);
    assert.equal(again.body.id, made.body.id);
    const differs = await server.call('PUT', path, { ...ada(), external_id: 'other' });
    assert.deepEqual(codes(differs.body), ['/external_id external_id_differs']);
  });

  test('of many at once with one id makes one customer', async () => {
    const replies = await Promise.all(
      Array.from({ length: 20 }, () => server.call('PUT', '/api/customers/by-external-id/same', ada())),
    );
    assert.equal(new Set(replies.map((reply) => reply.body.id)).size, 1);
    assert.equal(replies.filter((reply) => reply.status === 201).length, 1);
  });
});

describe('Idempotency-Key', () => {
  test('the same request is done once and answered alike; another is refused', async () => {
    const body = ada();
    const headers = { 'idempotency-key': 'k1' };
    const first = await server.call('POST', '/api/customers', body, headers);
    const again = await server.call('POST', '/api/customers', body, headers);
    assert.equal(again.status, 201);
    assert.equal(again.text, first.text);
    assert.equal(again.headers.get('idempotency-replayed'), 'true');
    assert.equal(again.headers.get('clientele-position'), first.headers.get('clientele-position'));
    await server.call('PATCH', `/api/customers/${first.body.id}`, { last_name: 'Later' });
    assert.equal((await server.call('POST', '/api/customers', body, headers)).text, first.text);
    assert.equal((await server.call('POST', '/api/customers', ada(), headers)).status, 422);
  });

  test('a hundred at once have one effect and equal answers', async () => {
    const body = ada();
    const replies = await Promise.all(
      Array.from({ length: 100 }, () => server.call('POST', '/api/customers', body, { 'idempotency-key': 'twins' })),
    );
    assert.equal(new Set(replies.map((reply) => reply.text)).size, 1);
    assert.ok(replies.every((reply) => reply.status === 201));
  });

  test('a refusal is not kept', async () => {
    const headers = { 'idempotency-key': 'refused' };
    const customer = await create();
    const body = ada({ email: customer.email });
    assert.equal((await server.call('POST', '/api/customers', body, headers)).status, 400);
    await server.call('DELETE', `/api/customers/${customer.id}`);
    assert.equal((await server.call('POST', '/api/customers', body, headers)).status, 201);
  });

  test('must be of a sane length', async () => {
    assert.equal(
      (await server.call('POST', '/api/customers', ada(), { 'idempotency-key': 'x'.repeat(256) })).status,
      400,
    );
  });
});

describe('who may', () => {
  test('a viewer reads and does not write; nobody without a key; malformed and foreign ids look alike', async () => {
    const viewer = { authorization: `Bearer ${server.keys.viewer}` };
    assert.equal((await server.call('GET', '/api/customers', undefined, viewer)).status, 200);
    assert.equal((await server.call('POST', '/api/customers', ada(), viewer)).status, 403);
    assert.equal((await server.call('GET', '/api/keys')).status, 403);
    const other = server.keys.editor.endsWith('0') ? '1' : '0';
    for (const authorization of ['', 'Bearer x', 'Basic abc', `Bearer ${server.keys.editor.slice(0, -1)}${other}`])
      assert.equal((await server.call('GET', '/api/customers', undefined, { authorization })).status, 401);
    const unknown = await server.call('GET', '/api/customers/01890000-0000-7000-8000-000000000000');
    const malformed = await server.call('GET', '/api/customers/nonsense');
    assert.equal(unknown.status, 404);
    const stable = ({ instance, request_id, ...rest }: Record<string, unknown>) => rest;
    assert.deepEqual(stable(unknown.body), stable(malformed.body));
  });
});

describe('as of', () => {
  test('a position or a time, a customer is answered as it was then', async () => {
    const first = await create({ phone: '020 7946 0958' });
    const second = await server.call('PATCH', `/api/customers/${first.id}`, { last_name: 'King' });
    const gone = await server.call('DELETE', `/api/customers/${first.id}`);
    const back = await server.call('POST', `/api/customers/${first.id}/restore`);
    const then = (as_of: string | null) => server.call('GET', `/api/customers/${first.id}?as_of=${as_of}`);
    const at = ({ headers }: { headers: Headers }) => headers.get('clientele-position');
    assert.deepEqual((await then(first.created_at)).body, first);
    assert.deepEqual((await then(second.body.updated_at)).body, second.body);
    assert.deepEqual((await then(at(second))).body, second.body);
    assert.equal((await then(at(second))).headers.get('etag'), '"2"');
    assert.equal((await then(at(gone))).status, 404);
    assert.deepEqual((await then(at(back))).body, back.body);
    assert.deepEqual((await then('2999-01-01T00:00:00Z')).body, back.body);
    assert.equal((await then('2001-01-01T00:00:00Z')).status, 404);
    assert.equal((await then('0')).status, 404);
    const { body } = await server.call('GET', `/api/customers/${first.id}?as_of=${at(second)}&fields=last_name`);
    assert.deepEqual(body, { last_name: 'King' });
    for (const wrong of ['', 'yesterday', '-1', '1.5', '01', '2026-02-30T00:00:00Z']) {
      const reply = await then(wrong);
      assert.deepEqual([reply.status, reply.body.errors[0].pointer], [400, 'as_of'], wrong);
    }
  });
});

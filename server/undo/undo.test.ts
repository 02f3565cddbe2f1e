// Undo: of a batch, of a single change, of an undo.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import type { Cause } from '#contract/causes.ts';
import type { Customer } from '#contract/customers.ts';
import { ada } from '../../test/support/customers.ts';
import { startServer, type TestServer } from '../../test/support/server.ts';
import { recordCause } from '../causes/causes.ts';

let server: TestServer;
before(async () => {
  server = await startServer();
});
after(() => server.stop());

let serial = 0;
const create = async (fields: object = {}): Promise<Customer> =>
  (await server.call('POST', '/api/customers', ada(fields))).body;
const batch = async (items: unknown[]) => (await server.call('POST', '/api/customers/batch', { items })).body;
const patch = (id: string, fields: object) => server.call('PATCH', `/api/customers/${id}`, fields);
const read = async (id: string) => (await server.call('GET', `/api/customers/${id}`)).body;
const eventsOf = async (id: string) => (await server.call('GET', `/api/customers/${id}/history`)).body.results;

async function undo(id: string): Promise<Cause> {
  const filed = await server.call('POST', `/api/causes/${id}/undo`);
  assert.equal(filed.status, 202, filed.text);
  assert.equal(filed.headers.get('location'), `/api/causes/${filed.body.id}`);
  return ended(filed.body.id);
}

async function ended(id: string): Promise<Cause> {
  for (;;) {
    const { body } = await server.call('GET', `/api/causes/${id}`);
    if (body.state !== 'running') return body;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** What a person would say the customer is. */
const plain = ({ version: _, updated_at: __, ...rest }: Customer) => rest;

describe('undo of a cause', () => {
  test('deletes what was created, restores what was deleted, and puts former values back', async () => {
    const [one, two, three] = [await create({ phone: '+44 20 7946 0958' }), await create(), await create()];
    await server.call('DELETE', `/api/customers/${three.id}`);
    const { cause_id, results } = await batch([
      { action: 'create', customer: ada() },
      { action: 'update', id: one.id, customer: { last_name: 'King', phone: null } },
      { action: 'update', id: one.id, customer: { first_name: 'Augusta', last_name: 'Byron' } },
      { action: 'delete', id: two.id },
      { action: 'restore', id: three.id },
    ]);
    const cause = await undo(cause_id);
    assert.deepEqual([cause.kind, cause.state, cause.undoes], ['undo', 'done', cause_id]);
    assert.deepEqual(cause.progress, { total: 5, done: 5, changed: 5, kept: 0 });
    assert.equal((await server.call('GET', `/api/causes/${cause_id}`)).body.undone_by, cause.id);
    assert.deepEqual(plain(await read(one.id)), plain(one));
    assert.deepEqual(plain(await read(two.id)), plain(two));
    for (const id of [three.id, results[0].customer.id])
      assert.equal((await server.call('GET', `/api/customers/${id}`)).status, 404);
    const [last] = await eventsOf(one.id);
    assert.deepEqual([last.type, last.cause_id], ['customer.updated', cause.id]);
  });

  test('keeps what was changed since, field by field, and lists it', async () => {
    const one = await create();
    const { cause_id, results } = await batch([
      { action: 'create', customer: ada() },
      { action: 'create', customer: ada() },
      { action: 'update', id: one.id, customer: { first_name: 'Augusta', last_name: 'King' } },
    ]);
    const [edited, untouched] = results.map((result: { customer: Customer }) => result.customer);
    await patch(one.id, { last_name: 'Byron' });
    await patch(edited.id, { phone: '020 7946 0958' });
    const cause = await undo(cause_id);
    assert.deepEqual(cause.progress, { total: 3, done: 3, changed: 2, kept: 2 });
    const now = await read(one.id);
    assert.deepEqual([now.first_name, now.last_name], ['Ada', 'Byron']);
    assert.equal((await read(edited.id)).phone, '020 7946 0958');
    assert.equal((await server.call('GET', `/api/customers/${untouched.id}`)).status, 404);
    const { body } = await server.call('GET', `/api/causes/${cause.id}/kept`);
    assert.deepEqual(
      body.results.map(({ customer_id, fields }: { customer_id: string; fields: unknown }) => [customer_id, fields]),
      [
        [one.id, [{ field: 'last_name', code: 'changed_since' }]],
        [edited.id, [{ field: 'phone', code: 'changed_since' }]],
      ],
    );
    const { body: first } = await server.call('GET', `/api/causes/${cause.id}/kept?limit=1`);
    assert.deepEqual(first.results, body.results.slice(0, 1));
    assert.deepEqual((await server.call('GET', first.next)).body, { results: body.results.slice(1), next: null });
  });

  test('keeps a value whose former one is another customer’s by now, and a customer who was deleted', async () => {
    const [one, two, three] = [await create({ external_id: 'first' }), await create(), await create()];
    const { cause_id } = await batch([
      { action: 'update', id: one.id, customer: { email: 'moved@example.com', last_name: 'King', external_id: null } },
      { action: 'update', id: two.id, customer: { last_name: 'King' } },
      { action: 'delete', id: three.id },
    ]);
    const other = await create({ email: one.email });
    await create({ email: three.email });
    await server.call('DELETE', `/api/customers/${two.id}`);
    const cause = await undo(cause_id);
    const now = await read(one.id);
    assert.deepEqual([now.email, now.last_name, now.external_id], ['moved@example.com', 'Lovelace', 'first']);
    assert.deepEqual(plain(await read(other.id)), plain(other));
    const { body } = await server.call('GET', `/api/causes/${cause.id}/kept`);
    assert.deepEqual(
      body.results.map(({ fields }: { fields: unknown }) => fields),
      [
        [{ field: 'email', code: 'email_taken' }],
        [{ field: 'last_name', code: 'deleted_since' }],
        [{ field: 'email', code: 'email_taken' }],
      ],
    );
  });

  test('takes more than one transaction where there is much, and another sees none of it twice', async () => {
    const causes = [];
    for (let count = 0; count < 2; count++)
      causes.push(await batch(Array.from({ length: 700 }, () => ({ action: 'create', customer: ada() }))));
    const [first, second] = await Promise.all(causes.map(({ cause_id }) => undo(cause_id)));
    assert.equal(first!.progress!.changed, 700);
    assert.equal(second!.progress!.changed, 700);
    const again = await undo(causes[0].cause_id);
    assert.deepEqual(again.progress, { total: 700, done: 700, changed: 0, kept: 0 });
  });

  test('happens once for one Idempotency-Key', async () => {
    const { cause_id } = await batch([{ action: 'create', customer: ada() }]);
    const headers = { 'idempotency-key': 'undo-1' };
    const replies = await Promise.all(
      Array.from({ length: 5 }, () => server.call('POST', `/api/causes/${cause_id}/undo`, undefined, headers)),
    );
    assert.equal(new Set(replies.map(({ body }) => body.id)).size, 1);
  });

  test('is refused while the cause is under way, and where there is none', async () => {
    const { id } = await running();
    const reply = await server.call('POST', `/api/causes/${id}/undo`);
    assert.deepEqual([reply.status, reply.body.code], [409, 'still_running']);
    assert.equal((await server.call('POST', `/api/causes/${id}/cancel`)).body.state, 'cancelled');
    for (const path of ['/api/causes/nothing/undo', '/api/causes/01890000-0000-7000-8000-000000000000/undo'])
      assert.equal((await server.call('POST', path)).status, 404);
  });

  /** Work that nobody takes. */
  async function running() {
    const actor = { type: 'system' as const, id: null, name: 'test' };
    const id = `01890000-0000-7000-8000-${String(++serial).padStart(12, '0')}`;
    await recordCause(server.database, server.actor.workspace.id, {
      id,
      kind: 'undo',
      actor,
      state: 'running',
      runs_at: 'elsewhere',
    });
    return { id };
  }
});

describe('undo of an undo', () => {
  test('does it all again', async () => {
    const one = await create();
    const { cause_id, results } = await batch([
      { action: 'create', customer: ada() },
      { action: 'update', id: one.id, customer: { last_name: 'King' } },
    ]);
    const first = await undo(cause_id);
    await undo(first.id);
    assert.equal((await read(one.id)).last_name, 'King');
    assert.deepEqual(plain(await read(results[0].customer.id)), plain(results[0].customer));
    // And the batch itself can be undone once more.
    const again = await undo(cause_id);
    assert.equal(again.progress!.kept, 0);
    assert.deepEqual(plain(await read(one.id)), plain(one));
  });
});

describe('undo of a single change', () => {
  const undoAt = (position: number, headers = {}) =>
    server.call('POST', `/api/events/${position}/undo`, undefined, headers);

  test('puts former values back at once, and is undone itself', async () => {
    const one = await create({ phone: '+44 20 7946 0958' });
    await patch(one.id, { phone: null, is_active: false });
    const [event] = await eventsOf(one.id);
    const reply = await undoAt(event.position);
    assert.equal(reply.status, 200, reply.text);
    assert.deepEqual(plain(reply.body.customer), plain(one));
    assert.deepEqual([reply.body.deleted, reply.body.kept], [false, []]);
    assert.deepEqual(await read(one.id), reply.body.customer);
    const [undone] = await eventsOf(one.id);
    assert.equal(undone.cause_id, reply.body.cause_id);
    assert.equal(reply.headers.get('clientele-position'), String(undone.position));
    const again = await undoAt(undone.position);
    assert.deepEqual([again.body.customer.phone, again.body.customer.is_active], [null, false]);
    // What is as it was already needs no undo.
    const idle = await undoAt(undone.position);
    assert.deepEqual([idle.body.cause_id, idle.body.kept], [null, []]);
  });

  test('of a creation deletes, of a deletion restores', async () => {
    const one = await create();
    const [created] = await eventsOf(one.id);
    const gone = await undoAt(created.position);
    assert.equal(gone.body.deleted, true);
    assert.equal((await server.call('GET', `/api/customers/${one.id}`)).status, 404);
    const [deleted] = await eventsOf(one.id);
    assert.equal((await undoAt(deleted.position)).body.deleted, false);
    assert.deepEqual(plain(await read(one.id)), plain(one));
  });

  test('happens once for one Idempotency-Key', async () => {
    const one = await create();
    await patch(one.id, { last_name: 'King' });
    const [event] = await eventsOf(one.id);
    const replies = await Promise.all(
      Array.from({ length: 5 }, () => undoAt(event.position, { 'idempotency-key': 'event-1' })),
    );
    for (const reply of replies) assert.equal(reply.text, replies[0]!.text);
    assert.equal((await eventsOf(one.id)).length, 3);
  });

  test('is 404 where the log has no change of a customer', async () => {
    for (const position of [0, 9_999_999, 1]) assert.equal((await undoAt(position)).status, 404);
    for (const position of ['x', '01', '1e3'])
      assert.equal((await server.call('POST', `/api/events/${position}/undo`)).status, 404);
  });
});

test('causes are listed, the last first', async () => {
  const { body } = await server.call('GET', '/api/causes?limit=3');
  assert.equal(body.results.length, 3);
  const { body: second } = await server.call('GET', body.next);
  const ids = [...body.results, ...second.results].map(({ id }: Cause) => id);
  assert.deepEqual(ids, ids.toSorted().reverse());
  assert.equal(new Set(ids).size, 6);
});

// ---- Any batch ------------------------------------------------------------------------------------------------------

const few = fc.nat(3);
const step = fc.record({
  action: fc.constantFrom('create', 'update', 'upsert', 'delete', 'restore'),
  target: few,
  email: fc.option(few),
  external: fc.option(few),
  name: fc.constantFrom('King', 'Byron'),
});

test('whatever a batch did, its undo leads back, and the undo of that forth again', async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 20 }), async (steps) => {
      const tag = `u${++run}`;
      const start: Customer[] = [];
      for (let index = 0; index < 4; index++) start.push(await create({ email: `${tag}.${index}@example.com` }));
      await server.call('DELETE', `/api/customers/${start[3]!.id}`);
      const state = async () => {
        const { body } = await server.call('GET', `/api/customers?search=${tag}.&limit=200&ordering=created_at`);
        return body.results.map(plain);
      };
      const before = await state();
      const { cause_id } = await batch(
        steps.map(({ action, target, email, external, name }) => {
          const customer = {
            first_name: 'Ann',
            last_name: name,
            ...(email === null && action === 'update' ? {} : { email: `${tag}.${email ?? 0}@example.com` }),
            ...(external === null ? {} : { external_id: `${tag}-${external}` }),
          };
          if (action === 'create') return { action, customer };
          if (action === 'upsert') return { action, match: 'email', customer };
          return { action, id: start[target]!.id, ...(action === 'update' ? { customer } : {}) };
        }),
      );
      const after = await state();
      if (cause_id === null) return assert.deepEqual(after, before);
      const first = await undo(cause_id);
      assert.deepEqual(await state(), before);
      assert.equal(first.progress!.kept, 0);
      await undo(first.id);
      assert.deepEqual(await state(), after);
    }),
    { numRuns: 25 },
  );
});

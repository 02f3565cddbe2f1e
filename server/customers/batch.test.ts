// Many changes in one request.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import type { BatchItem } from '#contract/batch.ts';
import type { Customer } from '#contract/customers.ts';
import type { LogEvent } from '#contract/events.ts';
import { ada } from '../../test/support/customers.ts';
import { startServer, type TestServer } from '../../test/support/server.ts';
import { readLedger } from '../events/events.ts';

let server: TestServer;
before(async () => {
  server = await startServer();
});
after(() => server.stop());

const create = async (fields: object = {}): Promise<Customer> =>
  (await server.call('POST', '/api/customers', ada(fields))).body;
const batch = (items: unknown, more: object = {}, headers: Record<string, string> = {}) =>
  server.call('POST', '/api/customers/batch', { items, ...more }, headers);
const read = (id: string) => server.call('GET', `/api/customers/${id}`);
const position = async () => (await readLedger(server.database, server.actor.workspace.id)).position;

describe('a batch', () => {
  test('does every kind of change, answers each in its place, and marks its events with one cause', async () => {
    const [one, two, three] = [await create({ phone: '020 7946 0958' }), await create(), await create()];
    await server.call('DELETE', `/api/customers/${three.id}`);
    const reply = await batch([
      { action: 'create', customer: ada() },
      { action: 'update', id: one.id, version: 1, customer: { last_name: 'King' } },
      { action: 'upsert', match: 'email', customer: { email: one.email.toUpperCase(), external_id: 'king' } },
      { action: 'upsert', match: 'external_id', customer: ada({ external_id: 'new' }) },
      { action: 'delete', id: two.id.toUpperCase() },
      { action: 'restore', id: three.id },
    ]);
    assert.equal(reply.status, 200, reply.text);
    const { results, cause_id } = reply.body;
    assert.deepEqual(
      results.map((result: { status: number }) => result.status),
      [201, 200, 200, 201, 204, 200],
    );
    assert.deepEqual(results[4], { status: 204 });
    // An upsert gives the fields that it has, and leaves the others.
    const king = results[2].customer;
    assert.deepEqual(
      [king.id, king.last_name, king.external_id, king.phone, king.version],
      [one.id, 'King', 'king', one.phone, 3],
    );
    assert.deepEqual((await read(one.id)).body, king);
    assert.equal((await read(two.id)).status, 404);
    assert.equal((await read(three.id)).body.version, 3);
    const { body } = await server.call('GET', '/api/events?limit=1000');
    const events = body.results.filter((event: LogEvent) => event.cause_id === cause_id);
    assert.deepEqual(
      events.map((event: LogEvent) => event.type.slice('customer.'.length)),
      ['created', 'updated', 'updated', 'created', 'deleted', 'restored'],
    );
    assert.equal(reply.headers.get('clientele-position'), String(events.at(-1).position));
  });

  test('refuses an item by itself, with pointers into it, and does the others', async () => {
    const held = await create();
    const { status, body } = await batch([
      { action: 'create', customer: { first_name: 'R2D2', email: 'nobody' } },
      { action: 'create', customer: ada() },
      { action: 'create', customer: ada({ email: held.email }) },
      { action: 'update', id: held.id, version: 7, customer: { phone: null } },
      { action: 'update', id: 'nobody', customer: { phone: null } },
      { action: 'delete', id: '01890000-0000-7000-8000-000000000000' },
      { action: 'upsert', match: 'external_id', customer: ada() },
      { action: 'upsert', match: 'email', customer: { email: 'new@example.com', last_name: 'New' } },
      { action: 'merge' },
      { action: 'delete', id: held.id, customer: {} },
      { action: 'update', id: held.id },
      'create',
    ]);
    assert.equal(status, 200);
    type Refused = { problem: { code: string; errors: { pointer: string; code: string }[] }; status: number };
    assert.deepEqual(
      body.results.map(({ status, problem }: Refused) => [
        status,
        ...(problem?.errors ?? []).map(({ pointer, code }) => `${pointer} ${code}`).sort(),
      ]),
      [
        [
          400,
          '/customer/email invalid_email',
          '/customer/first_name invalid_characters',
          '/customer/last_name required',
        ],
        [201],
        [400, '/customer/email email_taken'],
        [412, '/version version_mismatch'],
        [404],
        [404],
        [400, '/customer/external_id required'],
        [400, '/customer/first_name required'],
        [400, '/action invalid_choice'],
        [400, '/customer unknown_field'],
        [400, '/customer required'],
        [400, ' wrong_type'],
      ],
    );
    assert.equal(body.results[2].problem.errors[0].conflict.id, held.id);
  });

  test('is in order: each item sees those before it, the same customer and a value handed on as well', async () => {
    const [x, y] = [await create({ external_id: 'x' }), await create({ external_id: 'y' })];
    const { body } = await batch([
      { action: 'update', id: x.id, customer: { external_id: null } },
      { action: 'update', id: y.id, customer: { external_id: 'x' } },
      { action: 'update', id: x.id, customer: { external_id: 'y' } },
      { action: 'upsert', match: 'external_id', customer: { external_id: 'x', last_name: 'Byron' } },
      { action: 'delete', id: x.id },
      { action: 'create', customer: ada({ email: x.email, external_id: 'y' }) },
      { action: 'restore', id: x.id },
    ]);
    assert.deepEqual(
      body.results.map((result: { status: number }) => result.status),
      [200, 200, 200, 200, 204, 201, 400],
    );
    assert.equal(body.results[3].customer.id, y.id);
    assert.deepEqual((await read(y.id)).body, body.results[3].customer);
    const { body: found } = await server.call('GET', '/api/customers?external_id=y');
    assert.deepEqual(found.results, [body.results[5].customer]);
  });

  test('of a thousand costs one transaction; one of a thousand and one is refused', async () => {
    const items = Array.from({ length: 1000 }, () => ({ action: 'create', customer: ada() }));
    const start = server.statements();
    const { body } = await batch(items);
    assert.equal(body.results.filter((result: { status: number }) => result.status === 201).length, 1000);
    // The lock, the holders of the emails, the rows, the cause, the events.
    assert.equal(server.statements() - start, 5);
    const more = await batch([...items, items[0]]);
    assert.deepEqual([more.status, more.body.errors[0].pointer], [400, '/items']);
  });

  test('with a form of its own is refused as a whole', async () => {
    const before = await position();
    for (const [body, pointer] of [
      [{}, '/items'],
      [{ items: [] }, '/items'],
      [{ items: {} }, '/items'],
      [{ items: [{}], atomic: 'yes' }, '/atomic'],
      [{ items: [{}], dry: true }, '/dry'],
      [[], ''],
    ] as [unknown, string][]) {
      const reply = await server.call('POST', '/api/customers/batch', body);
      assert.deepEqual([reply.status, reply.body.errors[0].pointer], [400, pointer]);
    }
    assert.equal(await position(), before);
  });
});

describe('a batch of all or nothing', () => {
  test('is done where every item is', async () => {
    const one = await create();
    const { status, body } = await batch(
      [
        { action: 'update', id: one.id, customer: { email: 'moved@example.com' } },
        { action: 'create', customer: ada({ email: one.email }) },
      ],
      { atomic: true },
    );
    assert.equal(status, 200);
    assert.equal(body.results[1].customer.email, one.email);
  });

  test('does nothing where one is refused, before the write or in it, and names each', async () => {
    const held = await create();
    const before = await position();
    const early = await batch(
      [
        { action: 'create', customer: ada() },
        { action: 'create', customer: ada({ first_name: '1' }) },
      ],
      {
        atomic: true,
      },
    );
    assert.deepEqual(
      [early.status, early.body.code, early.body.errors[0].pointer],
      [400, 'batch_refused', '/items/1/customer/first_name'],
    );
    const late = await batch(
      [
        { action: 'create', customer: ada() },
        { action: 'create', customer: ada({ email: held.email }) },
        { action: 'delete', id: '01890000-0000-7000-8000-000000000000' },
      ],
      { atomic: true },
    );
    assert.deepEqual(
      late.body.errors.map(({ pointer, code }: { pointer: string; code: string }) => [pointer, code]),
      [
        ['/items/1/customer/email', 'email_taken'],
        ['/items/2', 'not_found'],
      ],
    );
    assert.equal(await position(), before);
  });
});

test('a batch sent again with its Idempotency-Key is done once and answered alike, refusals and later changes aside', async () => {
  const one = await create();
  const items = [
    { action: 'create', customer: ada() },
    { action: 'create', customer: ada({ email: one.email }) },
    { action: 'update', id: one.id, customer: { phone: null } },
    { action: 'create', customer: ada({ last_name: '1' }) },
    { action: 'delete', id: one.id },
  ];
  const headers = { 'idempotency-key': 'batch-1' };
  const replies = await Promise.all(Array.from({ length: 10 }, () => batch(items, {}, headers)));
  const before = await position();
  const [made] = replies[0]!.body.results;
  await server.call('PATCH', `/api/customers/${made.customer.id}`, { last_name: 'King' });
  replies.push(await batch(items, {}, headers));
  assert.equal(replies.filter((reply) => reply.headers.get('idempotency-replayed') === null).length, 1);
  for (const reply of replies) {
    assert.equal(reply.text, replies[0]!.text);
    assert.equal(reply.headers.get('clientele-position'), replies[0]!.headers.get('clientele-position'));
  }
  assert.equal(await position(), before + 1);
  assert.equal((await batch(items.slice(1), {}, headers)).status, 422);
});

// ---- Against requests one by one --------------------------------------------------------------------------------------

const few = fc.nat(3);
type Step = { action: BatchItem['action']; target: number; email: number | null; external: number | null };
const step: fc.Arbitrary<Step> = fc.record({
  action: fc.constantFrom('create', 'update', 'upsert', 'delete', 'restore'),
  target: few,
  email: fc.option(few),
  external: fc.option(few),
});

async function oneByOne(items: unknown[]) {
  const results = [];
  for (const item of items) results.push((await batch([item])).body.results[0]);
  return results;
}

test('a batch comes to what its items come to as requests one after another', async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
      const outcomes = [];
      for (const together of [true, false]) {
        const tag = `t${++run}`;
        const start: Customer[] = [];
        for (let index = 0; index < 4; index++)
          start.push(
            await create({
              email: `${tag}.${index}@example.com`,
              external_id: index % 2 === 0 ? `${tag}-${index}` : null,
            }),
          );
        const items = steps.map(({ action, target, email, external }) => {
          const customer = {
            first_name: 'Ann',
            last_name: 'Other',
            ...(email === null && action === 'update' ? {} : { email: `${tag}.${email ?? 0}@example.com` }),
            ...(external === null ? {} : { external_id: `${tag}-${external}` }),
          };
          if (action === 'create') return { action, customer };
          if (action === 'upsert') return { action, match: 'email', customer };
          if (action === 'update') return { action, id: start[target]!.id, customer };
          return { action, id: start[target]!.id };
        });
        const results = together ? (await batch(items)).body.results : await oneByOne(items);
        const found = (await server.call('GET', `/api/customers?search=${tag}.&limit=200&ordering=created_at`)).body
          .results;
        const plain = ({ email, external_id, version, is_active }: Customer) =>
          [email.slice(tag.length), external_id?.slice(tag.length), version, is_active].join(' ');
        outcomes.push({
          statuses: results.map(({ status, customer }: { status: number; customer?: Customer }) => [
            status,
            customer && plain(customer),
          ]),
          found: found.map(plain),
        });
      }
      assert.deepEqual(outcomes[0], outcomes[1]);
    }),
    { numRuns: 30 },
  );
});

// Random interleavings of writes, sent at once and so in batches, against a model: whatever order the server gave them
// in its log, each must have had the outcome that this order demands.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import type { Customer } from '#contract/customers.ts';
import type { LogEvent } from '#contract/events.ts';
import { startServer, type TestReply, type TestServer } from './support/server.ts';

let server: TestServer;
before(async () => {
  server = await startServer();
});
after(() => server.stop());

type Command =
  | { kind: 'create'; email: number; external: number | null }
  | { kind: 'update'; target: number; email: number | null; active: boolean }
  | { kind: 'delete' | 'restore'; target: number }
  | { kind: 'upsert'; external: number; email: number };

const few = fc.nat(5);
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ kind: fc.constant('create' as const), email: few, external: fc.option(few) }),
  fc.record({ kind: fc.constant('update' as const), target: few, email: fc.option(few), active: fc.boolean() }),
  fc.record({ kind: fc.constantFrom('delete' as const, 'restore' as const), target: few }),
  fc.record({ kind: fc.constant('upsert' as const), external: few, email: few }),
);

test('the log explains every answer, and the tables are what the log says', async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(command, { minLength: 1, maxLength: 30 }), { minLength: 1, maxLength: 4 }),
      async (bursts) => {
        const tag = `r${++run}`;
        const email = (number: number) => `${tag}.${number}@example.com`;
        const external = (number: number) => `${tag}-${number}`;
        const start = await lastPosition();
        const ids: string[] = [];
        for (const burst of bursts) {
          const replies = await Promise.all(burst.map((one) => send(one, ids, email, external)));
          for (const reply of replies) {
            assert.ok(reply.status < 500, reply.text);
            if (reply.status === 201) ids.push(reply.body.id);
          }
          await checkReplies(replies);
        }
        await checkLog(start, tag);
      },
    ),
    { numRuns: 40 },
  );
});

function send(
  one: Command,
  ids: string[],
  email: (n: number) => string,
  external: (n: number) => string,
): Promise<TestReply> {
  const id =
    'target' in one ? (ids[one.target % Math.max(1, ids.length)] ?? '01890000-0000-7000-8000-000000000000') : '';
  const body = (fields: object) => ({ first_name: 'Ann', last_name: 'Other', ...fields });
  switch (one.kind) {
    case 'create':
      return server.call(
        'POST',
        '/api/customers',
        body({ email: email(one.email), external_id: one.external === null ? null : external(one.external) }),
      );
    case 'update':
      return server.call('PATCH', `/api/customers/${id}`, {
        is_active: one.active,
        ...(one.email === null ? {} : { email: email(one.email) }),
      });
    case 'delete':
      return server.call('DELETE', `/api/customers/${id}`);
    case 'restore':
      return server.call('POST', `/api/customers/${id}/restore`);
    case 'upsert':
      return server.call(
        'PUT',
        `/api/customers/by-external-id/${external(one.external)}`,
        body({ email: email(one.email) }),
      );
  }
}

/** Every acknowledged change is in the log at the position that its answer names, with the state that it answered. */
async function checkReplies(replies: TestReply[]): Promise<void> {
  for (const reply of replies) {
    if (reply.status !== 200 && reply.status !== 201) continue;
    const { body } = await server.call('GET', `/api/customers/${reply.body.id}/history`);
    const event = body.results.find((one: LogEvent) => one.customer_version === reply.body.version);
    assert.deepEqual(event.customer, reply.body);
  }
}

/** Replays the log: no gap, time never backwards, versions one by one, no two live customers with one email or external id. */
async function checkLog(start: number, tag: string): Promise<void> {
  const live = new Map<string, Customer>();
  const versions = new Map<string, number>();
  let position = start;
  let at = '';
  for (;;) {
    const { body } = await server.call('GET', `/api/events?after=${position}&limit=1000`);
    const events: LogEvent[] = body.results;
    if (events.length === 0) break;
    for (const event of events) {
      assert.equal(event.position, ++position, 'no gap');
      assert.ok(event.at >= at, 'time follows positions');
      at = event.at;
      const customer = event.customer!;
      assert.equal(event.customer_version, (versions.get(customer.id) ?? 0) + 1, 'versions one by one');
      versions.set(customer.id, customer.version);
      const before = live.get(customer.id);
      if (event.type === 'customer.updated')
        for (const [field, [old, now]] of Object.entries(event.changes)) {
          assert.deepEqual(old, before![field as keyof Customer], 'the former value');
          assert.deepEqual(now, customer[field as keyof Customer], 'the new value');
          assert.notDeepEqual(old, now, 'a change');
        }
      if (event.type === 'customer.deleted') live.delete(customer.id);
      else {
        for (const other of live.values())
          if (other.id !== customer.id) {
            assert.notEqual(other.email, customer.email, 'one email, one customer');
            if (customer.external_id !== null) assert.notEqual(other.external_id, customer.external_id);
          }
        live.set(customer.id, customer);
      }
    }
  }
  const { body } = await server.call('GET', `/api/customers?limit=200&search=${tag}.`);
  const found = new Map(body.results.map((one: Customer) => [one.id, one]));
  assert.deepEqual(new Set(found.keys()), new Set(live.keys()));
  for (const [id, customer] of live) assert.deepEqual(found.get(id), customer);
}

async function lastPosition(): Promise<number> {
  const { headers } = await server.call('POST', '/api/customers', {
    first_name: 'Mark',
    last_name: 'Er',
    email: `mark${Math.random()}@example.org`,
  });
  return Number(headers.get('clientele-position'));
}

// Bulk edits, through the real server.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { BulkEdit } from '#contract/bulk-edits.ts';
import type { Cause } from '#contract/causes.ts';
import type { Customer } from '#contract/customers.ts';
import { holdWrites } from '../../test/support/holds.ts';
import { startServer, type TestServer } from '../../test/support/server.ts';
import { writeGroup } from '../customers/customers.ts';

let server: TestServer;
before(async () => {
  server = await startServer();
});
after(() => server.stop());

let serial = 0;
/** Makes customers who are found by a word of their own. */
async function make(count: number, fields: object = {}): Promise<{ word: string; ids: string[] }> {
  const word = `zz${++serial}q`;
  const ids: string[] = [];
  for (let made = 0; made < count; made += 1000) {
    const items = Array.from({ length: Math.min(1000, count - made) }, (_, index) => ({
      action: 'create',
      customer: { first_name: 'Ada', last_name: 'Lovelace', email: `${word}.${made + index}@example.com`, ...fields },
    }));
    const { body } = await server.call('POST', '/api/customers/batch', { items });
    ids.push(...body.results.map(({ customer }: { customer: Customer }) => customer.id));
  }
  return { word, ids };
}
const file = (edit: BulkEdit | object, headers: Record<string, string> = {}) =>
  server.call('POST', '/api/customers/bulk-edits', edit, headers);
const count = async (query: string) => (await server.call('GET', `/api/customers?${query}`)).body.count as number;

async function ended(id: string): Promise<Cause> {
  for (;;) {
    const { body } = await server.call('GET', `/api/causes/${id}`);
    if (body.state !== 'running') return body;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
async function run(edit: BulkEdit): Promise<Cause> {
  const { status, body, text, headers } = await file(edit);
  assert.equal(status, 202, text);
  assert.equal(headers.get('location'), `/api/causes/${body.id}`);
  return ended(body.id);
}

describe('a bulk edit', () => {
  test('changes all that match, in several transactions, tells how many, and is undone', async () => {
    const { word } = await make(1200);
    await make(3);
    const edit: BulkEdit = { filter: { search: word, is_active: true }, action: 'deactivate' };
    assert.deepEqual((await file({ ...edit, dry_run: true })).body, { total: 1200 });
    assert.equal(await count(`search=${word}&is_active=false`), 0);
    const cause = await run(edit);
    assert.deepEqual([cause.kind, cause.state], ['bulk_edit', 'done']);
    assert.deepEqual(cause.progress, { total: 1200, done: 1200, changed: 1200, unchanged: 0, refused: 0 });
    assert.equal(await count(`search=${word}&is_active=false`), 1200);
    const undo = await server.call('POST', `/api/causes/${cause.id}/undo`);
    assert.equal((await ended(undo.body.id)).progress!.changed, 1200);
    assert.equal(await count(`search=${word}&is_active=true`), 1200);
  });

  test('gives fields, deletes, and takes ids instead of a filter', async () => {
    const { word, ids } = await make(5);
    const named = ids.slice(0, 3);
    const updated = await run({
      ids: [...named, named[0]!, 'nobody'],
      action: 'update',
      customer: { phone: '020 7946 0958', external_id: null },
    });
    assert.deepEqual(updated.progress, { total: 3, done: 3, changed: 3, unchanged: 0, refused: 0 });
    assert.equal(await count(`search=${word}+7946`), 3);
    await run({ filter: { search: word, 'created_at[gte]': '2001-01-01T00:00:00Z' }, action: 'delete' });
    assert.equal(await count(`search=${word}`), 0);
  });

  test('finds by every filter of the list', async () => {
    const { word, ids } = await make(4);
    await server.call('PATCH', `/api/customers/${ids[0]}`, { external_id: `${word}-0` });
    const { created_at } = (await server.call('GET', `/api/customers/${ids[0]}`)).body;
    const totals = [];
    for (const filter of [
      { email: `${word}.1@example.com` },
      { email: `${word}.1@example.com`, is_active: false },
      { external_id: `${word}-0` },
      { search: 'z', email: `${word}.1@example.com` },
      { 'created_at[gte]': created_at, search: word },
      { 'created_at[lt]': created_at, search: word },
      { 'created_at[gte]': created_at, 'created_at[lte]': created_at },
      { 'updated_at[gt]': created_at },
      { 'updated_at[gt]': created_at, is_active: 'true' },
      {},
      { is_active: false },
    ])
      totals.push((await file({ filter, action: 'delete', dry_run: true })).body.total);
    const all = await count('limit=1');
    const inactive = await count('is_active=false');
    assert.deepEqual(totals, [1, 0, 1, 1, 4, 0, 4, 1, 1, all, inactive]);
  });

  test('is about those who matched when it was filed', async () => {
    const { word, ids } = await make(2);
    // By the time it is this one's turn, one of them may match no more.
    const { id } = (await file({ filter: { search: word }, action: 'update', customer: { last_name: 'King' } })).body;
    await server.call('PATCH', `/api/customers/${ids[0]}`, { email: `other${word.length}x@example.com` });
    const cause = await ended(id);
    assert.equal(cause.progress!.done, 2);
    for (const one of ids) assert.equal((await server.call('GET', `/api/customers/${one}`)).body.last_name, 'King');
  });

  test('happens once for one Idempotency-Key', async () => {
    const { word } = await make(2);
    const edit = { filter: { search: word }, action: 'deactivate' };
    const replies = await Promise.all(Array.from({ length: 5 }, () => file(edit, { 'idempotency-key': 'bulk-1' })));
    assert.equal(new Set(replies.map(({ body }) => body.id)).size, 1);
    const cause = await ended(replies[0]!.body.id);
    assert.deepEqual([cause.progress!.total, cause.progress!.changed], [2, 2]);
  });

  test('stops where it is cancelled, and what is done can be undone', async () => {
    const { word } = await make(3000);
    const { id } = (await file({ filter: { search: word }, action: 'deactivate' })).body;
    const release = await holdWrites(server);
    const { body } = await server.call('POST', `/api/causes/${id}/cancel`).finally(release);
    assert.equal(body.state, 'cancelled');
    await writeGroup(server.database, server.actor.workspace.id, { writes: [] }); // behind the batch in flight
    const done = (await server.call('GET', `/api/causes/${id}`)).body.progress.done;
    assert.ok(done < 3000);
    assert.equal(await count(`search=${word}&is_active=false`), done);
    const undo = await server.call('POST', `/api/causes/${id}/undo`);
    await ended(undo.body.id);
    assert.equal(await count(`search=${word}&is_active=false`), 0);
  });

  test('with what it cannot do is refused by name', async () => {
    for (const [body, pointer, code] of [
      [[], '', 'wrong_type'],
      [{ action: 'delete' }, '/filter', 'required'],
      [{ action: 'delete', filter: {}, ids: [] }, '/filter', 'required'],
      [{ action: 'merge', filter: {} }, '/action', 'invalid_choice'],
      [{ action: 'delete', filter: { colour: 'red' } }, '/filter/colour', 'unknown_field'],
      [{ action: 'delete', filter: { limit: '1' } }, '/filter/limit', 'unknown_field'],
      [{ action: 'delete', filter: { search: 1 } }, '/filter/search', 'wrong_type'],
      [{ action: 'delete', filter: { search: '-' } }, '/filter/search', 'nothing_to_search'],
      [{ action: 'delete', filter: { is_active: 'yes' } }, '/filter/is_active', 'invalid_boolean'],
      [{ action: 'delete', filter: {}, customer: {} }, '/customer', 'unknown_field'],
      [{ action: 'update', filter: {} }, '/customer', 'required'],
      [{ action: 'update', filter: {}, customer: {} }, '/customer', 'required'],
      [{ action: 'update', filter: {}, customer: { last_name: '1' } }, '/customer/last_name', 'invalid_characters'],
      [{ action: 'update', filter: {}, customer: { email: 'a@example.com' } }, '/customer/email', 'not_in_bulk'],
      [{ action: 'delete', ids: [1] }, '/ids/0', 'wrong_type'],
      [{ action: 'delete', ids: 'all' }, '/ids', 'wrong_type'],
      [{ action: 'delete', filter: {}, dry_run: 1 }, '/dry_run', 'wrong_type'],
    ] as [unknown, string, string][]) {
      const reply = await file(body as object);
      assert.equal(reply.status, 400, JSON.stringify(body));
      assert.deepEqual(
        [reply.body.errors[0].pointer, reply.body.errors[0].code],
        [pointer, code],
        JSON.stringify(body),
      );
    }
  });
});

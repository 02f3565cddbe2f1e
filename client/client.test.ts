// The typed client against a real server, each test in a workspace of its own.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Role } from '#contract/api.ts';
import { createKey, createWorkspace, findWorkspace, systemActor } from '#server/access/access.ts';
import { startServer, type TestServer } from '../test/support/server.ts';
import { type Clientele, createClient, Problem } from './clientele.ts';

let server: TestServer;
before(async () => {
  server = await startServer();
});
after(() => server.stop());

let made = 0;
async function open(role: Role = 'editor'): Promise<Clientele> {
  const slug = `client-${++made}`;
  await createWorkspace(server.database, slug, slug);
  const actor = systemActor((await findWorkspace(server.database, slug))!, 'test');
  const { subject } = await createKey(server.database, actor, { name: 'test', role }, { request_id: null });
  return createClient({ url: server.base, key: subject.key! });
}

const person = (first_name: string, more = {}) => ({
  first_name,
  last_name: 'Lovelace',
  email: `${first_name.toLowerCase()}@example.com`,
  ...more,
});

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = [];
  for await (const item of items) list.push(item);
  return list;
}

const problem = (expected: Partial<Problem>) => (error: unknown) => {
  assert.ok(error instanceof Problem, String(error));
  for (const [name, value] of Object.entries(expected)) assert.deepEqual(error[name as keyof Problem], value, name);
  return true;
};

test('a list reads on over its pages, and pages can be turned', async () => {
  const { customers } = await open();
  const names = ['Ada', 'Bea', 'Cleo', 'Dora', 'Eve'];
  for (const name of names) await customers.create(person(name));
  const list = customers.list({ ordering: 'first_name', limit: 2 });
  assert.deepEqual(
    (await all(list)).map((customer) => customer.first_name),
    names,
  );

  const first = await list.page();
  assert.deepEqual([first.count, first.count_is_exact, first.previous], [5, true, null]);
  const second = await list.page(first.next!);
  assert.deepEqual(
    second.results.map((customer) => customer.first_name),
    ['Cleo', 'Dora'],
  );
  assert.deepEqual((await list.page(second.previous!)).results, first.results);
  const bare = new URLSearchParams(first.next!.split('?')[1]).get('cursor')!;
  assert.deepEqual(await list.page(bare), second);
  await assert.rejects(list.page('no-cursor'), problem({ status: 400, code: 'invalid' }));
});

test('a list is narrowed by every kind of filter', async () => {
  const { customers } = await open();
  const ada = await customers.create(person('Ada', { external_id: 'a&b=c' }));
  const bea = await customers.create(person('Bea', { is_active: false, email: 'bea+x@example.com' }));
  const ids = async (query: Parameters<typeof customers.list>[0]) =>
    (await all(customers.list(query))).map(({ id }) => id);
  assert.deepEqual(await ids({ search: 'LOVE bea' }), [bea.id]);
  assert.deepEqual(await ids({ is_active: true }), [ada.id]);
  assert.deepEqual(await ids({ is_active: false }), [bea.id]);
  assert.deepEqual(await ids({ email: 'bea+x@example.com' }), [bea.id]);
  assert.deepEqual(await ids({ external_id: 'a&b=c' }), [ada.id]);
  assert.deepEqual(await ids({ created_at: { gt: ada.created_at, lte: bea.created_at } }), [bea.id]);
  assert.deepEqual(await ids({ updated_at: { lt: new Date(Date.now() + 3_600_000) }, ordering: '-first_name' }), [
    bea.id,
    ada.id,
  ]);
  assert.deepEqual(await ids({ created_at: { gte: new Date(Date.now() + 3_600_000) } }), []);
  assert.deepEqual(await all(customers.list({ fields: ['id', 'full_name'], is_active: true })), [
    { id: ada.id, full_name: 'Ada Lovelace' },
  ]);
  await customers.delete(bea.id);
  assert.deepEqual(await ids({ deleted: true }), [bea.id]);
  await assert.rejects(ids({ search: '\ud800' }), TypeError);
  // What is no filter is refused, not left out.
  await assert.rejects(ids({ created_at: new Date() as object }), problem({ status: 400 }));
});

test('a customer is created, read, changed, deleted and restored', async () => {
  const { customers } = await open();
  const ada = await customers.create(person('Ada', { phone: '+44 20 7946 0018' }));
  assert.deepEqual(
    [ada.full_name, ada.phone, ada.is_active, ada.version],
    ['Ada Lovelace', '+44 20 7946 0018', true, 1],
  );
  assert.deepEqual(await customers.get(ada.id), ada);
  assert.deepEqual(await customers.get(ada.id, { fields: ['email', 'version'] }), {
    email: 'ada@example.com',
    version: 1,
  });
  assert.equal((await customers.update(ada.id, { last_name: 'King', phone: null })).phone, null);
  assert.equal((await customers.deactivate(ada.id)).is_active, false);
  assert.deepEqual(await customers.stats(), { total_customers: 1, active_customers: 0, inactive_customers: 1 });
  assert.equal((await customers.activate(ada.id, { if_match: 3 })).is_active, true);
  assert.equal((await customers.replace(ada.id, person('Ada'), { if_match: 4 })).last_name, 'Lovelace');
  assert.equal(await customers.delete(ada.id), undefined);
  await assert.rejects(customers.get(ada.id), problem({ status: 404, code: 'not_found' }));
  assert.equal((await customers.restore(ada.id)).version, 7);

  const history = customers.history(ada.id, { limit: 3 });
  const types = ['restored', 'deleted', 'updated', 'updated', 'updated', 'updated', 'created'];
  assert.deepEqual(
    (await all(history)).map(({ type }) => type),
    types.map((type) => `customer.${type}`),
  );
  assert.equal((await history.page((await history.page()).next!)).results[0]!.customer_version, 4);
});

test('what is refused says why, field by field', async () => {
  const { customers } = await open();
  const ada = await customers.create(person('Ada'));
  await assert.rejects(customers.create(person('A1', { email: 'no address' })), (error) => {
    assert.ok(error instanceof Problem);
    assert.deepEqual(
      error.errors.map(({ pointer }) => pointer),
      ['/first_name', '/email'],
    );
    assert.equal(error.message, error.detail);
    assert.ok(error.request_id);
    return problem({ status: 400, code: 'invalid', conflict: undefined })(error);
  });
  const conflict = { id: ada.id, href: `/api/customers/${ada.id}` };
  await assert.rejects(customers.create(person('Ada')), problem({ status: 400, conflict }));
  await customers.update(ada.id, { first_name: 'Augusta' }, { if_match: 1 });
  await assert.rejects(
    customers.update(ada.id, { first_name: 'Ada' }, { if_match: 1 }),
    problem({ status: 412, code: 'version_mismatch' }),
  );
  await assert.rejects(
    (await open('viewer')).customers.create(person('Ada')),
    problem({ status: 403, code: 'forbidden' }),
  );
});

test('an external id arrives as it is, whatever is in it', async () => {
  const { customers } = await open();
  const ids = [
    'a/b',
    'a/',
    '/',
    '%2F',
    '%',
    'a?b#c',
    '...',
    'ü ж',
    '\u{1f600}'.repeat(255),
    '+',
    'a+b c',
    '\\',
    '..\\..',
    ';=&',
    '%2e%2e',
  ];
  for (const [index, external_id] of ids.entries()) {
    const input = person('Ada', { email: `ada${index}@example.com` });
    const { id, ...created } = await customers.upsert(external_id, input);
    assert.equal(created.external_id, external_id);
    const again = await customers.upsert(external_id, { ...input, last_name: 'King', external_id });
    assert.deepEqual([again.id, again.version], [id, 2]);
  }
  for (const external_id of ['', '.', '..'])
    await assert.rejects(customers.upsert(external_id, person('Bea')), /cannot be sent as part of a path/);
  await assert.rejects(customers.upsert('half\udc00', person('Bea')), TypeError);
  assert.equal((await customers.stats()).total_customers, ids.length);
});

test('what is no id is no customer, and is not sent', async () => {
  const never: typeof fetch = () => assert.fail('a request was sent');
  const { customers } = createClient({ url: server.base, key: server.keys.editor, fetch: never });
  for (const id of ['', 'stats', '..', '../keys', 'by-external-id/x', '0199c0de-0000-7000-8000-00000000000g']) {
    await assert.rejects(customers.get(id), problem({ status: 404, code: 'not_found' }));
    await assert.rejects(customers.delete(id), problem({ status: 404 }));
    await assert.rejects(customers.history(id).page(), problem({ status: 404 }));
  }
});

test('a call that is made again with its idempotency key happens once', async () => {
  const { customers } = await open();
  const options = { idempotency_key: 'order 17' };
  const ada = await customers.create(person('Ada'), options);
  assert.deepEqual(await customers.create(person('Ada'), options), ada);
  await assert.rejects(
    customers.create(person('Bea'), options),
    problem({ status: 422, code: 'idempotency_key_reused' }),
  );
  await assert.rejects(customers.create(person('Ada')), problem({ status: 400 }));
});

test('the feed is read to its end, from any position', async () => {
  const { customers, events } = await open();
  const start = (await all(events.list())).at(-1)?.position ?? 0;
  for (const name of ['Ada', 'Bea', 'Cleo', 'Dora']) await customers.create(person(name));
  for (const limit of [1, 2, 3, 4, 5]) {
    const read = await all(events.list({ after: start, limit }));
    assert.deepEqual(
      read.map(({ position }) => position - start),
      [1, 2, 3, 4],
    );
    assert.equal(read[3]!.customer!.first_name, 'Dora');
  }
  assert.deepEqual(await all(events.list({ after: start + 4 })), []);
  const latest = await events.latest({ limit: 2 });
  assert.deepEqual(
    latest.map(({ position }) => position - start),
    [4, 3],
  );
});

test('an export gives all that match, customer by customer or as a file', async () => {
  const { customers } = await open();
  const made = [];
  for (const name of ['Zoë', 'Ada', '李'])
    made.push(await customers.create(person(name, { email: `c${made.length}@example.com` })));
  await customers.deactivate(made[1]!.id);
  assert.deepEqual(await all(customers.export({ is_active: true })), [made[0], made[2]]);
  assert.deepEqual(await all(customers.export({ search: 'ada', fields: ['first_name'] })), [{ first_name: 'Ada' }]);
  const file = await new Response(await customers.exportCsv({ fields: ['id', 'first_name'] })).text();
  assert.equal(file, `id,first_name\n${made.map(({ id, first_name }) => `${id},${first_name}\n`).join('')}`);
  await assert.rejects(all(customers.export({ search: '!' })), problem({ status: 400, code: 'invalid' }));
  await assert.rejects(customers.exportCsv({ email: '?' }), problem({ status: 400, code: 'invalid' }));
});

test('keys and workspaces', async () => {
  const { keys, workspaces } = await open('admin');
  const made = await keys.create({ name: 'Import', role: 'viewer' });
  const [workspace] = await workspaces.list();
  assert.deepEqual(await createClient({ url: server.base, key: made.key! }).workspaces.list(), [workspace]);
  await keys.revoke(made.id);
  const listed = (await keys.list()).find(({ id }) => id === made.id)!;
  assert.deepEqual([listed.name, listed.role, listed.revoked_at !== null], ['Import', 'viewer', true]);
  assert.deepEqual(await workspaces.update(workspace!.slug, { region: 'GB' }), { ...workspace, region: 'GB' });
  await assert.rejects(keys.revoke('..'), TypeError);
});

test('a url or key that cannot be one is refused, and the key is not quoted', () => {
  const { base: url, keys } = server;
  for (const wrong of [
    '',
    'localhost:4000',
    'ftp://localhost',
    'http://a:b@localhost',
    'http://localhost?a',
    'http://localhost/#a',
  ])
    assert.throws(() => createClient({ url: wrong, key: keys.editor }), TypeError);
  for (const wrong of ['', `${keys.editor}\n`, `${keys.editor}ü`])
    assert.throws(
      () => createClient({ url, key: wrong }),
      (error: Error) => error instanceof TypeError && !error.message.includes(keys.editor),
    );
});

test('many changes go in one request, and what they did is taken back', async () => {
  const { customers, causes } = await open();
  const ada = await customers.create({ first_name: 'Ada', last_name: 'Lovelace', email: 'bulk@example.com' });
  const { cause_id, results } = await customers.batch([
    { action: 'update', id: ada.id, customer: { last_name: 'King' } },
    { action: 'create', customer: { first_name: 'Ada' } },
  ]);
  assert.deepEqual(
    results.map(({ status }) => status),
    [200, 400],
  );
  const seen: string[] = [];
  const undo = await causes.ended((await causes.undo(cause_id!)).id, { onProgress: ({ state }) => seen.push(state) });
  assert.deepEqual([undo.state, undo.progress?.changed, seen.at(-1)], ['done', 1, 'done']);
  assert.equal((await customers.get(ada.id)).last_name, 'Lovelace');
  assert.equal(
    (await customers.get(ada.id, { as_of: (await all(customers.history(ada.id)))[1]!.position })).last_name,
    'King',
  );
  assert.deepEqual(await all(causes.kept(undo.id)), []);
  assert.equal((await all(causes.list({ limit: 1 })))[0]!.id, undo.id);
  const [last] = await all(customers.history(ada.id));
  assert.equal((await causes.undoChange(last!.position)).customer.last_name, 'King');
  await assert.rejects(causes.cancel('none'), (error: Problem) => error.status === 404);
  await assert.rejects(customers.batch([{ action: 'delete', id: 'none' }], { atomic: true }), {
    code: 'batch_refused',
  });
});

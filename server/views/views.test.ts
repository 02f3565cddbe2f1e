// Views: whose they are, who sees them and who changes them, what the log tells of them, and what may be saved.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import type { Role } from '#contract/api.ts';
import { VIEWS, type View } from '#contract/views.ts';
import { createClient } from '../../client/clientele.ts';
import { signUp, type Visitor } from '../../test/support/people.ts';
import { startServer, type TestServer } from '../../test/support/server.ts';

let server: TestServer;
let sql: pg.Client;
const people = {} as Record<Role, Visitor & { id: string }>;
before(async () => {
  server = await startServer();
  sql = new pg.Client(server.connection);
  await sql.connect();
  for (const role of ['viewer', 'editor', 'admin'] as const) people[role] = await signUp(server, role);
});
after(async () => {
  await sql.end();
  await server.stop();
});

const NEW = { name: 'New in Berlin', query: 'search=berlin&ordering=-created_at&columns=email,full_name' };
async function save(by: Visitor, more: object = {}): Promise<View> {
  const { status, body, text } = await by.call('POST', '/api/views', { ...NEW, ...more });
  assert.equal(status, 201, text);
  return body;
}
const idsOf = async (by: Visitor) =>
  (await by.call('GET', '/api/views')).body.results.map((view: View) => view.id) as string[];
const lastEvents = async (count: number) =>
  (await server.call('GET', '/api/events?limit=1000')).body.results.slice(-count);
const codeOf = ({ status, body }: { status: number; body: { code: string } }) => [status, body.code];

describe('a view', () => {
  test('is its maker’s alone, whatever the role of others; nobody can tell it from one that is not there', async () => {
    const view = await save(people.viewer);
    const { id, created_at, updated_at, ...rest } = view;
    const made_by = { type: 'person', id: people.viewer.id, name: 'Viewer Person' };
    assert.deepEqual(rest, { ...NEW, shared: false, made_by });
    assert.ok((await idsOf(people.viewer)).includes(id) && created_at === updated_at);
    for (const other of [people.editor, people.admin]) {
      assert.ok(!(await idsOf(other)).includes(id));
      const path = `/api/views/${id}`;
      assert.deepEqual(codeOf(await other.call('PATCH', path, { name: 'Mine' })), [404, 'not_found']);
      assert.deepEqual(codeOf(await other.call('DELETE', path)), [404, 'not_found']);
    }
    const changed = await people.viewer.call('PATCH', `/api/views/${id}`, { query: 'deleted=true' });
    assert.deepEqual([changed.status, changed.body.query, changed.body.name], [200, 'deleted=true', NEW.name]);
    assert.ok(changed.body.updated_at > updated_at);
    assert.equal((await people.viewer.call('DELETE', `/api/views/${id}`)).status, 204);
    assert.equal((await people.viewer.call('DELETE', `/api/views/${id}`)).status, 404);
    assert.ok(!(await idsOf(people.viewer)).includes(id));
  });

  test('that is shared is seen by all, and changed by its maker and by admins', async () => {
    const view = await save(people.editor, { shared: true });
    const path = `/api/views/${view.id}`;
    assert.ok((await idsOf(people.viewer)).includes(view.id));
    for (const [method, body] of [
      ['PATCH', { name: 'Mine' }],
      ['DELETE', undefined],
    ] as const)
      assert.deepEqual(codeOf(await people.viewer.call(method, path, body)), [403, 'forbidden']);
    const renamed = await people.admin.call('PATCH', path, { name: 'Berlin' });
    assert.deepEqual([renamed.body.name, renamed.body.made_by.id], ['Berlin', people.editor.id]);
    assert.equal((await people.editor.call('PATCH', path, { shared: false })).status, 200);
    assert.ok(!(await idsOf(people.viewer)).includes(view.id) && (await idsOf(people.editor)).includes(view.id));
    assert.equal((await people.admin.call('DELETE', path)).status, 404);
  });

  test('is shared by those who may write', async () => {
    assert.deepEqual(codeOf(await people.viewer.call('POST', '/api/views', { ...NEW, shared: true })), [
      403,
      'forbidden',
    ]);
    const view = await save(people.viewer);
    const shared = await people.viewer.call('PATCH', `/api/views/${view.id}`, { shared: true });
    assert.deepEqual(codeOf(shared), [403, 'forbidden']);
  });

  test('is listed by name, without regard to case and accents', async () => {
    for (const name of ['zebra', 'Äpfel', 'apple', 'Beta']) await save(people.admin, { name });
    const { results } = (await people.admin.call('GET', '/api/views')).body as { results: View[] };
    const own = results.filter(({ made_by }) => made_by.id === people.admin.id).map(({ name }) => name);
    assert.deepEqual(own, ['Äpfel', 'apple', 'Beta', 'zebra']);
  });

  test('saved twice with one Idempotency-Key is one', async () => {
    const headers = { 'idempotency-key': 'once' };
    const first = await people.editor.call('POST', '/api/views', NEW, headers);
    const again = await people.editor.call('POST', '/api/views', NEW, headers);
    assert.deepEqual([again.status, again.body], [201, first.body]);
    assert.equal(again.headers.get('idempotency-replayed'), 'true');
  });

  test('can be made by a program as well, through the typed client', async () => {
    const { views } = createClient({ url: server.base, key: server.keys.editor });
    const made = await views.create({ ...NEW, shared: true });
    assert.equal(made.made_by.type, 'key');
    assert.equal((await views.update(made.id, { name: 'B' })).name, 'B');
    assert.ok((await views.list()).some(({ id }) => id === made.id));
    await views.delete(made.id);
    assert.ok(!(await views.list()).some(({ id }) => id === made.id));
  });
});

describe('the log', () => {
  test('tells every change of a shared view, and of one’s own that there was one', async () => {
    const view = await save(people.editor);
    const path = `/api/views/${view.id}`;
    const changes = [
      { name: 'Secret', query: 'search=secret' },
      { shared: true, name: 'Open' },
      { name: 'Wide open' },
      { name: 'Wide open' },
      { shared: false, name: 'Secret again' },
    ];
    for (const change of changes) assert.equal((await people.editor.call('PATCH', path, change)).status, 200);
    await people.editor.call('DELETE', path);
    const events = await lastEvents(6);
    assert.deepEqual(
      events.map(({ type, subject }: { type: string; subject: Partial<View> }) => {
        const { id, name, query, shared } = subject;
        return [type, id, name, query, shared];
      }),
      [
        ['view.created', view.id, undefined, undefined, false],
        ['view.updated', view.id, undefined, undefined, false],
        ['view.updated', view.id, 'Open', 'search=secret', true],
        ['view.updated', view.id, 'Wide open', 'search=secret', true],
        ['view.updated', view.id, undefined, undefined, false],
        ['view.deleted', view.id, undefined, undefined, false],
      ],
    );
    assert.deepEqual(
      events.map(({ changes: each }: { changes: object }) => each),
      [{}, {}, { shared: [false, true] }, { name: ['Open', 'Wide open'] }, { shared: [true, false] }, {}],
    );
    assert.ok(!JSON.stringify(events).includes('ecret again'));
    assert.deepEqual(events[0].actor, { type: 'person', id: people.editor.id, name: 'Editor Person' });
  });
});

describe('what may be saved', () => {
  test('is the query of a list, with columns', async () => {
    for (const query of [
      '',
      'deleted=true',
      'search=m%C3%BCller+%22x%22&is_active=false&created_at[gte]=2026-01-01T00:00:00Z',
      'columns=email',
      'email=ada%40example.com&external_id=7',
    ])
      assert.equal((await save(people.editor, { query })).query, query);
  });

  test('is refused at the query, by the list’s own rules', async () => {
    for (const [query, code] of [
      ['ordering=age', 'invalid_ordering'],
      ['is_active=maybe', 'invalid_boolean'],
      ['search=%22', 'nothing_to_search'],
      ['created_at[gte]=yesterday', 'invalid_timestamp'],
      ['deleted=true&search=ada', 'not_with_deleted'],
      ['columns=shoe_size', 'unknown_field'],
      ['columns=', 'unknown_field'],
      ['limit=5', 'unknown_parameter'],
      ['cursor=x', 'unknown_parameter'],
      ['search=a&search=b', 'duplicate_parameter'],
      ['search=%ff', 'invalid_encoding'],
      ['search=a b', 'invalid_characters'],
      ['?search=ada', 'invalid_characters'],
      ['search=ada#here', 'invalid_characters'],
      ['search=é', 'invalid_characters'],
      [`search=${'a'.repeat(2000)}`, 'too_long'],
      [7, 'wrong_type'],
      [null, 'required'],
    ]) {
      const { status, body } = await people.editor.call('POST', '/api/views', { ...NEW, query });
      assert.equal(status, 400, String(query));
      assert.deepEqual([body.errors[0].pointer, body.errors[0].code], ['/query', code], String(query));
    }
  });

  test('has a name', async () => {
    for (const [name, code] of [
      ['', 'required'],
      ['x'.repeat(101), 'too_long'],
      ['a\nb', 'invalid_characters'],
    ]) {
      const { body } = await people.editor.call('POST', '/api/views', { ...NEW, name });
      assert.deepEqual([body.errors[0].pointer, body.errors[0].code], ['/name', code]);
    }
  });

  test('is not without end', async () => {
    const fill = (count: number, owner: string, shared: boolean) =>
      sql.query(
        `INSERT INTO views SELECT 1, gen_random_uuid(), $2, '{}', 'x', '', $3, now(), now() FROM generate_series(1, $1)`,
        [count, owner, shared],
      );
    const other = await signUp(server, 'editor');
    await fill(VIEWS.own - 1, `person:${other.id}`, false);
    const last = await save(other);
    assert.deepEqual(codeOf(await other.call('POST', '/api/views', NEW)), [409, 'too_many_views']);
    const [{ count }] = (await sql.query('SELECT count(*)::int FROM views WHERE shared')).rows;
    await fill(VIEWS.shared - count, 'key:x', true);
    const path = `/api/views/${last.id}`;
    assert.deepEqual(codeOf(await other.call('PATCH', path, { shared: true })), [409, 'too_many_views']);
    assert.equal((await other.call('PATCH', path, { name: 'y' })).status, 200);
  });
});

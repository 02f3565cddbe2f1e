// People: the first account, signing in, and what a session may do, through the real server.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { openVisitor, PASSWORD, secretOf, signUp, type Visitor } from '../../test/support/people.ts';
import { openTestConnections, startServer, type TestReply, type TestServer } from '../../test/support/server.ts';
import { openRateLimiter } from '../rate-limit.ts';
import {
  createInvitation,
  createOwnerLink,
  createWorkspace,
  findPerson,
  findWorkspace,
  openAttempts,
  systemActor,
} from './access.ts';

let server: TestServer;
let sql: pg.Client;
let owner: Visitor;
before(async () => {
  server = await startServer();
  sql = new pg.Client(server.connection);
  await sql.connect();
  owner = openVisitor(server.base);
  const { status, text } = await owner.call('POST', '/api/links/accept', await ownerLink());
  assert.equal(status, 200, text);
});
after(async () => {
  await sql.end();
  await server.stop();
});

const OLIVE = { email: 'olive@example.com', name: 'Olive Owner', password: PASSWORD };
async function ownerLink(slug = 'main') {
  const workspace = (await findWorkspace(server.database, slug))!;
  return { secret: secretOf(await createOwnerLink(server.database, workspace)), ...OLIVE };
}

/** What a caller can tell of a reply: all but what differs by request. */
function shown({ status, headers, text }: TestReply) {
  const kept = [...headers].filter(([name]) => !['date', 'x-request-id'].includes(name));
  return [status, kept, text.replace(/"request_id":"[^"]*"/, '')];
}

const signIn = (email: string, password = PASSWORD, visitor = openVisitor(server.base)) =>
  visitor.call('POST', '/api/session', { email, password });

describe('the first account', () => {
  test('is signed in, owner of the workspace, and works with customers by cookie alone', async () => {
    const { body } = await owner.call('GET', '/api/session');
    const { id } = body.account;
    assert.deepEqual(body, {
      account: { id, email: 'olive@example.com', name: 'Olive Owner' },
      workspaces: [{ slug: 'main', name: 'Main', role: 'owner' }],
    });
    const ada = { first_name: 'Ada', last_name: 'Lovelace', email: 'ada@example.com' };
    const made = await owner.call('POST', '/api/customers', ada, { 'idempotency-key': 'ada' });
    assert.equal(made.status, 201, made.text);
    assert.equal((await owner.call('POST', '/api/customers', ada, { 'idempotency-key': 'ada' })).text, made.text);
    const list = await owner.call('GET', '/api/customers?limit=1');
    assert.equal(list.body.results[0].id, made.body.id);
    const { results } = (await owner.call('GET', '/api/events?limit=1000')).body;
    assert.deepEqual(results.at(-1).actor, { type: 'person', id, name: 'Olive Owner' });
    const added = results.find(({ type }: { type: string }) => type === 'member.added');
    assert.deepEqual([added.subject.email, added.subject.role, added.actor.id], ['olive@example.com', 'owner', id]);
  });

  test('comes by a link that works once, and leaves no other in force', async () => {
    await createWorkspace(server.database, 'links', 'Links');
    const email = 'linus@example.com';
    const [one, other] = [{ ...(await ownerLink('links')), email }, await ownerLink('links')];
    const visitor = openVisitor(server.base);
    const read = await visitor.call('POST', '/api/links/read', { secret: one.secret });
    assert.deepEqual(
      { ...read.body, expires_at: '' },
      {
        kind: 'owner',
        email: null,
        has_account: false,
        workspace: { slug: 'links', name: 'Links' },
        role: 'owner',
        expires_at: '',
      },
    );
    assert.ok(Math.abs(Date.parse(read.body.expires_at) - Date.now() - 3_600_000) < 60_000);
    const tries = await Promise.all(
      Array.from({ length: 5 }, () => openVisitor(server.base).call('POST', '/api/links/accept', one)),
    );
    assert.deepEqual(tries.map(({ status }) => status).sort(), [200, 410, 410, 410, 410]);
    for (const link of [one, other])
      for (const path of ['/api/links/read', '/api/links/accept']) {
        const body = path.endsWith('read') ? { secret: link.secret } : link;
        const reply = await visitor.call('POST', path, body);
        assert.deepEqual([reply.status, reply.body.code], [410, 'link_used']);
      }
  });

  test('is refused where something about it is wrong, and the link is good for another try', async () => {
    await createWorkspace(server.database, 'tries', 'Tries');
    const link = { ...(await ownerLink('tries')), email: 'new@example.com' };
    const visitor = openVisitor(server.base);
    const code = async (change: object) => {
      const { status, body } = await visitor.call('POST', '/api/links/accept', { ...link, ...change });
      return [
        status,
        ...body.errors.map((error: { pointer: string; code: string }) => `${error.pointer} ${error.code}`),
      ];
    };
    assert.deepEqual(await code({ email: undefined }), [400, '/email required']);
    assert.deepEqual(await code({ email: 'x' }), [400, '/email invalid_email']);
    assert.deepEqual(await code({ name: undefined }), [400, '/name required']);
    assert.deepEqual(await code({ name: ' ' }), [400, '/name required']);
    assert.deepEqual(await code({ password: undefined }), [400, '/password required']);
    assert.deepEqual(await code({ password: 'too short' }), [400, '/password too_short']);
    assert.deepEqual(await code({ password: 'new@example.com' }), [400, '/password common_password']);
    assert.deepEqual(await code({ role: 'owner' }), [400, '/role unknown_field']);
    assert.deepEqual(await code({ email: 'olive@example.com', password: 'not her password' }), [
      400,
      '/password wrong_password',
    ]);
    for (const secret of [
      link.secret.slice(0, -1),
      `${link.secret}x`,
      link.secret.replace(/_.*/, `_${'x'.repeat(43)}`),
    ])
      for (const path of ['/api/links/read', '/api/links/accept']) {
        const { status, body } = await visitor.call('POST', path, { secret, ...(path.endsWith('read') ? {} : OLIVE) });
        assert.deepEqual([status, body.code], [404, 'link_unknown']);
      }
    await sql.query(`UPDATE invitations SET expires_at = now() - interval '1 second' WHERE used_at IS NULL`);
    const late = await visitor.call('POST', '/api/links/accept', link);
    assert.deepEqual([late.status, late.body.code], [410, 'link_expired']);
    const { rows } = await sql.query(`SELECT 1 FROM accounts WHERE email = 'new@example.com'`);
    assert.equal(rows.length, 0);
    assert.equal(visitor.cookie, '');
  });
});

test('a page finds out that nobody is signed in, which is nothing to worry about', async () => {
  const { status, body } = await openVisitor(server.base).call('GET', '/api/session');
  assert.deepEqual([status, body.code, body.detail], [401, 'unauthenticated', 'You are not signed in.']);
});

describe('signing in', () => {
  test('takes email and password, in whatever case the address is, and gives a session', async () => {
    const visitor = openVisitor(server.base);
    const reply = await signIn(' OLIVE@Example.COM ', PASSWORD, visitor);
    assert.deepEqual([reply.status, reply.text], [200, (await owner.call('GET', '/api/session')).text]);
    assert.match(visitor.setCookie!, /^clientele=[\w-]{43}; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Lax$/);
    assert.equal((await visitor.call('GET', '/api/customers')).status, 200);
    const { cookie } = visitor;
    const left = await visitor.call('DELETE', '/api/session');
    assert.equal(left.status, 204);
    assert.match(visitor.setCookie!, /^clientele=; Path=\/; Max-Age=0;/);
    assert.equal((await visitor.call('GET', '/api/session', undefined, { cookie })).status, 401);
    assert.equal((await visitor.call('DELETE', '/api/session')).status, 204, 'twice does no harm');
  });

  test('ends the session that the browser had before, once the new one has begun', async () => {
    const visitor = openVisitor(server.base);
    await signIn('olive@example.com', PASSWORD, visitor);
    const { cookie } = visitor;
    assert.equal((await signIn('olive@example.com', 'wrong', visitor)).status, 401);
    assert.equal((await visitor.call('GET', '/api/session', undefined, { cookie })).status, 200);
    assert.equal((await signIn('olive@example.com', PASSWORD, visitor)).status, 200);
    assert.equal((await visitor.call('GET', '/api/session', undefined, { cookie })).status, 401);
  });

  test('tells nobody whether an address has an account', async () => {
    const statements = async (email: string) => {
      const before = server.statements();
      const reply = await signIn(email, 'not the password');
      return { reply: shown(reply), statements: server.statements() - before };
    };
    const [known, unknown] = [await statements('olive@example.com'), await statements('nobody@example.com')];
    assert.deepEqual(unknown, known);
    assert.equal(known.reply[0], 401);
    const reset = (email: string) => owner.call('POST', '/api/password-resets', { email });
    assert.deepEqual(shown(await reset('nobody@example.com')), shown(await reset('olive@example.com')));
  });

  test('says what is wrong with what was typed', async () => {
    const visitor = openVisitor(server.base);
    for (const [body, pointer, code] of [
      [{ password: 'x' }, '/email', 'required'],
      [{ email: 'olive@example.com' }, '/password', 'required'],
      [{ email: 'olive', password: 'x' }, '/email', 'invalid_email'],
      [{ email: 'olive@example.com', password: 7 }, '/password', 'wrong_type'],
      [{ email: 'olive@example.com', password: 'x'.repeat(1001) }, '/password', 'too_long'],
      [{ ...OLIVE }, '/name', 'unknown_field'],
    ] as const) {
      const reply = await visitor.call('POST', '/api/session', body);
      assert.equal(reply.status, 400);
      assert.deepEqual(
        reply.body.errors.map((error: { pointer: string; code: string }) => [error.pointer, error.code]),
        [[pointer, code]],
      );
    }
  });

  test('is limited by account and address; whoever is signed in goes on', async () => {
    const limited = await startServer({
      attempts: openAttempts((policy) => openRateLimiter(policy)),
      trusted_proxies: ['127.0.0.1'],
    });
    try {
      const person = await signUp(limited, 'editor');
      const from = (address: string, password: string, email = person.email) =>
        openVisitor(limited.base).call('POST', '/api/session', { email, password }, { 'x-forwarded-for': address });
      for (let at = 0; at < 10; at++) assert.equal((await from('192.0.2.1', 'wrong')).status, 401);
      for (const email of [person.email, person.email.toUpperCase()]) {
        const refused = await from('192.0.2.1', PASSWORD, email);
        assert.deepEqual([refused.status, refused.body.code], [429, 'too_many_attempts']);
        assert.ok(Number(refused.headers.get('retry-after')) >= 1);
      }
      for (let at = 0; at < 10; at++) await from('192.0.2.1', 'wrong', 'nobody@example.com');
      assert.equal((await from('192.0.2.1', 'wrong', 'nobody@example.com')).status, 429, 'unknown ones count alike');
      assert.equal((await from('192.0.2.7', PASSWORD)).status, 200, 'its owner signs in elsewhere');
      assert.equal((await person.call('GET', '/api/session')).status, 200);
      const own = { current_password: 'wrong', new_password: `${PASSWORD} too` };
      for (let at = 0; at < 9; at++) await person.call('PUT', '/api/account/password', own);
      assert.equal((await person.call('PUT', '/api/account/password', own)).status, 429);
      // From everywhere: no address is refused by itself.
      for (let at = 0; at < 100; at++) await from(`198.51.100.${at}`, 'wrong');
      assert.equal((await from('203.0.113.1', PASSWORD)).status, 429);
      assert.equal((await from('192.0.2.7', PASSWORD)).status, 200, 'where she is signed in she may still');
    } finally {
      await limited.stop();
    }
  });
});

describe('a session', () => {
  test('is kept as a hash, with where it began, and ends after 30 days without a visit', async () => {
    const visitor = openVisitor(server.base);
    await signIn('olive@example.com', PASSWORD, visitor);
    const secret = visitor.cookie.split('=')[1]!;
    const { rows } = await sql.query(`SELECT sessions::text AS text FROM sessions`);
    assert.ok(!rows.some(({ text }) => text.includes(secret)));
    const [session] = (await visitor.call('GET', '/api/account/sessions')).body.results;
    assert.deepEqual([session.user_agent, session.address, session.current], ['Test/1.0', '127.0.0.1', true]);
    const age = Date.parse(session.expires_at) - Date.parse(session.last_seen_at);
    assert.equal(age, 30 * 24 * 3_600_000);
    await sql.query('UPDATE sessions SET expires_at = now() WHERE id = $1', [session.id]);
    await new Promise((resolve) => setTimeout(resolve, 1001));
    const late = await visitor.call('GET', '/api/customers');
    assert.deepEqual([late.status, late.body.code], [401, 'unauthenticated']);
  });

  test('is prolonged by a visit, noted once an hour', async () => {
    const visitor = openVisitor(server.base);
    await signIn('olive@example.com', PASSWORD, visitor);
    const [{ id }] = (await visitor.call('GET', '/api/account/sessions')).body.results;
    const seen = async () =>
      (await sql.query('SELECT last_seen_at, expires_at FROM sessions WHERE id = $1', [id])).rows[0];
    const look = async (ago: string) => {
      const moved = `UPDATE sessions SET last_seen_at = now() - $2::interval, expires_at = now() + interval '30 days' - $2 WHERE id = $1`;
      await sql.query(moved, [id, ago]);
      const before = await seen();
      await new Promise((resolve) => setTimeout(resolve, 1001));
      visitor.setCookie = null;
      assert.equal((await visitor.call('GET', '/api/session')).status, 200);
      return before;
    };
    const soon = await look('59 minutes');
    assert.equal(visitor.setCookie, null);
    assert.deepEqual(await seen(), soon);
    const old = await look('29 days');
    assert.match(visitor.setCookie!, /Max-Age=2592000/);
    while ((await seen()).expires_at <= old.expires_at) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal((await visitor.call('GET', '/api/customers')).status, 200);
  });

  test('is seen and ended from another, in every process within a second', async () => {
    const person = await signUp(server, 'viewer');
    const elsewhere = openVisitor(server.base);
    await signIn(person.email, PASSWORD, elsewhere);
    const secret = elsewhere.cookie.split('=')[1]!;
    const process = openTestConnections(server.connection);
    try {
      await findPerson(process, secret);
      const { results } = (await person.call('GET', '/api/account/sessions')).body;
      assert.equal(results.length, 2);
      const other = results.find(({ current }: { current: boolean }) => !current);
      assert.equal((await person.call('DELETE', `/api/account/sessions/${other.id}`)).status, 204);
      assert.equal((await elsewhere.call('GET', '/api/session')).status, 401, 'here at once');
      await new Promise((resolve) => setTimeout(resolve, 1001));
      await assert.rejects(async () => findPerson(process, secret), { status: 401 });
      for (let at = 0; at < 3; at++) await signIn(person.email);
      assert.equal((await person.call('DELETE', '/api/account/sessions')).status, 204);
      assert.equal((await person.call('GET', '/api/account/sessions')).body.results.length, 1);
    } finally {
      await process.close();
    }
  });

  test('survives a change of the password, and no other one does', async () => {
    const person = await signUp(server, 'viewer');
    const elsewhere = openVisitor(server.base);
    await signIn(person.email, PASSWORD, elsewhere);
    const change = (current_password: string, new_password: string) =>
      person.call('PUT', '/api/account/password', { current_password, new_password });
    const wrong = await change('not the password', 'eight black swans at dawn');
    assert.deepEqual([wrong.status, wrong.body.errors[0].code], [400, 'wrong_password']);
    assert.equal((await change(PASSWORD, 'passwordpassword')).body.errors[0].code, 'common_password');
    assert.equal((await elsewhere.call('GET', '/api/session')).status, 200);
    assert.equal((await change(PASSWORD, 'eight black swans at dawn')).status, 204);
    assert.equal((await person.call('GET', '/api/session')).status, 200);
    assert.equal((await elsewhere.call('GET', '/api/session')).status, 401);
    assert.equal((await signIn(person.email, PASSWORD)).status, 401);
    assert.equal((await signIn(person.email, 'eight black swans at dawn')).status, 200);
  });

  test('a new name is told at once', async () => {
    const person = await signUp(server, 'viewer');
    const named = await person.call('PATCH', '/api/account', { name: '<b>Vi</b>' });
    assert.deepEqual([named.status, named.body.name], [200, '<b>Vi</b>']);
    assert.equal((await person.call('GET', '/api/session')).body.account.name, '<b>Vi</b>');
    assert.equal((await person.call('PATCH', '/api/account', { name: '' })).status, 400);
    assert.equal(
      (await person.call('PATCH', '/api/account', { email: 'x@example.com' })).body.errors[0].code,
      'read_only',
    );
  });

  test('counts for nothing beside a key, and its secret is no key', async () => {
    const key = { authorization: `Bearer ${server.keys.viewer}` };
    assert.equal((await owner.call('DELETE', '/api/customers/x', undefined, key)).status, 403);
    assert.equal((await owner.call('GET', '/api/customers', undefined, { authorization: 'Bearer x' })).status, 401);
    const secret = owner.cookie.split('=')[1];
    assert.equal(
      (await server.call('GET', '/api/customers', undefined, { authorization: `Bearer ${secret}` })).status,
      401,
    );
    assert.equal((await server.call('GET', '/api/customers?workspace=main')).status, 400, 'a key has its workspace');
  });
});

describe('a workspace', () => {
  let person: Visitor;
  before(async () => {
    person = await signUp(server, 'editor');
    await createWorkspace(server.database, 'second', 'Second');
    await createWorkspace(server.database, 'foreign', 'Foreign');
    const actor = systemActor((await findWorkspace(server.database, 'second'))!, 'test');
    const { account } = (await person.call('GET', '/api/session')).body;
    const { subject } = await createInvitation(
      server.database,
      actor,
      { email: account.email, role: 'viewer' },
      { request_id: null },
    );
    const accepted = await person.call('POST', '/api/links/accept', {
      secret: secretOf(subject.link!),
      password: PASSWORD,
    });
    assert.deepEqual(accepted.body.workspaces, [
      { slug: 'main', name: 'Main', role: 'editor' },
      { slug: 'second', name: 'Second', role: 'viewer' },
    ]);
  });

  test('is named by header, or on GET by the query; the role is the one that the person has there', async () => {
    const ada = { first_name: 'Ada', last_name: 'Second', email: 'ada.second@example.com' };
    const inMain = { 'clientele-workspace': 'main' };
    const inSecond = { 'clientele-workspace': 'second' };
    assert.equal((await person.call('POST', '/api/customers', ada, inMain)).status, 201);
    const refused = await person.call('POST', '/api/customers', ada, inSecond);
    assert.deepEqual([refused.status, refused.body.code], [403, 'forbidden']);
    const count = async (query: string, headers = {}) =>
      (await person.call('GET', `/api/customers?search=ada&${query}`, undefined, headers)).body.count;
    assert.equal(await count('workspace=second'), 0);
    assert.ok((await count('workspace=main')) > 0);
    assert.equal(await count('workspace=main', inSecond), 0, 'the header counts');
    assert.equal(await count('limit=1', inSecond), 0);
    const first = await person.call('GET', '/api/customers?limit=1&workspace=main');
    assert.ok(first.body.next === null || !first.body.next.includes('workspace'));
    const written = await person.call('POST', '/api/customers?workspace=main', ada);
    assert.deepEqual([written.status, written.body.code], [400, 'workspace_required']);
  });

  test('must be named by whoever is in several, and need not be to list them', async () => {
    const reply = await person.call('GET', '/api/customers');
    assert.deepEqual([reply.status, reply.body.code], [400, 'workspace_required']);
    const { results } = (await person.call('GET', '/api/workspaces')).body;
    assert.deepEqual(
      results.map(({ slug }: { slug: string }) => slug),
      ['main', 'second'],
    );
  });

  test('that a person is not in looks like one that there is not', async () => {
    for (const method of ['GET', 'POST'])
      for (const path of ['/api/customers', '/api/keys', '/api/members']) {
        const replies = await Promise.all(
          ['foreign', 'nowhere', 'MAIN', 'x y'].map((slug) =>
            person.call(method, path, undefined, { 'clientele-workspace': slug }),
          ),
        );
        if (method === 'POST' && path === '/api/members') continue;
        for (const reply of replies) assert.deepEqual(shown(reply), shown(replies[0]!));
        assert.deepEqual([replies[0]!.status, replies[0]!.body.code], [404, 'unknown_workspace']);
      }
  });

  test('has answers of its own: what a browser keeps of one is never taken for another’s', async () => {
    for (const path of ['/api/customers', '/api/customers/stats']) {
      const slugs = ['main', 'second'];
      const ask = (slug: string, etag: string | null) =>
        person.call('GET', path, undefined, { 'clientele-workspace': slug, 'if-none-match': etag });
      await sql.query(`UPDATE ledgers SET position = (SELECT max(position) FROM ledgers)`);
      const etags = [];
      for (const slug of slugs) etags.push((await ask(slug, null)).headers.get('etag'));
      assert.equal((await ask('main', etags[0]!)).status, 304);
      for (const [at, slug] of slugs.entries()) assert.equal((await ask(slug, etags[1 - at]!)).status, 200, path);
    }
  });

  test('that gets another name has it in every session from then on', async () => {
    const namesIn = async () =>
      (await owner.call('GET', '/api/session')).body.workspaces.map(({ name }: { name: string }) => name);
    const [before] = await namesIn();
    const rename = (name: string) =>
      server.call('PATCH', '/api/workspaces/main', { name }, { authorization: `Bearer ${server.keys.admin}` });
    assert.equal((await rename('Anew')).status, 200);
    assert.ok((await namesIn()).includes('Anew'));
    assert.equal((await rename(before)).status, 200);
    assert.ok((await namesIn()).includes(before));
  });

  test('is closed within a second to whoever is removed from it', async () => {
    const gone = await signUp(server, 'viewer');
    assert.equal((await gone.call('GET', '/api/customers')).status, 200);
    assert.equal((await owner.call('DELETE', `/api/members/${gone.id}`)).status, 204);
    const refused = await gone.call('GET', '/api/customers');
    assert.deepEqual([refused.status, refused.body.code], [400, 'workspace_required']);
    const session = await gone.call('GET', '/api/session');
    assert.deepEqual([session.status, session.body.workspaces], [200, []]);
    assert.deepEqual((await gone.call('GET', '/api/workspaces')).body, { results: [] });
  });
});

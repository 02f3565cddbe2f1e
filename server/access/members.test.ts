// Members come by invitation, change and go; and a password is reset by link.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { openVisitor, PASSWORD, secretOf, signUp, type Visitor } from '../../test/support/people.ts';
import { startServer, type TestServer } from '../../test/support/server.ts';
import {
  createInvitation,
  createResetLink,
  createWorkspace,
  findWorkspace,
  forgetOldLinks,
  forgetOldSessions,
  systemActor,
} from './access.ts';

type Somebody = Visitor & { id: string; email: string };
const delivered: { kind: string; email: string; link: string }[] = [];
let server: TestServer;
let sql: pg.Client;
let owner: Somebody;
let admin: Somebody;
before(async () => {
  server = await startServer({ deliverLink: (message) => void delivered.push(message) });
  sql = new pg.Client(server.connection);
  await sql.connect();
  owner = await signUp(server, 'owner');
  admin = await signUp(server, 'admin');
});
after(async () => {
  await sql.end();
  await server.stop();
});

let made = 0;
const newEmail = () => `guest${++made}@example.com`;
const invite = async (email: string, role = 'editor', by: Visitor = owner) => {
  const { status, body, text } = await by.call('POST', '/api/invitations', { email, role });
  assert.equal(status, 201, text);
  return { ...body, secret: secretOf(body.link) };
};
const accept = (
  secret: string,
  more: object = { name: 'Gus Guest', password: PASSWORD },
  visitor = openVisitor(server.base),
) => visitor.call('POST', '/api/links/accept', { secret, ...more });
const lastEvent = async () => (await owner.call('GET', '/api/events?limit=1000')).body.results.at(-1);
const position = async () => (await lastEvent()).position;
const codeOf = ({ status, body }: { status: number; body: { code: string } }) => [status, body.code];

describe('an invitation', () => {
  test('makes a member of somebody new, who is signed in; both are told in the log', async () => {
    const email = newEmail();
    const invitation = await invite(email.toUpperCase());
    const { link, secret, ...subject } = invitation;
    const created = await lastEvent();
    assert.deepEqual([created.type, created.subject, created.actor.id], ['invitation.created', subject, owner.id]);
    assert.ok(!JSON.stringify(created).includes(secret.slice(secret.indexOf('_') + 1))); // which may have a _ itself
    const week = Date.parse(invitation.expires_at) - Date.parse(invitation.created_at);
    assert.equal(week, 7 * 24 * 3_600_000);
    const listed = (await owner.call('GET', '/api/invitations')).body.results;
    assert.deepEqual(listed[0], subject);

    const visitor = openVisitor(server.base);
    const read = await visitor.call('POST', '/api/links/read', { secret });
    const workspace = { slug: 'main', name: 'Main' };
    const { expires_at } = invitation;
    assert.deepEqual(read.body, {
      kind: 'invitation',
      email,
      has_account: false,
      workspace,
      role: 'editor',
      expires_at,
    });
    const joined = await accept(secret, { name: 'Gus Guest', password: PASSWORD }, visitor);
    assert.deepEqual([joined.status, joined.body.workspaces], [200, [{ ...workspace, role: 'editor' }]]);
    const added = await lastEvent();
    assert.deepEqual(
      [added.type, added.subject.email, added.subject.role, added.actor],
      ['member.added', email, 'editor', { type: 'person', id: joined.body.account.id, name: 'Gus Guest' }],
    );
    assert.equal(
      (await visitor.call('GET', '/api/members')).body.results.some((one: { email: string }) => one.email === email),
      true,
    );
    assert.deepEqual(codeOf(await accept(secret)), [410, 'link_used']);
    assert.ok(
      !(await owner.call('GET', '/api/invitations')).body.results.some((one: { email: string }) => one.email === email),
    );
  });

  test('to an address that has an account takes its password, and nothing else', async () => {
    await createWorkspace(server.database, 'other', 'Other');
    const other = systemActor((await findWorkspace(server.database, 'other'))!, 'test');
    const person = await signUp(server, 'viewer');
    const { subject } = await createInvitation(
      server.database,
      other,
      { email: person.email, role: 'admin' },
      { request_id: null },
    );
    const secret = secretOf(subject.link!);
    const read = await openVisitor(server.base).call('POST', '/api/links/read', { secret });
    assert.equal(read.body.has_account, true);
    const wrong = await accept(secret, { name: 'Eve', password: 'another good password' });
    assert.equal(wrong.body.errors[0].code, 'wrong_password');
    assert.equal((await accept(secret, {})).body.errors[0].pointer, '/password');
    const joined = await accept(secret, { name: 'Eve', password: PASSWORD });
    assert.equal(joined.status, 200, joined.text);
    assert.equal(joined.body.account.name, 'Viewer Person');
    assert.deepEqual(
      joined.body.workspaces.map(({ role }: { role: string }) => role),
      ['viewer', 'admin'],
    );
  });

  test('is for its own address, and lasts for seven days', async () => {
    const { secret, id } = await invite(newEmail());
    const stranger = await accept(secret, { email: 'eve@example.com', name: 'Eve', password: PASSWORD });
    assert.equal(stranger.body.errors[0].code, 'email_differs');
    await sql.query('UPDATE invitations SET expires_at = now() WHERE id = $1', [id]);
    assert.deepEqual(codeOf(await accept(secret)), [410, 'link_expired']);
    assert.equal((await owner.call('DELETE', `/api/invitations/${id}`)).status, 404);
  });

  test('is in force no longer when it is revoked, or another one is sent', async () => {
    const email = newEmail();
    const first = await invite(email);
    const second = await invite(email, 'viewer');
    assert.deepEqual(codeOf(await accept(first.secret)), [404, 'link_unknown']);
    const headers = { 'idempotency-key': 'revoke' };
    assert.equal((await owner.call('DELETE', `/api/invitations/${second.id}`, undefined, headers)).status, 204);
    assert.equal((await lastEvent()).type, 'invitation.revoked');
    const again = await owner.call('DELETE', `/api/invitations/${second.id}`, undefined, headers);
    assert.deepEqual([again.status, again.headers.get('idempotency-replayed')], [204, 'true']);
    assert.deepEqual(codeOf(await accept(second.secret)), [404, 'link_unknown']);
  });

  test('is made once with one Idempotency-Key, and its link is told the first time only', async () => {
    const headers = { 'idempotency-key': 'invite' };
    const body = { email: newEmail(), role: 'viewer' };
    const first = await owner.call('POST', '/api/invitations', body, headers);
    const again = await owner.call('POST', '/api/invitations', body, headers);
    assert.deepEqual(again.body, { ...first.body, link: null });
    assert.equal((await accept(secretOf(first.body.link))).status, 200);
  });

  test('grants no role above that of whoever makes it, and none to a member', async () => {
    const before = await position();
    const high = await admin.call('POST', '/api/invitations', { email: newEmail(), role: 'owner' });
    assert.deepEqual(codeOf(high), [403, 'role_too_high']);
    const member = await owner.call('POST', '/api/invitations', { email: admin.email, role: 'viewer' });
    assert.deepEqual(codeOf(member), [409, 'already_member']);
    assert.equal(member.body.errors[0].pointer, '/email');
    assert.equal(await position(), before);
    const owners = await invite(newEmail(), 'owner');
    assert.deepEqual(codeOf(await admin.call('DELETE', `/api/invitations/${owners.id}`)), [403, 'role_too_high']);
  });

  test('accepted many times at once makes one member', async () => {
    const { secret } = await invite(newEmail());
    const replies = await Promise.all(Array.from({ length: 6 }, () => accept(secret)));
    assert.deepEqual(replies.map(({ status }) => status).sort(), [200, 410, 410, 410, 410, 410]);
  });

  test('and another of the same new address, elsewhere, at the same time, make one account', async () => {
    const email = newEmail();
    const places = ['main', 'twin1', 'twin2', 'twin3'];
    const secrets = [];
    for (const slug of places) {
      await createWorkspace(server.database, slug, slug);
      const actor = systemActor((await findWorkspace(server.database, slug))!, 'test');
      const { subject } = await createInvitation(
        server.database,
        actor,
        { email, role: 'viewer' },
        { request_id: null },
      );
      secrets.push(secretOf(subject.link!));
    }
    const replies = await Promise.all(secrets.map((secret) => accept(secret)));
    for (const { status, text } of replies) assert.equal(status, 200, text);
    assert.equal((await sql.query('SELECT 1 FROM accounts WHERE email = $1', [email])).rowCount, 1);
    const last = await accept((await invite(newEmail())).secret);
    assert.equal(last.status, 200);
    const { rowCount } = await sql.query(
      'SELECT 1 FROM members JOIN accounts ON accounts.id = account_id WHERE email = $1',
      [email],
    );
    assert.equal(rowCount, 4);
  });
});

describe('a member', () => {
  test('gets another role, told in the log and within a second everywhere', async () => {
    const person = await signUp(server, 'viewer');
    const headers = { 'idempotency-key': person.id };
    const changed = await admin.call('PATCH', `/api/members/${person.id}`, { role: 'editor' }, headers);
    assert.deepEqual([changed.status, changed.body.role], [200, 'editor']);
    const event = await lastEvent();
    assert.deepEqual([event.type, event.changes], ['member.updated', { role: ['viewer', 'editor'] }]);
    const same = await admin.call('PATCH', `/api/members/${person.id}`, { role: 'editor' });
    assert.deepEqual([same.status, (await lastEvent()).position], [200, event.position]);
    const again = await admin.call('PATCH', `/api/members/${person.id}`, { role: 'editor' }, headers);
    assert.equal(again.headers.get('idempotency-replayed'), 'true');
    assert.equal((await person.call('GET', '/api/session')).body.workspaces[0].role, 'editor');
    for (const role of ['chief', 7, null])
      assert.equal(
        (await admin.call('PATCH', `/api/members/${person.id}`, { role })).body.errors[0].code,
        'invalid_role',
      );
  });

  test('is not touched by a lower role, nor given a higher one', async () => {
    const person = await signUp(server, 'viewer');
    const before = await position();
    for (const [method, id, body] of [
      ['PATCH', person.id, { role: 'owner' }],
      ['PATCH', owner.id, { role: 'viewer' }],
      ['DELETE', owner.id, undefined],
    ] as const)
      assert.deepEqual(codeOf(await admin.call(method, `/api/members/${id}`, body)), [403, 'role_too_high']);
    assert.equal(await position(), before);
  });

  test('may leave by themselves, whatever their role; others they may not remove', async () => {
    const [one, other] = [await signUp(server, 'viewer'), await signUp(server, 'viewer')];
    assert.deepEqual(codeOf(await one.call('DELETE', `/api/members/${other.id}`)), [403, 'forbidden']);
    assert.equal((await one.call('DELETE', `/api/members/${one.id}`)).status, 204);
    const event = await lastEvent();
    assert.deepEqual([event.type, event.subject.id, event.actor.id], ['member.removed', one.id, one.id]);
    assert.equal((await one.call('GET', '/api/members')).status, 400);
    assert.equal((await owner.call('DELETE', `/api/members/${one.id}`)).status, 404);
  });

  test('who is the last owner can be neither removed nor given another role', async () => {
    const refused = [
      await owner.call('DELETE', `/api/members/${owner.id}`),
      await owner.call('PATCH', `/api/members/${owner.id}`, { role: 'admin' }),
    ];
    for (const reply of refused) assert.deepEqual(codeOf(reply), [409, 'last_owner']);
    const second = await signUp(server, 'owner');
    const both = await Promise.all([
      owner.call('PATCH', `/api/members/${second.id}`, { role: 'admin' }),
      second.call('PATCH', `/api/members/${owner.id}`, { role: 'admin' }),
    ]);
    assert.deepEqual(
      both.map(({ status }) => status).sort(),
      [200, 409],
      'of two owners who demote each other one stays',
    );
    const { rows } = await sql.query(
      `SELECT account_id AS id FROM members JOIN workspaces ON workspaces.id = workspace_id WHERE slug = 'main' AND role = 'owner'`,
    );
    assert.equal(rows.length, 1);
    if (rows[0].id !== owner.id) await second.call('PATCH', `/api/members/${owner.id}`, { role: 'owner' });
  });
});

describe('a link that resets a password', () => {
  test('sets another, once, ends every session and signs in', async () => {
    const person = await signUp(server, 'viewer');
    const links = [
      await createResetLink(server.database, person.email),
      await createResetLink(server.database, person.email),
    ];
    const [one, other] = links.map((link) => secretOf(link!)) as [string, string];
    const visitor = openVisitor(server.base);
    const read = (await visitor.call('POST', '/api/links/read', { secret: one })).body;
    assert.deepEqual(
      { ...read, expires_at: '' },
      {
        kind: 'password_reset',
        email: person.email,
        has_account: true,
        workspace: null,
        role: null,
        expires_at: '',
      },
    );
    assert.equal((await accept(one, { password: 'short' })).body.errors[0].code, 'too_short');
    const password = 'eight black swans at dawn';
    const replies = await Promise.all(Array.from({ length: 4 }, () => accept(one, { password })));
    assert.deepEqual(replies.map(({ status }) => status).sort(), [200, 410, 410, 410]);
    assert.equal((await person.call('GET', '/api/session')).status, 401);
    assert.deepEqual(codeOf(await accept(other, { password })), [410, 'link_used']);
    const signIn = (typed: string) => visitor.call('POST', '/api/session', { email: person.email, password: typed });
    assert.equal((await signIn(PASSWORD)).status, 401);
    assert.equal((await signIn(password)).status, 200);
  });

  test('lasts for an hour', async () => {
    const person = await signUp(server, 'viewer');
    const secret = secretOf((await createResetLink(server.database, person.email))!);
    const { rows } = await sql.query(
      'SELECT expires_at - created_at AS life FROM password_resets ORDER BY id DESC LIMIT 1',
    );
    assert.deepEqual({ ...rows[0].life }, { hours: 1 });
    await sql.query('UPDATE password_resets SET expires_at = now()');
    assert.deepEqual(codeOf(await accept(secret, { password: PASSWORD })), [410, 'link_expired']);
  });

  test('is delivered to whoever has an account, and to nobody else', async () => {
    const person = await signUp(server, 'viewer');
    const ask = (email: string) => openVisitor(server.base).call('POST', '/api/password-resets', { email });
    assert.equal((await ask('nobody@example.com')).status, 202);
    assert.equal((await ask(person.email)).status, 202);
    const resets = () => delivered.filter(({ kind }) => kind === 'password_reset');
    while (resets().length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const [{ email, link }] = resets() as [(typeof delivered)[0]];
    assert.deepEqual([email, resets().length], [person.email, 1]);
    assert.match(link, /^\/link#r[0-9a-f]{32}_[\w-]{43}$/);
    assert.equal((await accept(secretOf(link), { password: 'eight black swans at dawn' })).status, 200);
    assert.equal(await createResetLink(server.database, 'nobody@example.com'), null);
  });
});

test('sessions are forgotten when they expire, and links a month later: until then they say what became of them', async () => {
  const person = await signUp(server, 'viewer');
  const { id, secret } = await invite(newEmail());
  await createResetLink(server.database, person.email);
  const count = async (table: string) => Number((await sql.query(`SELECT count(*) FROM ${table}`)).rows[0].count);
  const counts = async () => [await count('sessions'), await count('invitations'), await count('password_resets')];
  await sql.query(`UPDATE sessions SET expires_at = now() WHERE account_id <> $1`, [person.id]);
  await sql.query(`UPDATE invitations SET expires_at = now() - interval '29 days'`);
  await sql.query(`UPDATE password_resets SET expires_at = now() - interval '29 days'`);
  const [, invitations, resets] = await counts();
  await forgetOldSessions(server.database);
  await forgetOldLinks(server.database);
  assert.deepEqual(await counts(), [1, invitations, resets]);
  assert.equal((await person.call('GET', '/api/session')).status, 200);
  assert.deepEqual(codeOf(await accept(secret)), [410, 'link_expired']);
  await sql.query(`UPDATE invitations SET expires_at = now() - interval '31 days' WHERE id = $1`, [id]);
  await sql.query(`UPDATE password_resets SET expires_at = now() - interval '31 days'`);
  await forgetOldLinks(server.database);
  assert.deepEqual(await counts(), [1, invitations! - 1, 0]);
  assert.deepEqual(codeOf(await accept(secret)), [404, 'link_unknown']);
});

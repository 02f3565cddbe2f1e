// The calls about people, as a page of the server's own makes them: by a session, which the browser keeps.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createOwnerLink, findWorkspace } from '#server/access/access.ts';
import { PASSWORD } from '../test/support/people.ts';
import { startServer, type TestServer } from '../test/support/server.ts';
import { createClient, Problem } from './clientele.ts';
import type { ClientOptions } from './send.ts';

const OTHER = 'nine grey geese by the pond';

let server: TestServer;
const delivered: string[] = [];
before(async () => {
  server = await startServer({
    deliverLink: ({ kind, link }) => void (kind === 'password_reset' && delivered.push(link)),
  });
});
after(() => server.stop());

/** A client in a browser: its fetch keeps the cookie, and says whose page asks. */
function browse(options: Partial<ClientOptions> = {}) {
  let cookie = '';
  const keeping: typeof fetch = async (input, init) => {
    const headers = new Headers(init?.headers);
    headers.set('sec-fetch-site', 'same-origin');
    if (cookie !== '') headers.set('cookie', cookie);
    const reply = await fetch(input, { ...init, headers });
    for (const set of reply.headers.getSetCookie()) cookie = set.includes('Max-Age=0') ? '' : set.split(';')[0]!;
    return reply;
  };
  return createClient({ url: server.base, workspace: 'main', fetch: keeping, ...options });
}

const secretOf = (link: string) => link.split('#')[1]!;

async function comeAsOwner(email: string, options?: Partial<ClientOptions>) {
  const client = browse(options);
  const secret = secretOf(await createOwnerLink(server.database, (await findWorkspace(server.database, 'main'))!));
  await client.links.accept({ secret, email, name: 'Olive', password: PASSWORD });
  return client;
}

const refused = (code: string) => (error: unknown) => {
  assert.ok(error instanceof Problem, String(error));
  assert.equal(error.code, code);
  return true;
};

test('a person comes by a link, is signed in, and changes name and password', async () => {
  const { account, links, session } = await comeAsOwner('olive@example.com');
  assert.deepEqual((await session.read()).workspaces, [{ slug: 'main', name: 'Main', role: 'owner' }]);
  assert.equal((await account.update({ name: 'Olivia' })).name, 'Olivia');
  const elsewhere = browse();
  await elsewhere.session.signIn({ email: 'olive@example.com', password: PASSWORD });
  const sessions = await account.sessions();
  assert.deepEqual(sessions.map(({ current }) => current).sort(), [false, true]);
  await account.revokeSession(sessions.find(({ current }) => !current)!.id);
  await assert.rejects(elsewhere.session.read(), refused('unauthenticated'));
  await account.changePassword({ current_password: PASSWORD, new_password: OTHER });
  await assert.rejects(
    elsewhere.session.signIn({ email: 'olive@example.com', password: PASSWORD }),
    refused('sign_in_refused'),
  );
  await elsewhere.session.signIn({ email: 'olive@example.com', password: OTHER });
  await account.revokeOtherSessions();
  assert.equal((await account.sessions()).length, 1);
  await links.requestPasswordReset('olive@example.com');
  while (delivered.length === 0) await new Promise(setImmediate);
  assert.equal((await elsewhere.links.read(secretOf(delivered[0]!))).kind, 'password_reset');
  await session.signOut();
  await assert.rejects(session.read(), refused('unauthenticated'));
});

test('an owner invites, changes a role, and removes; what is taken back lets nobody in', async () => {
  const { invitations, members } = await comeAsOwner('otto@example.com');
  const { link, email, role } = await invitations.create({ email: 'eve@example.com', role: 'viewer' });
  assert.deepEqual([email, role], ['eve@example.com', 'viewer']);
  const eve = browse();
  const { account } = await eve.links.accept({ secret: secretOf(link!), name: 'Eve', password: PASSWORD });
  assert.equal((await members.update(account.id, { role: 'editor' })).role, 'editor');
  assert.ok((await members.list()).some(({ id, role }) => id === account.id && role === 'editor'));
  await members.remove(account.id);
  assert.equal((await eve.session.read()).workspaces.length, 0);
  const { id } = await invitations.create({ email: 'mallory@example.com', role: 'admin' });
  assert.deepEqual(
    (await invitations.list()).map((one) => one.id),
    [id],
  );
  await invitations.revoke(id);
  assert.deepEqual(await invitations.list(), []);
});

test('who is signed out in the middle of a call is asked once, and it goes on', async () => {
  let answers = [false, true];
  let asked = 0;
  const client = await comeAsOwner('oda@example.com', {
    async onSignedOut() {
      asked++;
      const again = answers.shift()!;
      if (again) await client.session.signIn({ email: 'oda@example.com', password: PASSWORD });
      return again;
    },
  });
  await client.session.signOut();
  const input = { first_name: 'Ada', last_name: 'Lovelace', email: 'ada@example.com' };
  await assert.rejects(client.customers.create(input), refused('unauthenticated'));
  assert.equal((await client.customers.create(input)).first_name, 'Ada');
  assert.equal(asked, 2);
  // A wrong password is no end of a session.
  answers = [];
  await assert.rejects(
    client.session.signIn({ email: 'oda@example.com', password: 'wrong' }),
    refused('sign_in_refused'),
  );
});

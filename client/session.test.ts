// The client of somebody who is signed in: by cookie, as browsers have it, which Node has not; so these keep it themselves.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  createInvitation,
  createOwnerLink,
  createWorkspace,
  findWorkspace,
  openAttempts,
  systemActor,
} from '#server/access/access.ts';
import { openRateLimiter } from '#server/rate-limit.ts';
import { openVisitor, PASSWORD, secretOf } from '../test/support/people.ts';
import { startServer, type TestServer } from '../test/support/server.ts';
import { createClient, Problem } from './clientele.ts';

let server: TestServer;
before(async () => {
  server = await startServer();
});
after(() => server.stop());

/** A browser's fetch, on a page of the server's own; `requests`: what it sent. */
function openBrowser() {
  let cookie = '';
  const requests: Request[] = [];
  const browse: typeof fetch = async (input, init) => {
    const headers = new Headers(init?.headers);
    headers.set('sec-fetch-site', 'same-origin');
    assert.equal(init?.credentials, 'same-origin');
    if (cookie !== '') headers.set('cookie', cookie);
    requests.push(new Request(input, init));
    const response = await fetch(input, { ...init, headers });
    const [set] = response.headers.getSetCookie();
    if (set !== undefined) cookie = set.split(';')[0]!;
    return response;
  };
  return { browse, requests };
}

const refused = (expected: Partial<Problem>) => (error: unknown) => {
  assert.ok(error instanceof Problem, String(error));
  for (const [name, value] of Object.entries(expected)) assert.deepEqual(error[name as keyof Problem], value);
  return true;
};

test('a journey by cookie: an account, a workspace among several, members, and away', async () => {
  const { browse, requests } = openBrowser();
  const options = { url: server.base, fetch: browse };
  const client = createClient(options);
  await assert.rejects(client.session.read(), refused({ status: 401 }));
  const secret = secretOf(await createOwnerLink(server.database, (await findWorkspace(server.database, 'main'))!));
  assert.equal((await client.links.read(secret)).kind, 'owner');
  const email = 'olive@example.com';
  const signedIn = await client.links.accept({ secret, email, name: 'Olive', password: PASSWORD });
  assert.deepEqual(await client.session.read(), signedIn);
  await assert.rejects(
    client.links.accept({ secret, email, name: 'Olive', password: PASSWORD }),
    refused({ code: 'link_used' }),
  );

  await createWorkspace(server.database, 'second', 'Second');
  const second = systemActor((await findWorkspace(server.database, 'second'))!, 'test');
  const made = await createInvitation(server.database, second, { email, role: 'viewer' }, { request_id: null });
  await client.links.accept({ secret: secretOf(made.subject.link!), password: PASSWORD });
  await assert.rejects(client.customers.stats(), refused({ code: 'workspace_required' }));
  const main = createClient({ ...options, workspace: 'main' });
  assert.equal(
    (await main.customers.create({ first_name: 'Ada', last_name: 'Lovelace', email: 'ada@example.com' })).version,
    1,
  );
  assert.equal((await createClient({ ...options, workspace: 'second' }).customers.stats()).total_customers, 0);
  await assert.rejects(
    createClient({ ...options, workspace: 'third' }).customers.stats(),
    refused({ code: 'unknown_workspace' }),
  );
  assert.deepEqual(
    (await client.workspaces.list()).map(({ slug }) => slug),
    ['main', 'second'],
  );

  const invitation = await main.invitations.create({ email: 'ed@example.com', role: 'editor' });
  assert.deepEqual(
    (await main.invitations.list()).map(({ id }) => id),
    [invitation.id],
  );
  const ed = createClient({ url: server.base, fetch: openBrowser().browse });
  const joined = await ed.links.accept({ secret: secretOf(invitation.link!), name: 'Ed', password: PASSWORD });
  assert.equal((await main.members.update(joined.account.id, { role: 'viewer' })).role, 'viewer');
  assert.deepEqual(
    (await main.members.list()).map(({ name }) => name),
    ['Ed', 'Olive'],
  );
  await main.members.remove(joined.account.id);
  const other = await main.invitations.create({ email: 'eve@example.com', role: 'viewer' });
  await main.invitations.revoke(other.id);

  assert.equal((await client.account.update({ name: 'Olive O' })).name, 'Olive O');
  const elsewhere = createClient({ url: server.base, fetch: openBrowser().browse });
  await elsewhere.session.signIn({ email, password: PASSWORD });
  const sessions = await client.account.sessions();
  assert.equal(sessions.length >= 2, true);
  await client.account.revokeSession(sessions.find(({ current }) => !current)!.id);
  await client.account.revokeOtherSessions();
  await client.account.changePassword({ current_password: PASSWORD, new_password: 'eight black swans at dawn' });
  await client.links.requestPasswordReset(email);
  await client.session.signOut();
  await assert.rejects(client.session.read(), refused({ code: 'unauthenticated' }));
  assert.ok(requests.every(({ headers }) => !headers.has('authorization')));
});

test('what works once, and what would take minutes, is not sent again', async () => {
  const limited = await startServer({ attempts: openAttempts((policy) => openRateLimiter(policy)) });
  try {
    const { browse, requests } = openBrowser();
    const client = createClient({ url: limited.base, fetch: browse });
    const typed = { email: 'nobody@example.com', password: 'wrong' };
    for (let at = 0; at < 10; at++)
      await assert.rejects(client.session.signIn(typed), refused({ code: 'sign_in_refused' }));
    await assert.rejects(client.session.signIn(typed), refused({ code: 'too_many_attempts', status: 429 }));
    assert.equal(requests.length, 11);
    let sent = 0;
    const lost = async () => {
      sent++;
      throw new TypeError('fetch failed');
    };
    const cut = createClient({ url: limited.base, fetch: lost as typeof fetch });
    await assert.rejects(cut.links.accept({ secret: 'x', password: PASSWORD }), refused({ code: 'no_reply' }));
    await assert.rejects(
      cut.account.changePassword({ current_password: PASSWORD, new_password: PASSWORD }),
      refused({ code: 'no_reply' }),
    );
    assert.equal(sent, 2);
  } finally {
    await limited.stop();
  }
});

test('a workspace is a slug, and a key goes without cookies', async () => {
  for (const workspace of ['', 'Main', 'a b', 'a\r\nb: c', 'ä'])
    assert.throws(() => createClient({ url: server.base, workspace }), TypeError);
  let credentials: string | undefined;
  const spy: typeof fetch = (input, init) => {
    credentials = init?.credentials;
    return fetch(input, init);
  };
  await createClient({ url: server.base, key: server.keys.viewer, fetch: spy }).customers.stats();
  assert.equal(credentials, 'omit');
  assert.equal((await openVisitor(server.base).call('GET', '/api/session')).status, 401);
});

// Signing in over an OpenID provider, through the real server and a real provider: who gets in, as whom, and where to.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, beforeEach, describe, test } from 'node:test';
import { Secret } from 'otpauth';
import pg from 'pg';
import { createInvitation, createWorkspace, findWorkspace, systemActor } from '#server/access/access.ts';
import { enterByOpenid } from '#server/access/openid-entry.ts';
import { codeAt } from '#server/access/totp.ts';
import type { Database } from '#server/database.ts';
import { openOpenid } from '#server/openid.ts';
import { openTestLog } from './support/log.ts';
import { CLIENT, type OpenidProvider, openProvider } from './support/openid-provider.ts';
import { openVisitor, PASSWORD, signUp, type Visitor } from './support/people.ts';
import { freePort } from './support/ports.ts';
import { startServer, type TestServer } from './support/server.ts';

const log = openTestLog();
let provider: OpenidProvider;
let server: TestServer;
let sql: pg.Client;
before(async () => {
  provider = await openProvider();
  // Where people find the server must be known before it listens.
  const port = await freePort();
  const public_url = `http://127.0.0.1:${port}`;
  const redirect_uri = `${public_url}/api/sign-in/openid/callback`;
  const settings = { ...CLIENT, issuer: provider.issuer, scope: 'openid email profile', redirect_uri };
  const openid = { name: 'Example', provider: openOpenid(settings) };
  const options = { public_url, openid, mail: true, logger: log.logger, trusted_proxies: ['127.0.0.1'] };
  server = await startServer(options, port);
  sql = new pg.Client(server.connection);
  await sql.connect();
});
after(async () => {
  await sql.end();
  await server.stop();
  await provider.close();
});

let people = 0;
beforeEach(() => {
  people++;
  provider.person = person();
  provider.tamper = (claims) => claims;
  provider.instead = {};
});
const person = (more: object = {}) => ({
  sub: `subject-${people}`,
  email: `ada${people}@example.com`,
  email_verified: true,
  name: 'Ada Lovelace',
  ...more,
});

/** A browser, with all the cookies that the way there and back takes. */
function openBrowser() {
  const jar = new Map<string, string>();
  const headers = () => ({
    cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '),
    'user-agent': 'Test',
  });

  async function get(url: string) {
    const response = await fetch(new URL(url, server.base), { redirect: 'manual', headers: headers() });
    const set = response.headers.getSetCookie();
    for (const one of set) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(one)!;
      if (/Max-Age=0\b/.test(one)) jar.delete(name!);
      else jar.set(name!, value!);
    }
    const text = await response.text();
    return { status: response.status, location: response.headers.get('location') ?? '', set, text };
  }

  return {
    jar,
    get,
    /** To the provider, back, and the place that this leads to. */
    async signIn(query = ''): Promise<string> {
      const { location } = await get(`/api/sign-in/openid${query}`);
      if (!location.startsWith(provider.issuer)) return location;
      return (await get((await provider.visit(location)).href)).location;
    },
    // biome-ignore lint/suspicious/noExplicitAny: what a reply holds is what the tests are about
    async whoAmI(): Promise<any> {
      const response = await fetch(`${server.base}/api/session`, { headers: headers() });
      return response.status === 200 ? response.json() : null;
    },
  };
}
const failed = (code: string) => `/sign-in?error=${code}`;
const COOKIE = 'clientele-openid';

const invite = (email: string, actor = server.actor, role: 'viewer' | 'editor' | 'owner' = 'editor') =>
  createInvitation(server.database, actor, { email, role }, { request_id: null });

/** Somebody who has an account with the address that the provider gives. */
async function withAccount(): Promise<Visitor & { id: string; email: string }> {
  const made = await signUp(server, 'admin');
  provider.person = person({ email: made.email.toUpperCase() });
  return made;
}

test('the page to sign in is told which ways there are', async () => {
  const reply = await openVisitor(server.base).call('GET', '/api/sign-in');
  assert.deepEqual(reply.body, { openid: { name: 'Example' }, mail: true });
  const bare = await startServer();
  try {
    const visitor = openVisitor(bare.base);
    assert.deepEqual((await visitor.call('GET', '/api/sign-in')).body, { openid: null, mail: false });
    for (const path of ['/api/sign-in/openid', '/api/sign-in/openid/callback'])
      assert.equal((await visitor.call('GET', path)).status, 404);
  } finally {
    await bare.stop();
  }
});

describe('somebody', () => {
  test('with an account is found by the verified address, and from then on by the provider’s subject', async () => {
    const { id } = await withAccount();
    const browser = openBrowser();
    assert.equal(await browser.signIn('?to=/customers%3Fsearch%3Dada%23top'), '/customers?search=ada#top');
    assert.equal((await browser.whoAmI()).account.id, id);
    provider.person = person({ email: 'elsewhere@example.com', email_verified: false });
    const again = openBrowser();
    assert.equal(await again.signIn(), '/');
    assert.equal((await again.whoAmI()).account.id, id);
  });

  test('with an open invitation accepts it, and those of other workspaces', async () => {
    const email = provider.person.email as string;
    await createWorkspace(server.database, 'next', 'Next door');
    const next = systemActor((await findWorkspace(server.database, 'next'))!, 'test');
    await invite(email);
    await invite(email, next, 'viewer');
    const browser = openBrowser();
    assert.equal(await browser.signIn(), '/');
    const { account, workspaces } = await browser.whoAmI();
    assert.deepEqual([account.email, account.name], [email, 'Ada Lovelace']);
    assert.deepEqual(
      workspaces.map(({ slug, role }: { slug: string; role: string }) => [slug, role]),
      [
        ['main', 'editor'],
        ['next', 'viewer'],
      ],
    );
    const own = await fetch(`${server.base}/api/account`, {
      headers: { cookie: `clientele=${browser.jar.get('clientele')}` },
    });
    assert.equal(((await own.json()) as { has_password: boolean }).has_password, false);
    const { body } = await server.call('GET', '/api/events?limit=1000');
    const added = body.results.findLast(({ type }: { type: string }) => type === 'member.added');
    assert.deepEqual([added.subject.email, added.actor.id], [email, account.id]);
    const refused = await openVisitor(server.base).call('POST', '/api/session', { email, password: PASSWORD });
    assert.equal(refused.body.code, 'sign_in_refused', 'an account without a password has none that is right');
  });

  test('without either gets in nowhere, and leaves nothing behind', async () => {
    const rows = async () =>
      (await sql.query('SELECT (SELECT count(*) FROM accounts), (SELECT count(*) FROM identities)')).rows;
    const before = await rows();
    const browser = openBrowser();
    assert.equal(await browser.signIn(), failed('openid_unknown'));
    assert.equal(await browser.whoAmI(), null);
    await invite(provider.person.email as string);
    await sql.query(`UPDATE invitations SET expires_at = now() WHERE email = $1`, [provider.person.email]);
    assert.equal(await browser.signIn(), failed('openid_unknown'), 'an invitation that has expired is none');
    assert.deepEqual(await rows(), before);
  });

  test('whose address is not verified is not found by it', async () => {
    const { email } = await withAccount();
    for (const more of [
      { email, email_verified: false },
      { email, email_verified: undefined },
      { email: undefined },
      { email: 'no address' },
    ]) {
      provider.person = person(more);
      assert.equal(await openBrowser().signIn(), failed('openid_unverified'));
    }
  });

  test('to whom the provider gave the address of somebody before does not get their account', async () => {
    const { email } = await withAccount();
    assert.equal(await openBrowser().signIn(), '/');
    provider.person = person({ sub: 'somebody-new', email });
    assert.equal(await openBrowser().signIn(), failed('openid_other_identity'));
  });

  test('with a second factor is found by the address only where they are signed in already', async () => {
    const holder = await withAccount();
    const { secret } = (await holder.call('POST', '/api/account/totp', { password: PASSWORD })).body;
    const code = codeAt(Secret.fromBase32(secret).bytes, Date.now());
    assert.equal((await holder.call('PUT', '/api/account/totp', { code })).status, 200);
    assert.equal(await openBrowser().signIn(), failed('openid_second_factor'));
    const other = await signUp(server, 'viewer');
    const browser = openBrowser();
    browser.jar.set('clientele', other.cookie.split('=')[1]!);
    assert.equal(await browser.signIn(), failed('openid_second_factor'), 'being somebody else does not do');
    browser.jar.set('clientele', holder.cookie.split('=')[1]!);
    assert.equal(await browser.signIn(), '/');
    assert.equal((await holder.call('GET', '/api/session')).status, 401, 'the session before has ended');
    assert.equal(await openBrowser().signIn(), '/', 'from then on the provider answers for both factors');
  });

  test('who comes in twice at once is one person', async () => {
    await invite(provider.person.email as string);
    const [one, other] = [openBrowser(), openBrowser()];
    assert.deepEqual(await Promise.all([one.signIn(), other.signIn()]), ['/', '/']);
    assert.equal((await one.whoAmI()).account.id, (await other.whoAmI()).account.id);
  });

  test('who comes in twice is one person, between whatever reads of the second the first comes in', async () => {
    const origin = { address: '127.0.0.1', user_agent: undefined };
    for (const moment of ['find_account', 'find_invitation_to']) {
      const email = `${moment.replaceAll('_', '-')}@example.com`;
      await invite(email);
      const identity = { issuer: provider.issuer, subject: moment, email, name: 'Ada Lovelace' };
      const come = (database: Database) => enterByOpenid(database, identity, undefined, origin, 'request');
      let first: ReturnType<typeof come> | undefined;
      const second = await come({
        ...server.database,
        async read(statement, values) {
          if (statement.name === moment) first ??= come(server.database);
          await first;
          return server.database.read(statement, values);
        },
      });
      assert.ok(first, 'There was such a moment.');
      assert.equal(second.person.account.id, (await first).person.account.id);
    }
  });
});

describe('the way back', () => {
  test('is for the browser that began: a stolen address signs nobody in', async () => {
    await withAccount();
    const [victim, thief] = [openBrowser(), openBrowser()];
    const back = await provider.visit((await thief.get('/api/sign-in/openid')).location);
    assert.equal((await victim.get(back.href)).location, failed('openid_expired'), 'with no cookie');
    await victim.get('/api/sign-in/openid');
    assert.equal((await victim.get(back.href)).location, failed('openid_expired'), 'with that of a way of its own');
    assert.equal(await victim.whoAmI(), null);
    assert.equal((await thief.get(back.href)).location, '/');
    assert.equal((await thief.get(back.href)).location, failed('openid_expired'), 'and it works once');
  });

  test('keeps its cookie from scripts and from other sites, for ten minutes, and takes it away', async () => {
    await withAccount();
    const browser = openBrowser();
    const { location, set } = await browser.get('/api/sign-in/openid');
    assert.match(set[0]!, new RegExp(`^${COOKIE}=[\\w-]+; Path=/; Max-Age=600; HttpOnly; SameSite=Lax$`));
    const back = await browser.get((await provider.visit(location)).href);
    assert.equal(back.set.length, 2);
    assert.match(back.set[0]!, new RegExp(`^${COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax$`));
    assert.match(back.set[1]!, /^clientele=[\w-]{43}; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Lax$/);
  });

  test('over HTTPS has a cookie that no other host can set, and over plain HTTP none leaves this machine', async () => {
    const { hostname, port } = new URL(server.base);
    const ask = (headers: Record<string, string>) =>
      new Promise<{ status: number; set: string }>((resolve, reject) =>
        request({ hostname, port, path: '/api/sign-in/openid', headers }, (response) =>
          resolve({ status: response.resume().statusCode!, set: String(response.headers['set-cookie']) }),
        )
          .on('error', reject)
          .end(),
      );
    const secure = await ask({ host: 'crm.example.com', 'x-forwarded-proto': 'https' });
    assert.equal(secure.status, 303);
    assert.match(secure.set, /^__Host-clientele-openid=[\w-]+; Path=\/; Max-Age=600; HttpOnly; SameSite=Lax; Secure$/);
    assert.equal((await ask({ host: 'crm.example.com' })).status, 403);
  });

  test('with a cookie that somebody made up leads to the page to sign in', async () => {
    for (const made of [
      'x',
      Buffer.from('{}').toString('base64url'),
      Buffer.from('null').toString('base64url'),
      'e30.e30',
    ]) {
      const browser = openBrowser();
      browser.jar.set(COOKIE, made);
      assert.equal(
        (await browser.get('/api/sign-in/openid/callback?code=x&state=y')).location,
        failed('openid_expired'),
      );
    }
  });

  test('with another nonce, a forged signature or a refusal leads there too, and the log tells why and not who', async () => {
    await withAccount();
    provider.tamper = (claims) => ({ ...claims, nonce: 'another' });
    assert.equal(await openBrowser().signIn(), failed('openid_refused'));
    provider.tamper = (claims) => claims;
    provider.forges = true;
    assert.equal(await openBrowser().signIn(), failed('openid_refused'));
    provider.forges = false;
    const browser = openBrowser();
    const { location } = await browser.get('/api/sign-in/openid');
    const state = new URL(location).searchParams.get('state');
    const denied = await browser.get(
      `/api/sign-in/openid/callback?error=access_denied&error_description=ada&state=${state}`,
    );
    assert.equal(denied.location, failed('openid_refused'));
    const lines = log.lines().filter(({ code }) => code === 'openid_refused');
    assert.ok(
      lines.some(({ reason }) => /access_denied/.test(reason)) &&
        lines.every(
          ({ request_id, address, security }) => request_id && address === '127.0.0.1' && security === 'openid_refused',
        ),
    );
    assert.doesNotMatch(log.text(), /example\.com|subject-|Lovelace|people\.example/);
  });

  test('leads there too while the provider is not there, and it is there again when it is', async () => {
    await withAccount();
    provider.instead['/token'] = (_, response) => response.writeHead(503).end();
    assert.equal(await openBrowser().signIn(), failed('openid_unavailable'));
    provider.instead = {};
    assert.equal(await openBrowser().signIn(), '/');
  });

  test('leads to a page of ours and to nothing else', async () => {
    const browser = openBrowser();
    for (const to of [
      'https://evil.example',
      '//evil.example',
      '/\\evil.example',
      '/.//evil.example',
      '/x/..//evil.example',
      '/%0d%0aSet-Cookie:a=b',
      '/\r\nSet-Cookie: a=b',
      'customers',
      '',
      '/api/session',
      '/api',
      '/ä',
      `/${'x'.repeat(1000)}`,
    ]) {
      const { status, text, location } = await browser.get(`/api/sign-in/openid?to=${encodeURIComponent(to)}`);
      if (to.startsWith('/%')) continue; // it stays encoded, whatever it is
      assert.equal(status, 400, to);
      assert.equal(JSON.parse(text).errors[0].code, 'invalid_path', to);
      assert.equal(location, '');
    }
    // Nor where the cookie says so: its browser may have been told to hold anything.
    await withAccount();
    const { location } = await browser.get('/api/sign-in/openid');
    const kept = JSON.parse(Buffer.from(browser.jar.get(COOKIE)!, 'base64url').toString());
    browser.jar.set(COOKIE, Buffer.from(JSON.stringify({ ...kept, to: '//evil.example' })).toString('base64url'));
    assert.equal((await browser.get((await provider.visit(location)).href)).location, '/');
  });

  test('takes what the provider sends along, and the way there no parameter that it does not know', async () => {
    const browser = openBrowser();
    const callback = '/api/sign-in/openid/callback';
    assert.equal(
      (await browser.get(`${callback}?session_state=1&authuser=0&scope=a+b`)).location,
      failed('openid_expired'),
    );
    assert.equal((await browser.get(`${callback}?state=1&state=2`)).status, 400);
    assert.equal((await browser.get('/api/sign-in/openid?prompt=none')).status, 400);
  });
});

// The second factor, through the real server: set up, asked for, and never passed by.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import { Secret } from 'otpauth';
import pg from 'pg';
import { openTestLog } from '../../test/support/log.ts';
import { openVisitor, PASSWORD, signUp, type Visitor } from '../../test/support/people.ts';
import { startServer, type TestReply, type TestServer } from '../../test/support/server.ts';
import { openRateLimiter } from '../rate-limit.ts';
import { createInvitation, createResetLink, openAttempts, resetSecondFactor } from './access.ts';
import { codeAt } from './totp.ts';

const secrets_key = randomBytes(32);
const log = openTestLog();
let server: TestServer;
let sql: pg.Client;
before(async () => {
  server = await startServer({ secrets_key, logger: log.logger });
  sql = new pg.Client(server.connection);
  await sql.connect();
});
after(async () => {
  await sql.end();
  await server.stop();
});

const STEP_MS = 30_000;
const secretOf = (link: string) => link.split('#')[1]!;
const bytesOf = (base32: string) => Buffer.from(Secret.fromBase32(base32).bytes);
const codeOf = (secret: string, steps = 0) => codeAt(bytesOf(secret), Date.now() + steps * STEP_MS);
/** As if the codes of the last minute had not been used. */
const later = (email: string) => sql.query('UPDATE accounts SET totp_step = 0 WHERE email = $1', [email]);

type Holder = Visitor & { id: string; email: string; secret: string; recovery_codes: string[] };

/** Somebody with a second factor, whose codes have not been used. */
async function signUpWithFactor(on = server): Promise<Holder> {
  const person = await signUp(on, 'admin');
  const { secret } = (await person.call('POST', '/api/account/totp', { password: PASSWORD })).body;
  const { body } = await person.call('PUT', '/api/account/totp', { code: codeOf(secret) });
  const { recovery_codes } = body;
  if (on === server) await later(person.email);
  return Object.assign(person, { secret, recovery_codes });
}
const signIn = (email: string, more: object = {}, at = server): Promise<TestReply> =>
  openVisitor(at.base).call('POST', '/api/session', { email, password: PASSWORD, ...more });
const said = ({ status, body }: TestReply) => [status, body?.code, body?.errors?.[0]?.code];
const ASKED = [401, 'second_factor_required', undefined];
const WRONG = [401, 'second_factor_required', 'wrong_code'];

describe('setting it up', () => {
  let person: Visitor & { id: string; email: string };
  beforeEach(async () => {
    person = await signUp(server, 'viewer');
  });
  const begin = (password = PASSWORD) => person.call('POST', '/api/account/totp', { password });
  const state = async () => (await person.call('GET', '/api/account')).body;

  test('takes the password, then a code of the app, and gives ten recovery codes once', async () => {
    assert.deepEqual(said(await begin('not my password')), [400, 'invalid', 'wrong_password']);
    const { status, headers, body } = await begin();
    assert.equal(status, 200);
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.match(body.secret, /^[A-Z2-7]{32}$/);
    assert.ok(body.uri.startsWith(`otpauth://totp/Clientele:${encodeURIComponent(person.email)}?`), body.uri);
    assert.equal((await state()).second_factor, false);
    assert.equal((await signIn(person.email)).status, 200, 'what is not confirmed is not asked for');
    const confirmed = await person.call('PUT', '/api/account/totp', { code: codeOf(body.secret) });
    assert.equal(confirmed.status, 200, confirmed.text);
    assert.equal(new Set(confirmed.body.recovery_codes).size, 10);
    for (const code of confirmed.body.recovery_codes)
      assert.match(code, /^(?:[\da-hjkmnp-tv-z]{4}-){5}[\da-hjkmnp-tv-z]{4}$/);
    assert.deepEqual(await state(), {
      id: person.id,
      email: person.email,
      name: 'Viewer Person',
      has_password: true,
      second_factor: true,
      recovery_codes_left: 10,
    });
    assert.deepEqual(said(await begin()), [409, 'second_factor_on', undefined]);
    assert.deepEqual(said(await person.call('PUT', '/api/account/totp', { code: '123456' })), [
      409,
      'second_factor_on',
      undefined,
    ]);
  });

  test('does not begin without a beginning, nor with a wrong code, nor with one of a secret given up', async () => {
    const confirm = (code: string) => person.call('PUT', '/api/account/totp', { code });
    assert.deepEqual(said(await confirm('123456')), [409, 'second_factor_off', undefined]);
    const first = (await begin()).body.secret;
    const second = (await begin()).body.secret;
    assert.notEqual(first, second);
    assert.deepEqual(said(await confirm(codeOf(first))), [400, 'invalid', 'wrong_code']);
    assert.deepEqual(said(await confirm('0'.repeat(24))), [400, 'invalid', 'wrong_code']);
    assert.equal((await state()).second_factor, false);
    assert.equal((await confirm(codeOf(second))).status, 200);
  });

  test('keeps the secret encrypted, and the recovery codes as hashes', async () => {
    const { secret, recovery_codes } = await signUpWithFactor();
    const kept = JSON.stringify((await sql.query('SELECT accounts::text FROM accounts')).rows);
    assert.ok(!kept.includes(bytesOf(secret).toString('hex')));
    const codes = JSON.stringify((await sql.query('SELECT recovery_codes::text FROM recovery_codes')).rows);
    for (const code of recovery_codes) {
      const plain = code.replaceAll('-', '');
      assert.ok(!codes.includes(plain) && !codes.includes(Buffer.from(plain).toString('hex')));
    }
  });
});

describe('signing in', () => {
  let holder: Holder;
  beforeEach(async () => {
    holder = await signUpWithFactor();
  });

  test('takes a code once the password is right, and says nothing of it before', async () => {
    assert.deepEqual(said(await signIn(holder.email)), ASKED);
    const withCode = { code: codeOf(holder.secret) };
    const wrong = await signIn(holder.email, { password: 'not my password', ...withCode });
    const unknown = await signIn('nobody@people.example', { password: 'not my password', ...withCode });
    assert.deepEqual(said(wrong), [401, 'sign_in_refused', undefined]);
    const same = ({ body: { request_id: _, ...rest } }: TestReply) => rest;
    assert.deepEqual(same(wrong), same(unknown));
    const { status, body } = await signIn(holder.email, withCode);
    assert.equal(status, 200);
    assert.equal(body.account.email, holder.email);
  });

  test('with a code a second time, or with the one before it, is refused', async () => {
    const [before, now] = [codeOf(holder.secret), codeOf(holder.secret, 1)];
    assert.equal((await signIn(holder.email, { code: now })).status, 200);
    assert.deepEqual(said(await signIn(holder.email, { code: now })), WRONG);
    assert.deepEqual(said(await signIn(holder.email, { code: before })), WRONG);
  });

  test('with one code twenty times at once lets one in', async () => {
    const { email } = holder;
    const [code, recovery] = [codeOf(holder.secret), holder.recovery_codes[0]!];
    const statuses = await Promise.all(Array.from({ length: 8 }, () => signIn(email, { code })));
    assert.deepEqual(statuses.map(({ status }) => status).sort(), [200, ...Array(7).fill(401)]);
    const others = await Promise.all(Array.from({ length: 8 }, () => signIn(email, { code: recovery })));
    assert.deepEqual(others.map(({ status }) => status).sort(), [200, ...Array(7).fill(401)]);
  });

  test('with a recovery code works once, however it is typed', async () => {
    const [first, second] = holder.recovery_codes;
    const typed = ` ${first!.toUpperCase().replaceAll('-', ' ')} `;
    assert.equal((await signIn(holder.email, { code: typed })).status, 200);
    assert.deepEqual(said(await signIn(holder.email, { code: first })), WRONG);
    assert.equal((await holder.call('GET', '/api/account')).body.recovery_codes_left, 9);
    const other = await signUpWithFactor();
    assert.deepEqual(said(await signIn(other.email, { code: second })), WRONG, 'nor does that of somebody else');
  });

  test('with a wrong code is told in the log; without one it is not, and neither names anybody', async () => {
    const told = () => log.lines().filter(({ security }) => security === 'second_factor_refused').length;
    const before = told();
    await signIn(holder.email);
    assert.equal(told(), before);
    await signIn(holder.email, { code: '000000' });
    assert.equal(told(), before + 1);
    assert.doesNotMatch(log.text(), /people\.example|000000/);
  });

  test('with what is no code at all names the field', async () => {
    for (const [code, expected] of [
      ['12345', 'invalid_code'],
      [123456, 'wrong_type'],
      ['', 'required'],
    ])
      assert.deepEqual(said(await signIn(holder.email, { code })), [400, 'invalid', expected]);
  });
});

describe('what else lets somebody in', () => {
  test('a link that resets the password asks for the code, and is good until it is right', async () => {
    const holder = await signUpWithFactor();
    const secret = secretOf((await createResetLink(server.database, holder.email))!);
    const visitor = openVisitor(server.base);
    const password = 'eleven grey geese at dusk';
    const accept = (more: object) => visitor.call('POST', '/api/links/accept', { secret, password, ...more });
    assert.deepEqual(said(await accept({})), ASKED);
    assert.deepEqual(
      said(await accept({ code: holder.recovery_codes[0]!.replace(/^./, (sign) => (sign === 'a' ? 'b' : 'a')) })),
      WRONG,
    );
    assert.equal(
      (await signIn(holder.email, { code: holder.recovery_codes[1] })).status,
      200,
      'the password is as it was',
    );
    const weak = await visitor.call('POST', '/api/links/accept', {
      secret,
      password: 'password1234',
      code: codeOf(holder.secret),
    });
    assert.equal(weak.status, 400, 'and a password that is not taken costs no code');
    assert.equal((await accept({ code: codeOf(holder.secret) })).status, 200);
    assert.equal((await visitor.call('GET', '/api/account')).body.second_factor, true);
    await later(holder.email);
    assert.deepEqual(said(await signIn(holder.email, { password })), ASKED);
  });

  test('an invitation asks for the code of who has an account', async () => {
    const { email, secret } = await signUpWithFactor();
    await sql.query('DELETE FROM members WHERE account_id = (SELECT id FROM accounts WHERE email = $1)', [email]);
    const { subject } = await createInvitation(
      server.database,
      server.actor,
      { email, role: 'viewer' },
      { request_id: null },
    );
    const visitor = openVisitor(server.base);
    const accept = (more: object) =>
      visitor.call('POST', '/api/links/accept', { secret: secretOf(subject.link!), password: PASSWORD, ...more });
    assert.deepEqual(said(await accept({})), ASKED);
    assert.equal(visitor.cookie, '');
    assert.equal((await accept({ code: codeOf(secret) })).status, 200);
  });
});

describe('taking it away', () => {
  test('and new recovery codes take both factors', async () => {
    const holder = await signUpWithFactor();
    const [first, second, third] = holder.recovery_codes;
    for (const [method, path] of [
      ['DELETE', '/api/account/totp'],
      ['POST', '/api/account/recovery-codes'],
    ] as const) {
      const attempt = (body: object) => holder.call(method, path, body);
      assert.deepEqual(said(await attempt({ password: PASSWORD })), [400, 'invalid', 'required']);
      assert.deepEqual(said(await attempt({ password: 'not my password', code: first })), [
        400,
        'invalid',
        'wrong_password',
      ]);
      assert.deepEqual(said(await attempt({ password: PASSWORD, code: '000000' })), [400, 'invalid', 'wrong_code']);
    }
    const made = await holder.call('POST', '/api/account/recovery-codes', { password: PASSWORD, code: first });
    assert.equal(made.status, 200);
    assert.deepEqual(said(await signIn(holder.email, { code: second })), WRONG, 'those before count no longer');
    assert.equal((await signIn(holder.email, { code: made.body.recovery_codes[0] })).status, 200);
    const { status } = await holder.call('DELETE', '/api/account/totp', {
      password: PASSWORD,
      code: codeOf(holder.secret),
    });
    assert.equal(status, 204);
    assert.equal((await signIn(holder.email)).status, 200);
    assert.equal((await signIn(holder.email, { code: third })).status, 200, 'a code that nobody needs does no harm');
    const { second_factor, recovery_codes_left } = (await holder.call('GET', '/api/account')).body;
    assert.deepEqual([second_factor, recovery_codes_left], [false, 0]);
    const again = await holder.call('POST', '/api/account/recovery-codes', { password: PASSWORD, code: first });
    assert.deepEqual(said(again), [409, 'second_factor_off', undefined]);
  });

  test('is what whoever keeps the server can do for who has lost it', async () => {
    const holder = await signUpWithFactor();
    assert.equal(await resetSecondFactor(server.database, holder.email), true);
    assert.equal((await signIn(holder.email)).status, 200);
    assert.equal(await resetSecondFactor(server.database, holder.email), false);
    assert.equal(await resetSecondFactor(server.database, 'nobody@people.example'), null);
  });
});

test('whoever has the password has twenty codes to guess in an hour, wherever from', async () => {
  const attempts = openAttempts((policy) => openRateLimiter(policy));
  const limited = await startServer({ attempts, trusted_proxies: ['127.0.0.1'] });
  try {
    const holder = await signUpWithFactor(limited);
    const from = (address: string, body: object) =>
      openVisitor(limited.base).call(
        'POST',
        '/api/session',
        { email: holder.email, ...body },
        { 'x-forwarded-for': address },
      );
    // One was confirmed.
    for (let at = 1; at < 20; at++)
      assert.deepEqual(said(await from(`192.0.2.${at}`, { password: PASSWORD, code: '000000' })), WRONG);
    for (const code of ['000000', holder.recovery_codes[0]]) {
      const refused = await from('192.0.2.99', { password: PASSWORD, code });
      assert.deepEqual(said(refused), [429, 'too_many_attempts', undefined]);
      assert.ok(Number(refused.headers.get('retry-after')) > 0);
    }
    // Without the password nobody can keep the holder out by this.
    assert.equal(said(await from('192.0.2.99', { password: 'not my password', code: '000000' }))[1], 'sign_in_refused');
  } finally {
    await limited.stop();
  }
});

test('without the key that it was encrypted with a secret is of no use; a recovery code still lets its holder in', async () => {
  const holder = await signUpWithFactor();
  const { rows } = await sql.query('SELECT totp_secret FROM accounts WHERE email = $1', [holder.email]);
  const sealed: Buffer = rows[0].totp_secret;
  sealed[sealed.length - 1]! ^= 1; // as good as another key
  await sql.query('UPDATE accounts SET totp_secret = $1 WHERE email = $2', [sealed, holder.email]);
  assert.equal((await signIn(holder.email, { code: codeOf(holder.secret) })).status, 500);
  assert.equal((await signIn(holder.email, { code: holder.recovery_codes[0] })).status, 200);
});

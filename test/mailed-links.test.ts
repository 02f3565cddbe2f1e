// Links that are mailed: to whom, with what in them, and without anybody being able to tell whether there was one.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { Secret } from 'otpauth';
import pg from 'pg';
import { mailLinks, mailNotices } from '#server/access/access.ts';
import { codeAt } from '#server/access/totp.ts';
import { type Mail, openMail } from '#server/mail.ts';
import { PROJECT } from '#server/project.ts';
import { openTestLog } from './support/log.ts';
import { CLIENT, openProvider } from './support/openid-provider.ts';
import { headersOf, openVisitor, PASSWORD, signUp, type Visitor } from './support/people.ts';
import { freePort } from './support/ports.ts';
import { startServer, type TestServer } from './support/server.ts';
import { startProcess } from './support/server-process.ts';
import { openSmtp, type SmtpServer } from './support/smtp.ts';

const PUBLIC_URL = 'https://crm.example.com';
const log = openTestLog();
let smtp: SmtpServer;
let mail: Mail;
let server: TestServer;
let owner: Visitor & { id: string; email: string };
/** Through whichever mail the test has opened. */
const deliverLink: ReturnType<typeof mailLinks> = (message) => mailLinks(mail, PUBLIC_URL)(message);
const notify: ReturnType<typeof mailNotices> = (...told) => mailNotices(mail, PUBLIC_URL)(...told);
before(async () => {
  server = await startServer({ deliverLink, notify, mail: true, logger: log.logger });
  owner = await signUp(server, 'owner');
});
after(() => server.stop());
beforeEach(async () => {
  smtp = await openSmtp();
  mail = openMail(smtp.url, 'crm@example.com', log.logger);
});
afterEach(async () => {
  await mail.close(0);
  await smtp.close();
});

const linkIn = (text: string) => /^https:\/\/crm\.example\.com\/link#(\S+)$/m.exec(text)?.[1];
const ask = (email: string) => openVisitor(server.base).call('POST', '/api/password-resets', { email });

describe('an invitation', () => {
  test('is mailed to whom it is for, with a link that lets them in, and shown to who made it too', async () => {
    const { body } = await owner.call('POST', '/api/invitations', { email: 'ed@example.com', role: 'editor' });
    const { to, headers, text } = await smtp.nth(1);
    assert.deepEqual(to, ['ed@example.com']);
    assert.equal(headers.subject, 'Invitation to Main');
    assert.match(text, /^Owner Person invites you to work with the customers of Main in Clientele\./);
    assert.equal(`/link#${linkIn(text)}`, body.link);
    const visitor = openVisitor(server.base);
    const accepted = await visitor.call('POST', '/api/links/accept', {
      secret: linkIn(text),
      name: 'Ed',
      password: PASSWORD,
    });
    assert.equal(accepted.status, 200, accepted.text);
  });

  test('is mailed once, however often it is asked for with the same Idempotency-Key, and not where it is refused', async () => {
    const invite = (email: string, key: string) =>
      owner.call('POST', '/api/invitations', { email, role: 'viewer' }, { 'idempotency-key': key });
    await invite('once@example.com', 'a');
    assert.equal((await invite('once@example.com', 'a')).body.link, null);
    assert.equal((await invite(owner.email, 'b')).status, 409);
    await invite('twice@example.com', 'c');
    await smtp.nth(2);
    assert.deepEqual(
      smtp.mails.flatMap(({ to }) => to),
      ['once@example.com', 'twice@example.com'],
    );
  });

  test('is shown to who made it while mail cannot be sent', async () => {
    smtp.recipient = '451 not now';
    const { status, body } = await owner.call('POST', '/api/invitations', {
      email: 'late@example.com',
      role: 'viewer',
    });
    assert.equal(status, 201);
    assert.match(body.link, /^\/link#i/);
    await log.until(/A mail could not be sent/);
    assert.doesNotMatch(log.text(), /late@|once@|people\.example/);
  });
});

describe('what is done to an account', () => {
  test('is mailed to whom it belongs, and what was refused is not', async () => {
    const person = await signUp(server, 'viewer');
    const password = 'nine brown owls by night';
    const changing = (current_password: string) =>
      person.call('PUT', '/api/account/password', { current_password, new_password: password });
    assert.equal((await changing('wrong')).status, 400);
    assert.equal((await changing(PASSWORD)).status, 204);
    const { to, headers, text } = await smtp.nth(1);
    assert.deepEqual([to, headers.subject], [[person.email], 'Your password was changed']);
    assert.match(text, /If not, ask for a new password at https:\/\/crm\.example\.com\/sign-in/);
    assert.doesNotMatch(text, /owls/);

    const { body } = await person.call('POST', '/api/account/totp', { password });
    const code = codeAt(Buffer.from(Secret.fromBase32(body.secret).bytes), Date.now());
    const confirmed = await person.call('PUT', '/api/account/totp', { code });
    assert.equal(confirmed.status, 200, confirmed.text);
    assert.equal((await smtp.nth(2)).headers.subject, 'Your second factor is on');
    const [first, second] = confirmed.body.recovery_codes;
    const renewed = await person.call('POST', '/api/account/recovery-codes', { password, code: first });
    assert.equal(renewed.status, 200, renewed.text);
    assert.equal((await smtp.nth(3)).headers.subject, 'You have new recovery codes');
    assert.equal((await person.call('DELETE', '/api/account/totp', { password, code: second })).status, 400);
    const removed = await person.call('DELETE', '/api/account/totp', {
      password,
      code: renewed.body.recovery_codes[0],
    });
    assert.equal(removed.status, 204, removed.text);
    assert.equal((await smtp.nth(4)).headers.subject, 'Your second factor is off');
    assert.ok(smtp.mails.every(({ to }) => to[0] === person.email));
  });
});

describe('a forgotten password', () => {
  test('is reset by the link that is mailed', async () => {
    const person = await signUp(server, 'viewer');
    assert.equal((await ask(person.email)).status, 202);
    const { to, headers, text } = await smtp.nth(1);
    assert.deepEqual([to, headers.subject], [[person.email], 'A new password for Clientele']);
    const visitor = openVisitor(server.base);
    const password = 'nine brown owls by night';
    const { status } = await visitor.call('POST', '/api/links/accept', { secret: linkIn(text), password });
    assert.equal(status, 200);
    assert.equal((await smtp.nth(2)).headers.subject, 'Your password was changed');
  });

  test('of an address that nobody has gets the same answer, byte for byte, and no mail', async () => {
    const person = await signUp(server, 'viewer');
    const [known, unknown] = [await ask(person.email), await ask('nobody@example.com')];
    const told = ({ status, text, headers }: typeof known) => {
      const all = Object.fromEntries(headers);
      return { status, text, ...all, date: '', 'x-request-id': '' };
    };
    assert.deepEqual(told(known), told(unknown));
    await smtp.nth(1);
    // Whatever was to be sent for the second one would have been under way by now: it is made in the order of the questions.
    await ask(person.email);
    await smtp.nth(2);
    assert.deepEqual(new Set(smtp.mails.flatMap(({ to }) => to)), new Set([person.email]));
  });

  test('is answered before there is a link, while the SMTP server hangs', async () => {
    const person = await signUp(server, 'viewer');
    let greeted = 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    smtp.greet = () => {
      greeted++;
      return promise;
    };
    for (let i = 0; i < 4; i++) assert.equal((await ask(person.email)).status, 202);
    resolve();
    await smtp.nth(4);
    assert.ok(greeted > 0);
  });
});

describe('the configuration', () => {
  const run = (env: NodeJS.ProcessEnv) =>
    promisify(execFile)(process.execPath, ['cli/clientele.js', 'config'], {
      cwd: PROJECT,
      env: { ...process.env, ...env },
    });

  test('that mails without saying where people find the server does not start', async () => {
    await assert.rejects(
      run({ CLIENTELE_SMTP_URL: 'smtp://127.0.0.1', CLIENTELE_MAIL_FROM: 'crm@example.com' }),
      ({ code, stderr }) => code === 1 && /mail\.smtp_url needs server\.public_url, which is not set/.test(stderr),
    );
  });

  test('that says all mails links and leads to the provider, in a server that stops once they are sent', async () => {
    const provider = await openProvider();
    const port = await freePort();
    const process = await startProcess({
      DATABASE_URL: server.url,
      PORT: String(port),
      CLIENTELE_PUBLIC_URL: `http://127.0.0.1:${port}`,
      CLIENTELE_SMTP_URL: smtp.url,
      CLIENTELE_MAIL_FROM: 'Customers <crm@example.com>',
      CLIENTELE_OPENID_ISSUER: provider.issuer,
      CLIENTELE_OPENID_CLIENT_ID: CLIENT.client_id,
      CLIENTELE_OPENID_CLIENT_SECRET: CLIENT.client_secret,
      CLIENTELE_OPENID_NAME: 'Example',
      CLIENTELE_SECRETS_KEY: Buffer.alloc(32, 7).toString('base64'),
    });
    try {
      const visitor = openVisitor(process.url);
      assert.deepEqual((await visitor.call('GET', '/api/sign-in')).body, { openid: { name: 'Example' }, mail: true });
      const begun = await fetch(`${process.url}/api/sign-in/openid`, { redirect: 'manual' });
      const asked = new URL(begun.headers.get('location')!);
      assert.equal(asked.origin, provider.issuer);
      assert.equal(asked.searchParams.get('redirect_uri'), `${process.url}/api/sign-in/openid/callback`);
      const begin = await openVisitor(process.url).call(
        'POST',
        '/api/account/totp',
        { password: PASSWORD },
        headersOf(owner),
      );
      assert.equal(begin.status, 200, begin.text);
      const sql = new pg.Client(server.connection);
      await sql.connect();
      const { rows } = await sql.query('SELECT totp_secret FROM accounts WHERE id = $1', [owner.id]);
      await sql.end();
      assert.equal(rows[0].totp_secret[0], 1, 'it is encrypted');
      const greeted = Promise.withResolvers<void>();
      const going = Promise.withResolvers<void>();
      smtp.greet = () => {
        greeted.resolve();
        return going.promise;
      };
      assert.equal((await visitor.call('POST', '/api/password-resets', { email: owner.email })).status, 202);
      await greeted.promise;
      const gone = process.end();
      going.resolve();
      await gone;
      assert.match(smtp.mails[0]!.text, new RegExp(`^${process.url}/link#r`, 'm'));
    } finally {
      await process.end('SIGKILL');
      await provider.close();
    }
  });

  test('lets whoever keeps the server switch off the second factor of somebody, by the command line', async () => {
    const cli = (...words: string[]) =>
      promisify(execFile)(process.execPath, ['cli/clientele.js', 'people', 'reset-second-factor', ...words], {
        cwd: PROJECT,
        env: { ...process.env, DATABASE_URL: server.url },
      });
    const sql = new pg.Client(server.connection);
    await sql.connect();
    await sql.query(
      `UPDATE accounts SET totp_secret = '\\x00', totp_step = 1, totp_confirmed_at = now() WHERE id = $1`,
      [owner.id],
    );
    assert.equal((await cli(owner.email.toUpperCase())).stdout, `The second factor of ${owner.email} is off.\n`);
    const { rows } = await sql.query('SELECT totp_secret, totp_confirmed_at FROM accounts WHERE id = $1', [owner.id]);
    await sql.end();
    assert.deepEqual(rows, [{ totp_secret: null, totp_confirmed_at: null }]);
    assert.equal((await cli(owner.email)).stdout, 'There was no second factor.\n');
    await assert.rejects(
      cli('nobody@example.com'),
      ({ code, stderr }) => code === 1 && /nobody has an account/.test(stderr),
    );
    await assert.rejects(cli('nobody'), ({ code }) => code === 2);
  });
});

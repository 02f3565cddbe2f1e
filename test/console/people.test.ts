// People in the console: the first account, signing in and out, and links.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { openAttempts } from '#server/access/access.ts';
import { openRateLimiter } from '#server/rate-limit.ts';
import { assertAccessible } from './axe.ts';
import { type ConsoleServer, PASSWORD, startConsole } from './console-server.ts';
import { errorOf, focused, pathOf, signIn, title } from './people-page.ts';

const OTHER = 'nine grey geese by the pond';

let server: ConsoleServer;
let sql: pg.Client;
const delivered: string[] = [];
before(async () => {
  server = await startConsole({
    deliverLink: ({ kind, link }) => void (kind === 'password_reset' && delivered.push(link)),
    // Of all the quotas, the one of an account at an address as it is.
    attempts: openAttempts(({ requests, seconds }) =>
      openRateLimiter({ requests: requests === 10 ? 10 : 100_000, seconds }),
    ),
  });
  sql = new pg.Client(server.connection);
  await sql.connect();
});
after(async () => {
  await sql?.end();
  await server?.stop();
});

describe('the first account', () => {
  test('is made by the link that the start prints, by keyboard alone, and what is refused stands at its field', async () => {
    const { page, watch, context } = await server.visit();
    const link = await server.ownerLink();
    await page.goto(link);
    await title(page, 'Make the first account');
    await page.getByText('You become owner of the workspace “Main”').waitFor();
    assert.equal(pathOf(page), '/link', 'the secret has left the address bar');
    assert.equal(await focused(page), 'email');
    await assertAccessible(page);
    await page.keyboard.type('Olive@Example.com');
    await page.keyboard.press('Tab');
    await page.keyboard.type('Olive Owner');
    await page.keyboard.press('Tab');
    await page.keyboard.type('password1234');
    await page.keyboard.press('Enter');
    await page.locator('[aria-invalid=true]').waitFor();
    assert.match(await errorOf(page, /^Password/), /guess|common/i);
    assert.equal(await focused(page), 'password');
    await assertAccessible(page);
    // A reload shows the same link again.
    await page.reload();
    await title(page, 'Make the first account');
    await page.getByLabel('Email').fill('Olive@Example.com');
    await page.getByLabel('Name').fill('Olive Owner');
    await page.getByLabel(/^Password/).fill(PASSWORD);
    await page.keyboard.press('Enter');
    await title(page, 'Customers');
    await page.getByRole('button', { name: /^Olive Owner.*Account menu$/ }).waitFor();
    assert.equal(pathOf(page), '/customers');

    await page.goto(link);
    await title(page, 'This link has been used');
    await assertAccessible(page);
    await page.getByRole('link', { name: 'Sign in' }).click();
    await title(page, 'Sign in');
    watch.assertClean({ statuses: [400, 410] });
    await context.close();
  });
});

describe('a link', () => {
  test('that is expired, unknown or cut short says so, and what to do', async () => {
    const { page, watch, context } = await server.visit({ dark: true });
    const link = await server.ownerLink();
    await sql.query(
      "UPDATE invitations SET expires_at = now() - interval '1 minute' WHERE used_at IS NULL AND email IS NULL",
    );
    await page.goto(link);
    await title(page, 'This link has expired');
    await page.getByText('npx clientele owner-link').waitFor();
    await assertAccessible(page);
    await page.goto(`${link.slice(0, -4)}AAAA`);
    await title(page, 'There is no such link');
    await page.goto('/customers');
    await title(page, 'Sign in');
    await page.goto('/link');
    await title(page, 'This address is not whole');
    await assertAccessible(page);
    watch.assertClean({ statuses: [401, 404, 410] });
    await context.close();
  });

  test('that invites makes a member of whoever accepts it in their own browser; an account that is there needs its password', async () => {
    const owner = await server.signIn('owner');
    await server.addWorkspace('shop', 'Shop');
    const invite = async (workspace: string) => {
      if (workspace === 'shop') {
        const [, secret] = (await server.ownerLink('shop')).split('#');
        await owner.call('POST', '/api/links/accept', { secret, email: owner.email, password: PASSWORD });
      }
      const asked = { email: 'eve@example.com', role: 'editor' };
      return (await owner.call('POST', '/api/invitations', asked, { 'clientele-workspace': workspace })).link;
    };
    const eve = await server.visit({ phone: true });
    const { page } = eve;
    await page.goto(await invite('main'));
    await title(page, 'Join “Main”');
    await page.getByText('as editor').waitFor();
    assert.equal(await page.getByLabel('Email').inputValue(), 'eve@example.com');
    assert.equal(await focused(page), 'name');
    await assertAccessible(page);
    await page.keyboard.press('Enter');
    await page.locator('[aria-invalid=true]').waitFor();
    assert.match(await errorOf(page, 'Name'), /required/);
    await page.getByLabel('Name').fill('Eve <b>Editor</b>');
    await page.getByLabel(/^Password/).fill(PASSWORD);
    await page.getByRole('button', { name: 'Join' }).click();
    await title(page, 'Customers');
    await page.getByRole('button', { name: /^Eve <b>Editor<\/b>.*Account menu$/ }).waitFor();

    await page.goto(await invite('shop'));
    await title(page, 'Join “Shop”');
    await page.getByText('You have an account already').waitFor();
    assert.equal(await page.getByLabel('Name').count(), 0);
    await page.getByLabel(/^Password/).fill('wrong but long enough');
    await page.keyboard.press('Enter');
    await page.locator('[aria-invalid=true]').waitFor();
    assert.match(await errorOf(page, /^Password/), /not the password/);
    await page.getByLabel(/^Password/).fill(PASSWORD);
    await page.keyboard.press('Enter');
    await title(page, 'Customers');
    // The workspace that one was invited to is the one that is open.
    await page.goto('/settings/appearance');
    await page.getByRole('button', { name: 'Workspace Shop: open another' }).click();
    await assertAccessible(page);
    await page.getByRole('menuitemradio', { name: 'Main' }).click();
    await page.getByRole('button', { name: 'Workspace Main: open another' }).waitFor();
    await page.reload();
    await page.getByRole('button', { name: 'Workspace Main: open another' }).waitFor();
    eve.watch.assertClean({ statuses: [400] });
    await eve.context.close();
    await owner.context.close();
  });

  test('that resets a password is asked for without telling who has an account', async () => {
    const known = await server.signIn('viewer');
    const { page, watch, context } = await server.visit();
    await page.goto('/sign-in');
    await page.getByRole('link', { name: 'Forgot your password?' }).click();
    await title(page, 'Reset your password');
    await page.keyboard.press('Enter');
    await page.locator('[aria-invalid=true]').waitFor();
    for (const email of ['nobody@example.com', known.email]) {
      await page.goto('/sign-in?forgotten');
      await page.getByLabel('Email').fill(email);
      await page.keyboard.press('Enter');
      await page.getByText('If there is an account with this address').waitFor();
      await assertAccessible(page);
    }
    while (delivered.length === 0) await new Promise(setImmediate);
    assert.equal(delivered.length, 1);
    await page.goto(delivered[0]!);
    await title(page, 'Set a new password');
    await assertAccessible(page);
    await page.getByLabel(/^New password/).fill(OTHER);
    await page.getByRole('button', { name: 'Show the password' }).click();
    assert.equal(await page.getByLabel(/^New password/).getAttribute('type'), 'text');
    await page.getByLabel(/^New password/).press('Enter');
    await title(page, 'Customers');
    await page.getByRole('button', { name: new RegExp(`^${known.name}.*Account menu$`) }).waitFor();
    watch.assertClean({ statuses: [400] });
    await context.close();
    await known.context.close();
  });
});

describe('signing in', () => {
  test('comes back to where one was; a wrong password keeps what was typed; signing out ends it', async () => {
    const { email, context: first } = await server.signIn('admin');
    await first.close();
    for (const dark of [false, true]) {
      const { page, watch, context } = await server.visit({ dark });
      await page.goto('/settings/members?x=1');
      await title(page, 'Sign in');
      await assertAccessible(page);
      await signIn(page, email, 'wrong');
      await page.getByRole('alert').waitFor();
      assert.equal(await page.getByLabel('Email').inputValue(), email);
      assert.equal(await page.getByLabel(/^Password/).inputValue(), 'wrong');
      await assertAccessible(page);
      await signIn(page, email, PASSWORD);
      await title(page, 'Members');
      assert.equal(new URL(page.url()).search, '?x=1');

      await page.getByRole('button', { name: /Account menu/ }).click();
      await page.getByRole('menuitem', { name: 'Sign out' }).click();
      await title(page, 'Sign in');
      await page.goBack();
      await title(page, 'Sign in');
      watch.assertClean({ statuses: [401] });
      await context.close();
    }
  });

  test('does not send anybody to another site', async () => {
    const { email, context: first } = await server.signIn('viewer');
    await first.close();
    for (const to of ['https://evil.example/', '//evil.example/', '/\\evil.example', 'javascript:alert(1)']) {
      const { page, watch, context } = await server.visit();
      await page.goto(`/sign-in?${new URLSearchParams({ to })}`);
      await signIn(page, email, PASSWORD);
      await title(page, 'Customers');
      watch.assertClean();
      await context.close();
    }
  });

  test('too often is refused at once, and says when to try again', async () => {
    const { page, watch, context } = await server.visit();
    await page.goto('/sign-in');
    const given = {
      method: 'POST',
      data: { email: 'mallory@example.com', password: 'x' },
      headers: { origin: server.base },
    };
    for (let attempt = 0; attempt < 10; attempt++) {
      const refused = await context.request.fetch('/api/session', given);
      assert.equal(refused.status(), 401);
    }
    await signIn(page, 'mallory@example.com', 'guess');
    await page
      .getByRole('alert')
      .getByText(/try again in \d+ s/)
      .waitFor();
    assert.equal(await page.getByLabel(/^Password/).inputValue(), 'guess');
    watch.assertClean({ statuses: [429] });
    await context.close();
  });
});

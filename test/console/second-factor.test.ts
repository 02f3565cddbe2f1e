// The second factor in the console: set up, asked for, renewed and taken away; and the way in over an OpenID provider.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { Secret } from 'otpauth';
import { createResetLink } from '#server/access/access.ts';
import { codeAt } from '#server/access/totp.ts';
import { openOpenid } from '#server/openid.ts';
import { CLIENT, type OpenidProvider, openProvider } from '../support/openid-provider.ts';
import { freePort } from '../support/ports.ts';
import { assertAccessible } from './axe.ts';
import type { Page } from './browser.ts';
import { type ConsoleServer, PASSWORD, startConsole, type Visitor } from './console-server.ts';

let server: ConsoleServer;
let provider: OpenidProvider;
before(async () => {
  provider = await openProvider();
  const port = await freePort();
  const public_url = `http://127.0.0.1:${port}`;
  const redirect_uri = `${public_url}/api/sign-in/openid/callback`;
  const settings = { ...CLIENT, issuer: provider.issuer, scope: 'openid email', redirect_uri };
  server = await startConsole(
    { public_url, openid: { name: 'Example', provider: openOpenid(settings) }, mail: true },
    port,
  );
});
after(async () => {
  await server?.stop();
  await provider?.close();
});

const heading = (page: Page, name: string, level = 1) =>
  page.getByRole('heading', { level, name, exact: true }).waitFor();
const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name, exact: true });
const focused = (page: Page) => page.evaluate(() => document.activeElement?.getAttribute('name'));
const codeOf = (secret: string) => codeAt(Secret.fromBase32(secret.replaceAll(' ', '')).bytes, Date.now());
const errorOf = (page: Page) =>
  page.locator('[aria-invalid=true]').evaluate((field) => {
    const [id] = field.getAttribute('aria-describedby')!.split(' ');
    return document.getElementById(id!)!.textContent;
  });

/** Somebody with a second factor, by the API. */
async function signUpWithFactor(look = {}): Promise<Visitor & { recovery_codes: string[] }> {
  const visitor = await server.signIn('viewer', look);
  const { secret } = await visitor.call('POST', '/api/account/totp', { password: PASSWORD });
  const { recovery_codes } = await visitor.call('PUT', '/api/account/totp', { code: codeOf(secret) });
  return Object.assign(visitor, { recovery_codes });
}

async function typeSignIn(page: Page, email: string, password = PASSWORD): Promise<void> {
  await page.getByLabel('Email').fill(email);
  await page.getByLabel(/^Password/).fill(password);
  await page.keyboard.press('Enter');
}

describe('the second factor', () => {
  test('is set up by keyboard alone: password, code, recovery codes', async () => {
    const { page, watch, context } = await server.signIn('viewer');
    await page.goto('/settings/account');
    await heading(page, 'Second factor', 2);
    await button(page, 'Set up').focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Second factor' });
    await dialog.waitFor();
    assert.equal(await focused(page), 'password');
    await assertAccessible(page, 'the password');
    await page.keyboard.type('wrong but long enough');
    await page.keyboard.press('Enter');
    await page.locator('[aria-invalid=true]').waitFor();
    assert.match((await errorOf(page))!, /not the password/);
    await page
      .getByRole('dialog')
      .getByLabel(/^Password/)
      .fill(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByRole('img', { name: 'QR code for the authenticator app' }).waitFor();
    await assertAccessible(page, 'the QR code');
    const secret = await page.getByRole('group', { name: 'Secret' }).locator('code').textContent();
    assert.match(secret!, /^(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}$/);
    assert.equal(await focused(page), 'code');
    await page.keyboard.type('000000');
    await page.keyboard.press('Enter');
    await page.locator('[aria-invalid=true]').waitFor();
    assert.match((await errorOf(page))!, /not right/);
    await page.getByLabel(/^Code/).fill(codeOf(secret!));
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'The second factor is on' }).waitFor();
    await assertAccessible(page, 'the recovery codes');
    const codes = await page.getByRole('dialog').getByRole('listitem').allTextContents();
    assert.equal(new Set(codes).size, 10);
    const [file] = await Promise.all([page.waitForEvent('download'), button(page, 'Download').press('Enter')]);
    assert.equal(file.suggestedFilename(), 'clientele-recovery-codes.txt');
    assert.equal(await readFile(await file.path(), 'utf8'), `${codes.join('\n')}\n`);
    await button(page, 'I have kept them').press('Enter');
    await page.getByText('10 recovery codes are left.').waitFor();
    await assertAccessible(page, 'it is on');
    watch.assertClean({ statuses: [400] });
    await context.close();
  });

  test('is asked for when signing in; a wrong code keeps the rest, and a recovery code lets in', async () => {
    const { email, recovery_codes, context: first } = await signUpWithFactor();
    await first.close();
    const { page, watch, context } = await server.visit({ dark: true });
    await page.goto('/settings/account');
    await heading(page, 'Sign in');
    await typeSignIn(page, email);
    await page.getByLabel(/^Code of your app/).waitFor();
    assert.equal(await focused(page), 'code');
    assert.equal(await page.getByRole('alert').count(), 0, 'a question is no refusal');
    assert.equal(await page.getByLabel(/^Code of your app/).getAttribute('autocomplete'), 'one-time-code');
    await assertAccessible(page, 'the code');
    await page.keyboard.type('000000');
    await page.keyboard.press('Enter');
    await page.locator('[aria-invalid=true]').waitFor();
    assert.match((await errorOf(page))!, /not right/);
    await button(page, 'Back').click();
    assert.equal(await page.getByLabel('Email').inputValue(), email);
    await page.getByLabel(/^Password/).press('Enter');
    await button(page, 'App lost? Use a recovery code').click();
    await page.getByLabel(/^Recovery code/).waitFor();
    assert.equal(await focused(page), 'code');
    await assertAccessible(page, 'the recovery code');
    await page.keyboard.type(recovery_codes[0]!.toUpperCase());
    await page.keyboard.press('Enter');
    await heading(page, 'Your account');
    await page.getByText('9 recovery codes are left.').waitFor();
    await assertAccessible(page, 'the account in the dark');
    watch.assertClean({ statuses: [401] });
    await context.close();
  });

  test('has its recovery codes renewed, and is switched off, for both factors', async () => {
    const { page, watch, context, recovery_codes } = await signUpWithFactor({ phone: true });
    await page.goto('/settings/account');
    await button(page, 'New recovery codes').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel(/^Password/).fill(PASSWORD);
    await dialog.getByLabel(/^Code/).fill('123');
    await page.keyboard.press('Enter');
    await page.locator('[aria-invalid=true]').waitFor();
    assert.match((await errorOf(page))!, /6 digits/);
    await assertAccessible(page, 'both factors');
    await dialog.getByLabel(/^Code/).fill(recovery_codes[0]!);
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByRole('listitem').first().waitFor();
    const codes = await page.getByRole('dialog').getByRole('listitem').allTextContents();
    assert.ok(!codes.some((code) => recovery_codes.includes(code)));
    await assertAccessible(page, 'the new codes on a phone');
    await button(page, 'I have kept them').click();
    await button(page, 'Switch off').click();
    await page
      .getByRole('dialog')
      .getByLabel(/^Password/)
      .fill(PASSWORD);
    await page.getByRole('dialog').getByLabel(/^Code/).fill(codes[0]!);
    await page.getByRole('dialog').getByRole('button', { name: 'Switch off' }).click();
    await button(page, 'Set up').waitFor();
    watch.assertClean({ statuses: [400] });
    await context.close();
  });

  test('is asked for by a link that resets the password, which keeps what was typed', async () => {
    const { email, recovery_codes, context: first } = await signUpWithFactor();
    await first.close();
    const { page, watch, context } = await server.visit();
    await page.goto((await createResetLink(server.database, email))!);
    await page.getByLabel(/^New password/).fill('nine grey geese by the pond');
    await page.keyboard.press('Enter');
    await page.getByLabel(/^Code of your app/).waitFor();
    await assertAccessible(page);
    await button(page, 'App lost? Use a recovery code').click();
    await page.keyboard.type(recovery_codes[0]!);
    await page.keyboard.press('Enter');
    await heading(page, 'Customers');
    watch.assertClean({ statuses: [401] });
    await context.close();
  });
});

test('who invites is told that the link is mailed, and sees it nevertheless', async () => {
  const { page, watch, context } = await server.signIn('owner');
  await page.goto('/settings/members');
  await button(page, 'Invite somebody').click();
  await page
    .getByRole('dialog')
    .getByLabel(/^Email/)
    .fill('ed@example.com');
  await page.keyboard.press('Enter');
  await page.getByText('It is on its way to ed@example.com.').waitFor();
  assert.match((await page.getByRole('group', { name: 'Link' }).textContent())!, /\/link#i/);
  await assertAccessible(page);
  watch.assertClean();
  await context.close();
});

describe('the OpenID provider', () => {
  test('has a button, which leads back to where one was', async () => {
    const { email, context: first } = await server.signIn('viewer');
    await first.close();
    provider.person = { sub: email, email, email_verified: true };
    const { page, context } = await server.visit();
    await page.goto('/settings/appearance');
    await heading(page, 'Sign in');
    const link = page.getByRole('link', { name: 'Continue with Example' });
    await link.waitFor();
    await assertAccessible(page);
    await link.press('Enter');
    await heading(page, 'Appearance');
    assert.equal(new URL(page.url()).pathname, '/settings/appearance');
    await context.close();
  });

  test('is told apart from what went wrong on the way back', async () => {
    provider.person = { sub: 'nobody', email: 'nobody@example.com', email_verified: true };
    const { page, context } = await server.visit({ dark: true, phone: true });
    await page.goto('/sign-in');
    await page.getByRole('link', { name: 'Continue with Example' }).click();
    await page.getByRole('alert').waitFor();
    assert.match((await page.getByRole('alert').textContent())!, /Nobody with your address is a member here/);
    await assertAccessible(page);
    await page.goto('/sign-in?error=something%20made%20up');
    await heading(page, 'Sign in');
    assert.equal(await page.getByRole('alert').count(), 0);
    await context.close();
  });
});

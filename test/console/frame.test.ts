// What stands around every page: menus, the palette, shortcuts, and where the focus goes.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { assertAccessible } from './axe.ts';
import type { Page } from './browser.ts';
import { type ConsoleServer, startConsole } from './console-server.ts';

let server: ConsoleServer;
before(async () => {
  server = await startConsole();
  for (const [first_name, last_name] of [
    ['Ada', 'Lovelace'],
    ['Adam', 'Smith'],
    ['Grace', 'Hopper'],
  ])
    await server.call('POST', '/api/customers', { first_name, last_name, email: `${first_name}@example.com` });
});
after(() => server?.stop());

const title = (page: Page, name: string) => page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
const focused = (page: Page) => page.evaluate(() => document.activeElement?.textContent);
const pathOf = (page: Page) => new URL(page.url()).pathname;
/** The option that Enter would open, as a screen reader is told. */
const active = (page: Page) =>
  page
    .getByRole('combobox', { name: 'Search or go to' })
    .evaluate((line) => document.getElementById(line.getAttribute('aria-activedescendant') ?? '')?.textContent);

describe('the palette', () => {
  test('finds customers, pages and things to do by keyboard alone', async () => {
    const { page, watch, context } = await server.signIn('owner');
    await page.goto('/dashboard');
    await title(page, 'Dashboard');
    await page.keyboard.press('Control+k');
    const palette = page.getByRole('dialog', { name: 'Search or go to' });
    await palette.waitFor();
    await assertAccessible(page);
    await page.keyboard.type('ad');
    await palette.getByRole('option', { name: /Ada Lovelace/ }).waitFor();
    await palette.getByRole('option', { name: /Adam/ }).waitFor();
    assert.match((await active(page)) ?? '', /^Ada Lovelace/);
    await assertAccessible(page);
    await page.keyboard.press('ArrowDown');
    assert.match((await active(page)) ?? '', /^Adam/);
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/customers\/[0-9a-f-]{36}/);

    await page.goto('/dashboard');
    await title(page, 'Dashboard');
    await page.keyboard.press('Control+k');
    await palette.waitFor();
    await page.keyboard.type('members');
    await palette.getByRole('option', { name: 'Members' }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Members', level: 1 }).and(page.locator(':focus')).waitFor();

    await page.keyboard.press('Control+k');
    await palette.waitFor();
    await page.keyboard.type('keyb');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    await page.keyboard.press('Escape');

    await page.keyboard.press('Control+k');
    await palette.waitFor();
    await page.keyboard.type('zzqq');
    await palette.getByText('Nothing is found for “zzqq”.').waitFor();
    await assertAccessible(page);
    await page.keyboard.press('Escape');
    await palette.waitFor({ state: 'detached' });
    watch.assertClean();
    await context.close();
  });
});

describe('shortcuts', () => {
  test('lead to pages, are off while one types or a dialog is open, and are listed', async () => {
    const { page, watch, context } = await server.signIn('editor');
    await page.goto('/settings/account');
    await title(page, 'Your account');
    await page.keyboard.press('g');
    await page.keyboard.press('d');
    await page.getByRole('heading', { name: 'Dashboard', level: 1 }).and(page.locator(':focus')).waitFor();
    await page.goBack();
    await title(page, 'Your account');

    await page.getByLabel('Name').focus();
    await page.keyboard.type('gd?');
    assert.match(await page.getByLabel('Name').inputValue(), /gd\?/);
    assert.equal(pathOf(page), '/settings/account');

    await page.getByRole('heading', { level: 1 }).focus();
    await page.keyboard.press('?');
    const help = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
    await help.getByText('Go to Dashboard').waitFor();
    await assertAccessible(page);
    await page.keyboard.press('g');
    await page.keyboard.press('d');
    await page.keyboard.press('Control+k');
    assert.equal(await page.getByRole('dialog').count(), 1);
    assert.equal(pathOf(page), '/settings/account');
    await help.getByRole('link', { name: 'Change them' }).click();
    await title(page, 'Appearance');
    watch.assertClean();
    await context.close();
  });

  test('take another key, unless it is taken; are kept; and those of plain keys can be turned off', async () => {
    const { page, watch, context } = await server.signIn('editor');
    await page.goto('/settings/appearance');
    await page.getByRole('button', { name: 'Change the key: Go to Dashboard' }).click();
    const dialog = page.getByRole('dialog', { name: 'Go to Dashboard' });
    await dialog.waitFor();
    await assertAccessible(page);
    await page.keyboard.press('?');
    await page.keyboard.press('Enter');
    await dialog.getByText('“Keyboard shortcuts” has this key already.').waitFor();
    await page.keyboard.press('Backspace');
    await page.keyboard.press('g');
    await page.keyboard.press('w');
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    await page.reload();
    await title(page, 'Appearance');
    await page.keyboard.press('g');
    await page.keyboard.press('d');
    await page.keyboard.press('g');
    await page.keyboard.press('w');
    await title(page, 'Dashboard');

    await page.goto('/settings/appearance');
    await page.getByLabel('Keys without Ctrl or ⌘').uncheck();
    await page.keyboard.press('g');
    await page.keyboard.press('w');
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'Search or go to' }).waitFor();
    assert.equal(pathOf(page), '/settings/appearance');
    watch.assertClean();
    await context.close();
  });
});

describe('the frame', () => {
  test('has menus that are worked by keyboard, and keeps the appearance that one chose', async () => {
    const { page, watch, context } = await server.signIn('owner');
    await page.goto('/settings/account');
    await title(page, 'Your account');
    const me = page.getByRole('button', { name: /Account menu$/ });
    await me.focus();
    await page.keyboard.press('ArrowDown');
    await page.getByRole('menu').waitFor();
    await assertAccessible(page);
    assert.equal(await focused(page), 'Your account');
    await page.keyboard.press('End');
    assert.equal(await focused(page), 'Sign out');
    await page.keyboard.type('d');
    assert.equal(await focused(page), 'Dark');
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme), 'dark');
    await page.reload();
    await title(page, 'Your account');
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark');
    await me.click();
    await page.getByRole('menuitemradio', { name: 'Dark', checked: true }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('menu').waitFor({ state: 'hidden' });
    assert.match((await focused(page)) ?? '', /Account menu$/);
    watch.assertClean();
    await context.close();
  });

  test('lets whoever comes by keyboard skip to the content, and names each page', async () => {
    const { page, watch, context } = await server.signIn('viewer');
    await page.goto('/dashboard');
    await title(page, 'Dashboard');
    await page.waitForFunction(() => document.title === 'Dashboard · Clientele');
    await page.keyboard.press('Tab');
    assert.equal(await focused(page), 'Skip to content');
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'content');
    watch.assertClean();
    await context.close();
  });

  test('fits a phone', async () => {
    const { page, watch, context } = await server.signIn('owner', { phone: true });
    await page.goto('/settings/account');
    await title(page, 'Your account');
    for (const button of await page.getByRole('navigation', { name: 'Main menu' }).getByRole('link').all()) {
      const box = await button.boundingBox();
      assert.ok(box && box.height >= 44 && box.width >= 44 && box.y + box.height <= 844, JSON.stringify(box));
    }
    await page.getByRole('button', { name: /Search/ }).tap();
    await page.getByRole('combobox', { name: 'Search or go to' }).waitFor();
    await assertAccessible(page);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: /Account menu$/ }).tap();
    await page.getByRole('menu').waitFor();
    await assertAccessible(page);
    watch.assertClean();
    await context.close();
  });
});

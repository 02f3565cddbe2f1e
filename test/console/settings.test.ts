// The settings: of one's own account, of members and invitations, of keys, and of the workspace.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { assertAccessible } from './axe.ts';
import type { Page } from './browser.ts';
import { type ConsoleServer, PASSWORD, startConsole } from './console-server.ts';

const OTHER = 'nine grey geese by the pond';
const PARTS = ['account', 'appearance', 'members', 'keys', 'webhooks', 'workspace'];

let server: ConsoleServer;
before(async () => {
  server = await startConsole();
});
after(() => server?.stop());

const row = (page: Page, name: string) => page.getByRole('row').filter({ hasText: name });

async function open(page: Page, part: string): Promise<void> {
  await page.goto(`/settings/${part}`);
  await page.getByRole('heading', { level: 2 }).first().waitFor();
}

/** Waits until nothing on the page is on its way. */
const loaded = (page: Page) => page.getByText('Loading…').first().waitFor({ state: 'detached' });

describe('the settings', () => {
  test('have nothing to be found by axe, on a phone neither', async () => {
    for (const look of [{}, { phone: true }]) {
      const { page, watch, context } = await server.signIn('owner', look);
      for (const part of PARTS) {
        await open(page, part);
        await loaded(page);
        await assertAccessible(page);
        const wider = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
        assert.equal(wider, false, `${part} is no wider than the window`);
      }
      watch.assertClean();
      await context.close();
    }
  });

  test('offer nobody what their role may not do, and say so', async () => {
    const { page, name, watch, context } = await server.signIn('viewer');
    await open(page, 'members');
    await row(page, name).getByRole('cell', { name: 'Viewer', exact: true }).waitFor();
    await page.getByText('As viewer you may not invite people, or change their roles.').waitFor();
    assert.equal(await page.getByRole('link', { name: 'API keys' }).count(), 0);
    assert.equal(await page.getByRole('combobox').count(), 0);
    assert.equal(await page.getByRole('button', { name: 'Invite somebody' }).count(), 0);
    assert.equal(await page.getByRole('button', { name: /^Remove / }).count(), 0);
    await open(page, 'workspace');
    await page.getByText('As viewer you may not change the workspace.').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Save' }).count(), 0);
    await page.goto('/settings/keys');
    await page.getByText('As viewer you may not see or make keys.').waitFor();
    await assertAccessible(page);
    await page.goto('/settings/nothing');
    await page.getByRole('heading', { name: 'There are no such settings.' }).waitFor();
    watch.assertClean();
    await context.close();
  });
});

describe('one’s account', () => {
  test('has a name and a password that can be changed, each refusal at its field', async () => {
    const { page, email, watch, context } = await server.signIn('editor');
    await open(page, 'account');
    await page.getByLabel('Name').fill(' ');
    await page.getByLabel('Name').press('Enter');
    await page.locator('[aria-invalid=true]').waitFor();
    await page.getByText('Name is required.').waitFor();
    await page.getByLabel('Name').fill('Änne <i>Quer</i>');
    await page.getByLabel('Name').press('Enter');
    await page.getByRole('button', { name: /^Änne <i>Quer<\/i>.*Account menu$/ }).waitFor();

    await page.getByLabel(/^Current password/).fill('wrong');
    await page.getByLabel(/^New password/).fill('short');
    await page.keyboard.press('Enter');
    await page.getByText('New password has at least 12 characters.').waitFor();
    await page.getByLabel(/^New password/).fill(OTHER);
    await page.keyboard.press('Enter');
    await page.getByText('This is not the password of the account.').waitFor();
    assert.equal(await page.getByLabel(/^New password/).inputValue(), OTHER);
    await page.getByLabel(/^Current password/).fill(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByText('The password is changed').waitFor();
    assert.equal(await page.getByLabel(/^New password/).inputValue(), '');
    watch.assertClean({ statuses: [400] });

    const again = await server.visit();
    const given = (password: string) => ({
      method: 'POST',
      data: { email, password },
      headers: { origin: server.base },
    });
    assert.equal((await again.context.request.fetch('/api/session', given(PASSWORD))).status(), 401);
    assert.equal((await again.context.request.fetch('/api/session', given(OTHER))).status(), 200);
    // That one is listed, and can be signed out from here.
    await page.reload();
    await page.getByText('Here', { exact: true }).waitFor();
    assert.equal(await page.getByRole('row').count(), 3);
    await page.getByRole('button', { name: /^Sign out: / }).click();
    await page.getByText('Signed out there.').waitFor();
    await page.getByRole('row').nth(2).waitFor({ state: 'detached' });
    assert.equal((await again.context.request.fetch('/api/session')).status(), 401);
    await again.context.close();
    await context.close();
  });
});

describe('members', () => {
  test('get another role, which can be taken back; are removed after a question; the last owner stays', async () => {
    await server.addWorkspace('crew', 'Crew');
    const { page, name, watch, context } = await server.signIn('owner', { workspace: 'crew' });
    await open(page, 'members');
    const own = page.getByLabel(`Role of ${name}`);
    await own.selectOption('viewer');
    const question = page.getByRole('dialog', { name: 'Give up your own role?' });
    await question.waitFor();
    await assertAccessible(page);
    await question.getByRole('button', { name: 'Give it up' }).click();
    await question.getByText('A workspace keeps an owner').waitFor();
    await page.keyboard.press('Escape');
    await question.waitFor({ state: 'detached' });
    assert.equal(await own.inputValue(), 'owner');
    await page.getByRole('button', { name: 'Leave', exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Leave' }).click();
    await page.getByRole('dialog').getByText('A workspace keeps an owner').waitFor();
    await page.keyboard.press('Escape');
    watch.assertClean({ statuses: [409] });

    const made = await page.request.fetch('/api/invitations', {
      method: 'POST',
      data: { email: 'mia@example.com', role: 'viewer' },
      headers: { origin: server.base, 'clientele-workspace': 'crew' },
    });
    const mia = await server.visit();
    const secret = (await made.json()).link.split('#')[1];
    await mia.call('POST', '/api/links/accept', { secret, name: 'Mia Member', password: PASSWORD });
    await page.reload();
    await page.getByLabel('Role of Mia Member').selectOption('admin');
    await page.getByText('Mia Member is admin now.').waitFor();
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByText('Mia Member is viewer now.').waitFor();

    await page.getByRole('button', { name: 'Remove Mia Member' }).click();
    await page.getByRole('dialog', { name: 'Remove Mia Member?' }).waitFor();
    await assertAccessible(page);
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await page.getByText('Mia Member is no member any more.').waitFor();
    await row(page, 'Mia Member').waitFor({ state: 'detached' });
    await mia.context.close();
    await context.close();
  });

  test('are invited by keyboard alone; the link is shown once, and works', async () => {
    const { page, watch, context } = await server.signIn('admin');
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await open(page, 'members');
    await page.getByRole('button', { name: 'Invite somebody' }).press('Enter');
    await page.getByRole('dialog', { name: 'Invite somebody' }).waitFor();
    await assertAccessible(page);
    // Nobody grants a role above their own.
    assert.deepEqual(await page.getByRole('dialog').locator('option').allTextContents(), ['Viewer', 'Editor', 'Admin']);
    await page.keyboard.type('not an address');
    await page.keyboard.press('Enter');
    await page.locator('[aria-invalid=true]').waitFor();
    await page.keyboard.press('Control+a');
    await page.keyboard.type('nina@example.com');
    await page.keyboard.press('Enter');
    await page.getByText('Give this link to nina@example.com.').waitFor();
    await assertAccessible(page);
    await page.getByRole('button', { name: 'Copy the link' }).press('Enter');
    await page.getByText('Copied.').waitFor();
    const link = await page.evaluate(() => navigator.clipboard.readText());
    assert.ok(link.startsWith(`${server.base}/link#i`), link);
    await page.keyboard.press('Escape');
    await row(page, 'nina@example.com').getByText('Editor').waitFor();

    const nina = await server.visit();
    await nina.page.goto(link);
    await nina.page.getByRole('heading', { name: 'Join “Main”' }).waitFor();
    await page.getByRole('button', { name: 'Revoke the invitation of nina@example.com' }).press('Enter');
    await page.getByText('The invitation of nina@example.com is open no longer.').waitFor();
    await nina.page.getByLabel('Name').fill('Nina');
    await nina.page.getByLabel(/^Password/).fill(PASSWORD);
    await nina.page.keyboard.press('Enter');
    await nina.page.getByRole('heading', { level: 1, name: /link/ }).waitFor();
    await assertAccessible(nina.page);
    watch.assertClean({ statuses: [400] });
    await nina.context.close();
    await context.close();
  });
});

describe('keys', () => {
  test('are shown once, let a program in, and keep it out when they are revoked', async () => {
    const { page, watch, context } = await server.signIn('owner');
    await open(page, 'keys');
    await page.getByRole('button', { name: 'Create a key' }).click();
    await page.getByRole('dialog', { name: 'Create a key' }).waitFor();
    await page.keyboard.press('Enter');
    await page.locator('[aria-invalid=true]').waitFor();
    await page.keyboard.type('Web shop');
    await page.getByLabel('Role').selectOption('viewer');
    await page.getByRole('dialog').getByRole('button', { name: 'Create a key' }).click();
    await page.getByText('it is shown this once').waitFor();
    await assertAccessible(page);
    const key = await page.getByRole('group', { name: 'Key' }).locator('code').textContent();
    const ask = () => fetch(`${server.base}/api/customers`, { headers: { authorization: `Bearer ${key}` } });
    assert.equal((await ask()).status, 200);
    await page.getByRole('button', { name: 'Done' }).click();
    await row(page, 'Web shop').getByText('in force').waitFor();
    assert.equal((await page.content()).includes(key!), false);
    await page.getByRole('button', { name: 'Revoke Web shop' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
    await row(page, 'Web shop').getByText('revoked').waitFor();
    for (let status = 200; status !== 401; ) status = (await ask()).status;
    watch.assertClean({ statuses: [400] });
    await context.close();
  });
});

describe('the workspace', () => {
  test('has a name, which stands in the frame, and a region, in which phone numbers are read', async () => {
    await server.addWorkspace('north', 'North');
    const { page, watch, context, call } = await server.signIn('owner', { workspace: 'north' });
    await open(page, 'workspace');
    const name = page.getByRole('textbox', { name: 'Name', exact: true });
    await name.fill('');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.locator('[aria-invalid=true]').waitFor();
    await name.fill('North Sea & Söhne');
    await page.getByLabel('Region').selectOption('Norway');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved.').waitFor();
    await page.getByRole('banner').getByText('North Sea & Söhne').waitFor();
    // A server knows of the region within a second.
    for (let read: string | null = null, at = 0; read !== '+4722123456'; at++) {
      const kari = { first_name: 'Kari', last_name: 'Nordmann', email: `kari-${at}@example.com`, phone: '22 12 34 56' };
      read = (await call('POST', '/api/customers', kari)).phone_e164;
    }
    watch.assertClean({ statuses: [400] });
    await context.close();
  });
});

describe('how long customers are kept', () => {
  test('is a rule of the workspace, of which a wrong one is refused at its field', async () => {
    const { page, watch, context } = await server.signIn('admin');
    await open(page, 'workspace');
    const days = page.getByLabel('Erase deleted customers after');
    await days.fill('40000');
    await days.press('Enter');
    await page.getByText('Erase deleted after must be a whole number of 1 to 36500 days.').first().waitFor();
    assert.equal((await server.call('GET', '/api/retention')).body.erase_deleted_after_days, null);
    // Whoever goes on at once waits for no further look.
    await page.route('**/api/retention', async (route) => {
      if (route.request().method() === 'GET') await new Promise((resolve) => setTimeout(resolve, 3000));
      await route.continue().catch(() => {}); // the page may be closed by then
    });
    await days.fill('30');
    await days.press('Enter');
    await page.getByText('Saved.').waitFor();
    assert.deepEqual((await server.call('GET', '/api/retention')).body, {
      erase_deleted_after_days: 30,
      erase_inactive_after_days: null,
    });
    await days.fill('');
    const saved = page.waitForResponse((response) => response.request().method() === 'PATCH');
    await days.press('Enter');
    await saved;
    assert.equal((await server.call('GET', '/api/retention')).body.erase_deleted_after_days, null);
    await assertAccessible(page);
    watch.assertClean({ statuses: [400] });
    await context.close();
  });
});

// What comes between in the middle of work: a session that ends, a server that goes away, a workspace one is taken out of.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openProxy } from '../support/proxy.ts';
import { assertAccessible } from './axe.ts';
import { type ConsoleServer, PASSWORD, startConsole } from './console-server.ts';
import { focused, signIn, title } from './people-page.ts';

let server: ConsoleServer;
before(async () => {
  server = await startConsole();
});
after(() => server?.stop());

describe('in the middle of work', () => {
  test('a session that is ended in another browser asks to sign in over the page, and what was under way goes on', async () => {
    const { email, page, watch, context } = await server.signIn('editor');
    await page.goto('/settings/account');
    await page.getByLabel('Name').fill('Edith Editor');

    const elsewhere = await server.visit();
    await elsewhere.page.goto('/settings/account');
    await signIn(elsewhere.page, email, PASSWORD);
    await elsewhere.page.getByRole('button', { name: 'Sign out everywhere else' }).click();
    await elsewhere.page.getByText('Signed out everywhere else.').waitFor();

    await page.getByRole('button', { name: 'Save' }).click();
    const dialog = page.getByRole('dialog', { name: 'You have been signed out' });
    await dialog.waitFor();
    assert.equal(await dialog.getByLabel('Email').inputValue(), email);
    assert.equal(await focused(page), 'password');
    await assertAccessible(page);
    await page.keyboard.type('wrong');
    await page.keyboard.press('Enter');
    await dialog.getByRole('alert').waitFor();
    await dialog.getByLabel(/^Password/).fill(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByText('Saved.').waitFor();
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: /^Edith Editor.*Account menu$/ }).waitFor();

    // Whoever closes the dialog keeps what they typed, too, and reads why it was not saved.
    await elsewhere.page.reload();
    await elsewhere.page.getByRole('button', { name: 'Sign out everywhere else' }).click();
    await elsewhere.page.getByText('Signed out everywhere else.').waitFor();
    await page.getByLabel('Name').fill('Edith Editor-Jones');
    await page.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('alert').getByText('You are not signed in').waitFor();
    assert.equal(await page.getByLabel('Name').inputValue(), 'Edith Editor-Jones');
    // In another tab of the same browser somebody signs in: here it goes on by itself.
    await page.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor();
    await context.request.fetch('/api/session', {
      method: 'POST',
      data: { email, password: PASSWORD },
      headers: { origin: server.base },
    });
    await page.evaluate(() => dispatchEvent(new Event('focus')));
    await page.getByRole('button', { name: /^Edith Editor-Jones.*Account menu$/ }).waitFor();
    watch.assertClean({ statuses: [401] });
    await context.close();
    await elsewhere.context.close();
  });

  test('a server that goes away is told of until it is back; what was typed is saved then', async () => {
    const { page, context } = await server.signIn('owner');
    const { hostname, port } = new URL(server.base);
    const network = await openProxy({ host: hostname, port: Number(port) });
    await page.goto(`http://${hostname}:${network.port}/settings/account`);
    await page.getByLabel('Name').fill('Otto Owner');
    network.refuse(true);
    network.cut();
    await page.getByRole('button', { name: 'Save' }).click();
    const banner = page.getByRole('region', { name: 'Connection' });
    await banner.getByText('The server cannot be reached').waitFor();
    await page.locator('form').getByRole('alert').getByText('What you typed is kept').waitFor();
    await assertAccessible(page);
    assert.equal(await page.getByLabel('Name').inputValue(), 'Otto Owner');
    await banner.getByRole('button', { name: 'Try now' }).click();
    network.refuse(false);
    await page.getByText('The server can be reached again.').waitFor();
    await banner.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved.').waitFor();
    await page.getByRole('button', { name: /^Otto Owner.*Account menu$/ }).waitFor();

    // Without a network at all, the browser says so by itself.
    await context.setOffline(true);
    await banner.waitFor();
    await context.setOffline(false);
    await banner.waitFor({ state: 'detached' });
    await context.close();
    await network.close();
  });

  test('who is no member any more is shown what is left to them', async () => {
    const owner = await server.signIn('owner');
    const { page, email, context } = await server.signIn('editor');
    await page.goto('/customers');
    await title(page, 'Customers');
    const members = await owner.call('GET', '/api/members');
    const { id } = members.results.find((member: { email: string }) => member.email === email);
    await owner.call('DELETE', `/api/members/${id}`);
    await page.goto('/settings/account');
    await title(page, 'Your account');
    await page.getByRole('link', { name: 'Customers' }).click();
    await page.getByRole('heading', { name: 'You are in no workspace.' }).waitFor();
    await assertAccessible(page);
    await context.close();
    await owner.context.close();
  });
});

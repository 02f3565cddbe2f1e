// The dashboard in a browser: exact figures that lead to whom they count, charts that can be read without eyes or a mouse.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { assertAccessible } from './axe.ts';
import type { Page } from './browser.ts';
import { openPage, overflowOf, tabTo } from './bulk-work.ts';
import { type ConsoleServer, startConsole } from './console-server.ts';

const DAY = 86_400_000;
const daysAgo = (days: number) => new Date(Date.now() - days * DAY).toISOString();
const dateOf = (days: number) => daysAgo(days).slice(0, 10);
const named = (days: number) =>
  new Intl.DateTimeFormat('en-US', { dateStyle: 'medium', timeZone: 'UTC' }).format(Date.parse(dateOf(days)));

let server: ConsoleServer;
before(async () => {
  server = await startConsole();
});
after(() => server.stop());

const heading = (page: Page, name: string) => page.getByRole('heading', { name, exact: true });
const plot = (page: Page, name: string) => page.getByRole('slider', { name: new RegExp(`^${name}:`) });

/** Customers who were created so many days ago. */
async function createAt(...days: number[]): Promise<void> {
  const rows = days.map((day, index) => `Ada,Lovelace,day${day}.${index}@example.com,${daysAgo(day)}\n`);
  const headers = { 'content-type': 'text/csv' };
  const { body } = await server.call(
    'POST',
    '/api/imports',
    `first_name,last_name,email,created_at\n${rows.join('')}`,
    headers,
  );
  const until = async (state: string) => {
    while ((await server.call('GET', `/api/imports/${body.id}`)).body.state !== state)
      await new Promise((resolve) => setTimeout(resolve, 20));
  };
  await until('checked');
  await server.call('POST', `/api/imports/${body.id}/run`);
  await until('done');
}

describe('the dashboard', () => {
  test('of a workspace without customers says what to do', async () => {
    const { page, watch } = await openPage(server, '/dashboard');
    await heading(page, 'There are no customers yet').waitFor();
    await page.getByRole('link', { name: 'Import a file' }).waitFor();
    await page.getByText('No customer was changed of late.').waitFor();
    await assertAccessible(page);
    watch.assertClean();
  });

  test('counts exactly, and each figure leads to the customers that it counts', async () => {
    await createAt(3, 3, 3, 10, 200);
    const { body } = await server.call('GET', '/api/customers?limit=1');
    await server.call('POST', `/api/customers/${body.results[0].id}/deactivate`);
    const { page, watch } = await openPage(server, '/dashboard');
    const figures = page.locator('section', { has: heading(page, 'Customers now') });
    await figures.waitFor();
    assert.deepEqual(await figures.locator('dd a').allTextContents(), ['5', '4', '1']);
    await page.getByRole('img', { name: 'Active share. 80% of the customers are active: 4 of 5.' }).waitFor();
    await page.getByText('4 new customers from').first().waitFor();
    await figures.getByRole('link', { name: '1', exact: true }).click();
    await page.waitForURL(/\/customers\?.*is_active=false/);
    watch.assertClean();
  });

  test('has charts that are read by arrow keys, and as tables', async () => {
    const { page, watch } = await openPage(server, '/dashboard?days=30&by=day');
    const fresh = plot(page, 'New customers');
    await tabTo(page, fresh);
    const told = () => fresh.getAttribute('aria-valuetext');
    assert.equal(await told(), `${named(0)}: 0 new customers`);
    for (let presses = 0; presses < 3; presses++) await page.keyboard.press('ArrowLeft');
    assert.equal(await told(), `${named(3)}: 3 new customers`);
    await page.keyboard.press('PageDown');
    assert.equal(await told(), `${named(10)}: 1 new customer`);
    await page.keyboard.press('Home');
    assert.equal(await told(), `${named(29)}: 0 new customers`);
    const growth = plot(page, 'All customers over time');
    assert.equal(await growth.getAttribute('aria-valuetext'), `${named(0)}: 5 customers`);

    await tabTo(page, page.getByRole('button', { name: 'Show as table' }).first());
    await page.keyboard.press('Enter');
    const table = page.getByRole('region', { name: 'New customers' }).getByRole('table');
    await table.getByRole('row', { name: `${named(3)} 3` }).waitFor();
    assert.equal(await table.getByRole('row').count(), 31);
    await assertAccessible(page);
    await table.getByRole('link', { name: named(3) }).click();
    await page.waitForURL((url) => {
      const { searchParams } = url;
      return (
        url.pathname === '/customers' &&
        searchParams.get('created_at[gte]') === `${dateOf(3)}T00:00:00Z` &&
        searchParams.get('created_at[lt]') === `${dateOf(2)}T00:00:00Z`
      );
    });
    // Back leads to the same range and step.
    await page.goBack();
    assert.equal(await page.getByLabel('Time', { exact: true }).inputValue(), '30');
    watch.assertClean();
  });

  test('keeps range and step in its address', async () => {
    const { page, watch } = await openPage(server, '/dashboard');
    await page.getByLabel('Time', { exact: true }).selectOption('Last year');
    await page.waitForURL(/days=365/);
    assert.equal(await page.getByLabel('By').inputValue(), 'week');
    await page.getByLabel('By').selectOption('Month');
    await page.waitForURL(/by=month/);
    await page.getByText('5 new customers from').waitFor();
    await page.reload();
    await page.getByText('5 new customers from').waitFor();
    assert.equal(await page.getByLabel('By').inputValue(), 'month');
    assert.ok(Number(await plot(page, 'New customers').getAttribute('aria-valuemax')) <= 13);
    watch.assertClean();
  });

  test('tells of recent changes, those that belong together as one, markup as text', async () => {
    const { body } = await server.call('POST', '/api/customers', {
      first_name: 'Grace',
      last_name: 'Hopper',
      email: 'grace@example.com',
      external_id: '<img src=x onerror=alert(1)>',
    });
    await server.call('PATCH', `/api/customers/${body.id}`, { phone: '020 7946 0958' });
    const { page, watch } = await openPage(server, '/dashboard');
    const recent = page.locator('section', { has: heading(page, 'Recent changes') });
    await recent.getByText('Grace Hopper was changed: phone').waitFor();
    await recent.getByRole('link', { name: '5 changes at once' }).click();
    await page.getByRole('dialog', { name: 'Import of import.csv' }).waitFor();
    watch.assertClean();
  });

  test('counts on while it is open', async () => {
    const { page, watch } = await openPage(server, '/dashboard');
    const total = page
      .locator('section', { has: heading(page, 'Customers now') })
      .locator('dd a')
      .first();
    await total.waitFor();
    const before = Number(await total.textContent());
    await server.call('POST', '/api/customers', { first_name: 'Live', last_name: 'One', email: 'live@example.com' });
    await page.getByText('Live One').waitFor();
    await total.getByText(String(before + 1)).waitFor();
    watch.assertClean();
  });

  test('says what is wrong where the server does not answer, and tries again', async () => {
    const { page, context, watch } = await openPage(server, '/customers');
    await context.route('**/api/customers/stats*', (route) =>
      route.fulfill({
        status: 500,
        contentType: 'application/problem+json',
        body: JSON.stringify({ code: 'internal', detail: 'Something went wrong on our side.' }),
      }),
    );
    await page.goto(`/dashboard`);
    await page.getByRole('alert').getByText('Something went wrong on our side.').waitFor();
    await assertAccessible(page);
    await context.unroute('**/api/customers/stats*');
    await page.getByRole('button', { name: 'Try again' }).click();
    await heading(page, 'Customers now').waitFor();
    watch.assertClean({ statuses: [500] });
  });

  test('is accessible and fits a phone', async () => {
    const { page, watch } = await openPage(server, '/dashboard');
    await heading(page, 'New customers').waitFor();
    await assertAccessible(page);
    await page.setViewportSize({ width: 390, height: 844 });
    await assertAccessible(page);
    assert.equal(await overflowOf(page), 0);
    watch.assertClean();
  });
});

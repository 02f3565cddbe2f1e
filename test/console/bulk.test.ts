// What is done to many at once, in a browser: followed on every page, stopped, taken back, looked up.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import type { Cause } from '#contract/causes.ts';
import { holdCustomers } from '../support/holds.ts';
import { assertAccessible } from './axe.ts';
import type { Page } from './browser.ts';
import { openPage, tabTo } from './bulk-work.ts';
import { type ConsoleServer, startConsole } from './console-server.ts';

let server: ConsoleServer;
before(async () => {
  server = await startConsole();
});
after(() => server.stop());

let serial = 0;
/** Customers whom a word of their own finds. */
async function customers(count: number): Promise<{ word: string; ids: string[] }> {
  const word = `blk${++serial}q`;
  const items = Array.from({ length: count }, (_, index) => ({
    action: 'create',
    customer: { first_name: 'Ada', last_name: 'Lovelace', email: `${word}.${index}@example.com` },
  }));
  const { body } = await server.call('POST', '/api/customers/batch', { items });
  return { word, ids: body.results.map(({ customer }: { customer: { id: string } }) => customer.id) };
}
const active = async (word: string) =>
  (await server.call('GET', `/api/customers?search=${word}&is_active=true`)).body.count as number;

/** As the page of the person themself asks for it. */
const bulkEdit = (page: Page, edit: object): Promise<Cause> =>
  page.evaluate(async (body) => {
    const headers = { 'content-type': 'application/json', 'clientele-workspace': 'main' };
    const reply = await fetch('/api/customers/bulk-edits', { method: 'POST', headers, body: JSON.stringify(body) });
    return reply.json();
  }, edit);
const dock = (page: Page) => page.getByRole('region', { name: 'Under way' });
const details = (page: Page) => page.getByRole('dialog');

describe('what is under way', () => {
  test('is followed again after the page is loaded anew, on every page, and taken back by keyboard', async () => {
    const { word, ids } = await customers(40);
    const { page, watch } = await openPage(server, '/imports');
    const release = await holdCustomers(server, ids);
    try {
      await bulkEdit(page, { filter: { search: word }, action: 'deactivate' });
      await page.reload();
      await dock(page).getByRole('progressbar', { name: 'Deactivate customers' }).waitFor();
    } finally {
      await release();
    }
    await page.getByText('Deactivate customers: 40 changed.').waitFor();
    await page.goto(`/activity`);
    const row = page.getByRole('row', { name: /Deactivate customers.*40 changed/ });
    await row.waitFor();
    assert.equal(await active(word), 0);
    await tabTo(page, row.getByRole('button', { name: 'Undo Deactivate customers' }));
    await page.keyboard.press('Enter');
    await page.getByText('Undo: Deactivate customers: 40 changed.').waitFor();
    assert.equal(await active(word), 40);
    await page.getByRole('row', { name: /^Deactivate customers Undone/ }).waitFor();
    watch.assertClean();
  });

  test('is stopped from the dock; what is done stays, and is told', async () => {
    const { word, ids } = await customers(1000);
    const { page, watch } = await openPage(server, '/imports');
    await page.getByText('Drop a CSV file here').waitFor();
    const release = await holdCustomers(server, ids);
    let cause: Cause;
    try {
      cause = await bulkEdit(page, { filter: { search: word }, action: 'deactivate' });
      await page.reload();
      await dock(page).getByRole('progressbar', { name: 'Deactivate customers' }).waitFor();
      await assertAccessible(page);
      await page.getByRole('link', { name: 'Dashboard' }).click();
      await page.getByRole('heading', { name: 'Dashboard' }).and(page.locator(':focus')).waitFor();
      await tabTo(page, dock(page).getByRole('button', { name: 'Stop Deactivate customers' }));
      // A look that was under way brings the same news; they are told once.
      const stopping = page.waitForResponse((reply) => reply.url().endsWith('/cancel'));
      const ofCause = new RegExp(`/api/causes/${cause.id}$`);
      const looking = page.waitForRequest(ofCause);
      await page.route(ofCause, async (route) => {
        await stopping;
        await route.continue();
      });
      const pending = await looking;
      await page.keyboard.press('Enter');
      await page.getByText('Deactivate customers: stopped.').first().waitFor();
      await (await pending.response())!.finished();
      await page.waitForTimeout(100);
      assert.equal(await page.getByText('Deactivate customers: stopped.').count(), 1);
    } finally {
      await release();
    }
    await customers(1); // a write, which comes after the batch that was held
    const { body } = await server.call('GET', `/api/causes/${cause.id}`);
    assert.equal(body.state, 'cancelled');
    assert.equal(await active(word), 1000 - body.progress.changed);
    watch.assertClean();
  });
});

describe('activity', () => {
  test('shows each cause with what was asked for, at an address of its own, and closes with Esc', async () => {
    const { word, ids } = await customers(3);
    const { page, watch } = await openPage(server, '/activity');
    const cause = await bulkEdit(page, {
      ids: ids.slice(0, 2),
      action: 'update',
      customer: { phone: '020 7946 0958' },
    });
    await page.reload();
    const row = page.getByRole('row', { name: /Set phone Done 2 changed Editor/ });
    await row.getByRole('link', { name: 'Set phone' }).click();
    await page.waitForURL(new RegExp(`/activity/${cause.id}$`));
    await details(page).getByText('2 customers chosen one by one').waitFor();
    await details(page).getByText('Phone: 020 7946 0958').waitFor();
    await assertAccessible(page);
    await page.keyboard.press('Escape');
    await page.waitForURL(/\/activity$/);
    await bulkEdit(page, { filter: { search: word, is_active: 'true' }, action: 'delete' });
    await page.reload();
    await page
      .getByRole('row', { name: /^Delete customers Done/ })
      .getByRole('link')
      .click();
    await details(page).getByText(`All who matched: search = ${word}, is_active = true`).waitFor();
    watch.assertClean();
  });

  test('lists what an undo left as it was', async () => {
    const { ids } = await customers(3);
    const { page, watch } = await openPage(server, '/activity');
    await bulkEdit(page, { ids, action: 'update', customer: { phone: '020 7946 0958' } });
    await page.reload();
    const row = page.getByRole('row', { name: /Set phone Done 3 changed/ });
    await row.waitFor();
    await server.call('PATCH', `/api/customers/${ids[0]}`, { phone: '+44 20 7946 0000' });
    await server.call('DELETE', `/api/customers/${ids[1]}`);
    await row.getByRole('button', { name: 'Undo Set phone' }).click();
    await page.getByText('Undo: Set phone: 1 changed, 2 kept.').waitFor();
    await page
      .getByRole('row', { name: /^Undo: Set phone/ })
      .getByRole('link')
      .click();
    await details(page).getByText('Phone: changed since').waitFor();
    await details(page).getByText('Phone: the customer is deleted').waitFor();
    await details(page).getByRole('link', { name: 'A customer who is deleted now' }).waitFor();
    await assertAccessible(page);
    watch.assertClean({ statuses: [404] });
  });

  test('says so where there is none at the address', async () => {
    const { page, watch } = await openPage(server, '/activity/01890000-0000-7000-8000-000000000000');
    await details(page).getByText('There is no such activity here.').waitFor();
    await assertAccessible(page);
    watch.assertClean({ statuses: [404] });
  });

  test('is accessible, dark and on a phone', async () => {
    const { page, watch } = await openPage(server, '/activity', { dark: true, phone: true });
    await page.getByRole('heading', { name: 'What was done' }).waitFor();
    await assertAccessible(page);
    watch.assertClean();
  });
});

describe('a selection of the list', () => {
  const bar = (page: Page) => page.getByRole('region', { name: 'What to do with the selection' });

  test('is deactivated at once by keyboard, and that is taken back from the message', async () => {
    const { word } = await customers(3);
    const { page, watch } = await openPage(server, `/customers?search=${word}`);
    const first = page.getByRole('gridcell').first();
    await first.waitFor();
    await tabTo(page, page.getByRole('grid'));
    await page.keyboard.press('x');
    await page.keyboard.press('j');
    await page.keyboard.press('x');
    await bar(page).getByText('2 selected').waitFor();
    await assertAccessible(page);
    await tabTo(page, bar(page).getByRole('button', { name: 'Deactivate' }));
    await page.keyboard.press('Enter');
    await page.getByText('Deactivate customers: 2 changed.').waitFor();
    assert.equal(await bar(page).count(), 0);
    // Whoever works by keyboard goes on in the list.
    await page.waitForFunction(() => document.querySelector('[role=grid]')!.contains(document.activeElement));
    assert.equal(await active(word), 1);
    // Where it took long, the button says what it undoes.
    await tabTo(page, page.getByRole('button', { name: /^Undo( Deactivate customers)?$/ }));
    await page.keyboard.press('Enter');
    await page.getByText('Undo: Deactivate customers: 2 changed.').waitFor();
    assert.equal(await active(word), 3);
    watch.assertClean();
  });

  test('of all who match is deleted after the number was said, and comes back', async () => {
    const { word } = await customers(70);
    const { page, watch } = await openPage(server, `/customers?search=${word}`);
    await page.getByRole('checkbox', { name: 'Select all that match' }).click();
    await bar(page).getByRole('button', { name: 'Delete…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Delete 70 customers?' });
    await dialog.waitFor();
    await assertAccessible(page);
    await page.keyboard.press('Escape');
    assert.equal(await active(word), 70);
    await bar(page).getByRole('button', { name: 'Delete…' }).click();
    await dialog.getByRole('button', { name: 'Delete 70 customers' }).click();
    await page.getByText('Delete customers: 70 changed.').waitFor();
    assert.equal(await dialog.count(), 0);
    assert.equal(await active(word), 0);
    await page.getByRole('button', { name: /^Undo( Delete customers)?$/ }).click();
    await page.getByText('Undo: Delete customers: 70 changed.').waitFor();
    assert.equal(await active(word), 70);
    watch.assertClean();
  });

  test('gets a field; a value that is refused stays, with the reason beside it', async () => {
    const { word, ids } = await customers(2);
    const { page, watch } = await openPage(server, `/customers?search=${word}`);
    await page.getByRole('checkbox', { name: 'Select all that match' }).click();
    await bar(page).getByRole('button', { name: 'Set a field…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('New value').fill('12');
    await dialog.getByRole('button', { name: 'Change 2 customers' }).click();
    await dialog.getByText('Phone must have 7 to 15 digits.').waitFor();
    assert.equal(await dialog.getByLabel('New value').inputValue(), '12');
    await assertAccessible(page);
    await dialog.getByLabel('New value').fill('020 7946 0958');
    await page.keyboard.press('Enter');
    await page.getByText('Set phone: 2 changed.').waitFor();
    await page.waitForFunction(() => document.querySelector('[role=grid]')!.contains(document.activeElement));
    const { body } = await server.call('GET', `/api/customers/${ids[0]}`);
    assert.equal(body.phone, '020 7946 0958');
    watch.assertClean({ statuses: [400] });
  });

  test('keeps its question where the server cannot be reached', async () => {
    const { word } = await customers(2);
    const { page, context } = await openPage(server, `/customers?search=${word}`);
    await page.getByRole('checkbox', { name: 'Select all that match' }).click();
    await bar(page).getByRole('button', { name: 'Set a field…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('New value').fill('020 7946 0958');
    await dialog.getByRole('button', { name: 'Change 2 customers' }).waitFor();
    await context.route('**/api/customers/bulk-edits', (route) => route.abort());
    await dialog.getByRole('button', { name: 'Change 2 customers' }).click();
    await dialog.getByText('The server cannot be reached.').waitFor();
    assert.equal(await dialog.getByLabel('New value').inputValue(), '020 7946 0958');
    await context.unroute('**/api/customers/bulk-edits');
    await dialog.getByRole('button', { name: 'Change 2 customers' }).click();
    await page.getByText('Set phone: 2 changed.').waitFor();
  });
});

describe('an export', () => {
  test('has the customers that the list shows, as a download of its own', async () => {
    const { word } = await customers(5);
    const { page, watch } = await openPage(server, `/customers?search=${word}`);
    await tabTo(page, page.getByRole('button', { name: 'Export' }));
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Export customers' });
    await dialog.getByText('5 customers will be in the file.').waitFor();
    await assertAccessible(page);
    await dialog.getByLabel('Format').selectOption('jsonl');
    const downloading = page.waitForEvent('download');
    await tabTo(page, dialog.getByRole('button', { name: 'Download' }));
    await page.keyboard.press('Enter');
    const file = await downloading;
    const lines = (await readFile(await file.path(), 'utf8')).trim().split('\n');
    assert.equal(lines.length, 5);
    assert.ok(lines.every((line) => JSON.parse(line).email.startsWith(word)));
    watch.assertClean();
  });
});

describe('somebody who may look on only', () => {
  test('is offered nothing that their role may not do', async () => {
    const { word } = await customers(2);
    const editor = await openPage(server, '/activity');
    await bulkEdit(editor.page, { filter: { search: word }, action: 'deactivate' });
    const { page, watch } = await openPage(server, '/activity', { role: 'viewer' });
    await page
      .getByRole('row', { name: /^Deactivate customers Done 2 changed/ })
      .first()
      .waitFor();
    assert.equal(await page.getByRole('button', { name: /^Undo/ }).count(), 0);
    await page.getByRole('link', { name: 'Imports' }).click();
    await page.getByText('No file was imported yet').waitFor();
    assert.equal(await page.getByText('Drop a CSV file here').count(), 0);
    watch.assertClean();
  });
});

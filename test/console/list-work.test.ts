// What people do in the list of customers, and what they see of what others do meanwhile.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import pg from 'pg';
import type { Customer } from '#contract/customers.ts';
import { assertAccessible } from './axe.ts';
import type { Page } from './browser.ts';
import { type ConsoleServer, startConsole, type Visitor } from './console-server.ts';
import { gridOf, openList, openLiveList, rowAt, seenRows } from './list-page.ts';

let server: ConsoleServer;
let editor: Visitor;
/** The editor's; a test that has requests fail takes one of its own. */
let page: Page;
let sql: pg.Client;

before(async () => {
  server = await startConsole();
  sql = new pg.Client(server.connection);
  await sql.connect();
  editor = await server.signIn('editor');
  page = editor.page;
});
after(async () => {
  await sql.end();
  await server.stop();
});
/** The customers of a test, in the order of their last names. */
let some: Customer[];
beforeEach(async () => {
  page = editor.page;
  const { results } = (await server.call('GET', '/api/customers?limit=200')).body;
  for (const { id } of results) await server.call('DELETE', `/api/customers/${id}`);
  some = [];
  for (const last of ['Abel', 'Bell', 'Curie', 'Dirac'])
    some.push((await server.call('POST', '/api/customers', input(last))).body);
});

const input = (last_name: string, fields: object = {}) => ({
  first_name: 'Ada',
  last_name,
  email: `${last_name.toLowerCase()}@example.com`,
  ...fields,
});
/** Works in a page of its own, in which requests may fail, until what it answers is called. */
async function apart(): Promise<() => Promise<void>> {
  const other = await editor.context.newPage();
  other.setDefaultTimeout(10_000);
  page = other;
  return async () => {
    page = editor.page;
    await other.close();
  };
}
const cell = (index: number, name: string) => rowAt(page, index).locator(`[data-column="${name}"]`);
const stored = async (at: number): Promise<Customer> =>
  (await server.call('GET', `/api/customers/${some[at]!.id}`)).body;
const change = (at: number, fields: object) => server.call('PATCH', `/api/customers/${some[at]!.id}`, fields);
/** Puts the keyboard on a cell. */
async function goToCell(down: number, right: number): Promise<void> {
  await gridOf(page).focus();
  await page.keyboard.press('Home');
  for (let step = 0; step < 8; step++) await page.keyboard.press('ArrowLeft');
  for (let step = 0; step < down; step++) await page.keyboard.press('ArrowDown');
  for (let step = 0; step < right; step++) await page.keyboard.press('ArrowRight');
}

describe('a value edited in its cell', () => {
  test('is saved by Enter and taken back by Undo, by keyboard alone', async () => {
    await openList(page);
    await goToCell(1, 4);
    await page.keyboard.press('F2');
    await page.keyboard.type('+44 20 7946 0958');
    await page.keyboard.press('Enter');
    await page.getByText('Phone saved.').waitFor();
    assert.equal((await stored(1)).phone, '+44 20 7946 0958');
    assert.match((await cell(1, 'phone').textContent())!, /7946/);
    assert.ok(await gridOf(page).evaluate((element) => element === document.activeElement));
    await page.getByRole('button', { name: 'Undo' }).focus();
    await page.keyboard.press('Enter');
    await page.getByText('Undone.').waitFor();
    assert.equal((await stored(1)).phone, null);
    await page.waitForFunction(() => !document.querySelector('[data-index="1"]')!.textContent!.includes('7946'));
  });

  test('goes on to the next cell by Tab, and is left as it was by Esc', async () => {
    await openList(page);
    await goToCell(0, 1);
    await page.keyboard.press('Enter');
    await page.keyboard.type('Grace');
    await page.keyboard.press('Tab');
    await page.getByRole('textbox', { name: 'Edit Last name' }).and(page.locator(':focus')).waitFor();
    assert.equal((await stored(0)).first_name, 'Grace');
    await page.keyboard.type('Nobody');
    await page.keyboard.press('Escape');
    assert.equal(await cell(0, 'last_name').textContent(), 'Abel');
    assert.equal((await stored(0)).last_name, 'Abel');
    // The status is switched rather than typed.
    await goToCell(2, 5);
    await page.keyboard.press('Enter');
    await cell(2, 'is_active').getByText('Inactive').waitFor();
    assert.equal((await stored(2)).is_active, false);
  });

  test('that is refused stays there with the reason, until it is put right', async () => {
    await openList(page);
    await cell(0, 'email').hover();
    await cell(0, 'email').getByRole('button', { name: 'Edit Email' }).click();
    const field = page.getByRole('textbox', { name: 'Edit Email' });
    await field.fill('bell@example.com');
    await page.keyboard.press('Tab');
    await page.getByRole('alert').getByText('A customer with this email already exists.').waitFor();
    assert.equal(await field.inputValue(), 'bell@example.com');
    assert.equal(await field.getAttribute('aria-invalid'), 'true');
    await assertAccessible(page);
    await field.fill('grace@example.com');
    await page.keyboard.press('Enter');
    await page.getByText('Email saved.').waitFor();
    assert.equal((await stored(0)).email, 'grace@example.com');
  });

  test('that somebody else has changed meanwhile is for the person to decide; what else they changed is kept', async () => {
    // Without the stream the list does not hear of it.
    const lost = await apart();
    await page.route('**/api/events/stream*', (route) => route.abort());
    await openList(page);
    await goToCell(3, 1);
    await page.keyboard.press('Enter');
    await change(3, { first_name: 'Emmy', phone: '+44 20 7946 0000' });
    await page.keyboard.type('Grace');
    await page.keyboard.press('Enter');
    await page.getByText('Somebody has changed it to “Emmy” meanwhile.').waitFor();
    await page.getByRole('button', { name: 'Keep mine' }).and(page.locator(':focus')).waitFor();
    await page.keyboard.press('Enter');
    await page.getByText('First name saved.').waitFor();
    const { first_name, phone } = await stored(3);
    assert.deepEqual([first_name, phone], ['Grace', '+44 20 7946 0000']);
    await change(3, { phone: null });
    await goToCell(3, 1);
    await page.keyboard.press('Enter');
    await page.keyboard.type('Lise');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.querySelector('[data-index="3"]')!.textContent!.includes('Lise'));
    assert.deepEqual([(await stored(3)).first_name, (await stored(3)).phone], ['Lise', null]);
    await lost();
  });

  test('is not lost when the server cannot be reached', async () => {
    const found = await apart();
    await openList(page);
    // A page that has just been opened may read its rows once more, as soon as it hears of changes.
    await seenRows(page);
    await goToCell(0, 1);
    await page.keyboard.press('Enter');
    await page.getByRole('textbox', { name: 'Edit First name' }).waitFor();
    await page.route('**/api/customers/*', (route) => route.abort());
    await page.keyboard.type('Grace');
    await page.keyboard.press('Enter');
    await gridOf(page).getByRole('alert').getByText('The server cannot be reached').waitFor();
    assert.equal(await page.getByRole('textbox', { name: 'Edit First name' }).inputValue(), 'Grace');
    await page.unroute('**/api/customers/*');
    await page.getByRole('textbox', { name: 'Edit First name' }).press('Enter');
    await page.getByText('First name saved.').waitFor();
    await found();
  });
});

describe('what others do', () => {
  test('is seen in place, and in order once somebody wants it', async () => {
    await openLiveList(page);
    await page.getByText('4 customers').waitFor();
    await change(1, { phone: '+44 20 7946 0958' });
    await cell(1, 'phone').getByText('+44 20 7946 0958').waitFor();
    await change(0, { last_name: 'Zuse' });
    await cell(0, 'last_name').getByText('Zuse').waitFor();
    await server.call('POST', '/api/customers', input('Babbage'));
    await page.getByRole('button', { name: '2 changed: refresh order' }).waitFor();
    await page.getByText('5 customers').waitFor();
    await server.call('DELETE', `/api/customers/${some[2]!.id}`);
    await rowAt(page, 2).getByText('Deleted').waitFor();
    await page.getByText('4 customers').waitFor();
    await assertAccessible(page);
    await goToCell(3, 2);
    await page.getByRole('button', { name: '2 changed: refresh order' }).click();
    await page.waitForFunction(
      () =>
        [...document.querySelectorAll('[data-column="last_name"]')].map((one) => one.textContent).join() ===
        'Babbage,Bell,Dirac,Zuse',
    );
    // The keyboard is where it was, though that has moved up.
    await page.keyboard.press('Enter');
    assert.equal(await page.getByRole('textbox', { name: 'Edit Last name' }).inputValue(), 'Dirac');
    await page.keyboard.press('Escape');
  });

  test('is heard again after the connection was lost, without a gap', async () => {
    // Somebody else's browser: the pages of one lose the connection together.
    const visitor = await server.signIn('editor');
    page = visitor.page;
    await openLiveList(page);
    await visitor.context.setOffline(true);
    await change(1, { phone: '+44 20 7946 1111' });
    await visitor.context.setOffline(false);
    await cell(1, 'phone').getByText('+44 20 7946 1111').waitFor();
    page = editor.page;
    await visitor.context.close();
  });
});

describe('names with markup', () => {
  test('are text, in cells, marked and in the record', async () => {
    await sql.query(
      `UPDATE customers SET first_name = '<img src=x onerror=alert(1)>', last_name = '<b>Abel</b>' WHERE id = $1`,
      [some[0]!.id],
    );
    await openList(page);
    await rowAt(page, 0).getByText('<img src=x onerror=alert(1)>').waitFor();
    await page.getByLabel('Search customers').fill('abel');
    await page.locator('mark').first().waitFor();
    assert.equal(await page.locator('[role=grid] img, [role=grid] b').count(), 0);
  });
});

describe('a list', () => {
  test('is kept under a name, opened, shared, renamed and deleted', async () => {
    await openList(page, '?search=ada&ordering=email');
    await page.getByRole('button', { name: 'Views' }).click();
    await page.getByRole('button', { name: 'Save this view…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Save view' });
    await dialog.getByLabel('Name').fill('All called Ada');
    await dialog.getByLabel('Share with everybody in the workspace').check();
    await page.keyboard.press('Enter');
    await page.waitForURL(/view=/);
    const colleague = await server.signIn('viewer');
    await openList(colleague.page);
    await colleague.page.getByRole('button', { name: 'Views' }).click();
    await colleague.page.getByRole('button', { name: /All called Ada/ }).click();
    await colleague.page.waitForURL(/search=ada&ordering=email/);
    await rowAt(colleague.page, 0).locator('mark').first().waitFor();
    // Of somebody else's view a viewer has only the use.
    await colleague.page.getByRole('button', { name: 'All called Ada' }).click();
    assert.equal(await colleague.page.getByRole('button', { name: /^(Rename|Delete)/ }).count(), 0);
    assert.equal(await colleague.page.getByRole('button', { name: 'New customer' }).count(), 0);
    colleague.watch.assertClean();
    await colleague.context.close();
    await page.getByRole('button', { name: 'All called Ada' }).click();
    await page.getByRole('button', { name: 'Delete “All called Ada”' }).click();
    await page.getByText('Deleted the view “All called Ada”.').waitFor();
    await page.keyboard.press('Escape');
  });

  test('without anybody says how they come, and one where nobody matches how to see them', async () => {
    await openList(page, '?search=ada');
    await page.getByLabel('Search customers').fill('nobody is called this');
    await page.getByRole('heading', { name: 'No customer matches' }).waitFor();
    await assertAccessible(page);
    await page.getByRole('button', { name: 'Clear all filters' }).click();
    await rowAt(page, 3).waitFor();
    for (const { id } of some) await server.call('DELETE', `/api/customers/${id}`);
    await page.reload();
    await page.getByRole('heading', { name: 'No customers yet' }).waitFor();
    await page.getByText('curl').waitFor();
    await assertAccessible(page);
    await page.keyboard.press('c');
    await page.getByRole('dialog', { name: 'New customer' }).waitFor();
    await page.keyboard.press('Escape');
  });

  test('that cannot be had says why, keeps what is there, and is had by trying again', async () => {
    await openList(page);
    await page.route('**/api/customers?*', (route) =>
      route.fulfill({
        status: 500,
        contentType: 'application/problem+json',
        body: JSON.stringify({ status: 500, code: 'internal', detail: 'Something went wrong on our side.' }),
      }),
    );
    await page.getByLabel('Search customers').fill('bell');
    await page.getByRole('alert').getByText('Something went wrong on our side.').waitFor();
    assert.equal(await rowAt(page, 3).count(), 1);
    await assertAccessible(page);
    await page.unroute('**/api/customers?*');
    await page.getByRole('button', { name: 'Try again' }).click();
    await rowAt(page, 0).locator('mark').first().waitFor();
    assert.equal(await rowAt(page, 1).count(), 0);
  });

  test('is open to people who see little or hear: no fault in light or dark, on a desk or a phone', async () => {
    for (const look of [{ dark: true }, { phone: true }]) {
      const visitor = await server.signIn('editor', look);
      await openList(visitor.page);
      await assertAccessible(visitor.page, JSON.stringify(look));
      if (look.phone) {
        await rowAt(visitor.page, 1).tap();
        await visitor.page.getByRole('complementary', { name: 'Customer' }).getByText('Ada Bell').first().waitFor();
      }
      visitor.watch.assertClean();
      await visitor.context.close();
    }
    await openList(page);
    await assertAccessible(page);
    await page.getByRole('button', { name: 'Filters' }).click();
    await page.getByRole('dialog', { name: 'Filter customers' }).waitFor();
    await assertAccessible(page);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Columns' }).click();
    await assertAccessible(page);
  });
});

test('nothing that a page must not do was done', () => editor.watch.assertClean({ statuses: [400, 412, 500] }));

// The list of customers in a real browser: two hundred thousand of them, of which the screen shows twenty.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { findWorkspace } from '#server/access/access.ts';
import type { Page } from './browser.ts';
import { type ConsoleServer, startConsole, type Visitor } from './console-server.ts';
import { fillWithNames, idsInOrder } from './fill.ts';
import { activeText, dragTo, gridOf, openList, rowAt, seenRows } from './list-page.ts';

const MANY = 200_000;

let server: ConsoleServer;
let workspace_id: number;
let editor: Visitor;
let page: Page;
let ids: string[];

before(async () => {
  server = await startConsole();
  workspace_id = (await findWorkspace(server.database, 'main'))!.id;
  await fillWithNames(server, workspace_id, MANY);
  ids = await idsInOrder(server, workspace_id, 'last_key, first_key, id');
  editor = await server.signIn('editor');
  page = editor.page;
});
after(() => server.stop());

const query = () => new URL(page.url()).search;
/** Numbers that follow each other. */
const following = (numbers: number[]) => numbers.every((number, at) => number === numbers[0]! + at);
const placesOf = (rows: { id: string }[]) => rows.map(({ id }) => ids.indexOf(id));

describe('a list of very many', () => {
  test('shows its first rows and how many there are, with few elements', async () => {
    await openList(page);
    await page.getByText('200,000 customers').waitFor();
    assert.equal(await gridOf(page).getAttribute('aria-rowcount'), String(MANY + 1));
    const rows = await seenRows(page);
    assert.deepEqual(
      rows.map(({ id }) => id),
      ids.slice(0, rows.length),
    );
    assert.equal(await rowAt(page, 3).getAttribute('aria-rowindex'), '5');
    const count = await page.getByRole('row').count();
    assert.ok(count < 60, `${count} rows`);
  });

  test('can be entered anywhere by its scrollbar, in the order of the list, exactly at both ends', async () => {
    await openList(page);
    for (const part of [0.5, 0.123, 0.9, 0.31]) {
      await dragTo(page, part);
      const places = placesOf(await seenRows(page));
      assert.ok(following(places), places.join());
      // The places along the list come from a sample.
      assert.ok(Math.abs(places[0]! - part * MANY) < 0.05 * MANY, `${places[0]} at ${part}`);
    }
    await dragTo(page, 1);
    const last = await seenRows(page);
    assert.deepEqual(
      last.map(({ id }) => id),
      ids.slice(-last.length),
    );
    assert.equal(last.at(-1)!.index, MANY - 1);
    await dragTo(page, 0);
    assert.equal((await seenRows(page))[0]!.id, ids[0]);
  });

  test('is walked through by wheel from the middle without a row missing or twice', async () => {
    await openList(page);
    await dragTo(page, 0.5);
    const found = new Set<number>();
    await gridOf(page).hover();
    let rows = await seenRows(page);
    for (let turn = 0; turn < 12; turn++) {
      for (const place of placesOf(rows)) found.add(place);
      await page.mouse.wheel(0, turn < 6 ? 500 : -700);
      const { id } = rows[0]!;
      while (rows[0]!.id === id) rows = await seenRows(page);
    }
    const places = [...found].sort((one, other) => one - other);
    assert.ok(places.length > 100 && following(places), places.join());
  });

  test('is reached to its end and walked by keys alone, while the focus stays where it is', async () => {
    await openList(page);
    await gridOf(page).focus();
    await page.keyboard.press('End');
    assert.equal((await seenRows(page)).at(-1)!.id, ids.at(-1));
    await page.keyboard.press('k');
    await page.keyboard.press('ArrowUp');
    const email = await page.evaluate(() => {
      const id = document.activeElement!.getAttribute('aria-activedescendant')!;
      return document.getElementById(id)!.querySelector('a')!.pathname.split('/').at(-1);
    });
    assert.equal(email, ids.at(-3));
    await page.keyboard.press('Home');
    assert.equal((await seenRows(page))[0]!.id, ids[0]);
    await page.keyboard.press('PageDown');
    await page.keyboard.press('PageDown');
    await page.keyboard.press('j');
    assert.ok(await gridOf(page).evaluate((element) => element === document.activeElement));
    // Scrolled out of sight, it is still where the keyboard goes on.
    const at = await gridOf(page).getAttribute('aria-activedescendant');
    await dragTo(page, 0.7);
    await seenRows(page);
    assert.equal(await gridOf(page).getAttribute('aria-activedescendant'), at);
    assert.ok(await page.locator(`#${at}`).count());
    await page.keyboard.press('ArrowDown');
    assert.ok((await seenRows(page))[0]!.index < 100);
  });
});

describe('the address', () => {
  test('says what is searched for, and the words are marked; former rows stay until there are new ones', async () => {
    /** The list of those who match is there; what was typed on the way had lists of its own. */
    const seen = () =>
      page.waitForFunction(() => {
        const rows = [...document.querySelectorAll('[data-index]')];
        const marked = (row: Element) => [...row.querySelectorAll('mark')].map((mark) => mark.textContent).join();
        return rows.length > 0 && rows.every((row) => marked(row) === 'Ada,Hopperb');
      });
    await openList(page);
    await page.keyboard.press('/');
    const blank = page.evaluate(
      () =>
        new Promise((resolve, reject) => {
          let least = Number.POSITIVE_INFINITY;
          const begun = performance.now();
          const look = () => {
            least = Math.min(least, document.querySelectorAll('[data-index]').length);
            if (document.querySelectorAll('mark').length > 5) resolve(least);
            else if (performance.now() - begun > 20_000) reject(new Error(`No words are marked at ${location.href}`));
            else requestAnimationFrame(look);
          };
          look();
        }),
    );
    await page.keyboard.type('ada hopperb');
    assert.ok(Number(await blank) > 5);
    await page.waitForURL(/search=ada\+hopperb/);
    await page.getByText(/^[\d,]+ customers$/).waitFor();
    await seen();
    // A space is kept for the word after it, however late that comes.
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.insertText('ada ');
    await page.waitForURL(/search=ada$/);
    await page.keyboard.type('hopperb');
    await page.waitForURL(/search=ada\+hopperb/);
    await seen();
    // Down into the list, and all of it is left again.
    await page.keyboard.press('Enter');
    await page.keyboard.press('ArrowDown');
    assert.match((await activeText(page)) ?? '', /AdaHopperb/);
    await page.keyboard.press('/');
    await page.keyboard.press('Escape');
    await page.getByText('200,000 customers').waitFor();
    assert.equal(query(), '');
  });

  test('says the order, which the heads of the columns and a menu set', async () => {
    await openList(page);
    await page.getByRole('button', { name: 'Email' }).click();
    const head = (sorted: string) => page.locator(`[role=columnheader][aria-sort=${sorted}]`, { hasText: 'Email' });
    await page.waitForURL(/ordering=email/);
    await head('ascending').waitFor();
    const byEmail = await idsInOrder(server, workspace_id, 'email, id');
    await page.waitForFunction((id) => document.querySelector('[data-index="0"]')?.innerHTML.includes(id), byEmail[0]!);
    await page.getByRole('button', { name: 'Email' }).click();
    await page.waitForURL(/ordering=-email/);
    await page.waitForFunction(
      (id) => document.querySelector('[data-index="0"]')?.innerHTML.includes(id),
      byEmail.at(-1)!,
    );
    await head('descending').waitFor();
    await page.getByLabel('Order').selectOption('-updated_at');
    await page.waitForURL(/ordering=-updated_at/);
    await page.goBack();
    await page.waitForURL(/ordering=-email/);
    await page.waitForFunction(
      (id) => document.querySelector('[data-index="0"]')?.innerHTML.includes(id),
      byEmail.at(-1)!,
    );
  });

  test('says the filters, each of which can be taken away again', async () => {
    await openList(page, '?email=p77%40example.com');
    await page.getByText('1 customer', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Remove filter: Email: p77@example.com' }).click();
    await page.getByText('200,000 customers').waitFor();
    await page.getByText('Inactive', { exact: true }).first().click();
    await page.waitForURL(/is_active=false/);
    await page.waitForFunction(() =>
      [...document.querySelectorAll('[data-index]')].every((row) => row.textContent!.includes('Inactive')),
    );
    await page.getByRole('button', { name: 'Filters' }).click();
    const dialog = page.getByRole('dialog', { name: 'Filter customers' });
    await dialog.getByLabel('From').first().fill('2001-01-01');
    await dialog.getByLabel('To').first().fill('2001-02-01');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'No customer matches' }).waitFor();
    assert.match(decodeURIComponent(query()), /created_at\[gte\]=.*created_at\[lt\]=/);
    await page.getByRole('button', { name: 'Clear all filters' }).click();
    await page.getByText('200,000 customers').waitFor();
  });

  test('says the columns; what was chosen is there in the next list too', async () => {
    await openList(page);
    await page.getByRole('button', { name: 'Columns' }).click();
    const dialog = page.getByRole('dialog', { name: 'Columns' });
    await dialog.getByRole('checkbox', { name: 'Phone' }).uncheck();
    await dialog.getByRole('checkbox', { name: 'External id' }).check();
    await dialog.getByRole('button', { name: 'Move Email forward' }).click();
    await page.keyboard.press('Escape');
    const heads = () => page.getByRole('columnheader').allTextContents();
    const chosen = ['', 'First name', 'Email', 'Last name', 'Status', 'Created', 'External id'];
    assert.deepEqual(await heads(), chosen);
    assert.match(query(), /columns=first_name%2Cemail%2Clast_name/);
    await openList(page);
    assert.deepEqual(await heads(), chosen);
    await page.getByRole('button', { name: 'Columns' }).click();
    await page.getByRole('button', { name: 'Reset' }).click();
    await page.keyboard.press('Escape');
  });

  test('leads back to where one was: after another page, after a customer, and when it is loaded anew', async () => {
    await openList(page);
    await dragTo(page, 0.42);
    await seenRows(page);
    await page.waitForFunction(() => history.state?.list?.place.index > 1000);
    const [first] = await seenRows(page);
    await page.getByRole('link', { name: 'Dashboard' }).click();
    await page.waitForURL(/dashboard/);
    await page.goBack(); // before the other page is even there
    assert.deepEqual((await seenRows(page))[0], first);
    await page.getByRole('link', { name: 'Dashboard' }).click();
    await page.getByRole('heading', { name: 'Dashboard', level: 1 }).waitFor();
    await page.goBack();
    assert.deepEqual((await seenRows(page))[0], first);
    await page.reload();
    assert.deepEqual((await seenRows(page))[0], first);
    const { index } = (await seenRows(page))[3]!;
    await rowAt(page, index).click();
    await page.getByRole('complementary', { name: 'Customer' }).getByRole('heading', { level: 2 }).waitFor();
    assert.deepEqual((await seenRows(page))[0], first);
    await page.reload();
    await page.getByRole('complementary', { name: 'Customer' }).getByRole('heading', { level: 2 }).waitFor();
    assert.deepEqual((await seenRows(page))[0], first);
    await page
      .getByRole('complementary')
      .getByRole('button', { name: /^Close/ })
      .click();
    assert.deepEqual((await seenRows(page))[0], first);
  });
});

describe('a selection', () => {
  test('is made by keys, row by row and from one to another, and of all that match', async () => {
    await openList(page);
    await gridOf(page).focus();
    await page.keyboard.press('x');
    await page.getByText('1 selected').waitFor();
    for (let step = 0; step < 4; step++) await page.keyboard.press('j');
    await page.keyboard.press('Shift+Space');
    await page.getByText('5 selected').waitFor();
    await page.keyboard.press('x');
    await page.getByText('4 selected').waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Shift+ArrowDown');
    await page.keyboard.press('Shift+ArrowDown');
    await page.getByText('3 selected').waitFor();
    await page.keyboard.press('Control+a');
    await page.getByText('200,000 selected').waitFor();
    assert.equal(await rowAt(page, 7).getAttribute('aria-selected'), 'true');
    await page.keyboard.press('Escape');
    await page.getByText('200,000 selected').waitFor({ state: 'hidden' });
  });

  test('from one row to another far below takes those in between, seen or not', async () => {
    await openList(page);
    await rowAt(page, 2).getByRole('checkbox').click();
    await gridOf(page).hover();
    await page.mouse.wheel(0, 38 * 700);
    let rows = await seenRows(page);
    while (rows[0]!.index < 100) rows = await seenRows(page); // the wheel is not waited for
    await rowAt(page, rows[5]!.index)
      .locator('[data-select]')
      .click({ modifiers: ['Shift'] });
    await page.getByText(`${rows[5]!.index - 1} selected`).waitFor();
    await page.getByRole('checkbox', { name: 'Select all that match' }).check();
    await page.getByText('200,000 selected').waitFor();
  });
});

// Customers who came past the log have no history.
test('nothing that a page must not do was done', () => editor.watch.assertClean({ statuses: [404] }));

// The import wizard in a browser: from a file to customers and back, and everything that may come between.
import assert from 'node:assert/strict';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Import } from '#contract/imports.ts';
import { holdWrites } from '../support/holds.ts';
import { assertAccessible } from './axe.ts';
import type { Page } from './browser.ts';
import { csv, HEAD, openPage, overflowOf, rowsOf, tabTo } from './bulk-work.ts';
import { type ConsoleServer, PASSWORD, startConsole } from './console-server.ts';

let server: ConsoleServer;
before(async () => {
  server = await startConsole();
});
after(() => server.stop());

const count = async (word: string) => (await server.call('GET', `/api/customers?search=${word}`)).body.count as number;
const read = async (id: string): Promise<Import> => (await server.call('GET', `/api/imports/${id}`)).body;
const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name });
const choose = (page: Page, file: ReturnType<typeof csv>) => page.locator('input[type=file]').setInputFiles(file);
const heading = (page: Page, name: string) => page.getByRole('heading', { name, exact: true });
const idOf = (page: Page) => page.url().split('/').at(-1)!;
const fieldOf = (page: Page, column: string) => page.getByLabel(`Field that ${column} fills`);

/** Begins at the list with a file, and waits for what was found in it. */
async function check(page: Page, file: ReturnType<typeof csv>): Promise<string> {
  await choose(page, file);
  await heading(page, 'What importing it would do').waitFor();
  return idOf(page);
}

describe('an import', () => {
  test('is done by keyboard alone, from the file to the refused rows and to its undo', async () => {
    const { page, watch } = await openPage(server, '/imports');
    const { word, rows } = rowsOf(30);
    const asked = page.waitForEvent('filechooser');
    await tabTo(page, button(page, 'Choose a file'));
    await page.keyboard.press('Enter');
    await (await asked).setFiles(csv('May.csv', `${HEAD}${rows}Grace,Hopper,nobody\nGrace,Hopper,no one\n`));
    await heading(page, 'What importing it would do').waitFor();
    assert.match(page.url(), /\/imports\/[0-9a-f-]{36}$/);
    const reason = page.getByRole('row', { name: /Email is not a valid address/ });
    assert.match((await reason.textContent())!, /2.*32, 33/);
    assert.equal(await count(word), 0);

    await tabTo(page, button(page, 'Import 30 rows'));
    await page.keyboard.press('Enter');
    await page.getByText('The file is imported: 30 customers created or changed.').waitFor();
    assert.equal(await count(word), 30);

    await tabTo(page, button(page, 'Download 2 rows that were refused'));
    const downloading = page.waitForEvent('download');
    await page.keyboard.press('Enter');
    const file = await downloading;
    assert.equal(file.suggestedFilename(), 'May.rejected.csv');
    assert.equal(
      await readFile(await file.path(), 'utf8'),
      'first_name,last_name,email,line,reason\nGrace,Hopper,nobody,32,Email is not a valid address.\nGrace,Hopper,no one,33,Email is not a valid address.\n',
    );

    await tabTo(page, button(page, 'Undo this import'));
    await page.keyboard.press('Enter');
    await page.getByText('It was taken back: 30 customers as before.').waitFor();
    assert.equal(await count(word), 0);
    // Back leads to the list, where it stands as undone.
    await page.goBack();
    await page.getByRole('row', { name: /May\.csv Undone/ }).waitFor();
    watch.assertClean();
  });

  test('that was changed meanwhile keeps that when it is taken back, and says what', async () => {
    const { page, watch } = await openPage(server, '/imports');
    const { word, rows } = rowsOf(3);
    await check(page, csv('kept.csv', HEAD + rows));
    await button(page, 'Import 3 rows').click();
    await page.getByText('The file is imported').waitFor();
    const [one] = (await server.call('GET', `/api/customers?search=${word}`)).body.results;
    await server.call('PATCH', `/api/customers/${one.id}`, { phone: '020 7946 0958' });
    await button(page, 'Undo this import').click();
    await page.getByText('2 customers as before, 1 left as they were').waitFor();
    await page.getByRole('link', { name: 'What was left as it was' }).click();
    const details = page.getByRole('dialog');
    await details.getByText('Phone: changed since').waitFor();
    await details.getByRole('link', { name: 'Ada Lovelace' }).waitFor();
    await assertAccessible(page);
    watch.assertClean();
  });

  test('stands as it is after the page is loaded anew, is stopped, and what it did is taken back', async () => {
    const { page, watch } = await openPage(server, '/imports');
    const { word, rows } = rowsOf(60_000);
    const id = await check(page, csv('large.csv', HEAD + rows));
    await button(page, 'Import 60,000 rows').click();
    await heading(page, 'Importing large.csv').waitFor();
    const release = await holdWrites(server);
    try {
      await page.reload();
      await heading(page, 'Importing large.csv').waitFor();
      await page.getByText(/ of 60,000 rows/).waitFor();
      await assertAccessible(page);
      // Elsewhere it is told of as well.
      await page.getByRole('link', { name: 'Activity' }).click();
      await page.getByRole('region', { name: 'Under way' }).getByRole('link', { name: 'Import of large.csv' }).click();
      await button(page, 'Stop').click();
      await page.getByText(/It was stopped/).waitFor();
    } finally {
      await release();
    }
    const { state, progress } = await read(id);
    assert.equal(state, 'cancelled');
    const done = (progress!.created ?? 0) as number;
    assert.ok(done < 60_000);
    if (done > 0) {
      await button(page, 'Undo this import').click();
      await page.getByText(/It was taken back/).waitFor();
    }
    assert.equal(await count(word), 0);
    watch.assertClean();
  });

  test('goes on while the server is out of reach, and the page catches up', async () => {
    const { page, context } = await openPage(server, '/imports');
    const { word, rows } = rowsOf(300);
    await check(page, csv('away.csv', HEAD + rows));
    const about = new RegExp(`/api/imports/${idOf(page)}(/events.*)?$`);
    await context.route(about, (route) => route.abort());
    await button(page, 'Import 300 rows').click();
    await page.getByText('The connection is lost. The server goes on').waitFor();
    await context.unroute(about);
    await page.getByText('The file is imported: 300 customers').waitFor();
    await page.getByText('The connection is lost.').waitFor({ state: 'hidden' });
    assert.equal(await count(word), 300);
  });
});

describe('a file', () => {
  test('that is none is refused with what to do, and another can be chosen', async () => {
    const { page, watch } = await openPage(server, '/imports');
    const workbook = Buffer.concat([Buffer.from('PK\u0003\u0004[Content_Types].xml'), Buffer.alloc(3_000_000, 7)]);
    await choose(page, csv('customers.xlsx', workbook));
    await heading(page, 'customers.xlsx was not taken').waitFor();
    assert.match((await page.getByRole('alert').textContent())!, /workbook of Excel.*save it as CSV/);
    assert.equal(await button(page, 'Try again').count(), 0);
    await assertAccessible(page);
    await choose(page, csv('empty.csv', ''));
    await heading(page, 'empty.csv was not taken').waitFor();
    const { rows } = rowsOf(1);
    await check(page, csv('good.csv', HEAD + rows));
    watch.assertClean({ statuses: [400] });
  });

  test('is dropped, one at a time', async () => {
    const { page, watch } = await openPage(server, '/imports');
    const { rows } = rowsOf(2);
    const drop = async (names: string[]) => {
      const data = await page.evaluateHandle(
        ([all, text]) => {
          const transfer = new DataTransfer();
          for (const name of all as string[])
            transfer.items.add(new File([text as string], name, { type: 'text/csv' }));
          return transfer;
        },
        [names, HEAD + rows] as const,
      );
      const zone = page.getByText('Drop a CSV file here').locator('..');
      await zone.dispatchEvent('dragover', { dataTransfer: data });
      await zone.dispatchEvent('drop', { dataTransfer: data });
    };
    await drop(['one.csv', 'two.csv']);
    await page.getByText('One file at a time.').waitFor();
    await drop(['one.csv']);
    await heading(page, 'What importing it would do').waitFor();
    await heading(page, 'one.csv').waitFor();
    watch.assertClean();
  });

  test('stays chosen where the connection breaks off, and is sent again', async () => {
    const { page, context, watch } = await openPage(server, '/imports');
    const { rows } = rowsOf(1);
    await page.getByText('Drop a CSV file here').waitFor();
    await context.setOffline(true);
    await choose(page, csv('broken.csv', HEAD + rows));
    await page.getByText('The connection broke off. Nothing was imported').waitFor();
    await context.setOffline(false);
    await button(page, 'Try again').click();
    await heading(page, 'What importing it would do').waitFor();
    const faults = () => watch.assertClean();
    assert.throws(faults, /ERR_INTERNET_DISCONNECTED/);
  });

  test('goes on its way once its person, whose session has ended meanwhile, has signed in again', async () => {
    const { page, call, watch } = await openPage(server, '/imports');
    const { rows } = rowsOf(1);
    await page.getByText('Drop a CSV file here').waitFor();
    await call('DELETE', '/api/session');
    await choose(page, csv('ended.csv', HEAD + rows));
    const dialog = page.getByRole('dialog', { name: 'You have been signed out' });
    await dialog.getByLabel(/^Password/).fill(PASSWORD);
    await page.keyboard.press('Enter');
    await heading(page, 'What importing it would do').waitFor();
    await heading(page, 'ended.csv').waitFor();
    watch.assertClean({ statuses: [401] });
  });

  test('whose columns nobody can guess is mapped by hand; what was chosen stays, and is remembered', async () => {
    const { page, watch } = await openPage(server, '/imports');
    const { word, rows } = rowsOf(2);
    const file = (name: string) => csv(name, `a;b;c\n${rows.replaceAll(',', ';')}`);
    await choose(page, file('unknown.csv'));
    await page.getByText('It cannot be told which column is which.').waitFor();
    await page.getByText('A column must be Email, since known customers are told by it.').waitFor();
    await page.getByRole('row', { name: /^c con/ }).waitFor();
    await fieldOf(page, 'a').selectOption('First name');
    await fieldOf(page, 'b').selectOption('First name');
    await page.getByText('Two columns cannot both be First name.').waitFor();
    await assertAccessible(page);
    await page.reload();
    assert.equal(await fieldOf(page, 'a').inputValue(), 'first_name');
    await fieldOf(page, 'b').selectOption('Last name');
    await fieldOf(page, 'c').selectOption('Email');
    await page.getByLabel('What b does to known customers').selectOption('Fill if empty');
    await button(page, 'Check the file again').click();
    await heading(page, 'What importing it would do').waitFor();
    const { columns, found } = await read(idOf(page));
    assert.deepEqual(
      columns.map(({ field, rule }) => [field, rule]),
      [
        ['first_name', 'overwrite'],
        ['last_name', 'only_if_empty'],
        ['email', 'overwrite'],
      ],
    );
    assert.equal(found!.create, 2);
    assert.equal(await count(word), 0);

    await page.getByRole('link', { name: 'All imports' }).click();
    await choose(page, file('again.csv'));
    await page.getByText('A file with the same columns was imported before.').waitFor();
    await button(page, 'Check the file again').click();
    await button(page, 'Import 2 rows').click();
    await page.getByText('The file is imported: 2 customers').waitFor();
    watch.assertClean();
  });

  test('is read in another encoding or with another delimiter where that is said', async () => {
    const { page, watch } = await openPage(server, '/imports');
    const { word, rows } = rowsOf(1);
    const text = `Vorname|Nachname;E-Mail\nJ\u00fcrgen|M\u00fcller;${word}@example.com\n`;
    await choose(page, csv('split.csv', Buffer.from(text, 'latin1')));
    await page.getByLabel('Cells are separated by').waitFor();
    assert.equal(await page.getByLabel('Encoding').inputValue(), 'windows-1252');
    assert.ok(rows);
    await page.getByLabel('Cells are separated by').selectOption('Bars');
    await page.getByRole('row', { name: /^Vorname Jürgen/ }).waitFor();
    await page.getByLabel('Encoding').selectOption('UTF-8');
    await page.getByRole('row', { name: /^Vorname J\ufffdrgen/ }).waitFor();
    watch.assertClean();
  });

  test('with markup in its name, columns and cells shows it as text', async () => {
    const { page, watch } = await openPage(server, '/imports');
    page.on('dialog', () => assert.fail('A script of the file has run.'));
    const markup = '<img src=x onerror=alert(1)>';
    const { word } = rowsOf(0);
    const text = `first_name,last_name,email,external_id,${markup}\nAda,Lovelace,${word}@example.com,${markup},<b>bold</b>\n${markup},X,y@example.com,,\n`;
    await check(page, csv(`${markup}.csv`, text));
    await heading(page, `${markup}.csv`).waitFor();
    await page.getByRole('rowheader', { name: markup }).waitFor();
    await page.getByText('<b>bold</b>').waitFor();
    await page.getByText('First name contains invalid characters.').waitFor();
    await button(page, 'Import 1 row').click();
    await page.getByText('The file is imported: 1 customer').waitFor();
    await page.goto(`/imports`);
    await page.getByRole('link', { name: `${markup}.csv` }).waitFor();
    assert.equal(await page.locator('main img').count(), 0);
    watch.assertClean();
  });
});

describe('an import that is refused half-way', () => {
  test('since somebody else has run it shows that it has been', async () => {
    const { page, watch } = await openPage(server, '/imports');
    const { rows } = rowsOf(3);
    const id = await check(page, csv('twice.csv', HEAD + rows));
    // A page that is opened at it does not look whether it has begun.
    await page.reload();
    await heading(page, 'What importing it would do').waitFor();
    await server.call('POST', `/api/imports/${id}/run`);
    await button(page, 'Import 3 rows').click();
    await page.getByText('Somebody has run or stopped this import meanwhile.').waitFor();
    await page.getByText('The file is imported: 3 customers').waitFor();
    watch.assertClean({ statuses: [409] });
  });

  test('since its file is gone says so, and keeps what was chosen', async () => {
    const { page, watch } = await openPage(server, '/imports');
    const { rows } = rowsOf(3);
    const id = await check(page, csv('gone.csv', HEAD + rows));
    await rm(join(server.imports.path, `${server.actor.workspace.id}-${id}`), { recursive: true });
    await fieldOf(page, 'first_name').selectOption('Not imported');
    await button(page, 'Check the file again').click();
    await page.getByText('The file lies with another server, or was removed after 30 days.').waitFor();
    assert.equal(await fieldOf(page, 'first_name').inputValue(), '');
    await assertAccessible(page);
    watch.assertClean({ statuses: [409] });
  });

  test('since there is none at the address says that', async () => {
    const { page, watch } = await openPage(server, '/imports/01890000-0000-7000-8000-000000000000');
    await page.getByText('There is no such import here.').waitFor();
    await assertAccessible(page);
    watch.assertClean({ statuses: [404] });
  });
});

describe('the pages of imports', () => {
  test('are accessible', async () => {
    const { page, watch } = await openPage(server, '/imports');
    await page.getByText('Drop a CSV file here').waitFor();
    const { rows } = rowsOf(5);
    await check(page, csv('access.csv', `${HEAD}${rows}Grace,Hopper,nobody\n`));
    await assertAccessible(page, 'what was found');
    await button(page, 'Import 5 rows').click();
    await page.getByText('The file is imported').waitFor();
    await assertAccessible(page, 'what was done');
    await button(page, 'Undo this import').click();
    await page.getByText('It was taken back').waitFor();
    await assertAccessible(page, 'what was taken back');
    await page.getByRole('link', { name: 'All imports' }).click();
    await heading(page, 'All imports').waitFor();
    await assertAccessible(page, 'the list');
    watch.assertClean();
  });

  test('fit a phone', async () => {
    const { page, watch } = await openPage(server, '/imports', { phone: true });
    const { rows } = rowsOf(5);
    await check(page, csv('phone.csv', HEAD + rows));
    assert.equal(await overflowOf(page), 0);
    // Only what is within the frame can be scrolled, never the frame itself.
    assert.equal(await page.evaluate(() => document.documentElement.scrollHeight - innerHeight), 0);
    await assertAccessible(page);
    watch.assertClean();
  });
});

// Every page of the console, empty, full and where the server has nothing to give, in light and dark: axe finds nothing, and
// nothing is done that the content security policy, or a page of ours, forbids.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CONSOLE_PAGES } from '#contract/console.ts';
import { assertAccessible } from './axe.ts';
import type { Page } from './browser.ts';
import { type ConsoleServer, startConsole, type Visitor } from './console-server.ts';

const NOBODY = '01890000-0000-7000-8000-000000000000';
const SETTINGS = ['account', 'appearance', 'members', 'keys', 'workspace'];
/** Their pages say what there is nothing of. */
const UNKNOWN = [`/customers/${NOBODY}`, `/imports/${NOBODY}`, `/activity/${NOBODY}`, '/settings/unknown'];
/** For whoever is not signed in. */
const OUTSIDE = ['/sign-in', '/link', '/link#unknown'];

let server: ConsoleServer;
let paths: { import: string; cause: string; customer: string };
before(async () => {
  server = await startConsole();
  await server.addWorkspace('full', 'Full');
  paths = await fill(await server.signIn('owner', { workspace: 'full' }));
});
after(() => server.stop());

/** A workspace in which every page has something to show. */
async function fill(owner: Visitor): Promise<typeof paths> {
  const workspace = { 'clientele-workspace': 'full' };
  const ask = (method: string, path: string, body?: unknown) => owner.call(method, path, body, workspace);
  const upload = await owner.context.request.post('/api/imports?filename=people.csv', {
    data: `First name,Last name,Email\n${Array.from({ length: 60 }, (_, at) => `Ada,<b>Byron</b>,x${at}@example.com\nAda,Byron,p${at}@example.com`).join('\n')}\n`,
    headers: { origin: server.base, 'content-type': 'text/csv', ...workspace },
  });
  const { id } = await upload.json();
  const until = async (state: string) => {
    while ((await ask('GET', `/api/imports/${id}`)).state !== state) await new Promise((next) => setTimeout(next, 50));
  };
  await until('checked');
  await ask('POST', `/api/imports/${id}/run`);
  await until('done');
  const [customer, gone] = (await ask('GET', '/api/customers?limit=2')).results;
  await ask('PATCH', `/api/customers/${customer.id}`, { phone: '+44 20 7946 0958' });
  await ask('DELETE', `/api/customers/${gone.id}`);
  await ask('POST', '/api/invitations', { email: 'grace@example.com', role: 'editor' });
  await ask('POST', '/api/keys', { name: 'CI', role: 'viewer' });
  await owner.context.close();
  return { import: `/imports/${id}`, cause: `/activity/${id}`, customer: `/customers/${customer.id}` };
}

/** Until nothing says that it is still on its way. */
async function settled(page: Page): Promise<void> {
  await page.locator('h1').first().waitFor();
  await page.getByText('Loading…').first().waitFor({ state: 'hidden' });
  await page.waitForFunction(() => document.querySelector('[aria-busy=true]') === null);
}

async function lookAt(visitor: Visitor, list: readonly string[]): Promise<void> {
  const { page } = visitor;
  for (const path of list) {
    await page.goto('about:blank');
    await page.goto(path);
    await settled(page);
    await assertAccessible(page, path);
  }
}

test('each address of the console is among those that are looked at', () => {
  const looked = [...pagesOf('/customers/x'), ...OUTSIDE].map((path) => path.split('/')[1]!.replace(/[?#].*/, ''));
  for (const path of CONSOLE_PAGES) assert.ok(looked.includes(path.split('/')[1]!), path);
});

const pagesOf = (customer: string) => [
  '/',
  '/customers',
  '/customers?search=nobody+at+all',
  '/customers?new',
  customer,
  '/deleted',
  '/dashboard',
  '/imports',
  '/activity',
  '/settings',
  ...SETTINGS.map((part) => `/settings/${part}`),
];

test('who is not signed in', async () => {
  const visitor = await server.visit();
  await lookAt(visitor, OUTSIDE);
  await visitor.page.goto('/sign-in');
  await visitor.page.getByText('Forgot your password?').click();
  await settled(visitor.page);
  await assertAccessible(visitor.page, 'the forgotten password');
  visitor.watch.assertClean({ statuses: [401, 404] });
});

test('an empty workspace, and what there is nothing of', async () => {
  const owner = await server.signIn('owner');
  await lookAt(owner, [...pagesOf(`/customers/${NOBODY}`), ...UNKNOWN]);
  owner.watch.assertClean({ statuses: [404] });
});

test('a full one', async () => {
  const owner = await server.signIn('owner', { workspace: 'full' });
  await lookAt(owner, [...pagesOf(paths.customer), paths.import, paths.cause]);
  owner.watch.assertClean();
});

test('menus, the palette and the help', async () => {
  const { page, watch } = await server.signIn('owner', { workspace: 'full' });
  await page.goto('/customers');
  await settled(page);
  for (const name of ['Views', 'Filters', 'Columns', 'Export']) {
    await page.getByRole('button', { name, exact: true }).click();
    await assertAccessible(page, name);
    await page.keyboard.press('Escape');
  }
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'Search or go to' }).waitFor();
  await page.keyboard.type('ada');
  await page.getByRole('listbox').getByRole('option').first().waitFor();
  await assertAccessible(page, 'the palette');
  await page.keyboard.press('Escape');
  await page.keyboard.press('?');
  await page.getByRole('dialog').waitFor();
  await assertAccessible(page, 'the help');
  watch.assertClean();
});

// Makes the pictures of the console that the documentation shows, of sample customers: `npm run screenshots`
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PROJECT } from '#server/project.ts';
import type { Page } from './browser.ts';
import { startConsole, type Visitor } from './console-server.ts';

const CUSTOMERS = 20_000;
const out = join(PROJECT, 'docs/console');

const server = await startConsole();
try {
  await promisify(execFile)(
    process.execPath,
    [join(PROJECT, 'cli/main.ts'), 'demo', '--customers', String(CUSTOMERS)],
    { env: { ...process.env, DATABASE_URL: server.url } },
  );
  const light = await server.signIn('owner');
  const dark = await server.signIn('owner', { dark: true });
  const phone = await server.signIn('owner', { phone: true });

  await shoot(light, 'list', '/customers', rows);
  await shoot(dark, 'search', '/customers?search=anna', rows);
  const { results } = await light.call('GET', '/api/customers?search=anna&limit=1');
  const { id, version } = results[0];
  await light.call('PATCH', `/api/customers/${id}`, { phone: '+44 20 7946 0958' }, { 'if-match': `"${version}"` });
  await light.call('POST', `/api/customers/${id}/deactivate`);
  await shoot(light, 'record', `/customers?search=anna&open=${id}`, (page) => page.getByText('History').waitFor());
  await shoot(light, 'import', await checkedImport(light), (page) => page.getByText('Refused rows').first().waitFor());
  await shoot(light, 'dashboard', '/dashboard', (page) => page.getByRole('img').first().waitFor());
  await shoot(dark, 'activity', '/activity', (page) => page.getByRole('button', { name: 'Undo' }).first().waitFor());
  await light.call('POST', '/api/invitations', { email: 'grace@example.com', role: 'editor' });
  await shoot(light, 'members', '/settings/members', (page) => page.getByText('grace@example.com').waitFor());
  await shoot(phone, 'phone', '/customers', rows);
} finally {
  await server.stop();
}

async function rows(page: Page): Promise<void> {
  await page.locator('[data-index="5"] a').waitFor();
}

async function shoot({ page }: Visitor, name: string, path: string, ready: (page: Page) => Promise<unknown>) {
  await page.goto(path);
  await ready(page);
  await page.waitForTimeout(500); // what was measured to be drawn is drawn again
  await page.screenshot({ path: join(out, `${name}.png`) });
}

/** A file with rows of every fate, looked through but not run. Gives its page. */
async function checkedImport(visitor: Visitor): Promise<string> {
  const { results } = await visitor.call('GET', '/api/customers?limit=40');
  const known = results.map((one: Record<string, string>) => [
    one.first_name,
    one.last_name,
    one.email,
    '+1 212 555 0142',
  ]);
  const more = Array.from({ length: 60 }, (_, at) => ['Nina', 'Novak', `nina.${at}@shop.example`, '']);
  const wrong = [
    ['B0b', 'Marsh', 'bob@shop.example', ''],
    ['Ana', 'Silva', 'ana(at)shop.example', ''],
    ['Nina', 'Novak', 'nina.1@shop.example', ''],
  ];
  const csv = [['First name', 'Surname', 'E-mail', 'Telephone'], ...known, ...more, ...wrong];
  const reply = await visitor.context.request.post('/api/imports?filename=customers-of-the-shop.csv', {
    data: csv.map((cells) => cells.join(';')).join('\n'),
    headers: { origin: server.base, 'content-type': 'text/csv' },
  });
  const { id } = await reply.json();
  while ((await visitor.call('GET', `/api/imports/${id}`)).state === 'checking')
    await new Promise((resolve) => setTimeout(resolve, 50));
  return `/imports/${id}`;
}

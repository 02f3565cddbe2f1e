// Webhooks in the settings: added, tested, watched, switched off and deleted, with a receiver that is there.
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { openEgress } from '#server/egress.ts';
import { startCourier } from '#server/webhooks/webhooks.ts';
import { openTestLog } from '../support/log.ts';
import { assertAccessible } from './axe.ts';
import type { Page } from './browser.ts';
import { type ConsoleServer, startConsole } from './console-server.ts';

const egress = openEgress(['127.0.0.1']);
let server: ConsoleServer;
let courier: { stop(): Promise<void> };
let receiver: Server;
let url: string;
let status = 200;

before(async () => {
  const { logger } = openTestLog();
  server = await startConsole({ egress });
  courier = startCourier(server.database, egress, { logger, secrets_key: null, onDelivery() {} });
  receiver = createServer((request, reply) => {
    request.resume().on('end', () => reply.writeHead(status).end());
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
});
after(async () => {
  await courier.stop();
  egress.close();
  receiver.close();
  await server.stop();
});

async function choose(page: Page, what: string): Promise<void> {
  await page.getByRole('button', { name: `More about ${url}` }).click();
  await page.getByRole('menuitem', { name: what, exact: true }).click();
}

describe('webhooks', () => {
  test('are added with a secret that is shown once, tested, and tell how they fare', async () => {
    const { page, watch, context } = await server.signIn('admin');
    await page.goto('/settings/webhooks');
    await page.getByText('There is no webhook yet.').waitFor();
    await page.getByRole('button', { name: 'Add a webhook' }).click();
    const form = page.getByRole('dialog', { name: 'Add a webhook' });
    await form.getByLabel('URL').fill('ftp://example.com');
    await form.getByRole('button', { name: 'Add a webhook' }).click();
    await form.getByText('URL must be an https URL.').waitFor();
    await form.getByLabel('URL').fill(url);
    await form.getByLabel('What it is for').fill('The warehouse');
    await form.getByLabel('Events').selectOption('some');
    await form.getByLabel('customer.created').check();
    await form.getByLabel('customer.erased').check();
    await assertAccessible(page);
    await form.getByRole('button', { name: 'Add a webhook' }).click();
    const told = page.getByRole('dialog', { name: 'The webhook is added' });
    assert.match((await told.getByRole('group', { name: 'Secret' }).textContent())!, /^whsec_/);
    await told.getByRole('button', { name: 'Done' }).click();

    const row = page.getByRole('row').filter({ hasText: url });
    await row.getByText('2 types').waitFor();
    await row.getByText('The warehouse').waitFor();
    await row.getByRole('button', { name: `Send a test to ${url}` }).click();
    await page.getByText(/^The receiver answered 200, after \d+ ms\.$/).waitFor();
    status = 500;
    await row.getByRole('button', { name: `Send a test to ${url}` }).click();
    await page.getByText('The test was not taken: 500.').waitFor();
    status = 200;

    await server.call('POST', '/api/customers', { first_name: 'Ada', last_name: 'L', email: 'ada@hook.example' });
    // The page looks every five seconds.
    await row.getByText('none yet').waitFor({ state: 'detached', timeout: 30_000 });
    await choose(page, 'Deliveries');
    const log = page.getByRole('dialog', { name: `Deliveries to ${url}` });
    await log.getByRole('link', { name: 'customer.created' }).waitFor();
    await assertAccessible(page);
    await log.getByLabel('Only those that failed').check();
    await log.getByText('500', { exact: true }).waitFor();
    await log.getByRole('link', { name: 'customer.created' }).waitFor({ state: 'detached' });
    await log.getByRole('button', { name: 'Done' }).click();
    watch.assertClean({ statuses: [400] });
    await context.close();
  });

  test('are changed, get a new secret, are switched off and on, and deleted', async () => {
    const { page, watch, context } = await server.signIn('owner');
    await page.goto('/settings/webhooks');
    const row = page.getByRole('row').filter({ hasText: url });
    await choose(page, 'Change');
    const form = page.getByRole('dialog', { name: `Change ${url}` });
    await form.getByLabel('Events').selectOption('all');
    await form.getByRole('button', { name: 'Save' }).click();
    await row.getByText('All events').waitFor();
    await choose(page, 'New secret');
    await page.getByRole('dialog').getByRole('button', { name: 'New secret' }).click();
    const told = page.getByRole('dialog', { name: 'The new secret' });
    assert.match((await told.getByRole('group', { name: 'Secret' }).textContent())!, /^whsec_/);
    await told.getByRole('button', { name: 'Done' }).click();
    await choose(page, 'Switch off');
    await row.getByText('off', { exact: true }).waitFor();
    await choose(page, 'Switch on');
    await row.getByText('on', { exact: true }).waitFor();
    await choose(page, 'Delete');
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByText('There is no webhook yet.').waitFor();
    watch.assertClean();
    await context.close();
  });
});

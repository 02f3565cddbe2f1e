// What the tests of one customer have in common: a server, somebody at their browser, and words for what they do there.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import type { Role } from '#contract/api.ts';
import type { Customer } from '#contract/customers.ts';
import type { AppOptions } from '#server/app.ts';
import type { Page } from './browser.ts';
import { type ConsoleServer, startConsole, type Visitor } from './console-server.ts';

/** Where the tests of a file are, once they run. */
export const at = {} as { server: ConsoleServer; me: Visitor; page: Page };

/** Opens a console for a file of tests, with somebody who is signed in. */
export function openConsole(overrides: Partial<AppOptions> = {}, role: Role = 'editor'): void {
  before(async () => {
    at.server = await startConsole(overrides);
    at.me = await at.server.signIn(role);
    at.page = at.me.page;
  });
  after(() => at.server.stop());
}

let made = 0;
/** A customer of the test's own, made by a program. */
export async function person(more: Partial<Customer> = {}): Promise<Customer> {
  const email = `ada-${++made}@example.com`;
  const input = { first_name: 'Ada', last_name: 'Lovelace', email, ...more };
  const { status, body, text } = await at.server.call('POST', '/api/customers', input);
  assert.equal(status, 201, text);
  return body;
}

export const change = async (id: string, patch: object): Promise<Customer> =>
  (await at.server.call('PATCH', `/api/customers/${id}`, patch)).body;
export const stored = async (id: string): Promise<Customer> =>
  (await at.server.call('GET', `/api/customers/${id}`)).body;

export async function open(id: string, on = at.page): Promise<void> {
  await on.goto(`/customers/${id}`);
  await on.getByRole('heading', { name: 'History' }).waitFor();
  await on.getByText(/^Created by/).waitFor();
}

export const record = () => at.page.locator('section[aria-labelledby^=record-]');
export const heading = (name: string) => at.page.getByRole('heading', { name, exact: true });
/** A field's value, to be clicked. */
export const value = (label: string) => record().getByRole('button', { name: new RegExp(`^${label}( |$)`) });
export const input = (label: string) => at.page.getByRole('textbox', { name: label });
export const button = (name: string) => at.page.getByRole('button', { name, exact: true });
export const dialog = () => at.page.getByRole('dialog');

export async function press(...keys: string[]): Promise<void> {
  for (const key of keys) await at.page.keyboard.press(key);
}

/** Keeps the page from hearing what happens elsewhere, so that it is told by a refusal. */
export const unheard = () => at.page.route('**/api/events/stream*', (route) => route.abort());
export const heard = () => at.page.unroute('**/api/events/stream*');

/** What has the focus, by the name that is read out. */
export const focused = () =>
  at.page.evaluate(() => {
    const { activeElement } = document;
    const labels = activeElement?.getAttribute('aria-labelledby')?.split(' ') ?? [];
    const texts = labels.map((id) => document.getElementById(id)?.textContent);
    const name = activeElement instanceof HTMLInputElement ? activeElement.labels?.[0]?.textContent : '';
    return (texts.join(' ') || activeElement?.getAttribute('aria-label') || name || activeElement?.textContent) ?? '';
  });

// What the journeys through imports, bulk edits and the dashboard have in common.
import assert from 'node:assert/strict';
import pg from 'pg';
import type { Locator } from 'playwright-core';
import type { Role } from '#contract/api.ts';
import type { TestServer } from '../support/server.ts';
import type { Page } from './browser.ts';
import type { ConsoleServer, Visitor } from './console-server.ts';

/** A page of the console, open before somebody new who is signed in. */
export async function openPage(
  server: ConsoleServer,
  path: string,
  { role = 'editor', ...look }: { role?: Role; dark?: boolean; phone?: boolean } = {},
): Promise<Visitor> {
  const visitor = await server.signIn(role, look);
  await visitor.page.goto(path);
  return visitor;
}

/** Goes to something by Tab alone, as somebody does who has no mouse. */
export async function tabTo(page: Page, target: Locator): Promise<void> {
  await target.waitFor();
  for (let presses = 0; presses < 150; presses++) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`${target} cannot be reached by Tab.`);
}

/** By how much a page is wider than its place. */
export const overflowOf = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.querySelector('main')!;
    return scrollWidth - clientWidth;
  });

/** Has all writes of the workspace wait, so that what is under way stays so; resolves to what lets them go on. */
export const holdWrites = (server: TestServer) =>
  hold(server, 'SELECT 1 FROM ledgers WHERE workspace_id = $1 FOR UPDATE', []);

/** Has whatever changes these customers wait, so that work on them can be filed and is under way until it is let go on. */
export const holdCustomers = (server: TestServer, ids: string[]) =>
  hold(server, 'SELECT 1 FROM customers WHERE workspace_id = $1 AND id = ANY($2::uuid[]) FOR UPDATE', [ids]);

async function hold({ connection, actor }: TestServer, lock: string, values: unknown[]): Promise<() => Promise<void>> {
  const holder = new pg.Client(connection);
  holder.on('error', () => {}); // the database may be dropped before, where a test has failed
  await holder.connect();
  await holder.query('BEGIN');
  await holder.query(lock, [actor.workspace.id, ...values]);
  return async () => {
    await holder.query('ROLLBACK');
    await holder.end();
  };
}

let serial = 0;
/** Rows of customers whom a word of their own finds. */
export function rowsOf(count: number): { word: string; rows: string } {
  const word = `con${++serial}q`;
  const row = (_: unknown, index: number) => `Ada,Lovelace,${word}.${index}@example.com\n`;
  return { word, rows: Array.from({ length: count }, row).join('') };
}
export const HEAD = 'first_name,last_name,email\n';

export const csv = (name: string, text: string | Buffer, mimeType = 'text/csv') => ({
  name,
  mimeType,
  buffer: Buffer.from(text),
});

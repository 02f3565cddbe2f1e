// What the journeys through imports, bulk edits and the dashboard have in common.
import assert from 'node:assert/strict';
import type { Locator } from 'playwright-core';
import type { Role } from '#contract/api.ts';
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

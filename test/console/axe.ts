// What axe-core finds wrong with a page for people who use it without eyes, or without a mouse; in light and in dark.
import assert from 'node:assert/strict';
import axe, { type RunOptions } from 'axe-core';
import type { Page } from './browser.ts';

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
/** What a scheme of colours can be at fault for. */
const COLORS: RunOptions['runOnly'] = { type: 'rule', values: ['color-contrast', 'link-in-text-block'] };

/** Looks at a page as it is, and at its colours in the other scheme; it is left as it was. */
export async function assertAccessible(page: Page, what = page.url()): Promise<void> {
  // What comes later than its frame is waited for; a page that has none at all fails below.
  await page
    .locator('h1')
    .first()
    .waitFor({ state: 'attached' })
    .catch(() => {});
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe.source);
  const dark = await page.evaluate(() => matchMedia('(prefers-color-scheme: dark)').matches);
  const [scheme, other] = dark ? (['dark', 'light'] as const) : (['light', 'dark'] as const);
  assert.deepEqual(await violations(page, RULES), [], `${what}, ${scheme}`);
  await page.emulateMedia({ colorScheme: other });
  assert.deepEqual(await violations(page, COLORS), [], `${what}, ${other}`);
  await page.emulateMedia({ colorScheme: scheme });
}

function violations(page: Page, runOnly: RunOptions['runOnly']) {
  return page.evaluate(async (only) => {
    const found = await (window as unknown as { axe: typeof axe }).axe.run(document, {
      runOnly: only,
      resultTypes: ['violations'],
    });
    return found.violations.map(({ id, help, nodes }) => ({
      id,
      help,
      nodes: nodes.map(({ html, failureSummary }) => `${html}\n${failureSummary}`),
    }));
  }, runOnly);
}

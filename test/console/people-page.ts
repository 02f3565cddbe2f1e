// What tests of the pages for people look at, and do.
import type { Page } from './browser.ts';

export const title = (page: Page, name: string) => page.getByRole('heading', { level: 1, name }).waitFor();
export const pathOf = (page: Page) => new URL(page.url()).pathname + new URL(page.url()).hash;
export const errorOf = (page: Page, label: string | RegExp) =>
  page.getByLabel(label).evaluate((field) =>
    (field.getAttribute('aria-describedby') ?? '')
      .split(' ')
      .map((id) => document.getElementById(id)?.textContent)
      .join(' '),
  );
export const focused = (page: Page) =>
  page.evaluate(() => document.activeElement?.getAttribute('name') ?? document.activeElement?.textContent);

export async function signIn(page: Page, email: string, password: string): Promise<void> {
  await page.getByLabel('Email').fill(email);
  await page.getByLabel(/^Password/).fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

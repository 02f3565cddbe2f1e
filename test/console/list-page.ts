// What tests do with the list of customers, and read off it.
import type { Page } from './browser.ts';

export const gridOf = (page: Page) => page.getByRole('grid', { name: 'Customers' });
export const rowAt = (page: Page, index: number) => page.locator(`[data-index="${index}"]`);

/** Anew, and not where one was in it before. */
export async function openList(page: Page, query = ''): Promise<void> {
  await page.goto('about:blank');
  await page.goto(`/customers${query}`);
  await rowAt(page, 0).waitFor();
}

/** The same, and what is changed from now on will be heard of. */
export async function openLiveList(page: Page): Promise<void> {
  const stream = page.waitForResponse('**/api/events/stream*');
  await openList(page);
  await stream;
}

export type Seen = { index: number; id: string; top: number };

/** The rows that are seen, once nothing moves and each has its customer. */
export const seenRows = (page: Page): Promise<Seen[]> =>
  page.evaluate(async () => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    const read = (grid: Element) => {
      const { top, bottom } = grid.getBoundingClientRect();
      return [...grid.querySelectorAll<HTMLElement>('[data-index]')]
        .filter((row) => {
          const place = row.getBoundingClientRect();
          return place.bottom > top + 38 && place.top < bottom && row.checkVisibility({ opacityProperty: true });
        })
        .map((row) => ({
          index: Number(row.dataset.index),
          id: row.querySelector('a')!.pathname.split('/').at(-1)!,
          top: row.getBoundingClientRect().top,
        }))
        .sort((one, other) => one.index - other.index);
    };
    for (const begun = performance.now(); performance.now() - begun < 20_000; await frame()) {
      const grid = document.querySelector('[role=grid]');
      if (!grid) continue;
      const [before, at] = [read(grid), grid.scrollTop];
      for (let turn = 0; turn < 4; turn++) await frame();
      const now = read(grid);
      const { top, left } = grid.getBoundingClientRect();
      const isCovered = document.elementFromPoint(left + 100, top + 50)?.closest('[data-index]');
      const isWaiting = grid.querySelector('[role=row][aria-busy]');
      if (isCovered && !isWaiting && grid.scrollTop === at && JSON.stringify(before) === JSON.stringify(now))
        return now;
    }
    throw new Error('The list does not come to rest.');
  });

/** Puts the scrollbar to a part of its way, as if it were dragged there. */
export const dragTo = (page: Page, part: number) =>
  page.evaluate((at) => {
    const element = document.querySelector('[role=grid]')!;
    element.scrollTop = at * (element.scrollHeight - element.clientHeight);
  }, part);

/** What the keyboard is at: the text of the row or cell. */
export const activeText = (page: Page) =>
  page.evaluate(() => {
    const id = document.activeElement?.getAttribute('aria-activedescendant');
    return id ? document.getElementById(id)?.textContent : undefined;
  });

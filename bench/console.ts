// What the console feels like at a million customers, in a real Chromium: how soon one can work, how soon a search shows
// what was typed, and whether scrolling keeps up: `node bench/console.ts --rows 1000000`
import { parseArgs } from 'node:util';
import { type BrowserContext, openBrowser, type Page } from '../test/console/browser.ts';
import { openVisitor, PASSWORD } from '../test/support/people.ts';
import { run } from './children.ts';
import { cli, clienteleEnv } from './clientele.ts';
import { copyLoaded } from './databases.ts';
import { machineSpeed } from './machine.ts';
import { lastNames } from './names.ts';
import { openPostgres, postgresOptions } from './postgres.ts';
import { percentile, table } from './report.ts';
import { startClientele } from './targets.ts';

const { values: options } = parseArgs({
  options: {
    ...postgresOptions,
    rows: { type: 'string', default: '1000000' },
    times: { type: 'string', default: '15' },
  },
});
const rows = Number(options.rows);
/** A customer in the list. */
const ROW = '[role=grid] [data-index] a';
/** Searches until the database has what they look through in memory. */
const COLD = 8;

const times = Number(options.times);

await using closing = new AsyncDisposableStack();
const postgres = await openPostgres(options);
closing.defer(postgres.release);
const database = await copyLoaded(postgres, 'clientele', rows, 'console');
closing.defer(database.drop);
const target = await startClientele(database.url);
closing.defer(target.stop);
const base = `http://127.0.0.1:${target.port}`;
const cookie = await makeOwner();
const browser = await openBrowser();
closing.defer(() => browser.close());

const results: (string | number)[][] = [];
await measureStart();
const page = await openList(await openContext());
await measureSearch(page);
await measureScrolling(page);
console.log(table(['what', 'times', 'median ms', 'p95 ms', 'most ms'], results));
console.log(`${rows} customers; speed ${machineSpeed()}`);

function record(what: string, taken: number[]): void {
  results.push([what, taken.length, percentile(taken, 50), percentile(taken, 95), Math.max(...taken)]);
}

/** The owner's account by the link that the command line prints. Gives the cookie of the session. */
async function makeOwner(): Promise<string> {
  const { stdout } = await run(process.execPath, [cli, 'owner-link'], clienteleEnv(database.url));
  const secret = /#(\S+)/.exec(stdout)![1]!;
  const visitor = openVisitor(base);
  const account = { secret, email: 'owner@example.com', name: 'Owner', password: PASSWORD };
  const { status, text } = await visitor.call('POST', '/api/links/accept', account);
  if (status !== 200) throw new Error(text);
  return visitor.cookie;
}

async function openContext(): Promise<BrowserContext> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const at = cookie.indexOf('=');
  await context.addCookies([{ name: cookie.slice(0, at), value: cookie.slice(at + 1), url: base }]);
  return context;
}

async function openList(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${base}/customers`);
  await page.locator(ROW).first().waitFor();
  return page;
}

/** From the address to rows that can be worked with: with nothing kept in the browser, and as on any later day. */
async function measureStart(): Promise<void> {
  const first: number[] = [];
  const later: number[] = [];
  for (let time = 0; time < times; time++) {
    const context = await openContext();
    const page = await openList(context);
    first.push(await untilIdle(page));
    await page.reload();
    await page.locator(ROW).first().waitFor();
    later.push(await untilIdle(page));
    await context.close();
  }
  record('first visit, until the list can be worked with', first);
  record('later visit', later);
}

/** Since the navigation began, until there are rows and the main thread is free. */
async function untilIdle(page: Page): Promise<number> {
  return page.evaluate(
    () => new Promise<number>((resolve) => requestIdleCallback(() => resolve(performance.now()), { timeout: 5000 })),
  );
}

/** From the last key to the frame in which the rows of that search stand. */
async function measureSearch(page: Page): Promise<void> {
  const names = lastNames.map((name) => name.toLowerCase()).filter((name) => /^[a-z]{5,}$/.test(name));
  const taken: number[] = [];
  const box = page.getByRole('searchbox');
  for (const term of names.slice(0, COLD + times * 2)) {
    await box.fill('');
    await page.waitForFunction(() => document.querySelector('[role=grid] mark') === null);
    await box.pressSequentially(term.slice(0, -1), { delay: 60 });
    const shown = page.evaluate(
      (word) =>
        new Promise<number>((resolve) => {
          let pressed = 0;
          addEventListener(
            'keydown',
            () => {
              pressed = performance.now();
            },
            { once: true, capture: true },
          );
          const plain = (text: string) => text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase();
          const look = () => {
            const marks = [...document.querySelectorAll('[role=grid] mark')].map(({ textContent }) =>
              plain(textContent),
            );
            if (pressed > 0 && marks.includes(word)) resolve(performance.now() - pressed);
            else requestAnimationFrame(look);
          };
          look();
        }),
      term,
    );
    await box.press(term.slice(-1));
    taken.push(await shown);
  }
  record('last key of a search, until its rows stand there: the first since the server began', taken.slice(0, COLD));
  record('later ones', taken.slice(COLD));
}

/** The time between frames: while the wheel turns, and while the scrollbar is dragged through the whole list. */
async function measureScrolling(page: Page): Promise<void> {
  await page.getByRole('searchbox').fill('');
  await page.locator(ROW).first().waitFor();
  await page.locator('[role=grid]').hover();
  record(
    'frames while the wheel turns',
    await framesDuring(page, async () => {
      for (let step = 0; step < 200; step++) {
        await page.mouse.wheel(0, 240);
        await new Promise((resolve) => setTimeout(resolve, 16));
      }
    }),
  );
  record(
    'frames while the scrollbar is dragged from end to end',
    await framesDuring(page, async () => {
      for (let step = 0; step <= 200; step++) {
        await page.evaluate((share) => {
          const scroller = document.querySelector<HTMLElement>('[role=grid]')!;
          scroller.scrollTop = share * (scroller.scrollHeight - scroller.clientHeight);
        }, step / 200);
        await new Promise((resolve) => setTimeout(resolve, 16));
      }
    }),
  );
}

async function framesDuring(page: Page, work: () => Promise<void>): Promise<number[]> {
  await page.evaluate(() => {
    const noted = { frames: [] as number[], last: performance.now(), on: true };
    Object.assign(window, { noted });
    const frame = (now: number) => {
      noted.frames.push(now - noted.last);
      noted.last = now;
      if (noted.on) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  await work();
  return page.evaluate(() => {
    const { noted } = window as unknown as { noted: { frames: number[]; on: boolean } };
    noted.on = false;
    return noted.frames.slice(2);
  });
}

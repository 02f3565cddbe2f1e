// A real Chromium: on Linux the one that npm brings, elsewhere an installed Chrome. What a page must never do – an error in
// its console, a violation of its content security policy, a request to anybody else – is noted and fails the test.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

export type { Browser, BrowserContext, Page };

export async function openBrowser(): Promise<Browser> {
  if (process.platform !== 'linux') return chromium.launch({ channel: 'chrome' });
  const { executablePath, env } = await oneAtATime(unpack);
  return chromium.launch({ executablePath, env, args: ['--no-sandbox', '--no-zygote', '--font-render-hinting=none'] });
}

/** Gives also the libraries that npm brings with it, where the system lacks some. */
async function unpack() {
  const bundled = await import('@sparticuz/chromium');
  const executablePath = await bundled.default.executablePath();
  const { stdout } = await promisify(execFile)('ldd', [executablePath]).catch(() => ({ stdout: 'not found' }));
  if (!stdout.includes('not found')) return { executablePath };
  const libraries = new URL('../bin/al2023.tar.br', import.meta.resolve('@sparticuz/chromium'));
  const place = await bundled.inflate(fileURLToPath(libraries));
  return { executablePath, env: { ...process.env, LD_LIBRARY_PATH: join(place, 'lib') } as Record<string, string> };
}

/** Unpacking takes seconds, and is not made for several processes at once. */
async function oneAtATime<T>(work: () => Promise<T>): Promise<T> {
  const lock = join(tmpdir(), 'clientele-chromium-lock');
  for (;;) {
    try {
      await mkdir(lock);
      break;
    } catch {
      const made = await stat(lock).catch(() => undefined);
      if (made && Date.now() - made.mtimeMs > 60_000) await rm(lock, { recursive: true, force: true }); // of one that died
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  try {
    return await work();
  } finally {
    await rm(lock, { recursive: true, force: true });
  }
}

export type Watch = {
  /** Fails where the page did what no page of ours may. Answers that a test provokes are named by their status. */
  assertClean(expected?: { statuses?: number[] }): void;
};

/** Watches a page from now on. */
export async function watchPage(page: Page, base: string): Promise<Watch> {
  const faults: { text: string; status?: number }[] = [];
  page.on('pageerror', (error) => faults.push({ text: `error: ${error.stack ?? error.message}` }));
  page.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return;
    const [, status] = /the server responded with a status of (\d+)/.exec(message.text()) ?? [];
    faults.push({ text: `console: ${message.text()}`, status: status ? Number(status) : undefined });
  });
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(`${base}/`) && !url.startsWith('data:') && !url.startsWith('blob:'))
      faults.push({ text: `a request to ${url}` });
  });
  await page.exposeFunction('reportViolation', (text: string) => faults.push({ text: `violation: ${text}` }));
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sample }) =>
      (window as unknown as { reportViolation(text: string): void }).reportViolation(
        `${violatedDirective} ${blockedURI} ${sample}`,
      ),
    );
  });
  return {
    assertClean({ statuses = [] } = {}) {
      assert.deepEqual(
        faults.filter(({ status }) => status === undefined || !statuses.includes(status)).map(({ text }) => text),
        [],
      );
    },
  };
}

// How the built console is served, and how little of it a browser needs to begin with.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { CONSOLE_PAGES } from '#contract/console.ts';
import { PROJECT } from '#server/project.ts';
import { createBareApp } from '../support/app.ts';

const dist = join(PROJECT, 'console/dist');
const app = createBareApp();
let page: string;

before(async () => {
  assert.ok(existsSync(join(dist, 'index.html')), 'The console is not built: run `npm run build`.');
  await app.ready();
  page = readFileSync(join(dist, 'index.html'), 'utf8');
});

const get = (url: string, headers: Record<string, string> = {}) => app.inject({ method: 'GET', url, headers });
const assets = () => [...page.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path!);

describe('a page of the console', () => {
  test('is the same at each of its addresses, and may load scripts and styles of this server alone', async () => {
    for (const path of CONSOLE_PAGES) {
      // What stands in its query is the page's own to read.
      const reply = await get(`${path.replace(/\{\w+\}/, 'one')}?search=ada&created_at[gte]=2026-01-31`);
      assert.deepEqual([reply.statusCode, reply.body], [200, page], path);
      const policy = reply.headers['content-security-policy'] as string;
      assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self';/);
      assert.doesNotMatch(policy, /unsafe|\*|https?:/);
    }
  });

  test('is asked for anew each time, and not sent again where it is the same', async () => {
    const { headers } = await get('/customers');
    assert.equal(headers['cache-control'], 'no-cache');
    const again = await get('/customers', { 'if-none-match': headers.etag as string });
    assert.deepEqual([again.statusCode, again.body], [304, '']);
  });

  test('that there is none of is a problem like any other', async () => {
    const reply = await get('/customers/one/two');
    assert.deepEqual([reply.statusCode, reply.json().code], [404, 'not_found']);
  });
});

describe('a file of the console', () => {
  test('is kept for good under its name, in the encoding that the browser likes best', async () => {
    const [path] = assets().filter((name) => name.endsWith('.js'));
    const plain = readFileSync(join(dist, path!), 'utf8');
    for (const [accepted, encoding, decode] of [
      ['gzip, deflate, br', 'br', brotliDecompressSync],
      ['gzip', 'gzip', gunzipSync],
      ['br;q=0, gzip', 'gzip', gunzipSync],
      ['identity', undefined, (bytes: Buffer) => bytes],
    ] as const) {
      const reply = await get(path!, { 'accept-encoding': accepted });
      assert.equal(reply.headers['content-encoding'], encoding);
      assert.equal(reply.headers['cache-control'], 'public, max-age=31536000, immutable');
      assert.match(String(reply.headers['content-type']), /^text\/javascript/);
      assert.equal(decode(reply.rawPayload).toString(), plain);
    }
  });

  test('outside of its folder is not served', async () => {
    for (const path of ['/assets/../index.html.br', '/assets/%2e%2e/%2e%2e/package.json', '/vite.config.ts'])
      assert.ok([400, 404].includes((await get(path)).statusCode), path);
  });
});

test('the first page needs at most 150 kB of JavaScript, compressed', () => {
  const scripts = [...assets().filter((path) => path.endsWith('.js')), '/theme.js'];
  const bytes = scripts.map((path) => gzipSync(readFileSync(join(dist, path))).length);
  const total = bytes.reduce((sum, size) => sum + size, 0);
  assert.ok(scripts.length > 1 && total <= 150_000, `${total} bytes`);
});

test('no file of the console names another origin to load from', () => {
  for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
    if (!/\.(css|html)$/.test(name)) continue;
    assert.doesNotMatch(
      readFileSync(join(dist, name), 'utf8'),
      /(?:src|href)="(?:https?:)?\/\/|url\((?:https?:)?\/\//,
      name,
    );
  }
});

test('without a build a page says how to make one', async () => {
  const bare = createBareApp({ console: join(tmpdir(), 'no-console-here') });
  const reply = await bare.inject({ method: 'GET', url: '/' });
  assert.equal(reply.statusCode, 503);
  assert.match(reply.body, /npm run build/);
});

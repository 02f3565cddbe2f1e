// The documentation page: it answers, keeps to the Content-Security-Policy, and every link within it leads somewhere.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { problemCodes } from '#contract/problem-codes.ts';
import { renderDocs } from '#server/docs-page.ts';
import { escapeHtml, html, prose } from '#server/html.ts';
import { openapiDocument, openapiText } from '#server/openapi.ts';
import { createBareApp } from './support/app.ts';

const app = createBareApp();
const page = (await app.inject('/api/docs')).body;
const ids = [...page.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id!);

test('the page, its stylesheet and the document are served, and again only when they changed', async () => {
  const types = { '/api/docs': 'text/html', '/api/docs.css': 'text/css', '/api/openapi.json': 'application/json' };
  for (const [url, type] of Object.entries(types)) {
    const reply = await app.inject(url);
    assert.equal(reply.statusCode, 200);
    assert.equal(reply.headers['content-type'], `${type}; charset=utf-8`);
    assert.equal(reply.headers['cache-control'], 'public, no-cache');
    const etag = reply.headers.etag as string;
    assert.match(etag, /^"[\w-]{22}"$/);
    for (const asked of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const unchanged = await app.inject({ url, headers: { 'if-none-match': asked } });
      assert.deepEqual([unchanged.statusCode, unchanged.body, unchanged.headers.etag], [304, '', etag], asked);
    }
    assert.equal((await app.inject({ url, headers: { 'if-none-match': '"other"' } })).statusCode, 200);
  }
  assert.equal((await app.inject('/api/openapi.json')).body, openapiText());
  assert.equal((await app.inject('/api/docs/')).body, page);
});

test('the page keeps to the policy: no script, no style of its own, nothing from elsewhere', async () => {
  const policy = String((await app.inject('/api/docs')).headers['content-security-policy']);
  assert.match(policy, /default-src 'none'; style-src 'self'/);
  assert.doesNotMatch(page, /<script|<style|\sstyle=|\son\w+=|javascript:/i);
  const loaded = [...page.matchAll(/<(?:link|img|iframe|form)\b[^>]*\b(?:href|src|action)="([^"]*)"/g)].map(
    ([, url]) => url,
  );
  assert.deepEqual(loaded, ['/api/docs.css', 'data:,']);
  const stylesheet = (await app.inject('/api/docs.css')).body;
  assert.doesNotMatch(stylesheet, /@import|url\(/);
});

test('every link within the page has its target, and no target is there twice', async () => {
  const targets = [...page.matchAll(/<a\b[^>]*\shref="([^"]*)"/g)].map(([, href]) => href!);
  assert.ok(targets.length > 100);
  for (const target of targets) {
    if (target.startsWith('#')) assert.ok(ids.includes(target.slice(1)), target);
    else assert.equal((await app.inject(target)).statusCode, 200, target);
  }
  assert.deepEqual([...new Set(ids)], ids);
  const labels = [...page.matchAll(/\saria-labelledby="([^"]*)"/g)].map(([, id]) => id!);
  assert.deepEqual(
    labels.filter((id) => !ids.includes(id)),
    [],
  );
});

test('every tag that is opened is closed', () => {
  const open: string[] = [];
  for (const [, close, name] of page.matchAll(/<(\/?)([a-z][a-z0-9]*)\b[^>]*>/g)) {
    if (['meta', 'link', 'br'].includes(name!)) continue;
    if (close) assert.equal(open.pop(), name);
    else open.push(name!);
  }
  assert.deepEqual(open, []);
});

test('every operation of the document is on the page', () => {
  const { paths } = openapiDocument();
  const operations = Object.values(paths).flatMap(({ parameters: _, ...methods }) => Object.values(methods));
  for (const { operationId, summary } of operations as { operationId: string; summary: string }[]) {
    assert.ok(ids.includes(operationId), operationId);
    assert.ok(page.includes(summary), summary);
  }
});

test('every code that the program answers with is explained, and no other', () => {
  const sources = globSync('{server,contract}/**/*.ts', { cwd: new URL('..', import.meta.url) })
    .filter((path) => !path.endsWith('.test.ts'))
    .map((path) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8'));
  // After a status, in a refusal of a field, or as the code of an error, chosen between two or not.
  const places = /\b[45]\d\d,\s*'([a-z_]+)'|\brefuse\('([a-z_]+)'|\bcode: (?:\w+ \? )?'([a-z_]+)'(?: : '([a-z_]+)')?/g;
  const used = new Set(
    sources.flatMap((source) => [...source.matchAll(places)].flatMap((match) => match.slice(1).filter(Boolean))),
  );
  // A request that Fastify refuses for a reason of its own carries the status that Fastify gives it.
  for (const source of sources)
    for (const [, code] of source.matchAll(/new Problem\(statusCode, '([a-z_]+)'/g)) used.add(code!);
  assert.deepEqual([...used].sort(), Object.keys(problemCodes).sort());
  for (const code of used) assert.ok(ids.includes(code!), code);
});

test('what is put into the page is escaped', () => {
  const nasty = `<script>"'&`;
  assert.equal(escapeHtml(nasty), '&lt;script&gt;&quot;&#39;&amp;');
  assert.equal(
    html`<b title="${nasty}">${[nasty, html`<i>${nasty}</i>`, false, null, 0]}</b>`.html.match(/<script/),
    null,
  );
  assert.equal(html`${[1, [html`<i>`]]}${undefined}`.html, '1<i>');
  assert.equal(prose('a `<b>` c').html, 'a <code>&lt;b&gt;</code> c');
  const document = openapiDocument();
  document.info.title = nasty;
  document.tags[0]!.description = nasty;
  for (const { parameters: _, ...methods } of Object.values(document.paths))
    for (const operation of Object.values(methods))
      Object.assign(operation, { summary: nasty, description: nasty, 'x-permission': nasty });
  for (const schema of Object.values(document.components.schemas)) schema.description = nasty;
  assert.doesNotMatch(renderDocs(document), /<script/);
});

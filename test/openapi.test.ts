// The document is held against the contract, the file in docs/ and the server as it is.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { TSchema } from 'typebox';
import { Errors } from 'typebox/value';
import { keyFields, workspaceFields } from '#contract/access.ts';
import { CONSOLE_PAGES } from '#contract/console.ts';
import { inputFields } from '#contract/customers.ts';
import { checkInput } from '#contract/input.ts';
import { problemSchema } from '#contract/problem.ts';
import { type Operation, openapiDocument, openapiText, routeTables } from '#server/openapi.ts';
import { examples } from '#server/openapi-examples.ts';
import { createBareApp } from './support/app.ts';

const document = openapiDocument();
const operations = Object.entries(document.paths).flatMap(([path, { parameters: _, ...methods }]) =>
  Object.entries(methods as Record<string, Operation>).map(([method, operation]) => ({
    method: method.toUpperCase(),
    path,
    operation,
  })),
);
const app = createBareApp();
await app.ready();

test('docs/openapi.json is up to date', () => {
  const kept = readFileSync(new URL('../docs/openapi.json', import.meta.url), 'utf8');
  assert.ok(kept === openapiText(), 'It is stale: run `npm run openapi`.');
});

test('the document has every route of the server but the console’s, and no other', () => {
  const served = routesOf(app.printRoutes({ commonPrefix: false })).filter((route) => !isConsole(route.slice(4)));
  const documented = operations.map(({ method, path }) => `${method} ${path}`);
  assert.deepEqual(documented.sort(), served.sort());
});

const isConsole = (path: string) =>
  (CONSOLE_PAGES as readonly string[]).includes(path) || /^\/(assets\/|theme\.js$|icon\.svg$)/.test(path);

/** Reads Fastify's tree of routes, in which a line has its place under another one's path and its methods. */
function routesOf(tree: string): string[] {
  const above: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const [, indent, part, methods] = /^((?:[│ ] {3})*)[├└]── (\S+)(?: \((.*)\))?$/.exec(line) ?? [];
    if (indent === undefined) return assert.equal(line.trim(), '') ?? [];
    const depth = indent.length / 4;
    const path = `${depth === 0 ? '' : above[depth - 1]}${part}`;
    above[depth] = path;
    // HEAD comes with every GET.
    return (methods?.split(', ') ?? [])
      .filter((method) => method !== 'HEAD')
      .map((method) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
  });
}

test('what the document says to take a key or a session takes one, and nothing else does', async () => {
  for (const { method, path, operation } of operations) {
    const { status } = await app
      .inject({ method: method as 'GET', url: path })
      .then((reply) => ({ status: reply.statusCode }));
    assert.equal(status === 401, operation.security.length > 0, `${method} ${path}`);
    const takesKeys = operation.security.some((scheme) => 'key' in scheme);
    assert.equal(takesKeys, operation['x-permission'] !== undefined, `${method} ${path}`);
  }
});

test('every reference leads somewhere', () => {
  const references = [...openapiText().matchAll(/"\$ref": "#\/([^"]+)"/g)].map(([, path]) => path!);
  assert.ok(references.length > 50);
  for (const path of new Set(references)) {
    // biome-ignore lint/suspicious/noExplicitAny: any place of the document
    const found = path.split('/').reduce((place: any, name) => place?.[name], document);
    assert.ok(found, path);
  }
});

test('names are told once: operations, parameters of an operation, tags', () => {
  const ids = operations.map(({ operation }) => operation.operationId);
  assert.deepEqual([...new Set(ids)], ids);
  const tags = new Set(document.tags.map((tag) => tag.name));
  for (const { path, operation } of operations) {
    const names = (operation.parameters ?? []).map((parameter) => `${parameter.in} ${parameter.name}`);
    assert.deepEqual([...new Set(names)], names);
    assert.ok(operation.tags.every((tag) => tags.has(tag)));
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => `path ${name}`);
    assert.deepEqual(
      names.filter((name) => name.startsWith('path ')),
      inPath,
    );
  }
});

test('every body and every JSON reply has an example, which is valid', () => {
  const shown = Object.values(routeTables)
    .flatMap((table) => Object.values(table))
    .flatMap(({ body, replies }) => [body?.schema, ...Object.values(replies).map((reply) => reply.schema)])
    .filter((schema) => schema !== undefined);
  const titles = new Set<string>();
  for (const schema of [...shown, problemSchema] as (TSchema & { title: string })[]) {
    titles.add(schema.title);
    assert.ok(schema.title in examples, `${schema.title} has no example`);
    assert.deepEqual(Errors(schema, examples[schema.title]), [], schema.title);
  }
  assert.deepEqual(Object.keys(examples).sort(), [...titles].sort());
});

test('the bodies of the examples pass the checks of the server', () => {
  assert.deepEqual(checkInput(inputFields, examples.CustomerInput, { partial: false }).errors, []);
  assert.deepEqual(checkInput(inputFields, examples.CustomerPatch, { partial: true }).errors, []);
  assert.deepEqual(checkInput(keyFields, examples.KeyInput, { partial: false }).errors, []);
  assert.deepEqual(checkInput(workspaceFields, examples.WorkspacePatch, { partial: true }).errors, []);
});

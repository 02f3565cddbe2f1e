// docs/security.md says which test shows what: each of them must be there, and each line must have one or say that it is open.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseSync } from 'oxc-parser';

const root = new URL('..', import.meta.url);
const rows = readFileSync(new URL('docs/security.md', root), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !/^\| (risk|requirement|---) /.test(line))
  .map((line) => {
    const [, subject = '', claim = '', evidence = ''] = line.split('|').map((cell) => cell.trim());
    return { subject, claim, evidence };
  });

/** The tests and groups of tests in a file, by the names that stand in its source. */
function namesIn(path: string): Set<string> {
  const source = readFileSync(new URL(path, root), 'utf8');
  const names = new Set<string>();
  // biome-ignore lint/suspicious/noExplicitAny: any node of a syntax tree
  const left: any[] = [parseSync(path, source).program];
  while (left.length > 0) {
    const node = left.pop();
    if (node === null || typeof node !== 'object') continue;
    if (node.type === 'CallExpression' && ['test', 'describe'].includes(node.callee.name))
      names.add(node.arguments[0]?.value);
    left.push(...Object.values(node));
  }
  return names;
}

test('the tests that are named are there', () => {
  let seen = 0;
  for (const { subject, evidence } of rows)
    for (const part of evidence.split(/; (?=`)/).filter(Boolean)) {
      const [, path = '', names = ''] = /^`([\w/.-]+\.test\.ts)` ((?:“[^”]+”(?:, )?)+)$/.exec(part) ?? [];
      assert.ok(existsSync(new URL(path, root)) && path !== '', `${subject}: ${part}`);
      const there = namesIn(path);
      for (const [, name] of names.matchAll(/“([^”]+)”/g)) {
        seen++;
        assert.ok(there.has(name!), `${subject}: ${path} has no “${name}”`);
      }
    }
  assert.ok(seen > 60, 'Where are they?');
});

test('what no test shows is open, or says that it is not there', () => {
  assert.ok(rows.length > 45);
  for (const { subject, claim, evidence } of rows)
    if (evidence === '') assert.match(claim, /\*\*Open\*\*|^Not yet|^Does not apply/, subject);
});

test('the ten risks are each there', () => {
  const risks = rows.map(({ subject }) => /^API(\d+):2023 /.exec(subject)?.[1]).filter(Boolean);
  assert.deepEqual(risks, ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10']);
});

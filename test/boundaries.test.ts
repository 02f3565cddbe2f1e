// Who may import whom: rules 2 to 5 of "Rules of the house" in docs/architecture.md, read off the import lines. Tests and
// benchmarks may import what they like.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { test } from 'node:test';

/**
 * The slices; each knows those before it. Events come early, before access: access records its own changes (keys made
 * and revoked) in the log, while the log knows of an actor only what it writes down.
 */
const SLICES = [
  'idempotency',
  'events',
  'access',
  'causes',
  'customers',
  'views',
  'fields',
  'tags',
  'notes',
  'segments',
  'undo',
  'bulk-edits',
  'imports',
  'exports',
  'webhooks',
  'publishing',
  'privacy',
  'stats',
  'doctor',
  'backup',
  'distribution',
];

type Import = { from: string; to: string; type: boolean };

const root = new URL('..', import.meta.url);
const files = globSync('{contract,client,cli,console,server}/**/*.{ts,tsx}', { cwd: root })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => !path.endsWith('.test.ts'));
const sources = new Map(files.map((path) => [path, readFileSync(new URL(path, root), 'utf8')]));
const imports = [...sources].flatMap(([path, source]) => importsOf(path, source));

/** What a file imports: a file of this project by its path from the root, anything else by its name. */
function importsOf(from: string, source: string): Import[] {
  const lines = /^(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'([^']+)'|\bimport\('([^']+)'\)/gm;
  return [...source.matchAll(lines)].map(([, type, name, loaded]) => {
    const to = name ?? loaded!;
    const path = to.startsWith('.') ? posix.join(posix.dirname(from), to) : to.startsWith('#') ? to.slice(1) : to;
    return { from, to: path, type: type !== undefined };
  });
}

const tree = (path: string) => /^(contract|client|cli|console|server|test|bench)\//.exec(path)?.[1];
/** The slice that a file belongs to; undefined for the platform and everything outside of the server. */
const slice = (path: string) => /^server\/([^/]+)\//.exec(path)?.[1];
/** A slice's door is the file named like its folder. */
const isDoor = (path: string) => path === `server/${slice(path)}/${slice(path)}.ts`;
const isRoutes = (path: string) => slice(path) !== undefined && /\/(?:[\w-]+-)?routes\.ts$/.test(path);
const isStore = (path: string) => /\/(?:[\w-]+-)?store\.ts$/.test(path);

/** A rule says of an import whether it may be; those that it has nothing to say about, it lets pass. */
function assertAll(may: (line: Import) => boolean): void {
  const wrong = imports.filter((line) => !may(line)).map(({ from, to }) => `${from} imports ${to}`);
  assert.deepEqual(wrong, []);
}

test('import lines of every form are read', () => {
  const source = `import fs from 'node:fs';\nimport type { A } from '#contract/a.ts';\nimport {\n  b,\n} from './b.ts';
export { c } from '../c/c.ts';\nexport * from './d.ts';\nimport './e.ts';\nconst f = await import('./f.ts');\nconst g = 'from';`;
  assert.deepEqual(
    importsOf('server/x/y.ts', source).map(({ to, type }) => (type ? `type ${to}` : to)),
    [
      'node:fs',
      'type contract/a.ts',
      'server/x/b.ts',
      'server/c/c.ts',
      'server/x/d.ts',
      'server/x/e.ts',
      'server/x/f.ts',
    ],
  );
  assert.ok(
    imports.length > 150 &&
      imports.some(({ from, to }) => from === 'server/app.ts' && to === 'server/customers/routes.ts'),
  );
});

test('the contract imports the schema library and itself', () => {
  assertAll(({ from, to }) => tree(from) !== 'contract' || tree(to) === 'contract' || to === 'typebox');
});

test('the client imports itself, and types of the contract', () => {
  assertAll(
    ({ from, to, type }) => tree(from) !== 'client' || tree(to) === 'client' || (tree(to) === 'contract' && type),
  );
});

test('the console imports the contract and the client, never the server', () => {
  assertAll(({ from, to }) => tree(from) !== 'console' || !['server', 'cli'].includes(tree(to) ?? ''));
  // Types of the contract, and what is made of nothing else: what the others are made with would be a third of what a
  // browser loads.
  const plain = ['contract/roles.ts', 'contract/search.ts', 'contract/fold.ts', 'contract/event-types.ts'];
  assertAll(({ from, to, type }) => tree(from) !== 'console' || tree(to) !== 'contract' || type || plain.includes(to));
  assertAll(({ from, to, type }) => !plain.includes(from) || type || plain.includes(to));
});

test('of the server, the command line imports doors, what opens the database, and whole only where it serves', () => {
  const open = ['project', 'config', 'configured-database', 'database', 'own-address'].map(
    (name) => `server/${name}.ts`,
  );
  assertAll(
    ({ from, to }) =>
      tree(from) !== 'cli' ||
      tree(to) !== 'server' ||
      open.includes(to) ||
      isDoor(to) ||
      (from === 'cli/serve.ts' && to === 'server/main.ts'),
  );
});

test('nobody imports a tree that stands above: not the command line, not tests, not benchmarks', () => {
  assertAll(({ from, to }) => !['cli', 'test', 'bench'].includes(tree(to) ?? '') || tree(from) === tree(to));
  assertAll(({ from, to }) => tree(from) !== 'server' || ['server', 'contract', undefined].includes(tree(to)));
});

/** What puts the slices together. */
const WHOLE = ['server/app.ts', 'server/main.ts', 'server/configured-database.ts', 'server/configured-services.ts'];
const LETS_IN = ['server/http.ts', 'server/admission.ts', 'server/request-log.ts'];

test('the platform does not know the slices: only what puts them together does, and what lets requests in knows access', () => {
  assertAll(({ from, to }) => {
    if (tree(from) !== 'server' || slice(from) || !slice(to)) return true;
    if (LETS_IN.includes(from)) return to === 'server/access/access.ts';
    return WHOLE.includes(from);
  });
});

test('a slice imports slices before it, through their doors', () => {
  const place = (path: string) => SLICES.indexOf(slice(path)!);
  for (const path of files) assert.ok(!slice(path) || place(path) >= 0, `${path}: the slice has no place in the order`);
  assertAll(({ from, to }) => {
    if (!slice(from) || !slice(to) || slice(from) === slice(to)) return true;
    return isDoor(to) && place(to) < place(from);
  });
});

test('routes.ts is imported by app.ts alone, a store by its own slice alone', () => {
  assertAll(({ from, to }) => !isRoutes(to) || from === 'server/app.ts');
  assertAll(({ from, to }) => !isStore(to) || slice(from) === slice(to));
});

test('all SQL of a slice stands in its store', () => {
  const sql = /\b(?:SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE|ALTER|TRUNCATE)\s+[\w"$({*]/;
  const slices = files.filter((path) => slice(path));
  const holding = slices.filter((path) => sql.test(sources.get(path)!.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')));
  assert.deepEqual(
    holding.filter((path) => !isStore(path)),
    [],
  );
  assert.ok(holding.length >= 3);
});

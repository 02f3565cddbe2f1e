// What stands nowhere in the program, because hostile input would find it.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { parseSync } from 'oxc-parser';
import { analyse } from 'scslre';

const root = new URL('..', import.meta.url);
const sources = globSync('{contract,server,client,cli}/**/*.{ts,js}', { cwd: root })
  .filter((path) => !path.endsWith('.test.ts'))
  .map((path) => ({ path, source: readFileSync(new URL(path, root), 'utf8') }));

// biome-ignore lint/suspicious/noExplicitAny: any node of a syntax tree
type Node = any;

const trees = sources.map(({ path, source }) => ({ path, nodes: [...nodesOf(path, source)] }));

/** Every node of a file's syntax tree. */
function* nodesOf(path: string, source: string): Generator<Node> {
  const { program, errors } = parseSync(path, source);
  assert.deepEqual(errors, []);
  const left: Node[] = [program];
  while (left.length > 0) {
    const node = left.pop();
    if (Array.isArray(node)) left.push(...node);
    else if (node !== null && typeof node === 'object') {
      if (typeof node.type === 'string') yield node;
      left.push(...Object.values(node));
    }
  }
}

const found = (matches: (node: Node) => boolean) =>
  trees.flatMap(({ path, nodes }) => nodes.filter(matches).map(() => path));
const calls = (name: string) => (node: Node) =>
  (node.type === 'CallExpression' || node.type === 'NewExpression') &&
  (node.callee.name === name || node.callee.property?.name === name);

/** Ways in which a pattern takes more than linear time on some text, by static analysis: the same answer each time. */
const slowIn = (pattern: string, flags: string) => analyse({ source: pattern, flags }).reports;

describe('regular expressions', () => {
  test('that are slow are told from fast ones', () => {
    for (const slow of ['(a+)+$', '(a|a)*$', '^a*b?a*x', 'a+$', '\\s+$']) assert.ok(slowIn(slow, '').length > 0, slow);
    for (const fast of ['^a+$', '^(?:ab)*$', '^[a-z]+(?:\\.[a-z]+)*$']) assert.deepEqual(slowIn(fast, ''), [], fast);
  });

  test('take linear time, every one of them', () => {
    let seen = 0;
    for (const { path, nodes } of trees)
      for (const { type, regex } of nodes) {
        if (type !== 'Literal' || !regex) continue;
        seen++;
        assert.deepEqual(slowIn(regex.pattern, regex.flags), [], `${path}: /${regex.pattern}/${regex.flags}`);
      }
    assert.ok(seen > 80, 'Where are they?');
  });

  test('are made from text in three places, of which none is a caller’s', () => {
    // The contract's own accents and signs, and the paths of the routes.
    assert.deepEqual(found(calls('RegExp')).sort(), ['contract/fold.ts', 'contract/fold.ts', 'server/http.ts']);
  });
});

test('no text becomes code or a command line', () => {
  // Redis runs one script, which is the same text each time.
  const scripted = (node: Node) => calls('eval')(node) && node.arguments[0]?.name === 'SCRIPT';
  assert.deepEqual(
    found((node) => calls('eval')(node) && !scripted(node)),
    [],
  );
  assert.deepEqual(found(scripted), ['server/shared-rate-limit.ts']);
  for (const name of ['Function', 'execSync', 'runInContext', 'runInNewContext', 'runInThisContext'])
    assert.deepEqual(found(calls(name)), [], name);
  const imported = (names: RegExp) => (node: Node) =>
    (node.type === 'ImportDeclaration' || node.type === 'ImportExpression') && names.test(node.source.value ?? '');
  assert.deepEqual(found(imported(/^(node:)?(vm|inspector|worker_threads)$/)), []);
  // PostgreSQL's programs and what tells of users, each with its arguments in a list and no shell between.
  const commands = found(imported(/^(node:)?child_process$/));
  const running = ['cli/clientele.js', 'server/cluster.ts', 'server/owner.ts', 'server/postmaster.ts'];
  assert.deepEqual(
    commands.filter((path) => !running.includes(path)),
    [],
  );
  assert.deepEqual(
    found((node) => node.type === 'ImportSpecifier' && node.imported.name === 'exec'),
    [],
  );
  assert.deepEqual(
    found((node) => node.type === 'Property' && node.key.name === 'shell'),
    [],
  );
});

test('the server asks nobody but through its one way out, and those whom its configuration names', () => {
  const inServer = (path: string) => path.startsWith('server/');
  assert.deepEqual(found(calls('fetch')).filter(inServer), []);
  assert.ok(found(calls('fetch')).length > 0, 'the client does');
  const asking = found(
    (node) =>
      node.type === 'ImportDeclaration' &&
      /^node:(https?|http2|net|tls|dgram|dns(\/promises)?)$/.test(node.source.value) &&
      node.specifiers.some(
        (one: Node) =>
          one.type !== 'ImportSpecifier' || /^(request|get|connect|createConnection|lookup)$/.test(one.imported.name),
      ),
  );
  assert.deepEqual([...new Set(asking.filter(inServer))], ['server/egress.ts']);
  // Libraries that connect by themselves: each to the one place that the operator has set.
  const libraries =
    /^(pg|ioredis|nodemailer|@nats-io\/.*|@opentelemetry\/exporter-.*|openid-client|undici|axios|got|node-fetch)$/;
  const connecting = found(
    (node) =>
      (node.type === 'ImportExpression' || (node.type === 'ImportDeclaration' && node.importKind !== 'type')) &&
      libraries.test(node.source.value ?? ''),
  );
  assert.deepEqual([...new Set(connecting.filter(inServer))].sort(), [
    'server/client.ts',
    'server/database.ts',
    'server/embedded.ts',
    'server/mail.ts',
    'server/nats.ts',
    'server/openid.ts', // asks through the way out
    'server/pipeline.ts',
    'server/redis.ts',
    'server/tracing.ts',
  ]);
});

test('hashes are SHA-256, and what must not be guessed comes from the system', () => {
  const hashing = (node: Node) => calls('hash')(node) || calls('createHash')(node);
  const others = found((node) => hashing(node) && node.arguments[0]?.value !== 'sha256');
  assert.deepEqual(others, ['server/shared-rate-limit.ts'], 'Redis names a script by its SHA-1');
  assert.ok(found(hashing).length > 5);
  const random = found((node) => node.type === 'MemberExpression' && node.property.name === 'random');
  assert.deepEqual(
    random.sort(),
    ['client/retry.ts', 'server/events/stream.ts', 'server/redis.ts', 'server/webhooks/parked.ts'],
    'how long to wait is no secret',
  );
});

// `clientele customers …` as it is typed, against a real server.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Clientele, createClient } from '#client/clientele.ts';
import { INPUT_FIELDS } from '#contract/customers.ts';
import type { Config } from '#server/config.ts';
import { startServer, type TestServer } from '../test/support/server.ts';
import { customerCommands } from './customers.ts';

let server: TestServer;
let customers: Clientele['customers'];
before(async () => {
  server = await startServer();
  customers = createClient({ url: server.base, key: server.keys.editor }).customers;
});
after(() => server.stop());

type Ran = { code: number; out: string; err: string };

const run = (words: string[], environment: NodeJS.ProcessEnv = {}) => runCommand(['customers', ...words], environment);

function runCommand(words: string[], environment: NodeJS.ProcessEnv = {}): Promise<Ran> {
  const { CLIENTELE_URL, CLIENTELE_KEY, ...outer } = process.env;
  const env = { ...outer, CLIENTELE_URL: server.base, CLIENTELE_KEY: server.keys.editor, ...environment };
  return new Promise((resolve) => {
    const command = [join(import.meta.dirname, 'clientele.js'), ...words];
    const child = execFile(process.execPath, command, { env }, (_error, out, err) =>
      resolve({ code: child.exitCode!, out, err }),
    );
  });
}

const json = ({ out }: Ran) =>
  out
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
const names = (ran: Ran) => json(ran).map(({ first_name }) => first_name);

let count = 0;
const make = (first_name: string, more = {}) =>
  customers.create({ first_name, last_name: 'Curie', email: `cli${++count}@example.com`, ...more });

test('create, get, update and delete', async () => {
  const words = ['create', '--first-name', 'Marie', '--last-name', 'Curie', '--email', 'marie@example.com'];
  const created = await run([...words, '--phone', '+33 1 23 45 67 89', '--external-id', 'm-1', '--inactive']);
  assert.deepEqual([created.code, created.err], [0, '']);
  const [marie] = json(created);
  assert.deepEqual(
    [marie.full_name, marie.phone, marie.external_id, marie.is_active],
    ['Marie Curie', '+33 1 23 45 67 89', 'm-1', false],
  );
  assert.deepEqual(await customers.get(marie.id), marie);
  assert.deepEqual(json(await run(['get', marie.id])), [marie]);

  const [updated] = json(
    await run(['update', marie.id, '--last-name', 'Skłodowska', '--no-phone', '--active', '--if-version', '1']),
  );
  assert.deepEqual(
    [updated.last_name, updated.phone, updated.external_id, updated.is_active],
    ['Skłodowska', null, 'm-1', true],
  );
  const stale = await run(['update', marie.id, '--first-name', 'M', '--if-version', '1']);
  assert.deepEqual([stale.code, stale.out], [1, '']);
  assert.match(stale.err, /^clientele: .*changed since.*\n {2}If-Match: The current version is 2\.\n$/);

  assert.deepEqual(await run(['delete', marie.id]), { code: 0, out: '', err: 'Deleted.\n' });
  const gone = await run(['get', marie.id]);
  assert.deepEqual([gone.code, gone.out, gone.err], [1, '', 'clientele: There is nothing here.\n']);
});

test('list tells when there are more, and gives as many as are asked for', async () => {
  for (let i = 0; i < 27; i++) await make('Irene', { is_active: i > 0 });
  const one = await run(['list', '--search', 'irene']);
  assert.deepEqual(
    [one.code, json(one).length, one.err],
    [0, 25, 'These are 25 of 27 customers; --limit or --all gives more.\n'],
  );
  const two = await run(['list', '--search', 'irene', '--limit', '2', '--fields', 'email,version']);
  assert.deepEqual(Object.keys(json(two)[1]), ['email', 'version']);
  assert.equal(json(two).length, 2);
  const whole = await run(['list', '--search', 'irene', '--all']);
  assert.deepEqual([json(whole).length, whole.err], [27, '']);
  const exact = await run(['list', '--search', 'irene', '--limit', '27']);
  assert.deepEqual([json(exact).length, exact.err], [27, '']);
  assert.equal(json(await run(['list', '--search', 'irene', '--inactive'])).length, 1);
  assert.equal(json(await run(['list', '--search', 'irene', '--active', '--limit', '200'])).length, 26);
});

test('list goes on over pages up to a limit beyond one of them', async () => {
  await Promise.all(Array.from({ length: 203 }, () => make('Paul', { last_name: 'Langevin' })));
  const most = await run(['search', 'langevin', '--limit', '202', '--fields', 'id']);
  assert.equal(new Set(json(most).map(({ id }) => id)).size, 202);
  assert.match(most.err, /^These are 202 of 203/);
  const whole = await run(['search', 'langevin', '--all']);
  assert.deepEqual([json(whole).length, whole.err], [203, '']);
});

test('list is ordered, and search takes words as they come', async () => {
  for (const name of ['Pierre', 'Eve', 'Jacques']) await make(name, { last_name: 'Ordered' });
  const ordered = ['Eve', 'Jacques', 'Pierre'];
  const all = ['list', '--search', 'ordered'];
  assert.deepEqual(names(await run([...all, '--ordering', 'first_name'])), ordered);
  assert.deepEqual(names(await run([...all, '--ordering', '-first_name'])), ordered.toReversed());
  assert.deepEqual(names(await run([...all, '--ordering=-first_name'])), ordered.toReversed());
  assert.deepEqual(names(await run(['search', 'ordered', 'jac'])), ['Jacques']);
  const wrong = await run([...all, '--ordering', 'shoe_size']);
  assert.deepEqual([wrong.code, wrong.out], [1, '']);
  assert.match(wrong.err, /^clientele: ordering: ordering must be one of /);
});

test('what is refused is told field by field', async () => {
  const holder = await make('Hélène', { email: 'helene@example.com' });
  const words = ['create', '--first-name', 'H3lène', '--last-name', 'Curie', '--email', 'helene@'];
  const refused = await run(words);
  assert.deepEqual([refused.code, refused.out], [1, '']);
  assert.match(refused.err, /^clientele: 2 values are not valid\.\n {2}first_name: .+\n {2}email: .+\n$/);
  const taken = await run([
    'create',
    '--first-name',
    'Hélène',
    '--last-name',
    'Curie',
    '--email',
    'helene@example.com',
  ]);
  assert.deepEqual(
    [taken.code, taken.err],
    [1, `clientele: email: A customer with this email already exists. It is ${holder.id}.\n`],
  );
  const key = `${server.keys.editor.slice(0, -1)}_`;
  assert.deepEqual(await run(['list'], { CLIENTELE_KEY: key }), {
    code: 1,
    out: '',
    err: 'clientele: This is not a valid API key.\n',
  });
});

test('a command that is not understood does nothing and ends with 2', async () => {
  const id = (await make('Fanny')).id;
  const mistakes: [string[], RegExp][] = [
    [['list', '--active', '--inactive'], /--active and --inactive exclude/],
    [['list', '--limit', '0'], /--limit must be a whole number/],
    [['list', '--limit', '5', '--all'], /--limit and --all exclude/],
    [['list', 'fanny'], /a word too many/],
    [['list', '--nonsense'], /nonsense/],
    [['search'], /<words> is missing/],
    [['get'], /<id> is missing/],
    [['create', '--first-name', 'Fanny', '--email', 'fanny@example.com'], /--last-name is missing/],
    [['update', id], /nothing to change/],
    [['update', id, '--phone', '1234567', '--no-phone'], /--phone and --no-phone exclude/],
    [['update', id, '--first-name', 'F', '--if-version', '"1"'], /--if-version must be/],
    [['update', id, '--no-email'], /no-email/],
    [['delete'], /<id> is missing/],
  ];
  for (const [words, reason] of mistakes) {
    const { code, out, err } = await run(words);
    assert.deepEqual([code, out], [2, ''], words.join(' '));
    assert.match(err, reason);
  }
  assert.equal((await customers.get(id)).version, 1);
});

test('the server and the key come from the environment', async () => {
  const none = await run(['list'], { CLIENTELE_KEY: undefined });
  assert.deepEqual([none.code, none.out], [2, '']);
  assert.match(none.err, /^clientele: CLIENTELE_KEY is not set\./);
  const wrong = await run(['list'], { CLIENTELE_URL: 'localhost' });
  assert.equal(wrong.code, 2);
  assert.match(wrong.err, /CLIENTELE_URL/);
  const nobody = await run(['list'], { CLIENTELE_URL: 'http://127.0.0.1:9' });
  assert.deepEqual([nobody.code, nobody.out], [1, '']);
  assert.match(nobody.err, /^clientele: No reply from http:\/\/127\.0\.0\.1:9 \(.+\)\.\n$/);
});

test('every field can be given', () => {
  for (const name of ['customers create', 'customers update']) {
    const usage = customerCommands.find((command) => command.name === name)!.usage!;
    for (const field of INPUT_FIELDS)
      assert.ok(usage.includes(field === 'is_active' ? '--inactive' : `--${field.replaceAll('_', '-')} `), field);
  }
});

test('on a terminal customers are a table', async (t) => {
  const { id } = await make('Tabea', { external_id: 't-1' });
  const lines: string[] = [];
  t.mock.method(console, 'log', (line: string) => lines.push(line));
  const { isTTY } = process.stdout;
  process.stdout.isTTY = true;
  t.after(() => {
    process.stdout.isTTY = isTTY;
  });
  Object.assign(process.env, { CLIENTELE_URL: server.base, CLIENTELE_KEY: server.keys.editor });
  const type = (name: string, ...words: string[]) =>
    customerCommands.find((command) => command.name === name)!.run(words, {} as Config);
  assert.equal(await type('customers search', 'tabea'), 0);
  assert.match(lines[0]!, /^ID +FULL NAME +EMAIL +PHONE +IS ACTIVE +EXTERNAL ID$/);
  assert.match(lines[1]!, new RegExp(`^${id} +Tabea Curie +cli\\d+@example\\.com +true +t-1$`));
  assert.equal(await type('customers get', id), 0);
  assert.match(lines.slice(2).join('\n'), /^FIELD +VALUE\nid +\S+\nfirst_name +Tabea\n/);
});

test('bulk-edit counts, changes all that match, and is taken back by its cause', async () => {
  for (const name of ['Bulkone', 'Bulktwo', 'Bulkthree']) await make(name);
  const active = async () => (await customers.list({ search: 'bulk', is_active: true }).page()).count;
  assert.equal((await run(['bulk-edit', '--search', 'bulk', '--inactive', '--dry-run'])).out, '3 customers match.\n');
  assert.equal(await active(), 3);
  const edited = await run(['bulk-edit', '--search', 'bulk', '--only-active', '--inactive', '--no-phone']);
  assert.deepEqual([edited.code, await active()], [0, 0]);
  assert.match(edited.err, /^Changed 3 of 3 customers\.\n/);
  const [cause] = json(edited);
  assert.equal(json(await runCommand(['causes', 'list', '--limit', '1']))[0].id, cause.id);
  const undone = await runCommand(['causes', 'undo', cause.id]);
  assert.match(undone.err, /^Took back 3 changes, kept 0\.\nIt can be undone: npx clientele causes undo /);
  assert.equal(await active(), 3);
  assert.equal(json(await runCommand(['causes', 'get', cause.id]))[0].state, 'done');
  assert.match((await runCommand(['causes', 'cancel', cause.id])).err, /^It was done already\. 3 of 3, changed 3\n/);
  assert.equal((await run(['bulk-edit', '--search', 'bulk', '--delete'])).code, 0);
  assert.equal(await active(), 0);
  for (const words of [
    ['--inactive'],
    ['--all'],
    ['--all', '--search', 'x', '--delete'],
    ['--all', '--delete', '--active'],
  ])
    assert.equal((await run(['bulk-edit', ...words])).code, 2, words.join(' '));
  assert.equal((await run(['bulk-edit', '--all', '--email', 'one@example.com'])).code, 1);
});

// `clientele import` and `clientele demo` as they are typed, on a database of their own.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import pg from 'pg';
import { openTestDatabase, type TestDatabase } from '../test/support/server.ts';

let opened: TestDatabase;
let sql: pg.Client;
let folder: string;
before(async () => {
  opened = await openTestDatabase();
  sql = new pg.Client(opened.connection);
  await sql.connect();
});
after(async () => {
  await sql.end();
  await opened.drop();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'import-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

type Ran = { code: number; out: string; err: string };

function start(words: string[]): { child: ChildProcess; ended: Promise<Ran> } {
  const env = { ...process.env, DATABASE_URL: opened.url };
  const child = spawn(process.execPath, [join(import.meta.dirname, 'clientele.js'), ...words], { env, cwd: folder });
  const ran = { out: '', err: '' };
  child.stdout.on('data', (text) => (ran.out += text));
  child.stderr.on('data', (text) => (ran.err += text));
  return { child, ended: once(child, 'close').then(([code]) => ({ code, ...ran })) };
}

function run(words: string[], input = ''): Promise<Ran> {
  const { child, ended } = start(words);
  child.stdin!.on('error', () => {}); // not every command reads it
  child.stdin!.end(input);
  return ended;
}

async function file(name: string, text: string | Buffer): Promise<string> {
  await writeFile(join(folder, name), text);
  return name;
}

const total = async () => {
  const { rows } =
    await sql.query(`SELECT total_customers::int AS total FROM ledgers JOIN workspaces ON id = workspace_id
    WHERE slug = 'main'`);
  return rows[0].total;
};

test('a good file: all rows are in, and nothing else is left behind', async () => {
  const before = await total();
  await file(
    'good.csv',
    'email,first_name,last_name\nada@good.example,Ada,Lovelace\ngrace@good.example,Grace,Hopper\n',
  );
  assert.deepEqual(await run(['import', 'good.csv']), { code: 0, out: 'Created 2 customers in main.\n', err: '' });
  assert.equal(await total(), before + 2);
  assert.deepEqual(await readdir(folder), ['good.csv']);
});

test('refused rows go to a file beside it, which once corrected can be imported', async () => {
  await file(
    'people.csv',
    'First_Name,last_name,email,is_active\r\nAda,Lovelace,ada@people.example,yes\r\n"A, ""B""\nC",D,bad,\r\n' +
      'Ada,Lovelace,ada@people.example\r\nEve,Adams,ada@people.example,no\r\n',
  );
  const ran = await run(['import', './people.csv']);
  assert.deepEqual(ran, {
    code: 1,
    out: 'Created 1 customer in main; refused 3 of 4 rows, see people.rejected.csv.\n',
    err: '',
  });
  const rejected = join(folder, 'people.rejected.csv');
  const taken = 'A customer with this email already exists.';
  assert.equal(
    await readFile(rejected, 'utf8'),
    `First_Name,last_name,email,is_active,line,reason
"A, ""B""\nC",D,bad,,3,First name contains invalid characters. Email is not a valid address.
Ada,Lovelace,ada@people.example,,5,The row has 3 cells and the first line 4.
Eve,Adams,ada@people.example,no,6,${taken}
`,
  );
  assert.equal((await stat(rejected)).mode & 0o077, 0, 'only for the eyes of its owner');

  await writeFile(rejected, (await readFile(rejected, 'utf8')).replace('Eve,Adams,ada@', 'Eve,Adams,eve@'));
  const again = await run(['import', 'people.rejected.csv']);
  assert.match(again.out, /^Created 1 customer in main; refused 2 of 3 rows, see people\.rejected\.rejected\.csv\.\n$/);
  const lines = (await readFile(join(folder, 'people.rejected.rejected.csv'), 'utf8')).split('\n');
  assert.equal(lines[0], 'First_Name,last_name,email,is_active,line,reason');
  assert.match(lines[3]!, /,4,A customer with this email already exists\.$/);
});

test('--rejected names another place; a file of that name is replaced', async () => {
  await mkdir(join(folder, 'out'));
  await file('out/x.csv', 'an older one, longer than the new one will be '.repeat(20));
  await file('bad.csv', 'first_name,last_name,email\nAda,Lovelace,bad\n');
  const ran = await run(['import', 'bad.csv', '--rejected', 'out/x.csv']);
  assert.match(ran.out, /refused 1 of 1 row, see out\/x\.csv\.$/m);
  assert.match(await readFile(join(folder, 'out/x.csv'), 'utf8'), /^first_name,[^\n]+\nAda,[^\n]+,2,Email[^\n]+\n$/);
  assert.equal((await readdir(folder)).includes('bad.rejected.csv'), false);
});

test('columns that are no field of a customer are left out and named', async () => {
  await file(
    'export.csv',
    'Vorname,Nachname,E-Mail,Hat,\u001b[2J,,line,reason\nAda,Lovelace,ada@export.example,red,1,2,3,4\n',
  );
  assert.deepEqual(await run(['import', 'export.csv']), {
    code: 0,
    out: 'Created 1 customer in main.\n',
    err: 'clientele: No field of a customer, so left out: "Hat", "\ufffd[2J".\n',
  });
});

test('refused rows are parted as those of their file', async () => {
  await file('semicolons.csv', 'Vorname;Nachname;E-Mail\nAda;"a;b";bad\n');
  const { out } = await run(['import', 'semicolons.csv']);
  assert.match(out, /refused 1 of 1 row/);
  const rejected = await readFile(join(folder, 'semicolons.rejected.csv'), 'utf8');
  assert.match(rejected, /^Vorname;Nachname;E-Mail;line;reason\nAda;"a;b";bad;2;Last name [^\n]+\n$/);
});

test('- reads standard input', async () => {
  const ran = await run(
    ['import', '-'],
    'first_name,last_name,email\nAda,Lovelace,ada@stdin.example\nAda,Lovelace,no\n',
  );
  assert.deepEqual(ran, {
    code: 1,
    out: 'Created 1 customer in main; refused 1 of 2 rows, see import.rejected.csv.\n',
    err: '',
  });
  assert.match(await readFile(join(folder, 'import.rejected.csv'), 'utf8'), /\nAda,Lovelace,no,3,Email/);
});

test('what cannot be imported is said in a sentence', async () => {
  await mkdir(join(folder, 'folder.csv'));
  await file('empty.csv', '');
  await file('good.csv', 'first_name,last_name,email\nAda,Lovelace,ada@never.example\n');
  await file('book.csv', 'PK\u0003\u0004[Content_Types].xml');
  await file('odd.csv', 'first_name,email,hat\nAda,ada@never.example,red\n');
  const before = await total();
  const cases: [words: string[], code: number, says: RegExp][] = [
    [['missing.csv'], 1, /^clientele: There is no file missing\.csv\.\n$/],
    [['folder.csv'], 1, /^clientele: folder\.csv is a folder; name a CSV file\.\n$/],
    [['empty.csv'], 1, /^clientele: The file is empty\.\n$/],
    [
      ['odd.csv'],
      1,
      /^clientele: The first line of the file must name .* Without a field: "hat"\. Missing: "last_name"\.\n$/,
    ],
    [['book.csv'], 1, /^clientele: This is a workbook of Excel .* save it as CSV \(UTF-8\), and import that file\.\n$/],
    [['good.csv', '--workspace', 'nowhere'], 1, /^clientele: There is no workspace "nowhere"\.\n$/],
    [
      ['good.csv', '--rejected', 'good.csv'],
      1,
      /^clientele: good\.csv, where refused rows would go, is the file to import\.\n$/,
    ],
    [['good.csv', '--rejected', '.'], 1, /^clientele: \., where refused rows would go, is a folder\.\n$/],
    [['good.csv', '--rejected', 'no/such/folder.csv'], 1, /^clientele: Refused rows could not be written to no\/such/],
    [[], 2, /^clientele: <file\.csv> is missing\.\n$/],
    [['good.csv', 'more.csv'], 2, /^clientele: There is a word too many: more\.csv\.\n$/],
  ];
  for (const [words, code, says] of cases) {
    const ran = await run(['import', ...words]);
    assert.deepEqual([words, ran.code, ran.out], [words, code, '']);
    assert.match(ran.err, says);
  }
  assert.equal(await total(), before, 'and nothing was written');
});

test('a file that may not be read is said so', {
  skip: process.getuid?.() === 0 && 'root may read everything',
}, async () => {
  await file('secret.csv', 'first_name,last_name,email\n');
  await chmod(join(folder, 'secret.csv'), 0o000);
  assert.match((await run(['import', 'secret.csv'])).err, /^clientele: This user may not read secret\.csv\.\n$/);
});

test('Ctrl-C keeps the rows that are in and tells how many they are', async () => {
  const before = await total();
  const { child, ended } = start(['import', '-']);
  const rows = Array.from({ length: 1100 }, (_, index) => `Ada,Lovelace,ada${index}@stopped.example\n`);
  child.stdin!.write(`first_name,last_name,email\n${rows.join('')}`);
  while ((await total()) < before + 1000) await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill('SIGINT'); // it waits for more of its input now
  assert.deepEqual(await ended, {
    code: 130,
    out: "Stopped. Created 1,000 customers in main. The file's first 1,000 rows are dealt with; import it again for the others.\n",
    err: '',
  });
  assert.equal(await total(), before + 1000);
});

test('the help tells the columns and where refused rows go', async () => {
  const { code, out } = await run(['import', '--help']);
  assert.equal(code, 0);
  assert.match(out, /first_name, last_name, email, phone, is_active, external_id, created_at/);
  assert.match(out, /<file>\.rejected\.csv/);
});

test('demo makes the same people once, in many scripts and all by the rules', async () => {
  const before = await total();
  assert.deepEqual(await run(['demo', '--customers', '1500']), {
    code: 0,
    out: 'Created 1,500 sample customers in main.\n',
    err: '',
  });
  assert.equal(
    (await run(['demo', '--customers', '1500'])).out,
    'Created 0 sample customers in main; 1,500 existed already.\n',
  );
  assert.equal(
    (await run(['demo', '--customers', '1600'])).out,
    'Created 100 sample customers in main; 1,500 existed already.\n',
  );
  assert.equal(await total(), before + 1600);

  const { rows } = await sql.query(`SELECT first_name || ' ' || last_name AS name, phone, phone_e164, is_active, email,
      extract(epoch FROM now() - created_at) / 86400 AS days FROM customers
    WHERE email LIKE '%.example' OR email LIKE '%.example.com'`);
  const sample = rows.filter(({ email }) => /^[a-z]+\.[a-z]+\d*@/.test(email));
  assert.equal(sample.length, 1600);
  const scripts =
    'Latin Cyrillic Greek Arabic Hebrew Devanagari Bengali Tamil Thai Han Hiragana Katakana Hangul Georgian Armenian Ethiopic';
  for (const script of scripts.split(' '))
    assert.ok(
      sample.some(({ name }) => new RegExp(`\\p{Script=${script}}`, 'u').test(name)),
      script,
    );
  assert.ok(
    sample.some(({ name }) => /[áéőüçñøł]/.test(name)),
    'letters with marks',
  );
  assert.deepEqual(
    sample.filter(({ phone, phone_e164 }) => (phone === null) !== (phone_e164 === null)),
    [],
    'phones are valid',
  );
  assert.ok(sample.filter(({ phone }) => phone === null).length > 50);
  assert.ok(new Set(sample.map(({ phone }) => phone?.replaceAll(/\d/g, '9'))).size > 20, 'phones in many forms');
  const inactive = sample.filter(({ is_active }) => !is_active).length;
  assert.ok(inactive > 110 && inactive < 210, `${inactive} of 1600 are inactive`);
  const days = sample.map((row) => Number(row.days));
  assert.ok(Math.min(...days) >= 0 && Math.min(...days) < 20 && Math.max(...days) > 1075 && Math.max(...days) <= 1096);
});

for (const number of ['0', '-1', '1e3', '', '10000001'])
  test(`demo refuses ${JSON.stringify(number)} customers`, async () => {
    const { code, err } = await run(['demo', `--customers=${number}`]);
    assert.deepEqual([code, err], [2, 'clientele: --customers must be a whole number from 1 to 10,000,000.\n']);
  });

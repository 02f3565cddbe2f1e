// `clientele import` and `clientele demo` as they are typed, on a database of their own.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import type pg from 'pg';
import { findWorkspace, systemActor } from '#server/access/access.ts';
import { takeWork } from '#server/causes/causes.ts';
import { undoCause, workOnUndo } from '#server/undo/undo.ts';
import { openTestSql, type TestSql } from '../test/support/server.ts';

let opened: TestSql;
let sql: pg.Client;
let folder: string;
before(async () => {
  opened = await openTestSql();
  ({ sql } = opened);
});
after(() => opened.drop());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'import-test-'));
  await mkdir(join(folder, 'tmp'));
});
afterEach(() => rm(folder, { recursive: true }));

type Ran = { code: number; out: string; err: string };

function start(words: string[]): { child: ChildProcess; ended: Promise<Ran> } {
  const env = { ...process.env, DATABASE_URL: opened.url, TMPDIR: join(folder, 'tmp') };
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

/** What an import printed, without the line that undoes it, whose id is given by itself. */
function undoable({ code, out, err }: Ran): Ran & { id: string } {
  const found = /\nTo undo it: npx clientele import --undo ([0-9a-f-]{36})\n$/.exec(out);
  assert.ok(found, out);
  return { code, out: out.slice(0, found.index + 1), err, id: found[1]! };
}

/** The folders with files under way. */
const copies = async () => (await readdir(join(folder, 'tmp'))).filter((name) => name.startsWith('clientele-import-'));

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
  const { id, ...ran } = undoable(await run(['import', 'good.csv']));
  assert.deepEqual(ran, { code: 0, out: 'Created 2 customers in main, updated 0, 0 unchanged.\n', err: '' });
  assert.equal(await total(), before + 2);
  assert.deepEqual(await readdir(folder), ['good.csv', 'tmp']);
  assert.deepEqual(await copies(), [], 'no copy of it stays');
  const { rows } = await sql.query('SELECT state, kind FROM causes WHERE id = $1', [id]);
  assert.deepEqual(rows, [{ state: 'done', kind: 'import' }]);

  assert.deepEqual(await run(['import', 'good.csv']), {
    code: 0,
    out: 'Created 0 customers in main, updated 0, 2 unchanged.\n',
    err: '',
  });
});

test('refused rows go to a file beside it, which once corrected can be imported', async () => {
  await file(
    'people.csv',
    'First_Name,last_name,email,is_active\r\nAda,Lovelace,ada@people.example,yes\r\n"A, ""B""\nC",D,bad,\r\n' +
      'Ada,Lovelace,ada@people.example\r\nEve,Adams,ada@people.example,no\r\n',
  );
  const { id: _, ...ran } = undoable(await run(['import', './people.csv']));
  assert.deepEqual(ran, {
    code: 1,
    out: 'Created 1 customer in main, updated 0, 0 unchanged; refused 3 of 4 rows, see people.rejected.csv.\n',
    err: '',
  });
  const rejected = join(folder, 'people.rejected.csv');
  assert.equal(
    await readFile(rejected, 'utf8'),
    `First_Name,last_name,email,is_active,line,reason
"A, ""B""\nC",D,bad,,3,First name contains invalid characters. Email is not a valid address.
Ada,Lovelace,ada@people.example,,5,The row has 3 cells and the first line 4.
Eve,Adams,ada@people.example,no,6,The email stands on line 2 already.
`,
  );
  assert.equal((await stat(rejected)).mode & 0o077, 0, 'only for the eyes of its owner');

  await writeFile(rejected, (await readFile(rejected, 'utf8')).replace('Eve,Adams,ada@', 'Eve,Adams,eve@'));
  const again = await run(['import', 'people.rejected.csv']);
  assert.match(
    again.out,
    /^Created 1 customer in main, updated 0, 1 unchanged; refused 1 of 3 rows, see people\.rejected\.rejected\.csv\.\n/,
  );
  const lines = (await readFile(join(folder, 'people.rejected.rejected.csv'), 'utf8')).split('\n');
  assert.equal(lines[0], 'First_Name,last_name,email,is_active,line,reason');
  assert.match(lines[1]!, /^"A, ""B""$/);
});

test('--rejected names another place; a file of that name is replaced', async () => {
  await mkdir(join(folder, 'out'));
  await file('out/x.csv', 'an older one, longer than the new one will be '.repeat(20));
  await file('bad.csv', 'first_name,last_name,email\nAda,Lovelace,bad\n');
  const ran = await run(['import', 'bad.csv', '--rejected', 'out/x.csv']);
  assert.match(ran.out, /refused 1 of 1 row, see out\/x\.csv\.\n$/);
  assert.match(await readFile(join(folder, 'out/x.csv'), 'utf8'), /^first_name,[^\n]+\nAda,[^\n]+,2,Email[^\n]+\n$/);
  assert.equal((await readdir(folder)).includes('bad.rejected.csv'), false);
});

test('columns that are no field of a customer are left out and named', async () => {
  await file(
    'export.csv',
    'Vorname,Nachname,E-Mail,Hat,\u001b[2J,,line,reason\nAda,Lovelace,ada@export.example,red,1,2,3,4\n',
  );
  const { id: _, ...ran } = undoable(await run(['import', 'export.csv']));
  assert.deepEqual(ran, {
    code: 0,
    out: 'Created 1 customer in main, updated 0, 0 unchanged.\n',
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
  const { id: _, ...ran } = undoable(
    await run(['import', '-'], 'first_name,last_name,email\nAda,Lovelace,ada@stdin.example\nAda,Lovelace,no\n'),
  );
  assert.deepEqual(ran, {
    code: 1,
    out: 'Created 1 customer in main, updated 0, 0 unchanged; refused 1 of 2 rows, see import.rejected.csv.\n',
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
    [['good.csv', '--match', 'phone'], 2, /^clientele: --match must be one of email, external_id\.\n$/],
    [['good.csv', '--map', 'hat'], 2, /^clientele: --map is column=field, several parted by commas; "hat" is not\.\n$/],
    [['good.csv', '--map', 'hat=cap'], 2, /^clientele: --map: there is no field "cap"\. There are first_name, /],
    [
      ['good.csv', '--map', 'email=email:never'],
      2,
      /^clientele: --map: there is no rule "never"\. There are overwrite, /,
    ],
    [['good.csv', '--map', 'hat=phone'], 1, /^clientele: The file has no column "hat"\.\n$/],
    [
      ['good.csv', '--undo', 'x'],
      2,
      /^clientele: --undo takes an import back, and goes with --workspace and --json alone/,
    ],
    [['--undo', 'x'], 1, /^clientele: There is no import "x" in main\.\n$/],
    [['--undo', randomUUID()], 1, /^clientele: There is no import "[0-9a-f-]{36}" in main\.\n$/],
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

test('a dry run tells what would be done and refused, and changes nothing', async () => {
  await file('there.csv', 'first_name,last_name,email\nAda,Lovelace,ada@dry.example\n');
  await run(['import', 'there.csv']);
  await file(
    'dry.csv',
    'Vorname;Nachname;E-Mail\nAda;Byron;ada@dry.example\nEve;Adams;eve@dry.example\nBob;Burns;bad\n',
  );
  const before = await total();
  assert.deepEqual(await run(['import', 'dry.csv', '--dry-run']), {
    code: 1,
    out: `dry.csv: 3 rows in UTF-8, cells parted by semicolons; customers told by their email.
Columns: --map 'Vorname=first_name,Nachname=last_name,E-Mail=email'
It would create 1 customer in main, update 1, leave 0 unchanged, and refuse 1 row.
  1 row: Email is not a valid address. Line 4.
Nothing was changed.
`,
    err: '',
  });
  assert.equal(await total(), before);
  const { code, out } = await run(['import', 'there.csv', '--dry-run', '--json']);
  const { state, found } = JSON.parse(out);
  const expected = { rows: 1, create: 0, update: 0, unchanged: 1, refuse: 0, reasons: [] };
  assert.deepEqual([code, state, found], [0, 'cancelled', expected]);
  assert.deepEqual((await readdir(folder)).sort(), ['dry.csv', 'there.csv', 'tmp']);
});

test('--map and --match tell what columns are, and who is there already', async () => {
  await file('crm.csv', 'Nr,Given,"Name, last",Mail,Tel\nm-1,Ada,Lovelace,ada@map.example,1234567\n');
  const map = ['--map', 'Nr=external_id,Given=first_name,Name, last=last_name', '--map', 'Tel='];
  const first = await run(['import', 'crm.csv', '--match', 'external_id', ...map]);
  assert.deepEqual(
    [undoable(first).out, first.err],
    [
      'Created 1 customer in main, updated 0, 0 unchanged.\n',
      'clientele: No field of a customer, so left out: "Tel".\n',
    ],
  );
  await file('crm.csv', 'Nr,Given,Mail,Tel\nm-1,Augusta,new@map.example,7654321\n');
  const words = ['--map', 'Nr=external_id,Given=first_name:leave,Tel=phone:only_if_empty'];
  const second = await run(['import', 'crm.csv', '--match', 'external_id', ...words]);
  assert.equal(undoable(second).out, 'Created 0 customers in main, updated 1, 0 unchanged.\n');
  const { rows } = await sql.query(
    "SELECT first_name, last_name, email, phone FROM customers WHERE external_id = 'm-1' AND deleted_at IS NULL",
  );
  assert.deepEqual(rows, [{ first_name: 'Ada', last_name: 'Lovelace', email: 'new@map.example', phone: '7654321' }]);
});

test('--undo takes an import back, and names what it kept', async () => {
  const before = await total();
  const people = Array.from({ length: 8 }, (_, index) => `Ada,Lovelace,ada${index}@undo.example\n`);
  await file('undo.csv', `first_name,last_name,email\n${people.join('')}`);
  const { id } = undoable(await run(['import', 'undo.csv']));
  const changed = people.slice(2).map((row) => row.replace('Ada', 'Eve'));
  await file('changed.csv', `first_name,last_name,email\n${changed.join('')}`);
  await run(['import', 'changed.csv']);

  const { code, out, err } = await run(['import', '--undo', id]);
  assert.deepEqual([code, err], [0, '']);
  const [first, ...others] = out.trimEnd().split('\n');
  assert.equal(first, 'Took back 2 changes in main; kept 6, since they were changed meanwhile.');
  assert.equal(others.length, 6);
  for (const line of others.slice(0, 5))
    assert.match(line, /^ {2}customer [0-9a-f-]{36}: first_name \(changed_since\)$/);
  assert.match(others[5]!, /^ {2}and 1 more: GET \/api\/causes\/[0-9a-f-]{36}\/kept$/);
  assert.equal(await total(), before + 6);

  const again = await run(['import', '--undo', id, '--json']);
  const { kind, state, undoes, progress } = JSON.parse(again.out);
  assert.deepEqual([kind, state, undoes, progress.changed], ['undo', 'done', id, 0]);
});

/** Waits until a query finds a row. */
async function found(query: string, values: unknown[] = []) {
  for (;;) {
    const { rows } = await sql.query(query, values);
    if (rows.length > 0) return rows[0];
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const manyPeople = (domain: string) =>
  `first_name,last_name,email\n${Array.from({ length: 30_000 }, (_, index) => `Ada,Lovelace,ada${index}@${domain}\n`).join('')}`;
const RUNNING = `SELECT id, (progress->>'created')::int AS created FROM causes
  WHERE kind = 'import' AND state = 'running' AND (progress->>'created')::int > 500`;

test('Ctrl-C keeps what is in; importing again goes on, and what is in can be undone', async () => {
  const before = await total();
  await file('many.csv', manyPeople('stopped.example'));
  const { child, ended } = start(['import', 'many.csv']);
  await found(RUNNING);
  child.kill('SIGINT');
  const ran = undoable(await ended);
  const created = (await total()) - before;
  assert.ok(created >= 500 && created < 30_000 && created % 500 === 0, String(created));
  assert.deepEqual(
    [ran.code, ran.out],
    [
      130,
      `Stopped. Created ${created.toLocaleString('en-US')} customers in main, updated 0, 0 unchanged.\n` +
        'What is done stays. Import the file again to go on: what is done is unchanged then.\n',
    ],
  );
  assert.deepEqual(await copies(), []);
  const { out } = await run(['import', '--undo', ran.id]);
  assert.equal(out, `Took back ${created.toLocaleString('en-US')} changes in main.\n`);
  assert.equal(await total(), before);
});

test('Ctrl-C while the file comes in ends that', async () => {
  const { child, ended } = start(['import', '-']);
  child.stdin!.on('error', () => {}); // it may end before it has read all of it
  child.stdin!.write(manyPeople('never.example'));
  while ((await copies()).length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  child.kill('SIGINT'); // it waits for more of its input now
  assert.deepEqual(await ended, { code: 130, out: 'Stopped before anything was imported.\n', err: '' });
  assert.deepEqual(await copies(), []);
});

test('an import whose process was killed can be undone at once, and stands in nobody’s way', async () => {
  const before = await total();
  await file('many.csv', manyPeople('killed.example'));
  const { child, ended } = start(['import', 'many.csv']);
  const { id } = await found(RUNNING);
  child.kill('SIGKILL');
  await ended;
  await file('next.csv', 'first_name,last_name,email\nAda,Lovelace,ada@next.example\n');
  assert.equal(undoable(await run(['import', 'next.csv'])).code, 0);
  // Only now: what the killed one had sent may have been committed after it was gone.
  const created = (await total()) - before - 1;
  assert.equal(
    (await run(['import', '--undo', id])).out,
    `Took back ${created.toLocaleString('en-US')} changes in main.\n`,
  );
  assert.equal(await total(), before + 1);

  const [left] = await copies();
  const days = (number: number) => utimes(join(folder, 'tmp', left!), 0, Date.now() / 1000 - number * 86_400);
  await days(0.5);
  await run(['import', 'next.csv']);
  assert.deepEqual(await copies(), [left]);
  await days(2);
  await run(['import', 'next.csv']);
  assert.deepEqual(await copies(), [], 'the next one clears its file away');
});

test('an undo that a running server has taken up is watched to its end', async () => {
  const people = Array.from({ length: 3000 }, (_, index) => `Ada,Lovelace,ada${index}@watched.example\n`);
  await file('watched.csv', `first_name,last_name,email\n${people.join('')}`);
  const { id } = undoable(await run(['import', 'watched.csv']));
  const workspace = (await findWorkspace(opened.database, 'main'))!;
  const undo = await undoCause(opened.database, systemActor(workspace, 'test'), id, { request_id: null });
  const work = await takeWork(opened.database, workspace, 'a server', undo.id);
  const { rows: here } = await sql.query('SELECT pid FROM pg_stat_activity');
  const { child, ended } = start(['import', '--undo', id]);
  let over = false;
  child.once('exit', () => {
    over = true;
  });
  // It has looked what became of the cause, and has nothing to do but wait.
  await found(
    `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%FROM causes%' AND pid <> ALL ($1)`,
    [here.map(({ pid }) => pid)],
  );
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal(over, false);
  await workOnUndo(opened.database, work as Parameters<typeof workOnUndo>[1], new AbortController().signal);
  assert.deepEqual(await ended, { code: 0, out: 'Took back 3,000 changes in main.\n', err: '' });
});

test('the help tells the columns and where refused rows go', async () => {
  const { code, out } = await run(['import', '--help']);
  assert.equal(code, 0);
  assert.match(out, /first_name, last_name, email, phone, is_active, external_id, created_at/);
  assert.match(out, /<file>\.rejected\.csv/);
  for (const option of ['--dry-run', '--map', '--match', '--undo', '--json'])
    assert.ok(out.includes(`\n  ${option} `), option);
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

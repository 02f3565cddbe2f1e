// Imports on a real database: what is taken, what is refused and why, and that memory stays bounded.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import pg from 'pg';
import type { Found, Import, ImportSettings } from '#contract/imports.ts';
import { openTestDatabase, type TestDatabase } from '../../test/support/server.ts';
import { type Actor, createWorkspace, findWorkspace, systemActor } from '../access/access.ts';
import { takeWork } from '../causes/causes.ts';
import { readFeed, readLedger } from '../events/events.ts';
import { undoHere } from '../undo/undo.ts';
import { type CsvRow, readCsv } from './csv.ts';
import {
  changeImport,
  getImport,
  type HereOptions,
  type ImportFolder,
  importHere,
  openImportFolder,
  receiveImport,
  rejectedOf,
  workOnImport,
} from './imports.ts';

let opened: TestDatabase;
let sql: pg.Client;
let folder: ImportFolder;
let actor: Actor;
let workspaces = 0;
before(async () => {
  opened = await openTestDatabase();
  sql = new pg.Client(opened.connection);
  await sql.connect();
  folder = await openImportFolder(await mkdtemp(join(tmpdir(), 'imports-test-')));
});
after(async () => {
  await rm(folder.path, { recursive: true });
  await sql.end();
  await opened.drop();
});
beforeEach(async () => {
  const slug = `import-${++workspaces}`;
  await createWorkspace(opened.database, slug, slug);
  actor = systemActor((await findWorkspace(opened.database, slug))!, 'import test');
});

type Counts = Pick<Found, 'create' | 'update' | 'unchanged' | 'refuse'>;
type Ran = { counts: Counts; refused: [line: number, reason: string][]; cells: string[][]; imported: Import };
type Options = ImportSettings & Partial<HereOptions> & { guess_others?: boolean };

/** Imports these pieces of a file; holds what was done against ledger, table and log, and against what was foreseen. */
async function run(pieces: Iterable<string | Buffer> | string, options: Options = {}): Promise<Ran> {
  const before = await readLedger(opened.database, actor.workspace.id);
  const imported = await take(bytesOf(typeof pieces === 'string' ? [pieces] : pieces), options);
  assert.equal(imported.state, 'done');
  const { created, updated, unchanged, refused, done, total } = imported.progress as Record<string, number>;
  const ledger = await readLedger(opened.database, actor.workspace.id);
  assert.equal(ledger.total_customers - before.total_customers, created, 'the ledger counts them');
  assert.equal(ledger.position - before.position, created! + updated!, 'each has one event');
  assert.equal((await stored()).length, ledger.total_customers, 'the table holds them');
  const counts = { create: created!, update: updated!, unchanged: unchanged!, refuse: refused! };
  const { rows, reasons, ...foreseen } = imported.found!;
  assert.deepEqual(counts, foreseen, 'what was foreseen is what was done');
  assert.deepEqual([done, total, done], [rows, rows, created! + updated! + unchanged! + refused!]);
  assert.equal(
    reasons.reduce((sum, reason) => sum + reason.rows, 0),
    refused,
  );
  const rejected = refused === 0 ? [] : await rejectedRows(imported);
  assert.equal(rejected.length, refused);
  return {
    counts,
    imported,
    refused: rejected.map(({ cells }) => [Number(cells.at(-2)), cells.at(-1)!]),
    cells: rejected.map(({ cells }) => cells.slice(0, -2)),
  };
}

function take(source: AsyncIterable<Buffer>, options: Options = {}): Promise<Import> {
  const { signal = new AbortController().signal, dry_run, onFound, onProgress, ...settings } = options;
  const here = { signal, dry_run, onFound, onProgress };
  return importHere(opened.database, actor, folder, source, { filename: 'test.csv', ...settings }, here);
}

async function* bytesOf(pieces: Iterable<string | Buffer>): AsyncGenerator<Buffer> {
  for (const piece of pieces) yield Buffer.from(piece);
}

/** The rows of the file of refused ones, brought to the same number of cells: line and reason come last. */
async function rejectedRows({ id, format }: Import): Promise<CsvRow[]> {
  const { path } = await rejectedOf(opened.database, actor, folder, id);
  const rows: CsvRow[] = [];
  for await (const some of readCsv(bytesOf([await readFile(path)]), format)) rows.push(...some);
  const [header, ...others] = rows;
  for (const row of others) row.cells.length = header!.cells.length;
  return others;
}

async function stored() {
  const query = 'SELECT * FROM customers WHERE workspace_id = $1 AND deleted_at IS NULL ORDER BY email';
  return (await sql.query(query, [actor.workspace.id])).rows;
}

const countCauses = async () =>
  (await sql.query('SELECT FROM causes WHERE workspace_id = $1', [actor.workspace.id])).rowCount;
const emails = async () => (await stored()).map(({ email }) => email);
const named = (...addresses: string[]) => addresses.map((address) => `Ada,Lovelace,${address}\n`).join('');
const HEADER = 'first_name,last_name,email\n';
const NONE: Counts = { create: 0, update: 0, unchanged: 0, refuse: 0 };

test('columns in any order become customers, by the rules of every request', async () => {
  const { counts } = await run(
    ' Email ,LAST_NAME,created_at,first_name,phone,Is_Active,external_id\n' +
      'Ada@Example.com, lovelace,2020-02-29T10:00:00+02:00,ada,+44 20 7946 0123,f,a-1\n' +
      'grace@example.com,"Hopper",,Grace,"",,\n',
  );
  assert.deepEqual(counts, { ...NONE, create: 2 });
  const [ada, grace] = await stored();
  assert.deepEqual(
    [ada.first_name, ada.last_name, ada.email, ada.phone, ada.phone_e164, ada.is_active, ada.external_id],
    ['Ada', 'Lovelace', 'ada@example.com', '+44 20 7946 0123', '+442079460123', false, 'a-1'],
  );
  assert.equal(ada.created_at.toISOString(), '2020-02-29T08:00:00.000Z');
  assert.deepEqual([grace.phone, grace.phone_e164, grace.is_active, grace.external_id], [null, null, true, null]);
  assert.ok(Math.abs(Date.now() - grace.created_at) < 60_000, 'without created_at it is now');
  assert.equal((await readLedger(opened.database, actor.workspace.id)).active_customers, 1);
});

test('each import is one cause, which all its events name', async () => {
  await run(HEADER + named('a@example.com', 'b@example.com'));
  await run(HEADER + named('c@example.com'));
  const causes = await sql.query('SELECT id, kind, actor FROM causes WHERE workspace_id = $1 ORDER BY at', [
    actor.workspace.id,
  ]);
  assert.deepEqual(
    causes.rows.map(({ kind, actor }) => [kind, actor]),
    [1, 2].map(() => ['import', { type: 'system', id: null, name: 'import test' }]),
  );
  const events = await readFeed(opened.database, actor.workspace.id, 0, 10);
  const [first, second] = causes.rows.map(({ id }) => id);
  assert.deepEqual(
    events.map(({ type, cause_id, actor }) => [type, cause_id, actor.name]),
    [first, first, second].map((cause) => ['customer.created', cause, 'import test']),
  );
});

test('booleans are read in every spelling', async () => {
  const spellings = ['true', 'T', 'Yes', '1', '', 'FALSE', 'f', 'no', '0', ' No '];
  const rows = spellings.map((word, index) => `A,B,${index}@example.com,${word}\n`);
  await run(`first_name,last_name,email,is_active\n${rows.join('')}`);
  const active = (await stored()).map(({ is_active }) => is_active);
  assert.deepEqual(active, [true, true, true, true, true, false, false, false, false, false]);
});

test('a refused row carries its line and every reason, and the others are taken', async () => {
  const { counts, cells, refused, imported } = await run(
    [
      'first_name,last_name,email,phone,is_active,created_at,external_id',
      'Ada,Lovelace,ada@example.com,,,,x-1',
      '"Two\nlines",Lovelace,two@example.com,,,,',
      ',  ,nobody,12,maybe,yesterday,',
      '',
      'Ada,Lovelace,few@example.com',
      'Ada,Lovelace,many@example.com,,,,,',
      'Ada,Lovelace,"spaced@example.com",,,, x-2',
      'Ada,Lovelace,unknown@example.com,,,2023-02-29T00:00:00Z,',
      'Ada,Lovelace,ada@example.com,,,,x-1',
      `${'A'.repeat(51)},Lovelace,long@example.com,,,,`,
      'Grace,Hopper,grace@example.com,,,,',
    ].join('\n'),
  );
  assert.deepEqual(refused, [
    [3, 'First name contains invalid characters.'],
    [
      5,
      'Email is not a valid address. Phone must have 7 to 15 digits. ' +
        'Active must be true or false (or t, yes, 1; f, no, 0). ' +
        'Created at is not a valid time; write it with an offset, like 2026-01-31T09:30:00Z.',
    ],
    [7, 'The row has 3 cells and the first line 7.'],
    [8, 'The row has 8 cells and the first line 7.'],
    [9, 'External id must not begin or end with a space.'],
    [10, 'Created at is not a valid time; write it with an offset, like 2026-01-31T09:30:00Z.'],
    [11, 'The email stands on line 2 already. The external id stands on line 2 already.'],
    [12, 'First name has at most 50 characters.'],
  ]);
  assert.deepEqual(counts, { ...NONE, create: 2, refuse: 8 });
  assert.deepEqual(await emails(), ['ada@example.com', 'grace@example.com']);
  assert.deepEqual(cells[0], ['Two\nlines', 'Lovelace', 'two@example.com', '', '', '', '']);
  const { reasons } = imported.found!;
  assert.deepEqual(reasons.find(({ lines }) => lines.includes(5))!.codes, [
    'invalid_email',
    'invalid_phone',
    'invalid_flag',
    'invalid_timestamp',
  ]);
  assert.deepEqual(
    reasons.filter(({ codes }) => codes[0] === 'wrong_length').map(({ rows, lines }) => [rows, lines]),
    [[2, [7, 8]]],
  );
});

test('of equal emails in one file the first row wins, within a batch and across batches', async () => {
  const many = Array.from({ length: 1200 }, (_, index) => `n${index}@example.com`);
  const { refused, counts } = await run(
    HEADER + named('a@example.com', 'A@EXAMPLE.com', ...many, 'b@example.com', 'a@example.com', 'n5@example.com'),
  );
  const reason = (line: number) => `The email stands on line ${line} already.`;
  assert.deepEqual(refused, [
    [3, reason(2)],
    [1205, reason(2)],
    [1206, reason(9)],
  ]);
  assert.deepEqual(counts, { ...NONE, create: 1202, refuse: 3 });
  const again = await run(HEADER + named('b@example.com', 'new@example.com'));
  assert.deepEqual(again.counts, { ...NONE, create: 1, unchanged: 1 });
});

test('an external id may stand in one row of a file only; that of another customer is refused', async () => {
  await run('first_name,last_name,email,external_id\nA,B,a@example.com,x-1\n');
  const { refused, counts } = await run(
    'first_name,last_name,email,external_id\nA,B,b@example.com,x-1\nA,B,c@example.com,x-2\nA,B,d@example.com,x-2\n',
  );
  assert.deepEqual(refused, [
    [2, 'A customer with this external id already exists.'],
    [4, 'The external id stands on line 3 already.'],
  ]);
  assert.deepEqual(counts, { ...NONE, create: 1, refuse: 2 });
});

test('a byte order mark, CRLF, blank lines, quotes and missing last line breaks are as they should be', async () => {
  const file =
    '\ufefffirst_name,last_name,email,external_id\r\n"Ada","O\'Neil",a@example.com,"x ""1"", y"\r\n\r\n\r\n' +
    'Ada,Lovelace,"a\r\nb",\r\nAda,Lovelace,c@example.com,\r\nAda,Lovelace,bad,';
  // Cut at every place, so that no byte depends on its neighbours being in the same piece.
  const { refused } = await run(Array.from(Buffer.from(file), (byte) => Buffer.from([byte])));
  assert.deepEqual(refused, [
    [5, 'Email contains invalid characters.'],
    [8, 'Email is not a valid address.'],
  ]);
  assert.deepEqual(
    (await stored()).map(({ email, last_name, external_id }) => [email, last_name, external_id]),
    [
      ['a@example.com', "O'Neil", 'x "1", y'],
      ['c@example.com', 'Lovelace', null],
    ],
  );
});

test('lines may end in LF, CRLF and CR', async () => {
  const { refused } = await run('first_name,last_name,email\rA,B,a@example.com\nA,B,b@example.com\r\nA,B,b\r');
  assert.deepEqual(refused, [[4, 'Email is not a valid address.']]);
  assert.deepEqual(await emails(), ['a@example.com', 'b@example.com']);
});

const HEADERS: [text: string, code: string, ...says: RegExp[]][] = [
  ['', 'empty_file', /^The file is empty\.$/],
  ['\ufeff', 'empty_file', /^The file is empty\.$/],
  ['\n\n', 'empty_file', /^The file is empty\.$/],
  ['first_name,last_name\nA,B', 'invalid_mapping', /Missing: "email"\.$/],
  ['first_name,hat,email\nA,red,a@example.com', 'invalid_mapping', /Without a field: "hat"\. Missing: "last_name"\.$/],
  ['first_name,last_name,email,Email\n', 'invalid_header', /More than once: "email"\.$/],
  [
    'first_name:last_name:email\n',
    'invalid_mapping',
    /Without a field: "first_name:last_name:email"\. Missing: "first_name", "last_name", "email"\.$/,
  ],
  ['Ada,Lovelace,ada@example.com\n', 'invalid_mapping', /Without a field: "Ada", "Lovelace", "ada@example.com"/],
  ['first_name,last_name,"email\nA,B,a@example.com', 'invalid_header', /never closed/],
  ['first_name,email,\u001b[2Jx\n', 'invalid_mapping', /Without a field: "\ufffd\[2Jx"/],
  [
    `first_name,${Array.from({ length: 9_000 }, (_, index) => `c${index}`)}\n`,
    'invalid_mapping',
    /Without a field: "c0", "c1", "c2", "c3", "c4" and 8995 more\./,
  ],
  [
    `first_name,last_name,email,${Array.from({ length: 10_000 }, (_, index) => `c${index}`)}\n`,
    'invalid_header',
    /It has 10003 columns; there may be 10000\.$/,
  ],
];
for (const [text, code, ...says] of HEADERS)
  test(`a wrong header writes nothing: ${JSON.stringify(text.slice(0, 60))}`, async () => {
    await assert.rejects(run(text), (error: Error & { code: string; status: number }) => {
      assert.deepEqual([error.name, error.status, error.code], ['Problem', 400, code]);
      for (const pattern of says) assert.match(error.message, pattern);
      return true;
    });
    const { position } = await readLedger(opened.database, actor.workspace.id);
    assert.deepEqual([position, await countCauses()], [0, 0]);
    assert.deepEqual(await filesHere(), [], 'nothing is left of the file');
  });

/** What lies in the folder of this workspace's imports. */
async function filesHere(): Promise<string[]> {
  return (await readdir(folder.path)).filter((name) => name.startsWith(`${actor.workspace.id}-`));
}

test('of a file that is no text the beginning alone is read, and its source is closed', async () => {
  let read = 0;
  let closed = false;
  async function* source() {
    try {
      for (; read < 100; read++) yield Buffer.from(read === 0 ? 'PK\x03\x04' : 'x'.repeat(32_768));
    } finally {
      closed = true;
    }
  }
  await assert.rejects(take(source()), { code: 'not_csv' });
  assert.deepEqual([read, closed, await filesHere()], [2, true, []]);
});

test('a header alone is an import of nothing', async () => {
  assert.deepEqual((await run(HEADER)).counts, NONE);
});

test('a wrong quote refuses its row; reading goes on with the next line', async () => {
  const { refused } = await run(
    `${HEADER}${named('a@example.com')}Ada,Love"lace,b@example.com\n${named('c@example.com')}` +
      `"Ada"s,Lovelace,d@example.com\n"Ada\n\n",Lovelace,e\n${named('f@example.com')}Ada,"Lovelace,g@example.com\n` +
      `${named('h@example.com')}Ada,Lovelace,"i@example.com`,
  );
  const middle = 'A cell that is not in quotes has a quote in it; put it in quotes and write the inner one "".';
  const open = 'A quote is opened in this row and never closed.';
  assert.deepEqual(
    refused.map(([line, reason]) => [line, reason === middle ? 'middle' : reason === open ? 'open' : reason]),
    [
      [3, 'middle'],
      [5, 'A cell in quotes goes on after its closing quote; a quote inside quotes is written "".'],
      [6, 'Email is not a valid address.'],
      [10, 'A cell in quotes goes on after its closing quote; a quote inside quotes is written "".'],
      [12, 'open'],
    ],
  );
  assert.deepEqual(await emails(), ['a@example.com', 'c@example.com', 'f@example.com', 'h@example.com']);
});

test('a quote never closed refuses its row alone', async () => {
  const file = `\ufeff${HEADER}${named('a@example.com')}"Ada,Lovelace,b@example.com\r\n${named('c@example.com', 'd@example.com')}`;
  const { refused } = await run(file);
  assert.deepEqual(refused, [[3, 'A quote is opened in this row and never closed.']]);
  assert.deepEqual(await emails(), ['a@example.com', 'c@example.com', 'd@example.com']);
});

test('bytes that are not UTF-8 refuse their row', async () => {
  const pieces = [
    `${HEADER}${named('a@example.com')}Ren`,
    Buffer.from([0xe9]), // é in Latin-1
    `,Descartes,b@example.com\nRenéé,Škodaéé`,
    ',c@example.com\nA,B,d@example.com',
    Buffer.from([0xff]),
  ];
  const { refused } = await run(pieces);
  const reason = 'The row holds characters that are not valid UTF-8.';
  assert.deepEqual(refused, [
    [3, reason],
    [5, reason],
  ]);
  assert.deepEqual(
    (await stored()).map(({ first_name }) => first_name),
    ['Ada', 'Renéé'],
  );
});

test('files as spreadsheets write them: semicolons, UTF-16, Windows-1252', async () => {
  const text = 'Vorname;Name;E-Mail\r\nRené;Škoda;a@example.com\r\n';
  const utf16 = Buffer.from(`\ufeff${text.replaceAll(';', '\t')}`, 'utf16le');
  await run([utf16.subarray(0, 7), utf16.subarray(7)]);
  await run([Buffer.from(Buffer.from(text.replace('a@', 'b@').replace('Š', '\x8a'), 'latin1'))]);
  await run([`\ufeffsep=;\r\n${text.replace('a@', 'c@')}`]);
  assert.deepEqual(
    (await stored()).map(({ first_name, last_name, email }) => [first_name, last_name, email]),
    ['a', 'b', 'c'].map((name) => ['René', 'Škoda', `${name}@example.com`]),
  );
});

test('a file that is no text is refused with what to do', async () => {
  for (const name of ['PK\x03\x04 xl/workbook.xml', '%PDF-1.7\n', 'first_name,last_name,email\nA\0,B,a@b.co\n'])
    await assert.rejects(run([Buffer.from(name, 'latin1')]), {
      status: 400,
      code: 'not_csv',
      message: /import that file\.$/,
    });
});

test('a row of 10,000 cells is refused', async () => {
  const { refused } = await run(`${HEADER}${'x,'.repeat(9999)}x\n${named('a@example.com')}`);
  assert.deepEqual(refused, [[2, 'The row has 10000 cells and the first line 3.']]);
  assert.deepEqual(await emails(), ['a@example.com']);
});

test('a file may have 10,000 columns', async () => {
  const others = Array.from({ length: 9997 }, (_, index) => `c${index}`);
  const row = (email: string) => `Ada,Lovelace,${email}${',x'.repeat(9997)}\n`;
  const { counts, cells } = await run(`first_name,last_name,email,${others}\n${row('a@example.com')}${row('bad')}`);
  assert.deepEqual(counts, { ...NONE, create: 1, refuse: 1 });
  assert.equal(cells[0]!.length, 10_000);
});

/** Bytes that are held once what is not needed is given up. */
function stillHeld(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
}

/** Runs, and gives how many bytes were held more than before at most. */
async function mostHeld(act: () => Promise<void>): Promise<number> {
  const held = () => process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
  const least = held();
  let most = 0;
  const sampling = setInterval(() => {
    most = Math.max(most, held() - least);
  }, 5);
  try {
    await act();
  } finally {
    clearInterval(sampling);
  }
  return most;
}

for (const [kind, start] of Object.entries({ 'without quotes': 'Ada,', 'in quotes': 'Ada,"' }))
  test(`a cell of 100 MB ${kind} is refused, and never held`, async () => {
    async function* source() {
      yield Buffer.from(HEADER + named('a@example.com') + start);
      for (let index = 0; index < 1600; index++) yield Buffer.alloc(65_536, 'x');
      yield Buffer.from(`\n${named('b@example.com')}Ada,Lovelace,c\n`);
    }
    let imported: Import | undefined;
    const most = await mostHeld(async () => {
      imported = await take(source());
    });
    assert.deepEqual(
      (await rejectedRows(imported!)).map(({ cells }) => cells.slice(-2)),
      [
        ['3', 'The row has more than 1048576 bytes; perhaps a quote is opened in it and never closed.'],
        ['5', 'Email is not a valid address.'],
      ],
    );
    assert.deepEqual(await emails(), ['a@example.com', 'b@example.com']);
    assert.ok(most < 100_000_000, `${Math.round(most / 1e6)} MB were held`);
  });

test('200,000 refused rows are not held, and all are in their file, in order', async () => {
  const ROWS = 200_000;
  const bad = (index: number) => (index % 2 ? `Ada,Lovelace,bad${index}\n` : `Ada,Lovelace\n`);
  async function* source() {
    yield Buffer.from(HEADER + named('a@example.com'));
    for (let index = 0; index < ROWS; index += 1000)
      yield Buffer.from(Array.from({ length: 1000 }, (_, place) => bad(index + place)).join(''));
  }
  const least = stillHeld();
  let later = 0;
  const imported = await take(source(), {
    onProgress({ refused = 0 }) {
      if (refused > 0.9 * ROWS) later ||= stillHeld();
    },
  });
  assert.deepEqual(
    imported.found!.reasons.map(({ rows, lines }) => [rows, lines]),
    [
      [ROWS / 2, [3, 5, 7, 9, 11]],
      [ROWS / 2, [4, 6, 8, 10, 12]],
    ],
  );
  assert.deepEqual(imported.progress!.refused, ROWS);
  const lines = (await rejectedRows(imported)).map(({ cells }) => Number(cells.at(-2)));
  assert.equal(lines.length, ROWS);
  assert.ok(lines.every((line, index) => line === index + 3));
  const held = later - least;
  assert.ok(later > 0 && held < 15_000_000, `${Math.round(held / 1e6)} MB were held`);
});

test('a signal ends the import after the batch under way; imported again, what is done is unchanged', async () => {
  const stop = new AbortController();
  const file = HEADER + named(...Array.from({ length: 3000 }, (_, index) => `t${index}@example.com`));
  const stopped = await take(bytesOf([file]), {
    signal: stop.signal,
    onProgress: ({ created = 0 }) => created >= 1000 && stop.abort(),
  });
  const created = stopped.progress!.created!;
  assert.deepEqual([stopped.state, created % 500, (await stored()).length], ['cancelled', 0, created]);
  assert.ok(created >= 1000 && created <= 2000, String(created));
  const { counts } = await run(file);
  assert.deepEqual(counts, { ...NONE, create: 3000 - created, unchanged: created });
});

test('a signal while the file is looked through ends that, and nothing is written', async () => {
  const stop = new AbortController();
  const pieces = Array.from({ length: 400 }, (_, piece) =>
    named(...Array.from({ length: 500 }, (_, index) => `s${piece}-${index}@example.com`)),
  );
  const stopped = await take(bytesOf([HEADER, ...pieces]), { signal: stop.signal, onProgress: () => stop.abort() });
  assert.deepEqual([stopped.state, stopped.progress!.created, (await stored()).length], ['cancelled', undefined, 0]);
});

test('where the source breaks off, nothing is written', async () => {
  async function* source() {
    yield Buffer.from(HEADER + named(...Array.from({ length: 700 }, (_, index) => `u${index}@example.com`)));
    throw new Error('the disk is gone');
  }
  await assert.rejects(take(source()), /the disk is gone/);
  assert.deepEqual([await stored(), await countCauses(), await filesHere()], [[], 0, []]);
});

test('where refused rows cannot be kept, the import ends before it begins', async () => {
  const file = HEADER + named('bad', ...Array.from({ length: 500 }, (_, index) => `v${index}@example.com`));
  const made: Promise<unknown>[] = [];
  const onFound = ({ id }: Import) =>
    void made.push(mkdir(join(folder.path, `${actor.workspace.id}-${id}`, 'rejected.csv'), { recursive: true }));
  await assert.rejects(take(bytesOf([file]), { onFound }), { code: 'EISDIR' });
  await Promise.all(made);
  assert.deepEqual(await stored(), []);
  const { rows } = await sql.query('SELECT state FROM causes WHERE workspace_id = $1', [actor.workspace.id]);
  assert.deepEqual(rows, [{ state: 'cancelled' }]);
});

test('where the database goes away, the import says so and its progress is what is in', async () => {
  let over = false;
  const file = HEADER + named(...Array.from({ length: 20_000 }, (_, index) => `w${index}@example.com`));
  async function cutConnections() {
    const cut = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'`;
    for (let found = 0; found === 0 && !over; ) found = (await sql.query(cut)).rowCount!;
  }
  const imported = take(bytesOf([file]), {
    onProgress: ({ created = 0 }) => void (created > 0 && cutConnections()), // once more where the one cut had just committed
  }).finally(() => {
    over = true;
  });
  await assert.rejects(imported, { name: 'Problem', status: 503 });
  const saved = (await stored()).length;
  assert.ok(saved >= 500 && saved < 20_000, String(saved));
  const { rows } = await sql.query('SELECT progress FROM causes WHERE workspace_id = $1', [actor.workspace.id]);
  assert.equal(rows[0].progress.created, saved);
});

describe('customers who are there already', () => {
  const PEOPLE =
    'first_name,last_name,email,phone,is_active,external_id\n' +
    'Ada,Lovelace,ada@example.com,+44 20 7946 0123,t,a-1\nGrace,Hopper,grace@example.com,,f,\n';
  const of = async (email: string) => (await stored()).find((customer) => customer.email === email);

  test('are told by their email, and updated where a row says something else', async () => {
    await run(PEOPLE);
    const { counts } = await run(`${HEADER}Ada,Byron,ADA@example.com\nGrace,Hopper,grace@example.com\n`);
    assert.deepEqual(counts, { ...NONE, update: 1, unchanged: 1 });
    const ada = await of('ada@example.com');
    assert.deepEqual([ada.last_name, ada.version, ada.external_id], ['Byron', 2, 'a-1']);
  });

  test('keep what a blank cell would take away', async () => {
    await run(PEOPLE);
    const { counts } = await run(
      'email,first_name,last_name,phone,is_active,external_id\nada@example.com,," ","",,\ngrace@example.com,,,,,\n',
    );
    assert.deepEqual(counts, { ...NONE, unchanged: 2 });
    assert.equal((await of('ada@example.com')).phone, '+44 20 7946 0123');
  });

  test('can be changed by a file of email and phone alone, which creates nobody', async () => {
    await run(PEOPLE);
    const { counts, refused } = await run(
      'E-Mail;Telefon\ngrace@example.com;+44 20 7946 0999\nnew@example.com;1234567\n',
    );
    assert.deepEqual(counts, { ...NONE, update: 1, refuse: 1 });
    assert.deepEqual(refused, [[3, 'First name is required. Last name is required.']]);
    const { phone, phone_e164, search } = await of('grace@example.com');
    assert.deepEqual([phone, phone_e164], ['+44 20 7946 0999', '+442079460999']);
    assert.match(search, /2079460999/);
  });

  test('are told by their external id where that is asked for; a row without one creates', async () => {
    await run(PEOPLE);
    const { counts, refused } = await run(
      'external_id,first_name,last_name,email\na-1,Ada,King,ada@king.example\n,Eve,Adams,eve@example.com\n' +
        'b-2,Bob,Burns,bob@example.com\n,No,Mail,\nc-3,Grace,Hopper,grace@example.com\n',
      { match: 'external_id' },
    );
    assert.deepEqual(counts, { create: 2, update: 1, unchanged: 0, refuse: 2 });
    assert.deepEqual(refused, [
      [5, 'Email is required.'],
      [6, 'A customer with this email already exists.'],
    ]);
    assert.equal((await of('ada@king.example')).external_id, 'a-1');
    assert.deepEqual(await emails(), ['ada@king.example', 'bob@example.com', 'eve@example.com', 'grace@example.com']);
  });

  test('are changed as far as the rules of the columns let a row', async () => {
    await run(PEOPLE);
    const { counts } = await run(
      'email,first_name,last_name,phone,external_id\n' +
        'ada@example.com,Augusta,Byron,+44 20 7946 0001,a-9\ngrace@example.com,G,H,+44 20 7946 0002,g-9\n' +
        'new@example.com,New,One,+44 20 7946 0003,n-9\n',
      {
        guess_others: true,
        columns: [
          { name: 'phone', field: 'phone', rule: 'only_if_empty' },
          { name: 'first_name', field: 'first_name', rule: 'leave' },
          { name: 'external_id', field: 'external_id', rule: 'only_if_empty' },
        ],
      },
    );
    assert.deepEqual(counts, { ...NONE, create: 1, update: 2 });
    assert.deepEqual(
      (await stored()).map(({ first_name, last_name, phone, external_id }) => [
        first_name,
        last_name,
        phone,
        external_id,
      ]),
      [
        ['Ada', 'Byron', '+44 20 7946 0123', 'a-1'],
        ['Grace', 'H', '+44 20 7946 0002', 'g-9'],
        ['New', 'One', '+44 20 7946 0003', 'n-9'],
      ],
    );
  });

  test('keep the time at which they were created', async () => {
    await run(`first_name,last_name,email,created_at\nAda,Lovelace,ada@example.com,2020-01-01T00:00:00Z\n`);
    const { counts } = await run(
      'first_name,last_name,email,created_at\nAda,Lovelace,ada@example.com,2021-01-01T00:00:00Z\n',
    );
    assert.deepEqual(counts, { ...NONE, unchanged: 1 });
    assert.equal((await of('ada@example.com')).created_at.toISOString(), '2020-01-01T00:00:00.000Z');
  });
});

describe('a dry run', () => {
  test('tells what an import would do, with the lines of each reason, and changes nothing', async () => {
    await run(HEADER + named('a@example.com', 'b@example.com'));
    const { position } = await readLedger(opened.database, actor.workspace.id);
    const now = await take(
      bytesOf([
        `${HEADER}${named('a@example.com', 'bad', 'new@example.com', 'new@example.com')}Eve,Adams,b@example.com\n${named('x', 'y')}A,B\n`,
      ]),
      { dry_run: true },
    );
    assert.equal(now.state, 'cancelled');
    assert.deepEqual(now.found, {
      rows: 8,
      create: 1,
      update: 1,
      unchanged: 1,
      refuse: 5,
      reasons: [
        { codes: ['invalid_email'], reason: 'Email is not a valid address.', rows: 3, lines: [3, 7, 8] },
        { codes: ['wrong_length'], reason: 'The row has 2 cells and the first line 3.', rows: 1, lines: [9] },
        { codes: ['duplicate_in_file'], reason: 'The email stands on line 4 already.', rows: 1, lines: [5] },
      ],
    });
    assert.equal((await readLedger(opened.database, actor.workspace.id)).position, position);
  });
});

test('what a look found is void once the file is to be read in another way', async () => {
  const context = { request_id: null };
  const source = bytesOf(['first_name,last_name,email,external_id\nA,B,a@example.com,x-1\n']);
  const { database } = opened;
  const { id } = await receiveImport(database, actor, folder, source, { filename: 'x.csv' }, context);
  const work = (await takeWork(database, actor.workspace, folder.id, id)) as Parameters<typeof workOnImport>[2];
  await changeImport(database, actor, folder, id, { match: 'external_id' });
  await workOnImport(folder, database, work, new AbortController().signal);
  const { state, found, match } = await getImport(database, actor, id);
  assert.deepEqual([state, found, match], ['checking', null, 'external_id']);
});

describe('columns that are chosen', () => {
  test('leave the others as they are guessed, and take a field from whoever was guessed to have it', async () => {
    const { imported } = await run('Vorname,Nachname,E-Mail,Zweite Mail,Hut\nA,B,a@example.com,b@example.com,rot\n', {
      guess_others: true,
      columns: [{ name: 'Zweite Mail', field: 'email' }],
    });
    assert.deepEqual(
      imported.columns.map(({ name, field }) => [name, field]),
      [
        ['Vorname', 'first_name'],
        ['Nachname', 'last_name'],
        ['E-Mail', null],
        ['Zweite Mail', 'email'],
        ['Hut', null],
      ],
    );
    assert.deepEqual(await emails(), ['b@example.com']);
  });

  test('are found by their names whatever stands around those in the file', async () => {
    const { counts } = await run(' Mail address ,first_name , last_name\na@example.com,A,B\n', {
      columns: ['Mail address', ' first_name', 'last_name '].map((name, index) => ({
        name,
        field: (['email', 'first_name', 'last_name'] as const)[index]!,
      })),
    });
    assert.deepEqual(counts, { ...NONE, create: 1 });
  });

  test('are refused where the file has none of that name', async () => {
    await assert.rejects(run(HEADER, { columns: [{ name: 'Fax', field: 'phone' }] }), {
      code: 'invalid_mapping',
      message: 'The file has no column "Fax".',
    });
  });
});

describe('files that went wrong on their way', () => {
  test('one that is cut off in the middle of a row loses that row alone', async () => {
    const whole = `${HEADER}${named('a@example.com')}"Ada","Love`;
    const { counts, refused } = await run(whole);
    assert.deepEqual(counts, { ...NONE, create: 1, refuse: 1 });
    assert.deepEqual(refused, [[3, 'A quote is opened in this row and never closed.']]);
    const short = await run(`${HEADER}${named('b@example.com')}Ada,Love`);
    assert.deepEqual(short.refused, [[3, 'The row has 2 cells and the first line 3.']]);
  });

  test('a header that comes again, as where files were put together, is refused as a row', async () => {
    const { refused, counts } = await run(HEADER + named('a@example.com') + HEADER + named('b@example.com'));
    assert.deepEqual(refused, [
      [
        3,
        'First name contains invalid characters. Last name contains invalid characters. Email is not a valid address.',
      ],
    ]);
    assert.equal(counts.create, 2);
  });

  test('line ends may be mixed', async () => {
    const { counts } = await run(
      'first_name,last_name,email\r\nA,B,a@example.com\rA,B,b@example.com\nA,B,c@example.com\r\n\r\r\nA,B,d@example.com',
    );
    assert.deepEqual(counts, { ...NONE, create: 4 });
  });

  test('a workbook by the name of a CSV file is told what it is', async () => {
    for (const [bytes, says] of [
      ['PK\x03\x04\x14\x00\x06\x00[Content_Types].xml', /^This is a workbook of Excel/],
      ['PK\x03\x04\x14\x00customers.csv', /^This is an archive \(zip\)/],
      ['\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1', /older Excel/],
    ] as const)
      await assert.rejects(run([Buffer.from(bytes, 'latin1')]), { code: 'not_csv', message: says });
  });
});

test('all that an import did can be taken back, save what was changed since', async () => {
  await run(HEADER + named('a@example.com', 'b@example.com'));
  const { imported } = await run(
    `first_name,last_name,email,phone\n${['a', 'b', 'c', 'd'].map((name) => `Eve,Adams,${name}@example.com,1234567\n`).join('')}`,
  );
  await run('email,phone\nb@example.com,7654321\nd@example.com,7654321\n');
  const signal = new AbortController().signal;
  const undo = await undoHere(opened.database, actor, imported.id, { signal });
  assert.deepEqual([undo.state, undo.progress], ['done', { total: 4, done: 4, changed: 3, kept: 2 }]);
  assert.deepEqual(
    (await stored()).map(({ email, first_name, phone }) => [email, first_name, phone]),
    [
      ['a@example.com', 'Ada', null],
      ['b@example.com', 'Ada', '7654321'],
      ['d@example.com', 'Eve', '7654321'],
    ],
  );
});

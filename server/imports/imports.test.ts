// Imports on a real database: what is taken, what is refused and why, and that memory stays bounded.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import pg from 'pg';
import { openTestDatabase, type TestDatabase } from '../../test/support/server.ts';
import { type Actor, createWorkspace, findWorkspace, systemActor } from '../access/access.ts';
import { readFeed, readLedger } from '../events/events.ts';
import { type ImportCounts, type ImportOptions, importCustomers } from './imports.ts';
import type { RefusedRow } from './rejected.ts';

let opened: TestDatabase;
let sql: pg.Client;
let actor: Actor;
let workspaces = 0;
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
  const slug = `import-${++workspaces}`;
  await createWorkspace(opened.database, slug, slug);
  actor = systemActor((await findWorkspace(opened.database, slug))!, 'import test');
});

type Ran = { counts: ImportCounts; refused: [line: number, reason: string][]; rows: RefusedRow[] };

/** Imports these pieces of a file, and holds the counts against ledger, table and log. */
async function run(pieces: Iterable<string | Buffer> | string, options: Partial<ImportOptions> = {}): Promise<Ran> {
  const rows: RefusedRow[] = [];
  const source = bytesOf(typeof pieces === 'string' ? [pieces] : pieces);
  const before = await readLedger(opened.database, actor.workspace.id);
  const counts = await importCustomers(opened.database, actor, source, {
    onRefused: (row) => void rows.push(row),
    ...options,
  });
  const ledger = await readLedger(opened.database, actor.workspace.id);
  assert.equal(ledger.total_customers - before.total_customers, counts.created, 'the ledger counts them');
  assert.equal(ledger.position - before.position, counts.created, 'each has one event');
  assert.equal((await stored()).length, ledger.total_customers, 'the table holds them');
  assert.equal(counts.rows, counts.created + counts.refused);
  return { counts, rows, refused: rows.map(({ line, reason }) => [line, reason]) };
}

async function* bytesOf(pieces: Iterable<string | Buffer>): AsyncGenerator<Buffer> {
  for (const piece of pieces) yield Buffer.from(piece);
}

async function stored() {
  const query = 'SELECT * FROM customers WHERE workspace_id = $1 ORDER BY email';
  return (await sql.query(query, [actor.workspace.id])).rows;
}

const emails = async () => (await stored()).map(({ email }) => email);
const named = (...addresses: string[]) => addresses.map((address) => `Ada,Lovelace,${address}\n`).join('');
const HEADER = 'first_name,last_name,email\n';

test('columns in any order become customers, by the rules of every request', async () => {
  const { counts } = await run(
    ' Email ,LAST_NAME,created_at,first_name,phone,Is_Active,external_id\n' +
      'Ada@Example.com, lovelace,2020-02-29T10:00:00+02:00,ada,+44 20 7946 0123,f,a-1\n' +
      'grace@example.com,"Hopper",,Grace,"",,\n',
  );
  assert.deepEqual(counts, { created: 2, refused: 0, rows: 2 });
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
  const { counts, rows, refused } = await run(
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
      'First name is required. Last name is required. Email is not a valid address. Phone must have 7 to 15 digits. ' +
        'Active must be true or false (or t, yes, 1; f, no, 0). ' +
        'Created at is not a valid time; write it with an offset, like 2026-01-31T09:30:00Z.',
    ],
    [7, 'The row has 3 cells and the first line 7.'],
    [8, 'The row has 8 cells and the first line 7.'],
    [9, 'External id must not begin or end with a space.'],
    [10, 'Created at is not a valid time; write it with an offset, like 2026-01-31T09:30:00Z.'],
    [11, 'A customer with this email already exists. A customer with this external id already exists.'],
    [12, 'First name has at most 50 characters.'],
  ]);
  assert.deepEqual(counts, { created: 2, refused: 8, rows: 10 });
  assert.deepEqual(await emails(), ['ada@example.com', 'grace@example.com']);
  assert.deepEqual(rows[1]!.codes, [
    'required',
    'required',
    'invalid_email',
    'invalid_phone',
    'invalid_flag',
    'invalid_timestamp',
  ]);
  assert.deepEqual(rows[0]!.cells, ['Two\nlines', 'Lovelace', 'two@example.com', '', '', '', '']);
});

test('of equal emails in one file the first row wins, within a batch and across batches', async () => {
  const many = Array.from({ length: 1200 }, (_, index) => `n${index}@example.com`);
  const { refused, counts } = await run(
    HEADER + named('a@example.com', 'A@EXAMPLE.com', ...many, 'b@example.com', 'a@example.com', 'n5@example.com'),
  );
  const reason = 'A customer with this email already exists.';
  assert.deepEqual(refused, [
    [3, reason],
    [1205, reason],
    [1206, reason],
  ]);
  assert.equal(counts.created, 1202);
  const again = await run(HEADER + named('b@example.com', 'new@example.com'));
  assert.deepEqual(again.refused, [[2, reason]]);
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
  ['first_name,email\nA,a@example.com', 'invalid_mapping', /Missing: "last_name"\.$/],
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
    const { rowCount } = await sql.query('SELECT FROM causes WHERE workspace_id = $1', [actor.workspace.id]);
    assert.deepEqual([position, rowCount], [0, 0]);
  });

test('a source with a wrong header is closed', async () => {
  let closed = false;
  async function* source() {
    try {
      yield Buffer.from('hat\n');
      yield Buffer.from('red\n');
    } finally {
      closed = true;
    }
  }
  await assert.rejects(importCustomers(opened.database, actor, source(), { onRefused() {} }), {
    code: 'invalid_mapping',
  });
  assert.equal(closed, true);
});

test('a header alone is an import of nothing', async () => {
  assert.deepEqual((await run(HEADER)).counts, { created: 0, refused: 0, rows: 0 });
  const { rowCount } = await sql.query('SELECT FROM causes WHERE workspace_id = $1', [actor.workspace.id]);
  assert.equal(rowCount, 0);
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

test('a quote never closed refuses its row alone, wherever the file is cut', async () => {
  const file = `\ufeff${HEADER}${named('a@example.com')}"Ada,Lovelace,b@example.com\r\n${named('c@example.com', 'd@example.com')}`;
  for (const size of [1, 7, 1000]) {
    const pieces = Array.from({ length: Math.ceil(file.length / size) }, (_, index) =>
      file.slice(index * size, (index + 1) * size),
    );
    const { refused } = await run(pieces);
    const taken = size === 1 ? [] : [2, 4, 5];
    assert.deepEqual(
      refused.map(([line]) => line),
      [...taken, 3].sort(),
    );
  }
  assert.deepEqual(await emails(), ['a@example.com', 'c@example.com', 'd@example.com']);
});

test('bytes that are not UTF-8 refuse their row', async () => {
  const { refused } = await run([
    `${HEADER}${named('a@example.com')}Ren`,
    Buffer.from([0xe9]), // é in Latin-1
    `,Descartes,b@example.com\nRen`,
    Buffer.from([0xc3]), // é, cut between two pieces
    Buffer.from([0xa9]),
    ',Descartes,c@example.com\nA,B,d@example.com',
    Buffer.from([0xff]),
  ]);
  const reason = 'The row holds characters that are not valid UTF-8.';
  assert.deepEqual(refused, [
    [3, reason],
    [5, reason],
  ]);
  assert.deepEqual(
    (await stored()).map(({ first_name }) => first_name),
    ['Ada', 'René'],
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

for (const [kind, start] of Object.entries({ 'without quotes': 'Ada,', 'in quotes': 'Ada,"' }))
  test(`a cell of 200 MB ${kind} is refused, and never held`, async () => {
    let most = 0;
    const held = () => process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
    async function* source() {
      yield Buffer.from(HEADER + named('a@example.com') + start);
      const piece = Buffer.alloc(65_536, 'x');
      const least = held();
      for (let index = 0; index < 3200; index++) {
        yield piece;
        most = Math.max(most, held() - least);
      }
      yield Buffer.from(`\n${named('b@example.com')}Ada,Lovelace,c\n`);
    }
    const refused: [number, string][] = [];
    await importCustomers(opened.database, actor, source(), {
      onRefused: ({ line, reason }) => void refused.push([line, reason]),
    });
    assert.deepEqual(refused, [
      [3, 'The row has more than 1048576 bytes; perhaps a quote is opened in it and never closed.'],
      [5, 'Email is not a valid address.'],
    ]);
    assert.deepEqual(await emails(), ['a@example.com', 'b@example.com']);
    assert.ok(most < 100_000_000, `${Math.round(most / 1e6)} MB were held`);
  });

test('no more is read ahead than a few batches', async () => {
  let read = 0;
  let done = 0;
  let ahead = 0;
  async function* source() {
    yield Buffer.from(HEADER);
    for (let batch = 0; batch < 20; batch++) {
      read += 500;
      ahead = Math.max(ahead, read - done);
      yield Buffer.from(named(...Array.from({ length: 500 }, (_, index) => `r${batch}-${index}@example.com`)));
    }
  }
  const counts = await importCustomers(opened.database, actor, source(), {
    onRefused() {},
    onProgress: ({ rows }) => {
      done = rows;
    },
  });
  assert.equal(counts.created, 10_000);
  assert.ok(ahead <= 2000, `${ahead} rows were ahead`);
});

test('refused rows come one after the other, and the import waits for each', async () => {
  const lines: number[] = [];
  let busy = false;
  const file =
    HEADER + named(...Array.from({ length: 1500 }, (_, index) => (index % 3 ? `s${index}@example.com` : 'bad')));
  await run(file, {
    async onRefused({ line }) {
      assert.equal(busy, false);
      busy = true;
      await new Promise(setImmediate);
      busy = false;
      lines.push(line);
    },
  });
  assert.deepEqual(
    lines,
    Array.from({ length: 500 }, (_, index) => 2 + index * 3),
  );
});

test('a signal ends the import after the batches under way, and the source is closed', async () => {
  const stop = new AbortController();
  let closed = false;
  async function* source() {
    try {
      yield Buffer.from(HEADER);
      for (let batch = 0; ; batch++)
        yield Buffer.from(named(...Array.from({ length: 500 }, (_, index) => `t${batch}-${index}@example.com`)));
    } finally {
      closed = true;
    }
  }
  const counts = await importCustomers(opened.database, actor, source(), {
    signal: stop.signal,
    onRefused() {},
    onProgress: ({ rows }) => rows >= 1000 && stop.abort(),
  });
  assert.ok(counts.created >= 1000 && counts.created <= 2500 && counts.created % 500 === 0, String(counts.created));
  assert.equal((await stored()).length, counts.created);
  assert.equal(closed, true);
});

test('where the source breaks off, what was read before is saved and counted', async () => {
  const seen: ImportCounts[] = [];
  async function* source() {
    yield Buffer.from(HEADER + named(...Array.from({ length: 700 }, (_, index) => `u${index}@example.com`)));
    throw new Error('the disk is gone');
  }
  const options = { onRefused() {}, onProgress: (counts: ImportCounts) => void seen.push(counts) };
  await assert.rejects(importCustomers(opened.database, actor, source(), options), /the disk is gone/);
  assert.deepEqual(seen, [{ created: 500, refused: 0, rows: 500 }]);
  assert.equal((await stored()).length, 500);
});

test('where refused rows cannot be kept, the import ends', async () => {
  const file = HEADER + named('bad', ...Array.from({ length: 5000 }, (_, index) => `v${index}@example.com`));
  const onRefused = () => Promise.reject(new Error('no space left'));
  await assert.rejects(run(file, { onRefused }), /no space left/);
  assert.ok((await stored()).length <= 1500);
});

test('where the database goes away, the import says so and knows what is in', async () => {
  let counts: ImportCounts = { created: 0, refused: 0, rows: 0 };
  let over = false;
  const file = HEADER + named(...Array.from({ length: 20_000 }, (_, index) => `w${index}@example.com`));
  const options = {
    onRefused() {},
    onProgress(latest: ImportCounts) {
      counts = latest;
      void cutConnections(); // once more where the one cut had just committed
    },
  };
  async function cutConnections() {
    const cut = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'`;
    for (let found = 0; found === 0 && !over; ) found = (await sql.query(cut)).rowCount!;
  }
  const imported = importCustomers(opened.database, actor, bytesOf([file]), options).finally(() => {
    over = true;
  });
  await assert.rejects(imported, { name: 'Problem', status: 503 });
  const saved = (await stored()).length;
  assert.ok(saved >= 500 && saved < 20_000, String(saved));
  assert.equal(counts.created, saved);
});

// Imports over HTTP: uploaded, looked through, changed, run, watched, cancelled, undone.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Import } from '#contract/imports.ts';
import { holdWrites } from '../../test/support/holds.ts';
import { startServer, type TestServer } from '../../test/support/server.ts';

const IDLE_MS = 1500;
let server: TestServer;
before(async () => {
  server = await startServer({ request_timeout_ms: IDLE_MS });
});
after(() => server.stop());

let serial = 0;
const CSV = { 'content-type': 'text/csv' };
const upload = (file: string | Buffer, query = '', headers: Record<string, string> = {}) =>
  server.call('POST', `/api/imports${query}`, file, { ...CSV, ...headers });
const read = async (id: string): Promise<Import> => (await server.call('GET', `/api/imports/${id}`)).body;

async function until(id: string, ...states: Import['state'][]): Promise<Import> {
  for (;;) {
    const now = await read(id);
    if (states.includes(now.state)) return now;
    await sleep(20);
  }
}
async function checked(file: string | Buffer, query = ''): Promise<Import> {
  const { status, body, text } = await upload(file, query);
  assert.equal(status, 201, text);
  return until(body.id, 'checked', 'failed');
}
async function run(file: string | Buffer, query = ''): Promise<Import> {
  const { id } = await checked(file, query);
  assert.equal((await server.call('POST', `/api/imports/${id}/run`)).status, 202);
  return until(id, 'done', 'failed');
}
const customers = async (query: string) => (await server.call('GET', `/api/customers?${query}`)).body;
const counts = ({ progress }: Import) => ['created', 'updated', 'unchanged', 'refused'].map((name) => progress![name]);
/** Rows of customers whom a word of their own finds. */
function rowsOf(count: number, more = ''): { word: string; rows: string } {
  const word = `imp${++serial}q`;
  return {
    word,
    rows: Array.from({ length: count }, (_, index) => `Ada,Lovelace,${word}.${index}@example.com${more}\n`).join(''),
  };
}
const HEAD = 'first_name,last_name,email\n';

describe('an import', () => {
  test('is uploaded and checked, which changes nothing; then run, and taken back', async () => {
    const known = (
      await server.call('POST', '/api/customers', {
        first_name: 'Grace',
        last_name: 'Hopper',
        email: 'grace@example.com',
        phone: '020 7946 0958',
      })
    ).body;
    const same = (
      await server.call('POST', '/api/customers', {
        first_name: 'Alan',
        last_name: 'Turing',
        email: 'alan@example.com',
      })
    ).body;
    const file = `First Name;Last Name;E-Mail;Phone;Notes
Ada;Lovelace;ada@example.com;;first
Grace;Murray Hopper;GRACE@example.com;;second
Alan;Turing;alan@example.com;;third
R2;D2;r2@example.com;;fourth
Ada;King;ada@example.com;;fifth
`;
    const reply = await upload(file, '?filename=people.csv');
    assert.equal(reply.headers.get('location'), `/api/imports/${reply.body.id}`);
    const { id } = reply.body;
    const found = await until(id, 'checked');
    assert.deepEqual([found.filename, found.bytes, found.format.delimiter], ['people.csv', file.length, ';']);
    assert.deepEqual(
      found.columns.map(({ field }) => field),
      ['first_name', 'last_name', 'email', 'phone', null],
    );
    const { rows, create, update, unchanged, refuse, reasons } = found.found!;
    assert.deepEqual(
      { rows, create, update, unchanged, refuse },
      { rows: 5, create: 1, update: 1, unchanged: 1, refuse: 2 },
    );
    assert.deepEqual(
      reasons.map(({ codes, lines }) => [codes, lines]),
      [
        [['invalid_characters', 'invalid_characters'], [5]],
        [['duplicate_in_file'], [6]],
      ],
    );
    assert.equal((await customers('email=ada@example.com')).count, 0);

    assert.equal((await server.call('POST', `/api/imports/${id}/run`)).status, 202);
    const done = await until(id, 'done');
    assert.deepEqual(counts(done), [1, 1, 1, 2]);
    const grace = (await customers('email=grace@example.com')).results[0];
    assert.deepEqual([grace.id, grace.last_name, grace.phone], [known.id, 'Murray Hopper', known.phone]);
    assert.equal((await customers('email=alan@example.com')).results[0].version, same.version);
    const rejected = await server.call('GET', `/api/imports/${id}/rejected.csv`);
    assert.match(rejected.headers.get('content-disposition')!, /people\.rejected\.csv/);
    const lines = rejected.text.trimEnd().split('\n');
    assert.equal(lines[0], 'First Name;Last Name;E-Mail;Phone;Notes;line;reason');
    assert.match(lines[1]!, /^R2;D2;r2@example.com;;fourth;5;/);
    assert.equal(lines[2], 'Ada;King;ada@example.com;;fifth;6;The email stands on line 2 already.');

    const undo = await server.call('POST', `/api/imports/${id}/undo`);
    assert.equal(undo.status, 202);
    while ((await server.call('GET', `/api/causes/${undo.body.id}`)).body.state === 'running') await sleep(20);
    assert.equal((await customers('email=ada@example.com')).count, 0);
    assert.equal((await customers('email=grace@example.com')).results[0].last_name, 'Hopper');
    assert.equal((await read(id)).undone_by, undo.body.id);
    const { body } = await server.call('GET', '/api/imports?limit=1');
    assert.equal(body.results[0].id, id);
  });

  test('comes as the file of a form as well', async () => {
    const { word, rows } = rowsOf(2);
    const form = new FormData();
    form.append('comment', 'before it');
    form.append('file', new Blob([HEAD + rows]), 'über.csv');
    const authorization = `Bearer ${server.keys.editor}`;
    const send = (body: FormData) =>
      fetch(`${server.base}/api/imports`, { method: 'POST', body, headers: { authorization } });
    const made = (await (await send(form)).json()) as Import;
    assert.equal(made.filename, 'über.csv');
    await until(made.id, 'checked');
    await server.call('POST', `/api/imports/${made.id}/run`);
    assert.deepEqual(counts(await until(made.id, 'done')), [2, 0, 0, 0]);
    assert.equal((await server.call('GET', `/api/imports/${made.id}/rejected.csv`)).status, 404);
    assert.equal((await customers(`search=${word}`)).count, 2);
    const empty = new FormData();
    empty.append('comment', 'nothing else');
    const refused = await send(empty);
    assert.deepEqual([refused.status, ((await refused.json()) as { code: string }).code], [400, 'no_file']);
  });

  test('is read in another way where that is said, and checked anew', async () => {
    const file = 'a;b;c;d\nAda;Lovelace;way@example.com;x-1\n';
    const refused = await upload(file);
    assert.deepEqual([refused.status, refused.body.code], [400, 'invalid_mapping']);
    const { id } = await checked('Vorname;last_name;email;d\nAda;Lovelace;way@example.com;x-1\n');
    const { body } = await server.call('PATCH', `/api/imports/${id}`, {
      columns: [
        { name: 'd', field: 'external_id' },
        { name: 'email', field: 'email', rule: 'leave' },
        { name: 'Vorname', field: 'last_name' },
        { name: 'last_name', field: 'first_name' },
      ],
      match: 'external_id',
    });
    assert.deepEqual([body.state, body.match, body.found], ['checking', 'external_id', null]);
    assert.equal((await until(id, 'checked')).found!.create, 1);
    await server.call('POST', `/api/imports/${id}/run`);
    await until(id, 'done');
    const [made] = (await customers('external_id=x-1')).results;
    assert.deepEqual([made.first_name, made.last_name], ['Lovelace', 'Ada']);
    // By the external id, the same customer, whose email is left as it is.
    const again = await run(
      'first_name,last_name,email,external_id\nAda,Lovelace,other@example.com,x-1\n',
      '?match=external_id',
    );
    assert.deepEqual(counts(again), [0, 1, 0, 0]);
    assert.equal((await customers('external_id=x-1')).results[0].email, 'other@example.com');
  });

  test('whose columns nobody can guess is kept where that is asked for, until they are said', async () => {
    const { status, body: kept } = await upload('a;b;c\nAda;Lovelace;kept@example.com\n', '?keep_unmapped=true');
    assert.deepEqual([status, kept.state, kept.found, kept.finished_at], [201, 'unmapped', null, null]);
    assert.deepEqual(kept.sample, [['Ada', 'Lovelace', 'kept@example.com']]);
    const early = await server.call('POST', `/api/imports/${kept.id}/run`);
    assert.deepEqual([early.status, early.body.code], [409, 'unmapped']);
    const patch = (settings: object) => server.call('PATCH', `/api/imports/${kept.id}`, settings);
    assert.equal((await patch({ delimiter: ',' })).body.code, 'invalid_mapping');
    const other = (await patch({ delimiter: ',', keep_unmapped: true })).body;
    assert.deepEqual([other.state, other.columns.map(({ name }: { name: string }) => name)], ['unmapped', ['a;b;c']]);
    await patch({ delimiter: ';', keep_unmapped: true });
    const fields = ['first_name', 'last_name', 'email'];
    const columns = ['a', 'b', 'c'].map((name, index) => ({ name, field: fields[index] }));
    assert.equal((await patch({ columns })).body.state, 'checking');
    assert.equal((await until(kept.id, 'checked')).found!.create, 1);
    // A file that was checked already waits again where it is read in a way that leaves its columns without meaning.
    assert.equal((await patch({ delimiter: '|', keep_unmapped: true })).body.state, 'unmapped');
    assert.equal((await server.call('POST', `/api/imports/${kept.id}/cancel`)).body.state, 'cancelled');
    assert.equal((await patch({ keep_unmapped: 'yes' })).status, 400);
    assert.equal((await upload(HEAD, '?keep_unmapped=yes')).status, 400);
    assert.equal((await upload('', '?keep_unmapped=true')).body.code, 'empty_file');
  });

  test('with settings that do not fit is refused by name, and stays as it is', async () => {
    const { id } = await checked(`${HEAD}Ada,Lovelace,fit@example.com\n`);
    for (const [settings, pointer, code] of [
      [[], '', 'wrong_type'],
      [{ encoding: 'latin1' }, '/encoding', 'invalid_choice'],
      [{ delimiter: ':' }, '/delimiter', 'invalid_choice'],
      [{ match: 'phone' }, '/match', 'invalid_choice'],
      [{ columns: {} }, '/columns', 'wrong_type'],
      [{ columns: [{ name: 'email', field: 'mail' }] }, '/columns/0/field', 'invalid_choice'],
      [{ columns: [{ name: 'email' }] }, '/columns/0/field', 'required'],
      [{ columns: [{ name: 'email', field: null, rule: 'never' }] }, '/columns/0/rule', 'invalid_choice'],
      [{ sheet: 1 }, '/sheet', 'unknown_field'],
    ] as [object, string, string][]) {
      const { status, body } = await server.call('PATCH', `/api/imports/${id}`, settings);
      assert.deepEqual([status, body.errors[0].pointer, body.errors[0].code], [400, pointer, code]);
    }
    for (const settings of [
      { columns: [{ name: 'mail', field: 'email' }] },
      {
        columns: [
          { name: 'first_name', field: 'email' },
          { name: 'email', field: 'email' },
        ],
      },
      { match: 'external_id' },
    ]) {
      const { status, body } = await server.call('PATCH', `/api/imports/${id}`, settings);
      assert.deepEqual([status, body.code], [400, 'invalid_mapping']);
    }
    assert.equal((await read(id)).state, 'checked');
    for (const query of ['?match=phone', '?filename=', `?filename=${'x'.repeat(300)}`, '?sheet=1'])
      assert.equal((await upload(HEAD, query)).status, 400, query);
  });

  test('that is no file of customers leaves nothing behind', async () => {
    const before = readdirSync(server.imports.path);
    for (const [file, code] of [
      ['', 'empty_file'],
      ['\n\n', 'empty_file'],
      ['PK\u0003\u0004 a zip or an xlsx', 'not_csv'],
      ['first_name,first_name,email\n', 'invalid_header'],
    ] as [string, string][]) {
      const { status, body } = await upload(file);
      assert.deepEqual([status, body.code], [400, code], JSON.stringify(file));
    }
    assert.deepEqual(readdirSync(server.imports.path), before);
  });

  test('happens once for one Idempotency-Key and file', async () => {
    const { rows } = rowsOf(1);
    const send = (file: string) => upload(file, '', { 'idempotency-key': 'upload-1' });
    const replies = await Promise.all(Array.from({ length: 3 }, () => send(HEAD + rows)));
    assert.equal(new Set(replies.map(({ body }) => body.id)).size, 1);
    assert.equal((await send(HEAD)).status, 422);
  });

  test('is run once, and only when it is checked', async () => {
    const { rows, word } = rowsOf(3000);
    const made = await upload(HEAD + rows);
    const { id } = made.body;
    const early = await server.call('POST', `/api/imports/${id}/run`);
    if (early.status !== 202) assert.deepEqual([early.status, early.body.code], [409, 'still_running']);
    await until(id, 'checked', 'running', 'done');
    const runs = await Promise.all(Array.from({ length: 3 }, () => server.call('POST', `/api/imports/${id}/run`)));
    if (early.status !== 202) assert.equal(runs.filter(({ status }) => status === 202).length, 1);
    for (const { status, body } of runs) if (status !== 202) assert.deepEqual([status, body.code], [409, 'too_late']);
    const again = { 'idempotency-key': `run ${id}` };
    assert.equal((await server.call('POST', `/api/imports/${id}/run`, undefined, again)).status, 409);
    const late = await server.call('PATCH', `/api/imports/${id}`, { match: 'email' });
    assert.deepEqual([late.status, late.body.code], [409, 'too_late']);
    assert.deepEqual(counts(await until(id, 'done')), [3000, 0, 0, 0]);
    assert.equal((await customers(`search=${word}`)).count, 3000);
  });

  test('runs once for one Idempotency-Key, and is answered alike when that is sent again', async () => {
    const { rows } = rowsOf(3);
    const { id } = await checked(HEAD + rows);
    const send = () => server.call('POST', `/api/imports/${id}/run`, undefined, { 'idempotency-key': `run-${id}` });
    const replies = await Promise.all([send(), send(), send()]);
    await until(id, 'done');
    replies.push(await send());
    for (const { status, body } of replies) assert.deepEqual([status, body.id], [202, id]);
    assert.deepEqual(counts(await read(id)), [3, 0, 0, 0]);
  });

  test('is watched as it goes, until it has ended', async () => {
    const { rows } = rowsOf(2000);
    const { id } = await checked(HEAD + rows);
    await server.call('POST', `/api/imports/${id}/run`);
    const reply = await server.call('GET', `/api/imports/${id}/events`);
    assert.match(reply.headers.get('content-type')!, /^text\/event-stream/);
    const seen = reply.text
      .trim()
      .split('\n\n')
      .map((event) => JSON.parse(event.replace(/^data: /, '')));
    assert.equal(seen.at(-1).state, 'done');
    assert.equal(seen.at(-1).progress.done, 2000);
    assert.ok(seen.at(-1).rows_per_second > 0);
  });

  test('that is cancelled does nothing more, and what it did can be taken back', async () => {
    const { rows, word } = rowsOf(6000);
    const { id } = await checked(HEAD + rows);
    await server.call('POST', `/api/imports/${id}/run`);
    while ((await read(id)).progress!.done === 0) await sleep(5);
    const release = await holdWrites(server);
    const { body } = await server.call('POST', `/api/imports/${id}/cancel`).finally(release);
    assert.equal(body.state, 'cancelled');
    await server.call('POST', '/api/customers', {
      first_name: 'Last',
      last_name: 'One',
      email: `${word}x@example.org`,
    });
    const { progress } = await read(id);
    assert.ok(progress!.done! < 6000);
    assert.equal((await customers(`search=${word}.`)).count, progress!.created);
    const undo = await server.call('POST', `/api/imports/${id}/undo`);
    while ((await server.call('GET', `/api/causes/${undo.body.id}`)).body.state === 'running') await sleep(20);
    assert.equal((await customers(`search=${word}.`)).count, 0);
    assert.deepEqual(readdirSync(server.imports.path).filter((name) => name.endsWith(id)).length, 1);
  });
});

test('an import whose file lies with another server says so', async () => {
  const { id } = await run(`${HEAD}Ada,L0velace,elsewhere@example.com\n`);
  const waiting = await checked(`${HEAD}Ada,Lovelace,elsewhere@example.com\n`);
  for (const name of readdirSync(server.imports.path).filter((name) => name.endsWith(id) || name.endsWith(waiting.id)))
    await rm(join(server.imports.path, name), { recursive: true });
  for (const reply of [
    await server.call('GET', `/api/imports/${id}/rejected.csv`),
    await server.call('PATCH', `/api/imports/${waiting.id}`, { match: 'email' }),
  ])
    assert.deepEqual([reply.status, reply.body.code], [409, 'file_elsewhere']);
});

describe('an upload', () => {
  const head = (length: number) =>
    `POST /api/imports HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.keys.editor}\r\nContent-Type: text/csv\r\nContent-Length: ${length}\r\n\r\n`;
  const open = async () => {
    const { hostname, port } = new URL(server.base);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    await once(socket, 'connect');
    let got = '';
    socket.on('data', (chunk) => {
      got += chunk;
    });
    return { socket, got: () => got };
  };

  test('may take longer than any other request, as long as something arrives', async () => {
    const { rows } = rowsOf(12);
    const file = HEAD + rows;
    const { socket, got } = await open();
    socket.write(head(file.length));
    for (let at = 0; at < file.length; at += 60) {
      socket.write(file.slice(at, at + 60));
      await sleep(IDLE_MS / 4);
    }
    while (!got()) await sleep(10);
    assert.match(got(), /^HTTP\/1.1 201 /);
    socket.destroy();
  });

  test('of which nothing arrives any more, or that is cut off, leaves nothing behind', async () => {
    const before = readdirSync(server.imports.path).length;
    const { socket, got } = await open();
    socket.write(head(1000) + HEAD);
    while (!got()) await sleep(10);
    assert.match(got(), /^HTTP\/1.1 408 /);
    socket.destroy();
    const other = await open();
    other.socket.write(head(1000) + HEAD);
    await sleep(50);
    other.socket.destroy();
    while (readdirSync(server.imports.path).length > before) await sleep(10);
  });
});

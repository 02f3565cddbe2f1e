// Exports over HTTP on a real database: what is in them and how it is written, what happens meanwhile, and who stops them.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import pg from 'pg';
import pino from 'pino';
import { CUSTOMER_FIELDS, type Customer } from '#contract/customers.ts';
import { EXPORT_FIELDS } from '#contract/exports.ts';
import { fillWithMany, MANY } from '../../test/support/fill.ts';
import { until } from '../../test/support/process.ts';
import { startServer, type TestReply, type TestServer } from '../../test/support/server.ts';
import { type Actor, createKey, createWorkspace, findWorkspace, systemActor } from '../access/access.ts';
import { unguard } from '../csv.ts';
import { createCustomer, deleteCustomer } from '../customers/customers.ts';
import { importHere, openImportFolder } from '../imports/imports.ts';
import { exportCustomers, readExportQuery } from './exports.ts';

let server: TestServer;
let sql: pg.Client;
const log: string[] = [];
before(async () => {
  const lines = new PassThrough();
  lines.on('data', (line) => log.push(String(line)));
  server = await startServer({ logger: pino({ level: 'info' }, lines) });
  sql = new pg.Client(server.connection);
  await sql.connect();
});
after(async () => {
  await sql?.end();
  await server?.stop();
});

type Workspace = { id: number; actor: Actor; authorization: string };

let made = 0;
async function openWorkspace(): Promise<Workspace> {
  const slug = `export-${++made}`;
  await createWorkspace(server.database, slug, slug);
  const actor = systemActor((await findWorkspace(server.database, slug))!, 'test');
  const { subject } = await createKey(server.database, actor, { name: 'k', role: 'viewer' }, { request_id: null });
  return { id: actor.workspace.id, actor, authorization: `Bearer ${subject.key}` };
}

async function create({ actor }: Workspace, ...people: object[]): Promise<Customer[]> {
  const customers = [];
  for (const person of people) {
    const input = { first_name: 'Ada', last_name: 'Lovelace', email: `p${++made}@example.com`, ...person };
    customers.push((await createCustomer(server.database, actor, input, { request_id: null })).customer);
  }
  return customers;
}

const get = ({ authorization }: Workspace, query: string, path = '/api/customers/export') =>
  server.call('GET', `${path}?${query}`, undefined, { authorization });
const linesOf = ({ text }: TestReply): Customer[] =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));

const PEOPLE = [
  { first_name: 'Ada', last_name: 'Lovelace', email: 'ada@analytical.example', phone: '+44 20 7946 0123' },
  { first_name: 'Zoë', last_name: "O'Brien", email: '=zoe@example.com', external_id: '=1+1, "so"' },
  { first_name: '-Lee', last_name: 'Wu', email: 'lee@example.com', is_active: false, external_id: "'@lee" },
  { first_name: 'Hōne', last_name: 'Te Kāhui', email: 'hone@example.com', external_id: 'crm-7' },
  { first_name: '李', last_name: '王', email: 'li@example.com', phone: '020 7946 0958', is_active: false },
];

describe('an export', () => {
  test('in CSV has a header and a line for each customer, and no cell that a spreadsheet runs', async () => {
    const workspace = await openWorkspace();
    const [ada, zoe, lee] = await create(workspace, ...PEOPLE);
    const reply = await get(workspace, '');
    assert.equal(reply.status, 200);
    assert.equal(reply.headers.get('content-type'), 'text/csv; charset=utf-8; header=present');
    assert.match(reply.headers.get('content-disposition')!, /^attachment; filename="customers-\d{4}-\d\d-\d\d\.csv"$/);
    assert.deepEqual(reply.text.split('\n').slice(0, 4), [
      'first_name,last_name,email,phone,is_active,external_id,created_at',
      `Ada,Lovelace,ada@analytical.example,'+44 20 7946 0123,true,,${ada!.created_at}`,
      `Zoë,O'Brien,'=zoe@example.com,,true,"'=1+1, ""so""",${zoe!.created_at}`,
      `'-Lee,Wu,lee@example.com,,false,''@lee,${lee!.created_at}`,
    ]);
    assert.ok(reply.text.endsWith('\n'));
  });

  test('in CSV is what an import takes: imported and exported again it is the same', async () => {
    const [from, to] = [await openWorkspace(), await openWorkspace()];
    await create(from, ...PEOPLE);
    const { text } = await get(from, '');
    const signal = new AbortController().signal;
    const source = Readable.from([Buffer.from(text)]);
    const settings = { filename: 'customers.csv' };
    const folder = await openImportFolder(join(server.imports.path, 'here'));
    const { progress } = await importHere(server.database, to.actor, folder, source, settings, { signal });
    assert.deepEqual(progress, {
      total: PEOPLE.length,
      done: PEOPLE.length,
      created: PEOPLE.length,
      updated: 0,
      unchanged: 0,
      refused: 0,
      changed: PEOPLE.length,
    });
    assert.equal((await get(to, '')).text, text);
  });

  test('in JSON lines has the customers as the API answers them', async () => {
    const workspace = await openWorkspace();
    const customers = await create(workspace, ...PEOPLE);
    const reply = await get(workspace, 'format=jsonl');
    assert.equal(reply.headers.get('content-type'), 'application/jsonl; charset=utf-8');
    const retrieved = [];
    for (const { id } of customers) retrieved.push((await get(workspace, '', `/api/customers/${id}`)).text);
    assert.equal(reply.text, retrieved.map((json) => `${json}\n`).join(''));
  });

  test('has the fields that are asked for', async () => {
    const workspace = await openWorkspace();
    const [ada] = await create(workspace, PEOPLE[0]!);
    const csv = await get(workspace, 'fields=version,full_name,id');
    assert.equal(csv.text, `id,full_name,version\n${ada!.id},Ada Lovelace,1\n`);
    const json = await get(workspace, 'format=jsonl&fields=phone_e164,external_id,is_active');
    assert.equal(json.text, '{"phone_e164":"+442079460123","is_active":true,"external_id":null}\n');
  });

  test('of nobody is a header, or nothing', async () => {
    const workspace = await openWorkspace();
    assert.equal((await get(workspace, '')).text, `${EXPORT_FIELDS.csv.join(',')}\n`);
    assert.equal((await get(workspace, 'format=jsonl')).text, '');
    await create(workspace, PEOPLE[0]!);
    assert.equal((await get(workspace, 'search=nobody')).text, `${EXPORT_FIELDS.csv.join(',')}\n`);
  });

  test('has whom a list with the same filter has, in the order of their ids, and nobody who is deleted or elsewhere', async () => {
    const [workspace, other] = [await openWorkspace(), await openWorkspace()];
    const customers = await create(workspace, ...PEOPLE);
    await create(other, ...PEOPLE);
    const [gone] = await create(workspace, { first_name: 'Gone' });
    await deleteCustomer(server.database, workspace.actor, gone!.id, { request_id: null });
    const at = encodeURIComponent(customers[2]!.created_at);
    const queries = [
      '',
      'is_active=true',
      'is_active=false',
      'search=te',
      'search=ex+o%27',
      'search=02079460958',
      'search=%E7%8E%8B',
      `created_at[gt]=${at}`,
      `created_at[lte]=${at}&updated_at[gte]=${at}`,
      'email=HONE@example.com',
      'external_id=crm-7',
      'external_id=crm-7&email=hone@example.com&search=hone',
      'external_id=crm-7&email=lee@example.com',
      'external_id=crm-7&is_active=false',
      `email=${gone!.email}`,
      `search=example&is_active=true&created_at[lt]=${at}`,
    ];
    let most = 0;
    for (const query of queries) {
      const listed: Customer[] = (await get(workspace, query, '/api/customers')).body.results;
      const exported = linesOf(await get(workspace, `format=jsonl&${query}`));
      listed.sort((a, b) => (a.id < b.id ? -1 : 1));
      assert.deepEqual(exported, listed, query);
      if (exported.length < PEOPLE.length) most = Math.max(most, exported.length);
    }
    assert.ok(most > 2);
  });

  test('is refused, before it begins, where something is asked that it has not', async () => {
    const workspace = await openWorkspace();
    for (const [query, pointer] of [
      ['limit=5', 'limit'],
      ['cursor=x', 'cursor'],
      ['ordering=email', 'ordering'],
      ['deleted=true', 'deleted'],
      ['format=xlsx', 'format'],
      ['format=', 'format'],
      ['fields=secret', 'fields'],
      ['fields=', 'fields'],
      ['is_active=yes', 'is_active'],
      ['created_at[gte]=yesterday', 'created_at[gte]'],
      ['search=!', 'search'],
    ]) {
      const { status, body } = await get(workspace, query!);
      assert.deepEqual([status, body.code, body.errors[0].pointer], [400, 'invalid', pointer], query);
    }
  });

  test('gives back any text whatever: what is parsed is what was there, and no cell runs', async () => {
    const workspace = await openWorkspace();
    const text = (most: number) =>
      fc
        .string({
          unit: fc.oneof(
            fc.constantFrom("'", '"', ',', '=', '+', '-', '@', '\t', '\r', '\n', '\\', ' ', 'a', 'é', '王', '𝒜'),
            fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
          ),
          minLength: 1,
          maxLength: most,
        })
        // What no customer may have: NUL, which PostgreSQL does not take either, and what stands between values.
        .filter((value) => !/[\0\u001e\u001f]/.test(value));
    const given = fc.sample(fc.tuple(text(20), text(20), text(40), fc.option(text(20)), fc.option(text(30))), 3000);
    const rows = given.map(([first_name, last_name, email, phone, external_id], index) => ({
      first_name,
      last_name,
      email: `${email}${index}`,
      phone,
      external_id: external_id && `${external_id}${index}`,
    }));
    await sql.query(
      `INSERT INTO customers (workspace_id, version, id, created_at, updated_at, is_active, search, first_key, last_key,
          starts, email, first_name, last_name, phone, external_id)
        SELECT $1, n, uuidv7(make_interval(secs => n / 1000.0)), now(), now(), n % 2 = 0, '', '', '', '',
          email, first_name, last_name, phone, external_id
        FROM ROWS FROM (json_to_recordset($2) AS (first_name text, last_name text, email text, phone text, external_id text))
          WITH ORDINALITY AS row (first_name, last_name, email, phone, external_id, n)`,
      [workspace.id, JSON.stringify(rows)],
    );
    const picked = (line: Record<string, unknown>) => rows[0] && Object.keys(rows[0]).map((name) => line[name]);
    const { text: csv } = await get(workspace, `fields=${CUSTOMER_FIELDS}`);
    const lines: Record<string, string>[] = parse(csv, { columns: true, relax_quotes: false });
    const empty = (value: unknown) => (value === null ? '' : value);
    assert.deepEqual(
      lines.map((line) => picked(line)!.map((cell) => unguard(cell as string))),
      rows.map((row) => picked(row)!.map(empty)),
    );
    for (const line of lines) for (const cell of Object.values(line)) assert.doesNotMatch(cell, /^[=+\-@\t\r]/);
    const exported = linesOf(await get(workspace, 'format=jsonl'));
    assert.deepEqual(
      exported.map((line) => picked(line)),
      rows.map(picked),
    );
    assert.deepEqual(
      exported.map((line) => [line.version, line.is_active, line.full_name]),
      rows.map(({ first_name, last_name }, index) => [index + 1, index % 2 === 1, `${first_name} ${last_name}`]),
    );
  });
});

describe('many customers', () => {
  let many: Workspace;
  before(async () => {
    many = await openWorkspace();
    await fillWithMany(sql, many.id);
  });

  const query = (text: string) => readExportQuery(many.id, Object.fromEntries(new URLSearchParams(text)));
  const begin = (text: string) => exportCustomers(server.database, many.id, query(text));

  /** A client that reads the beginning, and then no more until it is told to. */
  async function startReading(version = '1.1'): Promise<{ socket: Socket; rest(): Promise<string> }> {
    const socket = connect(Number(new URL(server.base).port), '127.0.0.1');
    const head = `GET /api/customers/export?format=jsonl HTTP/${version}\r\nHost: x\r\nAuthorization: ${many.authorization}\r\n`;
    socket.write(`${head}Connection: close\r\n\r\n`);
    await once(socket, 'readable');
    assert.match(String(socket.read()), /^HTTP\/1.1 200 OK/);
    const rest = async () => {
      let text = '';
      for await (const bytes of socket) text += bytes;
      return text;
    };
    return { socket, rest };
  }

  /** The server has stopped reading: it waits for its client. */
  async function standsStill(): Promise<number> {
    let [before, now] = [-1, 0];
    await until(async () => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      [before, now] = [now, server.statements()];
      return before === now;
    }, 'that the server waits');
    return now;
  }

  const isIdle = () => server.database.pools().walk.busy === 0;
  const lastLine = async (status: number) => {
    const isIt = (line: string) =>
      line.includes('"route":"/api/customers/export"') && line.includes(`"status":${status}`);
    await until(() => log.some(isIt), `a line of status ${status}`);
    return JSON.parse(log.find(isIt)!);
  };

  test('each comes once, whatever is created, deleted and restored meanwhile', async () => {
    const export_ = await begin('format=jsonl&fields=id,email,external_id');
    let text = String((await export_.next()).value);
    const { rows: all } = await sql.query('SELECT id, email FROM customers WHERE workspace_id = $1 ORDER BY id', [
      many.id,
    ]);
    const [early, late] = [all[10].id, all[MANY - 10].id];
    await create(many, { first_name: 'Late' });
    await deleteCustomer(server.database, many.actor, early, { request_id: null });
    await deleteCustomer(server.database, many.actor, late, { request_id: null });
    for await (const part of export_) text += part;
    const ids = text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line).id);
    assert.deepEqual(
      ids,
      all.map(({ id }) => id).filter((id) => id !== late),
    );
    await sql.query('UPDATE customers SET deleted_at = NULL WHERE workspace_id = $1', [many.id]);
    await sql.query("DELETE FROM customers WHERE workspace_id = $1 AND first_name = 'Late'", [many.id]);
  });

  test('of which few match: no statement visits more than a slice, and none is left out', async () => {
    const before = server.statements();
    const { text } = await get(many, 'is_active=false&fields=email');
    assert.equal(
      text,
      `email\n${Array.from({ length: MANY / 1000 }, (_, n) => `${n}999@example.com\n`.replace(/^0/, '')).join('')}`,
    );
    assert.ok(server.statements() - before >= MANY / 2500);
  });

  test('who reads slowly makes the server wait, and gets all', async () => {
    const before = server.statements();
    const { rest } = await startReading();
    const statements = (await standsStill()) - before;
    assert.ok(statements < MANY / 2500, `${statements} statements`);
    assert.equal((await rest()).match(/"id":/g)!.length > MANY - 200, true);
  });

  test('who goes away stops it, and the log says 499', async () => {
    const { socket } = await startReading();
    const before = await standsStill();
    socket.resetAndDestroy();
    await lastLine(499);
    await until(isIdle, 'that no statement is under way');
    assert.ok(server.statements() - before <= 2);
  });

  test('a failure on the way is a broken transfer, in HTTP/1.0 too, and told in the log without what it is about', async () => {
    for (const version of ['1.1', '1.0']) {
      log.length = 0;
      const { rest } = await startReading(version);
      await standsStill();
      await sql.query('ALTER TABLE customers RENAME TO elsewhere');
      try {
        await assert.rejects(rest(), { code: 'ECONNRESET' });
      } finally {
        await sql.query('ALTER TABLE elsewhere RENAME TO customers');
      }
      assert.equal((await lastLine(500)).route, '/api/customers/export');
      const failure = JSON.parse(log.find((line) => line.includes('"level":50'))!);
      assert.equal(failure.err.code, '42P01');
      assert.doesNotMatch(JSON.stringify(failure), /relation/);
    }
  });

  test('a connection to the database that is lost on the way is made anew', async () => {
    const export_ = await begin('fields=id');
    let text = String((await export_.next()).value);
    await sql.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()`);
    for await (const part of export_) text += part;
    assert.equal(text.split('\n').length, MANY + 2);
  });

  test('four at once are made for a workspace; another one is asked to come again', async () => {
    const [one, ...others] = await Promise.all(Array.from({ length: 4 }, () => begin('')));
    const refused = await get(many, '');
    assert.deepEqual([refused.status, refused.body.code, refused.headers.get('retry-after')], [503, 'overloaded', '1']);
    const elsewhere = await openWorkspace();
    assert.equal((await get(elsewhere, '')).status, 200);
    await one!.return();
    assert.equal(
      (await server.call('HEAD', '/api/customers/export', undefined, { authorization: many.authorization })).status,
      200,
    );
    assert.equal((await get(many, 'email=1@example.com')).status, 200);
    for (const other of others) await other.return();
  });
});

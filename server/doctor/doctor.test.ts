// Each thing that the doctor looks at is broken by SQL, past the server, and must be named; what is well, or under way, never.
import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Customer } from '#contract/customers.ts';
import { ada } from '../../test/support/customers.ts';
import { openTestConnections, startServer, type TestServer } from '../../test/support/server.ts';
import { loadConfig } from '../config.ts';
import { sealBlock } from '../events/events.ts';
import { PROJECT } from '../project.ts';
import { examine, type Finding } from './doctor.ts';

let server: TestServer;
let sql: pg.Client;
let workspace: number;
/** Somebody who was created, updated, deleted and restored; somebody created and updated; somebody deleted. */
let ann: Customer;
let bob: Customer;
let eve: Customer;

const config = loadConfig({}, PROJECT);
async function create(fields: object): Promise<Customer> {
  const { status, text, body } = await server.call('POST', '/api/customers', ada(fields));
  assert.equal(status, 201, text);
  return body;
}
const rename = (id: string, last_name: string) => server.call('PATCH', `/api/customers/${id}`, { last_name });

before(async () => {
  server = await startServer();
  workspace = server.actor.workspace.id;
  sql = new pg.Client(server.connection);
  await sql.connect();
  ann = await create({ first_name: 'Ann', phone: '+44 20 7946 0958', external_id: 'a' });
  bob = await create({ first_name: 'Bøb', external_id: '"\\b"', is_active: false });
  eve = await create({ first_name: 'Eve' });
  await rename(ann.id, 'Byron');
  await server.call('DELETE', `/api/customers/${ann.id}`);
  await server.call('POST', `/api/customers/${ann.id}/restore`);
  await rename(bob.id, '李 Łoś');
  await server.call('DELETE', `/api/customers/${eve.id}`);
  await seal();
  await rename(ann.id, 'King');
  await seal();
  await rename(ann.id, 'Noel'); // is not sealed
});
after(async () => {
  await sql.end();
  await server.stop();
});

async function seal(): Promise<void> {
  while ((await sealBlock(server.database, workspace, 0)) !== null);
}

async function look(
  options: Parameters<typeof examine>[1] = {},
  installation: Partial<Parameters<typeof examine>[0]> = {},
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const usual = { database: server.database, config, directory: tmpdir(), migrations: { pending: [], fault: null } };
  await examine({ ...usual, ...installation }, options, (finding) => findings.push(finding));
  return findings;
}
const wrongOf = (findings: Finding[]) =>
  findings.filter(({ status }) => status === 'wrong').map(({ message }) => message);

const TABLES = ['events', 'customers', 'ledgers', 'customer_days', 'seals', 'customer_salts'];

/** Breaks something, looks, and puts it back: each sentence is one that must be said. */
async function breaking(statements: string, ...sentences: RegExp[]): Promise<void> {
  for (const table of TABLES) await sql.query(`CREATE TABLE kept_${table} AS TABLE ${table}`);
  try {
    await sql.query(statements);
    const wrong = wrongOf(await look({ again_ms: 0 }));
    for (const sentence of sentences)
      assert.ok(
        wrong.some((message) => sentence.test(message)),
        `${sentence} in\n${wrong.join('\n')}`,
      );
    const personal = /Ann|Bøb|Eve|Byron|King|Noel|@example/;
    for (const message of wrong) assert.doesNotMatch(message, personal);
  } finally {
    await sql.query(`TRUNCATE ${TABLES.join(', ')}`);
    for (const table of TABLES) await sql.query(`INSERT INTO ${table} TABLE kept_${table}; DROP TABLE kept_${table}`);
  }
}
const ofAnn = (place: number) =>
  `(SELECT position FROM events WHERE customer_id = '${ann.id}' ORDER BY position OFFSET ${place} LIMIT 1)`;

test('nothing is wrong where nothing was changed past the server', async () => {
  const findings = await look();
  assert.deepEqual(wrongOf(findings), []);
  for (const check of [
    'postgres',
    'migrations',
    'installation',
    'log',
    'seals',
    'customers',
    'lost_customers',
    'counts',
  ])
    assert.ok(
      findings.some((finding) => finding.check === check && finding.status === 'ok'),
      check,
    );
});

test('a customer who is not as the last event left them is named, with the fields', async () => {
  await breaking(
    `UPDATE customers SET first_name = 'X' WHERE id = '${bob.id}'`,
    new RegExp(`Customer ${bob.id} of workspace main is not as its last event left it: first_name, full_name`),
  );
  await breaking(`UPDATE customers SET version = 9 WHERE id = '${bob.id}'`, /left it: version/);
  await breaking(
    `UPDATE customers SET created_at = created_at + interval '1 second' WHERE id = '${bob.id}'`,
    /left it: created_at/,
  );
  await breaking(
    `UPDATE customers SET updated_at = updated_at + interval '1 microsecond' WHERE id = '${bob.id}'`,
    /left it: updated_at/,
  );
  await breaking(`UPDATE customers SET phone_e164 = NULL WHERE id = '${ann.id}'`, /left it: phone_e164/);
  await breaking(
    `UPDATE customers SET deleted_at = NULL WHERE id = '${eve.id}'`,
    new RegExp(`Customer ${eve.id} .* is deleted by only one`),
    /counts 2 customers, and there are 3/,
  );
  await breaking(
    `UPDATE customers SET deleted_at = now() WHERE id = '${bob.id}'`,
    new RegExp(`Customer ${bob.id} .* is deleted by only one`),
  );
});

test('columns that do not follow from the fields are named', async () => {
  for (const column of ['first_key', 'last_key', 'search', 'starts'])
    await breaking(
      `UPDATE customers SET ${column} = 'x' WHERE id = '${bob.id}'`,
      new RegExp(`Customer ${bob.id} .* not found or ordered as it should be: ${column} does`),
    );
});

test('a customer without events, and events without their customer', async () => {
  await breaking(
    `INSERT INTO customers SELECT workspace_id, version, gen_random_uuid(), created_at, updated_at, deleted_at, is_active, search, first_key, last_key, 'x@y.z', starts, first_name, last_name, phone, phone_e164, NULL
      FROM customers WHERE id = '${bob.id}'`,
    /has no event: it was added past the server/,
    /counts 2 customers, and there are 3/,
  );
  await breaking(
    `DELETE FROM customers WHERE id = '${bob.id}'`,
    new RegExp(`Customer ${bob.id} of workspace main, created at position \\d+, is not there`),
    /counts 2 customers, and there are 1/,
  );
});

test('counts, and the days of the timeline', async () => {
  await breaking('UPDATE ledgers SET total_customers = total_customers + 1', /counts 3 customers, and there are 2/);
  await breaking(
    'UPDATE ledgers SET active_customers = active_customers + 1',
    /counts 2 active customers, and there are 1/,
  );
  await breaking(
    `UPDATE customer_days SET total = total + 1`,
    /does not count the customers created on \d{4}-\d\d-\d\d\./,
  );
  await breaking('DELETE FROM customer_days', /does not count the customers created on \d{4}-\d\d-\d\d\./);
  await breaking(
    `INSERT INTO customer_days SELECT workspace_id, '1999-01-01', 1 FROM ledgers`,
    /created on 1999-01-01\./,
  );
});

test('values that only one may have, and the index that sees to it', async () => {
  const { rows } = await sql.query(`SELECT pg_get_indexdef('customers_email'::regclass) AS made`);
  await sql.query('DROP INDEX customers_email');
  await breaking(
    `UPDATE customers SET email = (SELECT email FROM customers WHERE id = '${ann.id}') WHERE id = '${bob.id}'`,
    /2 customers of workspace main have one email/,
    /lacks customers_email/,
  );
  await sql.query(rows[0].made);
});

test('events that are missing, out of order or do not follow from one another', async () => {
  await breaking(
    `DELETE FROM events WHERE position = ${ofAnn(1)}`,
    /no event at position \d+: it was removed/,
    /version that does not follow/,
    /position \d+ of workspace main is gone/,
  );
  await breaking('DELETE FROM events WHERE position BETWEEN 2 AND 3', /no event at positions 2 to 3/);
  await breaking('DELETE FROM events WHERE position = (SELECT position FROM ledgers)', /no event at position/);
  await breaking('UPDATE ledgers SET position = position - 1', /stands at position \d+, but there are events up to/);
  await breaking(
    `UPDATE events SET at = at - interval '1 day' WHERE position = ${ofAnn(1)}`,
    /has a time before that of the event before it/,
  );
  await breaking(
    `UPDATE events SET at = at - interval '1 microsecond' WHERE position = (SELECT position FROM ledgers)`,
    /is not of the time .* that the ledger notes/,
  );
  await breaking(`UPDATE ledgers SET last_at = last_at + interval '1 hour'`, /3,\d{3} seconds ahead of the clock/);
  await breaking(
    `UPDATE events SET customer_version = 7 WHERE position = ${ofAnn(2)}`,
    /version that does not follow from the one before/,
  );
  await breaking(
    `UPDATE events SET type = 'customer.updated' WHERE position = ${ofAnn(2)}`,
    /cannot have happened to the customer/,
  );
  await breaking(
    `UPDATE events SET before = '{"last_name":"X"}' WHERE position = ${ofAnn(1)}`,
    /says that a field had a value which the event before did not give it/,
  );
});

test('a workspace without its ledger', () => breaking('DELETE FROM ledgers', /Workspace main has no ledger/));

test('a sealed event that was changed in any part of it', async () => {
  const place = ofAnn(0);
  const changed = (what: string) =>
    new RegExp(
      `The event at position \\d+ of workspace main \\(customer ${ann.id}\\) is not as it was sealed: ${what}`,
    );
  for (const change of [
    `at = at + interval '1 microsecond'`,
    `type = 'customer.restored'`,
    `customer_version = 2`,
    `actor = '{"type":"key","id":null,"name":"x"}'`,
    `request_id = 'x'`,
    `cause_id = gen_random_uuid()`,
  ])
    await breaking(`UPDATE events SET ${change} WHERE position = ${place}`, changed('what it is'));
  // Where row and log are changed alike, only the seal tells.
  await breaking(
    `UPDATE events SET after = replace(after::text, 'Ann', 'Pia')::json WHERE position = ${place}`,
    changed('the values'),
  );
  await breaking(`UPDATE events SET after = after::jsonb::json WHERE position = ${place}`, changed('the values'));
  await breaking(`UPDATE events SET before = '{}' WHERE position = ${place}`, changed('the values'));
  await breaking(
    'UPDATE events SET after = NULL WHERE position = 1',
    /position 1 of workspace main has lost the values/,
  );
});

test('two events that changed places', async () => {
  await breaking(
    'UPDATE events SET position = -position WHERE position IN (2, 3); UPDATE events SET position = 5 + position WHERE position < 0',
    /position 2 of workspace main is not as it was sealed/,
    /position 3 of workspace main is not as it was sealed/,
  );
});

test('a seal that was removed, changed, or moved', async () => {
  const first = '(SELECT min(first_position) FROM seals)';
  await breaking(
    `DELETE FROM seals WHERE first_position = ${first}`,
    /does not begin where the one before ends/,
    /does not follow from the one before/,
  );
  await breaking(
    `UPDATE seals SET digests = set_byte(digests, 40, get_byte(digests, 40) # 1) WHERE first_position = ${first}`,
    /does not follow from the one before/,
    /position 1 of workspace main is not as it was sealed: the values/,
  );
  await breaking(
    `UPDATE seals SET head = sha256(head) WHERE first_position = ${first}`,
    /does not follow from the one before/,
  );
  await breaking(
    `UPDATE seals SET last_position = last_position - 1 WHERE first_position = ${first}`,
    /does not begin where|does not follow from/,
  );
  await breaking(
    `UPDATE customer_salts SET salt = sha256(salt) WHERE customer_id = '${ann.id}'`,
    /is not as it was sealed: the values/,
  );
});

test('a head that was noted is found again, and missed where the log was sealed anew', async () => {
  const { rows } = await sql.query(
    `SELECT last_position::int AS position, encode(head, 'hex') AS head FROM seals ORDER BY first_position`,
  );
  const heads = rows.map((row) => ({ workspace: 'main', ...row }));
  assert.ok(heads.length >= 2);
  assert.deepEqual(wrongOf(await look({ heads })), []);
  const other = { ...heads[0], head: '0'.repeat(64) };
  assert.match(wrongOf(await look({ heads: [other] })).join(), /not the one that was noted/);
  assert.match(
    wrongOf(await look({ heads: [{ ...other, position: 2 }] })).join(),
    /No seal of workspace main ends at position 2/,
  );
  assert.match(wrongOf(await look({ heads: [{ ...other, workspace: 'else' }] })).join(), /no workspace "else"/);
  // Somebody who may write everything can make it all agree: but for what was noted.
  for (const table of TABLES) await sql.query(`CREATE TABLE kept_${table} AS TABLE ${table}`);
  await sql.query(`UPDATE events SET request_id = 'forged' WHERE position = 1; TRUNCATE seals`);
  await seal();
  assert.deepEqual(wrongOf(await look()), []);
  assert.match(wrongOf(await look({ heads: heads.slice(-1) })).join(), /No seal|not the one that was noted/);
  await sql.query(`TRUNCATE ${TABLES.join(', ')}`);
  for (const table of TABLES) await sql.query(`INSERT INTO ${table} TABLE kept_${table}; DROP TABLE kept_${table}`);
});

test('settings of PostgreSQL that lose data or search badly, and indexes that are broken', async () => {
  const name = server.connection.database;
  await sql.query(`ALTER DATABASE ${name} SET synchronous_commit = off`);
  await sql.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
  await assert.rejects(sql.query('CREATE UNIQUE INDEX CONCURRENTLY broken ON customers (workspace_id)'), /unique/);
  const database = openTestConnections(server.connection);
  try {
    const wrong = wrongOf(await look({}, { database })).join('\n');
    for (const sentence of [
      /synchronous_commit is off/,
      /default_transaction_read_only is on/,
      /The index broken is not valid/,
    ])
      assert.match(wrong, sentence);
  } finally {
    await database.close();
    await sql.query(`ALTER DATABASE ${name} RESET ALL`);
    await sql.query('DROP INDEX broken');
  }
});

test('too many connections, migrations that were not applied, and secrets that cannot be read', async () => {
  const many = { ...config, server: { ...config.server, processes: 64 } };
  assert.match(
    wrongOf(await look({}, { config: many })).join(),
    /makes up to 896 connections, and the database takes \d+/,
  );
  const pending = { pending: ['0099_more.sql'], fault: null };
  assert.deepEqual(wrongOf(await look({}, { migrations: pending })), [
    'The database lacks 0099_more.sql: run npx clientele migrate.',
  ]);
  const fault = 'The migration 0001_core.sql is not the one that was applied.';
  assert.deepEqual(wrongOf(await look({}, { migrations: { pending: [], fault } })), [fault]);
  await sql.query(
    "INSERT INTO accounts (id, email, name, created_at, totp_secret) VALUES (gen_random_uuid(), 'x@y.z', 'X', now(), '\\x01ff')",
  );
  assert.match(
    wrongOf(await look()).join(),
    /secrets of 1 second factor are encrypted, and access.secrets_key is missing/,
  );
  await sql.query("UPDATE accounts SET totp_secret = '\\x00ff'");
  const findings = await look();
  assert.deepEqual(wrongOf(findings), []);
  assert.ok(
    findings.some(
      ({ status, message }) => status === 'advice' && /are not encrypted: set access.secrets_key/.test(message),
    ),
  );
  await sql.query('DELETE FROM accounts');
});

/** What erasing does to the log, in one transaction. */
async function erase(id: string): Promise<void> {
  const { status, text } = await server.call('POST', `/api/customers/${id}/erase`, undefined, {
    authorization: `Bearer ${server.keys.admin}`,
  });
  assert.equal(status, 200, text);
}

test('what an erasure took is excused by it, and by nothing else', async () => {
  const zoe = await create({ first_name: 'Zoe' });
  await rename(zoe.id, 'Sealed');
  await seal();
  await rename(zoe.id, 'Unsealed');
  await erase(zoe.id);
  assert.deepEqual(wrongOf(await look()), []);
  await seal();
  assert.deepEqual(wrongOf(await look()), []);
  // Before it is erased again: a salt that is there, or values.
  await breaking(
    `UPDATE customer_salts SET salt = sha256('') WHERE customer_id = '${zoe.id}'`,
    /says that the customer was erased, but the salt is still there/,
  );
  await breaking(
    `UPDATE events SET after = '{}' WHERE position = (SELECT min(position) FROM events WHERE customer_id = '${zoe.id}')`,
    /but events before it still hold values/,
    /cannot be compared with its seal/,
  );
  // Scrubbed without an erasure; and with one that the chain does not know.
  const scrub = `UPDATE events SET before = NULL, after = NULL WHERE customer_id = '${bob.id}'; UPDATE customer_salts SET salt = NULL WHERE customer_id = '${bob.id}'`;
  await breaking(
    scrub,
    new RegExp(`\\(customer ${bob.id}\\) has lost the values`),
    /holds no values, though the customer was not erased/,
  );
  await breaking(
    `${scrub}; UPDATE events SET type = 'customer.erased', customer_id = '${bob.id}' WHERE position = ${ofAnn(3)}`,
    /is not as it was sealed: what it is/,
  );
  await breaking(
    `UPDATE customer_salts SET salt = NULL WHERE customer_id = '${bob.id}'`,
    /the salt of its customer is gone, and no erasure explains that/,
  );
  // What is left of an erased customer is sealed as before.
  await breaking(
    `UPDATE events SET request_id = 'x' WHERE position = (SELECT min(position) FROM events WHERE customer_id = '${zoe.id}')`,
    /is not as it was sealed: what it is/,
  );
});

test('while everybody writes, erases and seals, nothing looks wrong', async () => {
  let isOver = false;
  const one = async (number: number) => {
    while (!isOver) {
      const { id } = await create({ first_name: 'Nia' });
      await rename(id, 'Other');
      await server.call('DELETE', `/api/customers/${id}`);
      if (number % 2 === 0) await server.call('POST', `/api/customers/${id}/restore`);
      if (number % 3 === 0) await erase(id);
    }
  };
  const sealing = async () => {
    for (; !isOver; await sleep(50)) await sealBlock(server.database, workspace, 0);
  };
  const writers = [...Array.from({ length: 6 }, (_, number) => one(number)), sealing()];
  try {
    for (let round = 0; round < 6; round++) {
      // As the command line does: plans made when the tables were empty would pass through all that has come since.
      const database = openTestConnections(server.connection);
      assert.deepEqual(wrongOf(await look({}, { database })), []);
      await database.close();
    }
  } finally {
    isOver = true;
    await Promise.all(writers);
  }
  const { rows } = await sql.query('SELECT count(*)::int AS seals FROM seals');
  assert.ok(rows[0].seals > 10);
});

test('who was erased, and is recognised no more, since the key is another', async () => {
  await erase((await create({ first_name: 'Lost' })).id);
  assert.ok((await look()).some(({ check, status }) => check === 'suppressions' && status === 'ok'));
  const { rows } = await sql.query("UPDATE suppressions SET key_id = 'other' RETURNING hash");
  const found = await look();
  assert.ok(
    found.some(
      ({ check, status, message }) =>
        check === 'suppressions' && status === 'wrong' && message.includes(`${rows.length} value`),
    ),
    JSON.stringify(found),
  );
  await sql.query('DELETE FROM suppressions');
});

// Erasing: what is gone, what stays away, and what is told of it.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { until } from '../../test/support/process.ts';
import { startServer, type TestServer } from '../../test/support/server.ts';
import { createKey, createWorkspace, findWorkspace, systemActor } from '../access/access.ts';
import { checkCounts, checkCustomers, checkLostCustomers } from '../customers/customers.ts';
import { checkLog, checkSeals, sealBlock } from '../events/events.ts';
import type { Finding } from '../finding.ts';
import { eraseGroup } from './erasing.ts';
import { applyErasures, ERASING, readErasures } from './privacy.ts';
import { eraseExpired, keepRetention } from './retention.ts';
import { finishErasures, noteUnfinished } from './unfinished.ts';

let server: TestServer;
let sql: pg.Client;
let folder: string;
let erasures: string;
let main: { id: number; slug: string };

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clientele-erasures-'));
  erasures = join(folder, 'erasures.jsonl');
  server = await startServer({ erasures });
  sql = new pg.Client(server.connection);
  await sql.connect();
  main = server.actor.workspace;
});
after(async () => {
  await sql.end();
  await server.stop();
  await rm(folder, { recursive: true });
});

let made = 0;
const person = (more: object = {}) => ({
  first_name: 'Ada',
  last_name: 'Lovelace',
  email: `ada${++made}@example.org`,
  ...more,
});
const admin = (more: object = {}) => ({ authorization: `Bearer ${server.keys.admin}`, ...more });
async function create(input: object): Promise<string> {
  const { status, body } = await server.call('POST', '/api/customers', input);
  assert.equal(status, 201);
  return body.id;
}
const erase = (id: string, headers: object = {}, query = '') =>
  server.call('POST', `/api/customers/${id}/erase${query}`, undefined, admin(headers));
const codesOf = ({ body }: { body: { errors: { pointer: string; code: string }[] } }) =>
  body.errors.map(({ pointer, code }) => `${pointer} ${code}`);

/** Every row of every table, and every file of imports. */
async function everything(): Promise<string> {
  const { rows: tables } = await sql.query(
    `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'`,
  );
  const texts: string[] = [];
  for (const { name } of tables) {
    const { rows } = await sql.query(`SELECT row::text AS text FROM "${name}" AS row`);
    texts.push(...rows.map(({ text }) => text));
  }
  const entries = await readdir(server.imports.path, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries)
    if (entry.isFile()) texts.push(await readFile(join(entry.parentPath, entry.name), 'utf8'));
  return texts.join('\n');
}

/** What doctor would find wrong with the log and the rows. */
async function wrongs(): Promise<string[]> {
  const found: Finding[] = [];
  const look = { report: (finding: Finding) => void found.push(finding), again_ms: 10 };
  await checkLog(server.database, main, look);
  await checkSeals(server.database, main, [], look);
  await checkCustomers(server.database, main, look);
  await checkLostCustomers(server.database, main, look);
  await checkCounts(server.database, main, look);
  return found.filter(({ status }) => status === 'wrong').map(({ message }) => message);
}

async function importFile(text: string): Promise<string> {
  const { id } = (await server.call('POST', '/api/imports', text, { 'content-type': 'text/csv' })).body;
  await ended(id, 'checked');
  await server.call('POST', `/api/imports/${id}/run`);
  await ended(id, 'done');
  return id;
}
async function ended(id: string, state: string): Promise<void> {
  for (;;) {
    const { body } = await server.call('GET', `/api/imports/${id}`);
    if (body.state === state) return;
    assert.ok(['checking', 'running', 'checked'].includes(body.state), body.state);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('erasing a customer', () => {
  test('takes all values away, wherever they are, and leaves a log that holds together', async () => {
    const canary = {
      first_name: 'Zerubabel',
      last_name: 'Quagmyre',
      email: 'zerubabel@quagmyre.example',
      phone: '+44 20 7946 0321',
      external_id: 'crm-quagmyre',
    };
    const id = await create(canary);
    await server.call(
      'PATCH',
      `/api/customers/${id}`,
      { phone: '+44 20 7946 0322', email: 'z2@quagmyre.example' },
      { 'idempotency-key': 'quagmyre-1' },
    );
    await server.call(
      'POST',
      '/api/customers/batch',
      { items: [{ action: 'update', id, customer: { last_name: 'Quagmyre-Smith' } }] },
      { 'idempotency-key': 'quagmyre-2' },
    );
    const { body: cause } = await server.call('POST', '/api/customers/bulk-edits', { ids: [id], action: 'deactivate' });
    assert.ok(cause.id);
    while (await sealBlock(server.database, main.id, 0));
    assert.match(await everything(), /quagmyre\.example/i);
    const { body: before } = await server.call('GET', '/api/customers/stats');

    const { status, body: receipt, headers } = await erase(id, { 'x-request-id': 'forget-me' });
    assert.equal(status, 200);
    const { customer_id, position, events, suppressed, request_id, actor } = receipt;
    assert.deepEqual(
      { customer_id, suppressed, name: actor.name },
      { customer_id: id, suppressed: true, name: 'admin' },
    );
    assert.equal(request_id, headers.get('x-request-id'));
    assert.equal(headers.get('clientele-position'), String(position));
    assert.deepEqual((await server.call('GET', `/api/customers/${id}/erasure`)).body, receipt);

    const rest = await everything();
    assert.doesNotMatch(rest, /zerubabel|quagmyre(?!-\d)|7946 ?032|crm-q/i);
    const { body: history } = await server.call('GET', `/api/customers/${id}/history`);
    assert.equal(history.results.length, events + 1);
    for (const event of history.results) {
      assert.equal(event.customer, null);
      assert.deepEqual(event.changes, {});
    }
    assert.deepEqual(history.results[0].subject, { events, suppressed: true });
    for (const path of ['', '?as_of=1', `?as_of=${position - 1}`])
      assert.equal((await server.call('GET', `/api/customers/${id}${path}`)).status, 404);
    const { body: now } = await server.call('GET', '/api/customers/stats');
    assert.equal(now.total_customers, before.total_customers - 1);
    while (await sealBlock(server.database, main.id, 0));
    assert.deepEqual(await wrongs(), []);
  });

  test('is done to deleted ones as well, and once; what is not there or another’s is not found', async () => {
    const id = await create(person());
    await server.call('DELETE', `/api/customers/${id}`);
    assert.equal((await erase(id)).status, 200);
    assert.equal((await erase(id)).status, 404);
    assert.equal((await server.call('POST', `/api/customers/${id}/restore`)).status, 404);
    assert.equal((await server.call('GET', `/api/customers/${await create(person())}/erasure`)).status, 404);
    await createWorkspace(server.database, 'next', 'Next door');
    const next = systemActor((await findWorkspace(server.database, 'next'))!, 'test');
    const { key } = (await createKey(server.database, next, { name: 'next', role: 'owner' }, { request_id: null }))
      .subject;
    const other = await create(person());
    assert.equal((await erase(other, { authorization: `Bearer ${key}` })).status, 404);
    assert.equal((await server.call('GET', `/api/customers/${other}`)).status, 200);
    assert.deepEqual(await wrongs(), []);
  });

  test('is not done where the customer has changed since, and once however often it is sent', async () => {
    const id = await create(person());
    assert.equal((await erase(id, { 'if-match': '"2"' })).status, 412);
    assert.equal((await server.call('GET', `/api/customers/${id}`)).status, 200);
    const first = await erase(id, { 'if-match': '"1"', 'idempotency-key': `erase-${id}` });
    const again = await erase(id, { 'if-match': '"1"', 'idempotency-key': `erase-${id}` });
    assert.equal(first.status, 200);
    assert.deepEqual(again.body, first.body);
    assert.equal(again.headers.get('idempotency-replayed'), 'true');
  });

  test('is not undone by what came before it: no repetition of a request, no undo, no version', async () => {
    const input = person();
    const headers = { 'idempotency-key': `create-${made}` };
    const { body, headers: told } = await server.call('POST', '/api/customers', input, headers);
    const { body: batch } = await server.call('POST', '/api/customers/batch', {
      items: [{ action: 'update', id: body.id, customer: { phone: '+1 212 555 0100' } }],
    });
    await erase(body.id);
    assert.equal((await server.call('POST', '/api/customers', input, headers)).status, 422);
    assert.equal((await server.call('POST', `/api/events/${told.get('clientele-position')}/undo`)).status, 404);
    const { status, body: undo } = await server.call('POST', `/api/causes/${batch.cause_id}/undo`);
    assert.equal(status, 202);
    while ((await server.call('GET', `/api/causes/${undo.id}`)).body.state === 'running')
      await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal((await server.call('GET', `/api/causes/${undo.id}`)).body.progress.changed, 0);
    assert.equal((await server.call('GET', `/api/customers/${body.id}`)).status, 404);
    assert.deepEqual(await wrongs(), []);
  });

  test('takes rows out of the files of imports in which they were refused, and no other row', async () => {
    const id = await create(person({ email: 'held@row.example' }));
    for (const delimiter of [',', ';']) {
      const rows = [
        ['first_name', 'last_name', 'email', 'phone'],
        ['Ok', 'Fine', `fine${++made}@example.org`, ''],
        ['Hel', 'Row', 'HELD@row.example', 'not a number'],
        ['No', 'Body', 'nobody', ''],
      ];
      const imported = await importFile(`${rows.map((row) => row.join(delimiter)).join('\n')}\n`);
      const before = await server.call('GET', `/api/imports/${imported}/rejected.csv`);
      assert.match(before.text, /held@row\.example/i);
      assert.deepEqual((await server.call('GET', `/api/imports/${imported}`)).body.sample, []);
    }
    await erase(id);
    assert.doesNotMatch(await everything(), /row\.example/i);
    assert.match(await everything(), /nobody/);
  });

  test('is ended by another server where one ended on the way', async () => {
    const gone = await create(person({ email: 'gone@left.example' }));
    const there = await create(person({ email: 'there@left.example' }));
    await importFile('first_name,last_name,email,phone\nA,B,gone@left.example,x\nA,B,there@left.example,x\n');
    for (const [id, email] of [
      [gone, 'gone@left.example'],
      [there, 'there@left.example'],
    ] as const)
      noteUnfinished(server.imports, main.id, [id], [email]);
    // One server ends when it has erased, the other before.
    const erase = { workspace: main, ids: [gone], suppress: true, actor: server.actor, request_id: null };
    await eraseGroup(server.database, { erasures, imports: undefined }, erase);
    await finishErasures(server.database, server.imports);
    assert.match(await everything(), /gone@left\.example/, 'what is under way is left alone');
    const notes = (await readdir(server.imports.path)).filter((entry) => entry.startsWith('erasing-'));
    for (const note of notes) await utimes(join(server.imports.path, note), 0, 0);
    await finishErasures(server.database, server.imports);
    assert.doesNotMatch(await everything(), /gone@left\.example|erasing-/);
    assert.match(await everything(), /A,B,there@left\.example/);
  });
});

test('waits for a backup of the tables, which it would tear apart', async () => {
  const id = await create(person());
  await sql.query('SELECT pg_advisory_lock($1)', [ERASING]);
  const refused = await erase(id);
  assert.deepEqual([refused.status, refused.body.code], [503, 'backup_running']);
  assert.equal((await server.call('GET', `/api/customers/${id}`)).status, 200);
  await sql.query('SELECT pg_advisory_unlock($1)', [ERASING]);
  assert.equal((await erase(id)).status, 200);
});

describe('whoever was erased', () => {
  test('is refused by every way in, by email and by external id, until that is lifted', async () => {
    const gone = { ...person(), external_id: `crm-${made}-gone` };
    const id = await create(gone);
    // Two more entered as the same person, one after the other, and deleted.
    await server.call('DELETE', `/api/customers/${id}`);
    const [twin, undone] = [await create(person({ email: gone.email })), await create(person())];
    await server.call('DELETE', `/api/customers/${twin}`);
    await server.call('PATCH', `/api/customers/${undone}`, { external_id: gone.external_id });
    const deletion = await server.call('DELETE', `/api/customers/${undone}`);
    await erase(id);
    const other = await create(person());
    const email = person({ email: gone.email });
    const external = person({ external_id: gone.external_id });
    assert.deepEqual(codesOf(await server.call('POST', '/api/customers', email)), ['/email suppressed']);
    assert.deepEqual(codesOf(await server.call('POST', '/api/customers', external)), ['/external_id suppressed']);
    assert.deepEqual(codesOf(await server.call('PUT', `/api/customers/${other}`, email)), ['/email suppressed']);
    assert.deepEqual(codesOf(await server.call('PATCH', `/api/customers/${other}`, { email: gone.email })), [
      '/email suppressed',
    ]);
    assert.deepEqual(codesOf(await server.call('PUT', `/api/customers/by-external-id/${gone.external_id}`, person())), [
      '/external_id suppressed',
    ]);
    assert.deepEqual(codesOf(await server.call('POST', `/api/customers/${twin}/restore`)), ['/email suppressed']);
    const undo = `/api/events/${deletion.headers.get('clientele-position')}/undo`;
    assert.deepEqual((await server.call('POST', undo)).body.kept, [{ field: 'external_id', code: 'suppressed' }]);
    for (const item of [
      { action: 'create', customer: email },
      { action: 'upsert', match: 'email', customer: email },
      { action: 'update', id: other, customer: { email: gone.email } },
      { action: 'restore', id: twin },
    ]) {
      const { body } = await server.call('POST', '/api/customers/batch', { items: [item] });
      assert.deepEqual(body.results[0].problem.errors[0].code, 'suppressed', item.action);
    }
    const imported = await importFile(`first_name,last_name,email\nNewton,Again,${gone.email}\n`);
    const { body } = await server.call('GET', `/api/imports/${imported}`);
    assert.deepEqual(body.found.reasons[0].codes, ['suppressed'], 'seen before it was run');
    assert.equal(body.progress.refused, 1);
    const { text } = await server.call('GET', `/api/imports/${imported}/rejected.csv`);
    assert.match(text, /was erased/);
    assert.doesNotMatch(text, /Newton|ada/);

    const lift = (values: object) => server.call('POST', '/api/suppressions/lift', values, admin());
    assert.deepEqual((await lift({ email: gone.email.toUpperCase() })).body, { lifted: ['email'] });
    assert.deepEqual((await lift({ email: gone.email })).body, { lifted: [] });
    assert.deepEqual(codesOf(await lift({})), ['/email required']);
    await create(email);
    const { body: feed } = await server.call('GET', '/api/events?newest_first=true&limit=2');
    assert.deepEqual([feed.results[1].type, feed.results[1].subject], ['suppression.lifted', { lifted: ['email'] }]);
  });

  test('may come back where that was wanted, and is no hindrance to who has the email now, or to others', async () => {
    const gone = person();
    await erase(await create(gone), {}, '?suppress=false');
    const id = await create(gone);
    // A former email that another customer has by now is theirs.
    await server.call('PATCH', `/api/customers/${id}`, { email: `moved${made}@example.org` });
    const heir = await create({ ...gone, last_name: 'Heir' });
    await erase(id);
    assert.equal((await server.call('PATCH', `/api/customers/${heir}`, { last_name: 'Byron' })).status, 200);
    await server.call('DELETE', `/api/customers/${heir}`);
    await create(gone);
  });
});

describe('the file of erasures', () => {
  test('names ids and hashes alone, and has whoever is in it erased again in a database of before', async () => {
    const gone = person({ external_id: `again-${made}` });
    const id = await create(gone);
    await erase(id);
    const text = await readFile(erasures, 'utf8');
    assert.doesNotMatch(text, /ada|Lovelace|again-/);
    const noted = readErasures(erasures).filter(({ customer_id }) => customer_id === id);
    assert.equal(noted.length, 1);
    assert.equal(noted[0]!.hashes.length, 2);

    // As in a backup of before: there again, and may be entered.
    const back = await create(person());
    await sql.query('DELETE FROM suppressions');
    assert.equal(await applyErasures(server.database, [{ ...noted[0]!, customer_id: back }]), 1);
    assert.equal((await server.call('GET', `/api/customers/${back}`)).status, 404);
    assert.deepEqual(codesOf(await server.call('POST', '/api/customers', { ...gone, external_id: null })), [
      '/email suppressed',
    ]);
    assert.equal(await applyErasures(server.database, noted), 0);
    assert.deepEqual(await wrongs(), []);
  });

  test('that cannot be written keeps customers from being erased', async () => {
    const strict = await startServer({ erasures: folder });
    try {
      const { body } = await strict.call('POST', '/api/customers', person());
      const refused = await strict.call('POST', `/api/customers/${body.id}/erase`, undefined, {
        authorization: `Bearer ${strict.keys.admin}`,
      });
      assert.deepEqual([refused.status, refused.body.code], [503, 'erasures_unwritable']);
      assert.equal((await strict.call('GET', `/api/customers/${body.id}`)).status, 200);
    } finally {
      await strict.stop();
    }
  });

  test('that was cut short or is not there is refused by its name and line; what was taken back does not count', async () => {
    const file = join(folder, 'other.jsonl');
    const line = { workspace: 'main', customer_id: '1', at: 'x', hashes: [], key_ids: [] };
    await writeFile(file, `${JSON.stringify(line)}\n{"work`);
    assert.throws(() => readErasures(file), /Line 2 of .*other\.jsonl is no erasure/);
    assert.throws(() => readErasures(join(folder, 'none')), /none cannot be read/);
    await writeFile(file, `${JSON.stringify(line)}\n${JSON.stringify({ ...line, withdrawn: true })}\n`);
    assert.deepEqual(readErasures(file), []);
  });
});

describe('a dossier', () => {
  test('has all that is kept, of the deleted and the erased too', async () => {
    const items = [{ action: 'create', customer: person({ first_name: '<b>Ada</b>'.replace(/[<>/]/g, '') }) }];
    const { body: batch } = await server.call('POST', '/api/customers/batch', { items });
    const { customer } = batch.results[0];
    await server.call('PATCH', `/api/customers/${customer.id}`, { phone: '+1 212 555 0199' });
    const { body, headers } = await server.call('GET', `/api/customers/${customer.id}/dossier`);
    assert.equal(headers.get('content-disposition'), `attachment; filename="customer-${customer.id}.json"`);
    assert.deepEqual([body.customer.phone, body.deleted_at, body.erasure], ['+1 212 555 0199', null, null]);
    assert.deepEqual(
      body.events.map(({ type }: { type: string }) => type),
      ['customer.updated', 'customer.created'],
    );
    assert.deepEqual(
      body.causes.map(({ id, kind }: { id: string; kind: string }) => [id, kind]),
      [[batch.cause_id, 'batch']],
    );

    await server.call('DELETE', `/api/customers/${customer.id}`);
    const page = await server.call('GET', `/api/customers/${customer.id}/dossier?format=html`);
    assert.equal(page.headers.get('content-type'), 'text/html; charset=utf-8');
    assert.match(page.text, /What is kept about bAdab Lovelace/);
    assert.match(page.text, /The customer was deleted on/);
    assert.match(page.text, /Phone: \+1 212 555 0199<br>|Phone: none → \+1 212 555 0199<br>/);

    await erase(customer.id);
    const { body: rest } = await server.call('GET', `/api/customers/${customer.id}/dossier`);
    assert.equal(rest.customer, null);
    assert.equal(rest.erasure.customer_id, customer.id);
    assert.doesNotMatch(JSON.stringify(rest), /Lovelace|555 0199/);
    assert.equal((await server.call('GET', '/api/customers/0/dossier')).status, 404);
    assert.equal((await server.call('GET', `/api/customers/${customer.id}/dossier?format=pdf`)).status, 400);
  });

  test('is whole, however much happened', async () => {
    const id = await create(person());
    for (let turn = 0; turn < 410; turn++)
      await server.call('PATCH', `/api/customers/${id}`, { is_active: turn % 2 === 1 });
    const { body } = await server.call('GET', `/api/customers/${id}/dossier`);
    assert.equal(body.events.length, 411);
    assert.deepEqual(
      body.events.map(({ customer_version }: { customer_version: number }) => customer_version),
      Array.from({ length: 411 }, (_, index) => 411 - index),
    );
  });
});

describe('rules of how long customers are kept', () => {
  const rules = (body: object) => server.call('PATCH', '/api/retention', body, admin());

  test('are read and changed, an event each, and refused by name', async () => {
    assert.deepEqual((await server.call('GET', '/api/retention')).body, {
      erase_deleted_after_days: null,
      erase_inactive_after_days: null,
    });
    const changed = await rules({ erase_deleted_after_days: 30 });
    assert.deepEqual(changed.body, { erase_deleted_after_days: 30, erase_inactive_after_days: null });
    const { body: feed } = await server.call('GET', '/api/events?newest_first=true&limit=1');
    assert.equal(feed.results[0].type, 'retention.updated');
    assert.deepEqual(feed.results[0].changes, { erase_deleted_after_days: [null, 30] });
    for (const wrong of [0, 1.5, -1, 36_501])
      assert.deepEqual(codesOf(await rules({ erase_inactive_after_days: wrong })), [
        '/erase_inactive_after_days invalid_number',
      ]);
    assert.deepEqual(codesOf(await rules({ erase_inactive_after_days: '30' })), [
      '/erase_inactive_after_days wrong_type',
    ]);
  });

  test('erase whom they are about, and nobody else, who may come back', async () => {
    await rules({ erase_deleted_after_days: 30, erase_inactive_after_days: 365 });
    const input = person();
    const [old, fresh, idle, busy] = [
      await create(input),
      await create(person()),
      await create(person({ is_active: false })),
      await create(person()),
    ];
    for (const id of [old, fresh]) await server.call('DELETE', `/api/customers/${id}`);
    await sql.query(`UPDATE customers SET deleted_at = now() - interval '31 days' WHERE id = $1`, [old]);
    await sql.query(`UPDATE customers SET updated_at = now() - interval '366 days' WHERE id = ANY($1)`, [[idle, busy]]);
    assert.equal(await eraseExpired(server.database, { erasures, imports: server.imports }, main), 2);
    const kept = (await sql.query('SELECT id FROM customers WHERE id = ANY($1)', [[old, fresh, idle, busy]])).rows;
    assert.deepEqual(kept.map(({ id }) => id).sort(), [fresh, busy].sort());
    const { body } = await server.call('GET', `/api/customers/${idle}/erasure`);
    assert.deepEqual([body.actor, body.suppressed], [{ type: 'system', id: null, name: 'retention' }, false]);
    await create(input);
  });

  test('are kept also where what an erasure left undone cannot be done', async () => {
    const id = await create(person());
    await server.call('DELETE', `/api/customers/${id}`);
    await sql.query(`UPDATE customers SET deleted_at = now() - interval '31 days' WHERE id = $1`, [id]);
    const unreadable = join(server.imports.path, `erasing-${randomUUID()}.json`);
    await mkdir(unreadable, { recursive: true });
    await utimes(unreadable, 0, 0);
    const warnings: string[] = [];
    const logger = { info() {}, warn: (_line: object, text: string) => void warnings.push(text) };
    const retention = keepRetention(server.database, { erasures, imports: server.imports, logger });
    await until(async () => (await server.call('GET', `/api/customers/${id}/erasure`)).status === 200, 'the erasure');
    await retention.stop();
    await rm(unreadable, { recursive: true });
    assert.deepEqual(warnings, ['What erasures left undone could not be done']);
  });
});

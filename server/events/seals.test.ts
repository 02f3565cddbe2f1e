// What is sealed, of which block, and that erasing and sealing never meet in a way that leaves a salt or stops either.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import pg from 'pg';
import { ada } from '../../test/support/customers.ts';
import { startServer, type TestServer } from '../../test/support/server.ts';
import { createKey, createWorkspace, systemActor } from '../access/access.ts';
import { keepSealing, sealBlock } from './events.ts';
import { FORGET_SALTS } from './seals-store.ts';

let server: TestServer;
let sql: pg.Client;
let workspace: number;

before(async () => {
  server = await startServer();
  workspace = server.actor.workspace.id;
  sql = new pg.Client({ ...server.connection, options: '-c TimeZone=UTC' });
  await sql.connect();
});
after(async () => {
  await sql.end();
  await server.stop();
});

const create = async () => (await server.call('POST', '/api/customers', ada())).body.id as string;
const sealAll = async () => {
  while ((await sealBlock(server.database, workspace, 0)) !== null);
};
const sha256 = (...parts: (Buffer | string)[]) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** The definition of docs/decisions/0010-sealed-log.md, written a second time. */
const framed = (fields: (string | null)[]) =>
  fields.map((field) => (field === null ? '-' : `${Buffer.byteLength(field)}:${field}`)).join('');

function unframed(text: string): (string | null)[] {
  const bytes = Buffer.from(text);
  const fields: (string | null)[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (bytes[at] === 0x2d) {
      fields.push(null);
      at++;
      continue;
    }
    const colon = bytes.indexOf(':', at);
    const end = colon + 1 + Number(bytes.toString('utf8', at, colon));
    fields.push(bytes.toString('utf8', colon + 1, end));
    at = end;
  }
  return fields;
}

const field = fc.option(fc.string({ unit: 'binary', maxLength: 40 }).filter((text) => text.isWellFormed()));

test('what is hashed can be read in one way only', () => {
  const tricky = fc.oneof(field, fc.constantFrom('-', '1:-', '0:', '', ':', '12'));
  fc.assert(
    fc.property(fc.array(tricky, { maxLength: 12 }), (fields) => {
      assert.deepEqual(unframed(framed(fields)), fields);
    }),
  );
});

/** The digests of a block as they follow from its events and the salts. */
async function digestsOf(first: number, last: number): Promise<Buffer> {
  const { rows } = await sql.query({
    text: `SELECT workspace_id::text, position::text, to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), type, customer_id::text,
        customer_version::text, actor::text, request_id, cause_id::text, before::text, after::text, (SELECT salt FROM customer_salts
          WHERE workspace_id = $1 AND customer_id = coalesce(events.customer_id, '00000000-0000-0000-0000-000000000000'))
      FROM events WHERE workspace_id = $1 AND position BETWEEN $2 AND $3 ORDER BY events.position`,
    values: [workspace, first, last],
    rowMode: 'array',
  });
  return Buffer.concat(
    rows.flatMap((row) => {
      const content = row.slice(9, 11);
      const hasContent = content.some((part: string | null) => part !== null);
      return [sha256(framed(row.slice(0, 9))), hasContent ? sha256(row[11], framed(content)) : Buffer.alloc(32)];
    }),
  );
}

test('a block has the digests of its events, and a head that follows from the one before', async () => {
  await create();
  await sealAll();
  const named = await server.call(
    'POST',
    '/api/customers',
    ada({ first_name: 'Zoë', last_name: 'O’Neil', phone: '+44 20 7946 0958' }),
  );
  assert.equal(named.status, 201, named.text);
  // Events as no caller could make them: every field with anything in it.
  await fc.assert(
    fc.asyncProperty(
      fc.tuple(field, field, fc.json(), fc.option(fc.json())),
      async ([type, request_id, actor, json]) => {
        const clean = (text: string | null) => text?.replaceAll('\0', '') ?? null;
        await sql.query(
          `WITH ledger AS (UPDATE ledgers SET position = position + 1 WHERE workspace_id = $1 RETURNING position, last_at)
          INSERT INTO events (workspace_id, position, at, type, actor, request_id, before, after)
          SELECT $1, position, last_at, $2, $3, $4, $5, $6 FROM ledger`,
          [
            workspace,
            clean(type) ?? '',
            actor.replaceAll('\\u0000', ''),
            clean(request_id),
            json?.replaceAll('\\u0000', ''),
            null,
          ],
        );
      },
    ),
    { numRuns: 40 },
  );
  await sealAll();
  const { rows } = await sql.query('SELECT * FROM seals WHERE workspace_id = $1 ORDER BY first_position', [workspace]);
  assert.ok(rows.length >= 2);
  let head = Buffer.alloc(0);
  let next = 1;
  for (const { first_position, last_position, digests, head: kept } of rows) {
    assert.equal(Number(first_position), next);
    assert.ok(digests.equals(await digestsOf(Number(first_position), Number(last_position))));
    head = sha256(head, digests);
    assert.ok(head.equals(kept));
    next = Number(last_position) + 1;
  }
  const { rows: ledger } = await sql.query('SELECT position FROM ledgers WHERE workspace_id = $1', [workspace]);
  assert.equal(next, Number(ledger[0].position) + 1);
});

test('a block is sealed once it is full, or its first event is old enough', async () => {
  await sealAll();
  await create();
  assert.equal(await sealBlock(server.database, workspace), null);
  const items = Array.from({ length: 1000 }, () => ({ action: 'create', customer: ada() }));
  assert.equal((await server.call('POST', '/api/customers/batch', { items })).status, 200);
  const { rows } = await sql.query('SELECT position FROM ledgers WHERE workspace_id = $1', [workspace]);
  const position = Number(rows[0].position);
  const last = await sealBlock(server.database, workspace);
  assert.equal(last, position - 1);
  assert.equal(await sealBlock(server.database, workspace), null);
  await sql.query(`UPDATE events SET at = at - interval '2 hours' WHERE workspace_id = $1 AND position = $2`, [
    workspace,
    position,
  ]);
  assert.equal(await sealBlock(server.database, workspace), position);
});

test('those who seal one workspace at once seal each block once', async () => {
  await create();
  await create();
  const sealed = await Promise.all([1, 2, 3].map(() => sealBlock(server.database, workspace, 0)));
  assert.equal(sealed.filter((position) => position !== null).length, 1);
});

const SCRUB = 'UPDATE events SET before = NULL, after = NULL WHERE workspace_id = $1 AND customer_id = $2';

test('who is erased while a block is being sealed is sealed without values, and has no salt', async () => {
  const id = await create();
  await sql.query('BEGIN');
  await sql.query(SCRUB, [workspace, id]);
  await sql.query(FORGET_SALTS.text, [workspace, [id]]);
  const sealing = sealBlock(server.database, workspace, 0);
  const waiting = "SELECT count(*)::int AS count FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'";
  while ((await sql.query(waiting)).rows[0].count === 0);
  await sql.query('COMMIT');
  const last = await sealing;
  assert.ok(last !== null);
  const { rows } = await sql.query('SELECT digests FROM seals WHERE workspace_id = $1 AND last_position = $2', [
    workspace,
    last,
  ]);
  assert.ok(rows[0].digests.subarray(-32).equals(Buffer.alloc(32)));
  const { rows: salts } = await sql.query(
    'SELECT salt FROM customer_salts WHERE workspace_id = $1 AND customer_id = $2',
    [workspace, id],
  );
  assert.deepEqual(salts, [{ salt: null }]);
});

test('a block waits for an erasure that is half done, and a salt once destroyed is not made again', async () => {
  const id = await create();
  await sql.query(FORGET_SALTS.text, [workspace, [id]]);
  assert.equal(await sealBlock(server.database, workspace, 0), null);
  await sql.query(SCRUB, [workspace, id]);
  assert.ok((await sealBlock(server.database, workspace, 0)) !== null);
  const { rows } = await sql.query('SELECT salt FROM customer_salts WHERE workspace_id = $1 AND customer_id = $2', [
    workspace,
    id,
  ]);
  assert.deepEqual(rows, [{ salt: null }]);
});

test('whoever serves seals what is full, of every workspace, and stops when told', async () => {
  const other = (await createWorkspace(server.database, 'other', 'Other'))!;
  const key = (
    await createKey(server.database, systemActor(other, 'test'), { name: 'k', role: 'editor' }, { request_id: null })
  ).subject.key!;
  const items = () => Array.from({ length: 1000 }, () => ({ action: 'create', customer: ada() }));
  for (const authorization of [`Bearer ${key}`, `Bearer ${server.keys.editor}`])
    assert.equal(
      (await server.call('POST', '/api/customers/batch', { items: items() }, { authorization })).status,
      200,
    );
  const unsealed: number[] = [];
  const enough = Promise.withResolvers<void>();
  const sealing = keepSealing(server.database, {
    logger: { warn: (line: unknown) => enough.reject(line) },
    onUnsealed(events) {
      unsealed.push(events);
      if (events < 1000) enough.resolve();
    },
  });
  await enough.promise;
  await sealing.stop();
  assert.ok(unsealed[0]! >= 2000);
  const { rows } = await sql.query('SELECT count(*)::int AS seals FROM seals WHERE workspace_id = $1', [other.id]);
  assert.deepEqual(rows, [{ seals: 1 }]);
});

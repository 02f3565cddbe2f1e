// Workspaces are kept apart by one habit: every statement on a workspace's data names the workspace. This reads all SQL
// there is, in two ways: the statements that the stores export, whole; and every text in their sources, since some
// statements are put together from pieces when they are needed. And it looks at the tables themselves.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import type { Statement } from '#server/database.ts';
import { openTestDatabase } from './support/server.ts';

/** Tables that hold no workspace's data: people belong to the installation. */
const SHARED = ['accounts', 'identities', 'migrations', 'password_resets', 'recovery_codes', 'sessions', 'workspaces'];
/** Leads from a person, of whom no workspace is known yet, to those that they may open. */
const FROM_PEOPLE = 'members_account';

const opened = await openTestDatabase();
after(() => opened.drop());
const ask = (name: string, text: string) => opened.database.read({ name, text });

const owned = (await ask('read_owned_tables', columnsNamed('workspace_id'))).map(([table]) => table as string);
const root = new URL('..', import.meta.url);
const stores = globSync('server/*/{store,*-store}.ts', { cwd: root }).map((path) => new URL(path, root));

function columnsNamed(column: string): string {
  return `SELECT table_name::text FROM information_schema.columns WHERE table_schema = 'public' AND column_name = '${column}' ORDER BY 1`;
}

// ---- Statements -----------------------------------------------------------------------------------------------------

const TABLES = owned.join('|');
/** Each mention of a workspace's table where a statement reads or changes one. */
const MENTION = new RegExp(
  `\\b(FROM|JOIN|USING|INTO|UPDATE|ONLY|TABLE|,)\\s+(?:public\\.)?(${TABLES})\\b(?!\\.)`,
  'gi',
);
/** One workspace, or each with what is its own. */
const CONDITION = /\b(?:\w+\.)?workspace_id = (?:\$1(?!\d)|workspaces\.id\b)/g;
const INSERT = new RegExp(`\\bINSERT INTO (${TABLES}) \\(workspace_id[,)]`, 'g');

/** What is wrong with a statement, or with a piece of one; undefined when all is well. */
function faultOf(sql: string): string | undefined {
  const mentions = [...sql.matchAll(MENTION)];
  const inserts = mentions.filter(([, verb]) => verb!.toUpperCase() === 'INTO').length;
  if ((sql.match(INSERT) ?? []).length < inserts) return 'an INSERT that does not begin with workspace_id';
  const conditions = (sql.match(CONDITION) ?? []).length;
  if (conditions < mentions.length - inserts)
    return `${mentions.length - inserts} tables, but ${conditions} times workspace_id = $1`;
}

test('the check tells a good statement from a bad one', () => {
  const good = [
    'SELECT 1 FROM workspaces',
    'SELECT * FROM customers WHERE workspace_id = $1',
    'SELECT * FROM customers AS c WHERE c.workspace_id = $1 AND id = $2',
    'INSERT INTO keys (workspace_id, id) VALUES ($1, $2)',
    'WITH a AS (INSERT INTO events (workspace_id, position) SELECT $1, 2) UPDATE ledgers SET position = $2 WHERE workspace_id = $1',
    'SELECT customers.id FROM customers WHERE customers.workspace_id = $1 AND customers.id = $2',
  ];
  const bad = [
    'SELECT * FROM customers',
    'SELECT * FROM customers WHERE workspace_id = $10',
    'SELECT * FROM customers WHERE workspace_id = $2',
    'UPDATE ledgers SET position = 1',
    'DELETE FROM\n idempotency_keys WHERE created_at < now()',
    'INSERT INTO keys (id, workspace_id) VALUES ($1, $2)',
    'INSERT INTO causes SELECT * FROM other',
    'SELECT 1 FROM customers WHERE workspace_id = $1 UNION ALL SELECT 1 FROM customers WHERE id = $2',
    'SELECT 1 FROM workspaces, events WHERE events.id = $1',
    'SELECT 1 FROM customers JOIN events USING (workspace_id) WHERE customers.workspace_id = $1',
  ];
  for (const sql of good) assert.equal(faultOf(sql), undefined, sql);
  for (const sql of bad) assert.ok(faultOf(sql), sql);
});

test('every statement that a store exports names the workspace', async () => {
  let seen = 0;
  for (const store of stores) {
    const module: Record<string, unknown> = await import(store.href);
    for (const [name, value] of Object.entries(module)) {
      if (!isStatement(value)) continue;
      seen++;
      assert.equal(faultOf(value.text), undefined, `${name} in ${store.pathname}`);
    }
  }
  assert.ok(stores.length >= 4 && seen >= 20, 'Where are they?');
});

const isStatement = (value: unknown): value is Statement =>
  typeof value === 'object' && value !== null && 'name' in value && 'text' in value && typeof value.text === 'string';

test('so does every piece of a statement in their sources', () => {
  let seen = 0;
  for (const store of stores)
    for (const text of textsOf(readFileSync(store, 'utf8'))) {
      assert.equal(faultOf(text), undefined, `${store.pathname}: ${text}`);
      seen += text.match(MENTION)?.length ?? 0;
    }
  assert.ok(seen >= 20, 'Where are they?');
});

test('texts are found in a source, each by itself', () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the source of a template
  const source = "const a = 'it''s'; // don't\n/* `no` */ const b = `x ${c('y', `z${d}`)} w\\``; const e = { f: `}` };";
  assert.deepEqual(textsOf(source).sort(), ['it', 's', 'x … w\\`', 'y', 'z…', '}'].sort());
});

/** The texts in a source: of quotes and of templates, where what a template puts in becomes "…" and is a text of its own. */
function textsOf(source: string): string[] {
  const texts: string[] = [];
  const token = /\/\/.*|\/\*[\s\S]*?\*\/|'((?:\\.|[^'\\\n])*)'|"((?:\\.|[^"\\\n])*)"|[`{}]/g;
  /** Reads code until the brace that closes it. */
  function readCode(): void {
    for (let match = token.exec(source); match; match = token.exec(source)) {
      const quoted = match[1] ?? match[2];
      if (quoted !== undefined) texts.push(quoted);
      else if (match[0] === '`') texts.push(readTemplate());
      else if (match[0] === '{') readCode();
      else if (match[0] === '}') return;
    }
  }
  function readTemplate(): string {
    let text = '';
    for (let at = token.lastIndex; ; at++) {
      if (source[at] === '\\') text += source[at++];
      else if (source[at] === '`' || at >= source.length) {
        token.lastIndex = at + 1;
        return text;
      } else if (source.startsWith('${', at)) {
        token.lastIndex = at + 2;
        readCode();
        at = token.lastIndex - 1;
        text += '…';
        continue;
      }
      text += source[at] ?? '';
    }
  }
  readCode();
  return texts;
}

// ---- Tables ---------------------------------------------------------------------------------------------------------

test('every table has a workspace_id, save those that belong to none', async () => {
  const tables = (
    await ask('read_tables', `SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`)
  ).map(([name]) => name);
  assert.deepEqual(
    tables.filter((name) => !owned.includes(name)),
    SHARED,
  );
  for (const table of [
    'causes',
    'customers',
    'events',
    'idempotency_keys',
    'invitations',
    'keys',
    'ledgers',
    'members',
  ])
    assert.ok(owned.includes(table), table);
});

test('workspace_id is never null, and comes first in the primary key and in every sorted index, and is in every other', async () => {
  const indexes = await ask(
    'read_indexes',
    `SELECT class.relname::text, of_index.relname::text, indisprimary, first.attname::text, first.attnotnull
      FROM pg_index JOIN pg_class AS class ON class.oid = indrelid JOIN pg_class AS of_index ON of_index.oid = indexrelid
      JOIN pg_am ON pg_am.oid = of_index.relam
      LEFT JOIN pg_attribute AS first ON first.attrelid = indrelid AND first.attnum = CASE
        WHEN amname = 'btree' THEN indkey[0]
        ELSE (SELECT attnum FROM pg_attribute WHERE attrelid = indrelid AND attname = 'workspace_id' AND attnum = ANY (indkey)) END
      WHERE class.relnamespace = 'public'::regnamespace`,
  );
  for (const [table, index, , first, notNull] of indexes)
    if (owned.includes(table) && index !== FROM_PEOPLE)
      assert.deepEqual([first, notNull], ['workspace_id', true], `${index} on ${table}`);
  for (const table of owned)
    assert.equal(
      indexes.filter(([name, , primary]) => name === table && primary).length,
      1,
      `${table} has a primary key`,
    );
});

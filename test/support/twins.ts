// What a workspace has, and for each thing of it a twin: what looks alike and exists nowhere. A reply for the one must be
// the reply for the other.
import type pg from 'pg';
import { GUEST } from './furnish.ts';

export const FOREIGN = 'quokka';
/** Comes in every order where the other does. */
const NOWHERE = 'quolls';

/** A word of the foreign workspace, or one of its telephone numbers. */
const WORD = new RegExp(`${FOREIGN}[a-z]{3}|7946 ?01[5-9]\\d`, 'gi');
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;
/** Within the secret of a key or a link. */
const BARE_ID = /(?<=\b(?:clt_|i|r))[0-9a-f]{32}/g;

const backwards = (text: string) => [...text].reverse().join('');
const twinOfId = (id: string) => id.slice(0, -12) + backwards(id.slice(-12));

/** The same with other words, ids and telephone numbers. */
export function twinOf(text: string): string {
  return text
    .replaceAll(new RegExp(FOREIGN, 'gi'), (word) => (word === FOREIGN ? NOWHERE : 'Quolls'))
    .replaceAll(UUID, twinOfId)
    .replaceAll(BARE_ID, twinOfId)
    .replaceAll(/(7946 ?0)1(?=[5-9])/g, '$19');
}

/** A cursor of a list that is nobody's, with the same values; or, with a `scope`, one of that list with other values. */
export function twinOfCursor(cursor: string): string {
  const [scope, ...rest] = partsOf(cursor) as [string, ...unknown[]];
  return textOf([scope.includes('-') ? twinOfId(scope) : backwards(scope), ...rest]);
}
export const withScope = (cursor: string, of: string) => textOf([partsOf(of)[0], ...partsOf(cursor).slice(1)]);
export const twinOfValues = (cursor: string) => textOf(JSON.parse(twinOf(JSON.stringify(partsOf(cursor)))));
const partsOf = (cursor: string): unknown[] => JSON.parse(Buffer.from(cursor, 'base64url').toString());
const textOf = (parts: unknown[]) => Buffer.from(JSON.stringify(parts)).toString('base64url');

export const twinOfEtag = (etag: string) =>
  etag.startsWith('"') ? '"977"' : etag.replace(/-([\w-]+)"/, (_, tag) => `-${backwards(tag)}"`);

/**
 * What must be equal: without what is made anew for each request, and with one name for each word and its twin, and for
 * what two workspaces of ours have in the same place. `own`: what the words of the workspace that asked begin with.
 */
export function comparable(text: string, own: string, values: readonly string[]): string {
  const ids = new Map<string, number>();
  let plain = text;
  for (const value of values)
    if (/^\d+$/.test(value)) plain = plain.replaceAll(new RegExp(`\\b${value}\\b`, 'g'), '<n>');
  return (
    plain
      .replaceAll(/[ir][0-9a-f]{32}\w*_[\w-]{43}|clt_\w+|whsec_[\w+/=]+/g, '<secret>')
      .replaceAll(new RegExp(`${FOREIGN}|${NOWHERE}`, 'gi'), '<word>')
      .replaceAll(new RegExp(own, 'gi'), '<own>')
      .replaceAll(UUID, (id) => `<id ${ids.get(id) ?? ids.set(id, ids.size).size}>`)
      .replaceAll(/(7946(?: |%20)?0)[19]/g, '$1<n>')
      .replaceAll(/\d{4}-\d\d-\d\dT\d\d(:|%3A)\d\d\1\d\d\.\d+Z/g, '<time>')
      .replaceAll(/(cursor=|"cursor":")[\w-]+/g, '$1')
      .replaceAll(/W\/"(\d+)-[^"]+"/g, 'W/"$1"')
      .replaceAll(/"(id|ms|rows_per_second|seconds_left)":\d+/g, '"$1":0')
      // A number that was sent stays, as a setting of one's own.
      .replaceAll(/(_after_days":)(\[[^\]]*\]|\d+)/g, '$1')
      .replaceAll(/(clientele=)[\w-]{43}/g, '$1')
      .replaceAll(/("secret":"|[?&]secret=)[A-Z2-7]{32}/g, '$1')
  );
}

export type Belongings = {
  ids: Set<string>;
  /** Some ids of each column, to ask by: the first and the last. */
  some: string[];
  /** A text of each column that has any. */
  texts: { column: string; text: string }[];
  /** Columns of texts of which none says whose it is, and tables in which there is nothing. */
  mute: string[];
};

/** All ids and texts that a workspace has in the database, and those of its people. */
export async function belongingsOf(sql: pg.Client, workspace_id: number): Promise<Belongings> {
  const { rows: columns } = await sql.query(
    `SELECT table_name AS table, column_name AS column, data_type AS type FROM information_schema.columns
      WHERE table_schema = 'public' AND data_type IN ('uuid', 'text', 'json')
        AND (table_name IN ('accounts', 'sessions', 'workspaces') OR table_name IN
          (SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'workspace_id'))
      ORDER BY 1, 2`,
  );
  const found: Belongings = { ids: new Set(), some: [], texts: [], mute: [] };
  for (const { table, column, type } of columns) {
    const { rows } = await sql.query(
      `SELECT DISTINCT ${column}::text AS value FROM ${table} WHERE ${belongs(table)} AND ${column} IS NOT NULL ORDER BY 1`,
      [workspace_id],
    );
    const values: string[] = rows.map(({ value }) => value);
    if (type === 'uuid') {
      for (const id of values) found.ids.add(id);
      found.some.push(...values.slice(0, 1), ...values.slice(-1));
    }
    const said = values.filter((value) => value.match(WORD));
    if (type === 'text' && said[0] !== undefined) found.texts.push({ column, text: said[0] });
    if (values.length === 0 || (type !== 'uuid' && said.length === 0)) found.mute.push(`${table}.${column}`);
  }
  found.some = [...new Set(found.some)];
  return found;
}

export const wordsIn = (text: string) => (text.match(WORD) ?? []).map((word) => word.toLowerCase().replace(' ', ''));
export const idsIn = (text: string) => text.toLowerCase().match(UUID) ?? [];

/** Which rows are a workspace's, `$1`; people who belong to it alone are, too. */
function belongs(table: string): string {
  const people = `SELECT account_id FROM members WHERE workspace_id = $1 AND account_id <> (SELECT id FROM accounts WHERE email = '${GUEST}')`;
  if (table === 'accounts') return `id IN (${people})`;
  if (table === 'sessions') return `account_id IN (${people})`;
  if (table === 'members') return `workspace_id = $1 AND account_id IN (${people})`;
  return table === 'workspaces' ? 'id = $1' : 'workspace_id = $1';
}

/** Every row that is a workspace's: whatever was changed of it would show. */
export async function everythingOf(sql: pg.Client, workspace_id: number): Promise<string[]> {
  const { rows: tables } = await sql.query(
    `SELECT DISTINCT table_name AS name FROM information_schema.columns WHERE table_schema = 'public'
      AND (column_name = 'workspace_id' OR table_name IN ('accounts', 'sessions', 'workspaces')) ORDER BY 1`,
  );
  const texts: string[] = [];
  for (const { name } of tables) {
    const asked = `SELECT '${name} ' || row::text AS text FROM ${name} AS row WHERE ${name === 'members' ? 'workspace_id = $1' : belongs(name)} ORDER BY 1`;
    texts.push(...(await sql.query(asked, [workspace_id])).rows.map(({ text }) => text));
  }
  return texts;
}

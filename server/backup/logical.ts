// A backup of what the tables hold, for any PostgreSQL. The log is the backup: events up to a position, in slices, and of one moment,
// that of the position, all small tables. The customers follow from their last events, so nobody has to hold a snapshot while they are read.
import type pg from 'pg';
import { openClient } from '../client.ts';
import type { Entry } from './container.ts';
import {
  BEGIN_READING,
  declareRows,
  fetchRows,
  fillOf,
  HOLD_ERASING,
  READ_EVENTS,
  READ_POSITIONS,
  READ_SEALS,
  READ_TABLES,
  SET_IDENTITIES,
  sliceOf,
  type Table,
} from './store.ts';

/** Made from the log when it is restored. */
const DERIVED = 'customers';
/** What each workspace has up to the position of its ledger. */
const OF_THE_LOG = ['events', 'seals'];
/** Any number of rows, which may be a moment newer than the rest without harm. */
const SLICED = ['customer_salts', 'idempotency_keys', 'kept_changes', 'bulk_edit_targets'];
/** Tries to deliver webhooks: nothing is lost without them. */
const LEFT_OUT = ['deliveries'];

/** Rows of a frame: some hundred kilobytes to a few megabytes. */
const ROWS = 1000;
/** A block of seals has 64 kilobytes. */
const BLOCKS = 20;

/** The tables of the database that a connection leads to, those that others refer to first. */
export async function* copyTables(connection: pg.ClientConfig): AsyncGenerator<Entry, void> {
  const client = await connect(connection);
  try {
    const { rows: tables } = await client.query<Table>(READ_TABLES);
    const apart = [DERIVED, ...OF_THE_LOG, ...SLICED, ...LEFT_OUT];
    const ledgers: { workspace_id: number; position: string; sealed: string }[] = [];
    await client.query(HOLD_ERASING); // let go of when the connection ends
    await client.query(BEGIN_READING);
    for (const table of tables.filter(({ name }) => !apart.includes(name)))
      yield { about: { table: table.name }, content: wholeTable(client, table) };
    ledgers.push(...(await client.query(READ_POSITIONS)).rows);
    await client.query('COMMIT');
    for (const name of SLICED) {
      const table = tables.find((one) => one.name === name)!;
      yield { about: { table: name }, content: inSlices(client, table) };
    }
    for (const { workspace_id, position, sealed } of ledgers) {
      const ofTheLog = (text: string, to: string, rows: number) => inPlaces(client, text, workspace_id, to, rows);
      yield { about: { table: 'events' }, content: ofTheLog(READ_EVENTS, position, ROWS) };
      yield { about: { table: 'seals' }, content: ofTheLog(READ_SEALS, sealed, BLOCKS) };
    }
  } finally {
    await client.end();
  }
}

const arrayOf = (rows: { row: string }[]) => Buffer.from(`[${rows.map(({ row }) => row).join(',')}]`);

async function* wholeTable(client: pg.Client, table: Table): AsyncGenerator<Buffer, void> {
  await client.query(declareRows(table));
  for (;;) {
    const { rows } = await client.query<{ row: string }>(fetchRows(ROWS));
    if (rows.length === 0) break;
    yield arrayOf(rows);
  }
  await client.query('CLOSE copying');
}

async function* inSlices(client: pg.Client, table: Table): AsyncGenerator<Buffer, void> {
  let key: string[] = [];
  for (;;) {
    const text = sliceOf(table, key.length === 0);
    const { rows } = await client.query<{ row: string; key: string[] }>(text, [ROWS, ...key]);
    if (rows.length > 0) yield arrayOf(rows);
    if (rows.length < ROWS) return;
    key = rows.at(-1)!.key;
  }
}

async function* inPlaces(
  client: pg.Client,
  text: string,
  workspace_id: number,
  position: string,
  limit: number,
): AsyncGenerator<Buffer, void> {
  let after = '0';
  for (;;) {
    const { rows } = await client.query<{ row: string; last: string }>(text, [workspace_id, after, position, limit]);
    if (rows.length > 0) yield arrayOf(rows);
    if (rows.length < limit) return;
    after = rows.at(-1)!.last;
  }
}

/** Puts what a backup holds into the empty tables of a database that is migrated as far as the one it was made of. */
export async function fillTables(connection: pg.ClientConfig, entries: AsyncIterable<Required<Entry>>): Promise<void> {
  const client = await connect(connection);
  try {
    const { rows: tables } = await client.query<Table>(READ_TABLES);
    for await (const { about, content } of entries) {
      const table = tables.find(({ name }) => name === about.table);
      if (!table) throw new Error(`The backup has a table that is not there: ${about.table}.`);
      const text = fillOf(table);
      await client.query('BEGIN');
      for await (const rows of content) await client.query(text, [rows.toString()]);
      await client.query('COMMIT');
    }
    await client.query(SET_IDENTITIES);
  } finally {
    await client.end();
  }
}

const connect = (connection: pg.ClientConfig) =>
  openClient({
    ...connection,
    application_name: 'clientele backup',
    options: [connection.options, '-c TimeZone=UTC -c statement_timeout=0'].filter(Boolean).join(' '),
  });

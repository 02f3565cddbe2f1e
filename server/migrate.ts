// Migrations: numbered SQL files, applied in order, each in a transaction with the line that records it. Whoever comes
// second waits for the first; a server never runs on a schema that is not the one it was written for. Others may be
// serving meanwhile, so a migration stands in nobody's way for long: it gives up a lock it does not get, and tries again.
import { hash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { openClient } from './client.ts';
import { startError } from './start-error.ts';

const LOCK = 1_667_459_430;
const OLDEST_SERVER = 180_000;

/**
 * Everybody who wants the same table queues up behind a migration that waits for it. Shorter than the second after which
 * PostgreSQL looks for deadlocks, so that it is the migration that gives way, never a write of those who serve.
 */
const LOCK_TIMEOUT_MS = 500;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 3000;

type Migration = { number: number; name: string; sql: string; checksum: string };
type Patience = { patience_ms: number; log(line: string): void };
type Options = Patience & {
  /** The number of the last one to apply. */
  up_to: number;
};

/**
 * Brings the schema up to date; gives the names of the migrations it applied. Throws a StartError where that cannot be,
 * or where another process or a lock has been in the way for longer than `patience_ms`.
 */
export async function migrate(
  connection: pg.ClientConfig,
  directory: string,
  { patience_ms = 60_000, log = () => {}, up_to = Number.POSITIVE_INFINITY }: Partial<Options> = {},
): Promise<string[]> {
  const migrations = await readMigrations(directory);
  const client = await openClient({
    ...connection,
    application_name: 'clientele migrations',
    options: [connection.options, `-c lock_timeout=${LOCK_TIMEOUT_MS} -c TimeZone=UTC`].filter(Boolean).join(' '),
  });
  try {
    await checkServer(client);
    await takeTurn(client, { patience_ms, log });
    await client.query(
      `CREATE TABLE IF NOT EXISTS migrations (number integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`,
    );
    const { rows } = await client.query<Applied>(READ_APPLIED);
    checkApplied(rows, migrations);
    const done: string[] = [];
    for (const migration of migrations.slice(rows.length, up_to)) {
      await apply(client, migration, { patience_ms, log });
      done.push(migration.name);
    }
    return done;
  } finally {
    await client.end();
  }
}

/** Migrations of the folder that were not applied, and what is the matter with those that were; changes nothing. */
export async function readMigrationState(
  connection: pg.ClientConfig,
  directory: string,
): Promise<{ pending: string[]; fault: string | null }> {
  const migrations = await readMigrations(directory);
  const client = await openClient(connection);
  try {
    const { rows: found } = await client.query("SELECT FROM pg_tables WHERE tablename = 'migrations'");
    const { rows } = found.length === 0 ? { rows: [] } : await client.query<Applied>(READ_APPLIED);
    checkApplied(rows, migrations);
    return { pending: migrations.slice(rows.length).map(({ name }) => name), fault: null };
  } catch (error) {
    if ((error as Error).name !== 'StartError') throw error;
    return { pending: [], fault: (error as Error).message };
  } finally {
    await client.end();
  }
}

const READ_APPLIED = 'SELECT number, name, checksum FROM migrations ORDER BY number';

/** The migrations of a folder in order; throws where a number is missing or given twice. */
async function readMigrations(directory: string): Promise<Migration[]> {
  const files = (await readdir(directory)).filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(
    files.map(async (name, index) => {
      const number = Number(/^(\d{4})_[a-z0-9_]+\.sql$/.exec(name)?.[1]);
      if (number !== index + 1) throw startError(`The migration ${name} is out of order.`);
      const sql = await readFile(join(directory, name), 'utf8');
      return { number, name, sql, checksum: hash('sha256', sql) };
    }),
  );
}

/** One process migrates at a time. Asked for again and again: a statement that waits would hold up what waits for all statements. */
async function takeTurn(client: pg.Client, { patience_ms, log }: Patience): Promise<void> {
  // What a killed process was at ends with it, so that the next need not wait; not every system can do that.
  await client.query('SET client_connection_check_interval = 1000').catch(() => {});
  const deadline = performance.now() + patience_ms;
  for (let told = false; ; told = true) {
    const { rows } = await client.query<{ got: boolean }>('SELECT pg_try_advisory_lock($1) AS got', [LOCK]);
    if (rows[0]!.got) return;
    if (performance.now() > deadline)
      throw startError('Another process is migrating the database, and not done yet: start again when it is.');
    if (!told) log('Another process is migrating the database; waiting for it.');
    await sleep(FIRST_PAUSE_MS);
  }
}

type Applied = { number: number; name: string; checksum: string };

function checkApplied(applied: Applied[], migrations: Migration[]): void {
  const newest = applied.at(-1)?.number ?? 0;
  if (newest > migrations.length)
    throw startError(
      `The database has been migrated by a newer version of Clientele (migration ${newest}, this one knows ${migrations.length}). Start that version.`,
    );
  for (const [index, { number, checksum }] of applied.entries()) {
    const { name, ...migration } = migrations[index]!;
    if (number !== migration.number)
      throw startError(`The database is half migrated: it lacks ${name}, and has what comes after. Restore a backup.`);
    if (checksum !== migration.checksum)
      throw startError(`The migration ${name} is not the one that was applied: the file was changed since.`);
  }
}

async function apply(client: pg.Client, migration: Migration, { patience_ms, log }: Patience): Promise<void> {
  const deadline = performance.now() + patience_ms;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    try {
      return await applyOnce(client, migration);
    } catch (error) {
      const { message, code = '' } = error as { message: string; code?: string };
      if (!GAVE_WAY.includes(code)) throw startError(`The migration ${migration.name} failed: ${message}.`, error);
      const holder = await oldestTransaction(client);
      if (performance.now() > deadline)
        throw startError(
          `The migration ${migration.name} did not get a lock that it needs.${holder} Start again when that has ended.`,
          error,
        );
      if (pause === FIRST_PAUSE_MS) log(`The migration ${migration.name} waits for a lock.${holder}`);
    }
    await sleep(pause);
  }
}

/** lock_not_available, deadlock_detected */
const GAVE_WAY = ['55P03', '40P01'];

async function applyOnce(client: pg.Client, { number, name, sql, checksum }: Migration): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(sql);
    await client.query('INSERT INTO migrations (number, name, checksum) VALUES ($1, $2, $3)', [number, name, checksum]);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    throw error;
  }
}

/** Who is most likely in the way, for the operator to look at. */
async function oldestTransaction(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ pid: number; seconds: number }>(
    `SELECT pid, extract(epoch FROM now() - xact_start)::integer AS seconds FROM pg_stat_activity
      WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()
      ORDER BY xact_start LIMIT 1`,
  );
  const [oldest] = rows;
  return oldest
    ? ` The oldest transaction is that of the database's process ${oldest.pid}, ${oldest.seconds} s old.`
    : '';
}

/** What Clientele cannot do without, said in a sentence. */
async function checkServer(client: pg.Client): Promise<void> {
  const { rows } = await client.query<Record<string, string>>(`SELECT current_setting('server_version_num') AS number,
    current_setting('server_version') AS version, current_setting('server_encoding') AS encoding,
    (SELECT datlocprovider::text FROM pg_database WHERE datname = current_database()) AS provider,
    (SELECT coalesce(datlocale, datctype) FROM pg_database WHERE datname = current_database()) AS locale,
    (SELECT count(*) FROM pg_available_extensions WHERE name IN ('pg_trgm', 'btree_gin')) AS extensions`);
  const { number, version, encoding, provider, locale, extensions } = rows[0]!;
  if (Number(number) < OLDEST_SERVER)
    throw startError(`The database server is PostgreSQL ${version}; Clientele needs 18 or later.`);
  if (encoding !== 'UTF8') throw startError(`The database is encoded in ${encoding}; Clientele needs UTF8.`);
  if (provider === 'c' ? /^(C|POSIX)$/.test(locale ?? 'C') : locale === 'C')
    throw startError(
      'The database has the locale C, in which letters outside ASCII cannot be searched; create it with another, such as builtin C.UTF-8.',
    );
  if (extensions !== '2')
    throw startError('The database server has no pg_trgm and btree_gin; install the contrib extensions of PostgreSQL.');
}

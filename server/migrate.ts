// Migrations: numbered SQL files, applied in order, each in a transaction with the line that records it. Whoever comes
// second waits for the first; a server never runs on a schema that is not the one it was written for.
import { hash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { startError } from './start-error.ts';

const LOCK = 1_667_459_430;
const OLDEST_SERVER = 180_000;

type Migration = { number: number; name: string; sql: string; checksum: string };

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

/** Brings the schema up to date; gives the names of the migrations it applied. Throws a StartError where that cannot be. */
export async function migrate(connection: pg.ClientConfig, directory: string): Promise<string[]> {
  const migrations = await readMigrations(directory);
  const client = new pg.Client({
    ...connection,
    options: [connection.options, '-c lock_timeout=60000 -c TimeZone=UTC'].filter(Boolean).join(' '),
  });
  client.on('error', () => {}); // each statement reports the loss itself
  try {
    await client.connect();
  } catch (error) {
    throw startError(`The database cannot be reached: ${(error as Error).message}.`, error);
  }
  try {
    await checkServer(client);
    await client.query('SELECT pg_advisory_lock($1)', [LOCK]);
    await client.query(
      `CREATE TABLE IF NOT EXISTS migrations (number integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`,
    );
    const { rows } = await client.query<{ number: number; checksum: string }>(
      'SELECT number, checksum FROM migrations ORDER BY number',
    );
    const applied = new Map(rows.map((row) => [row.number, row.checksum]));
    const newest = Math.max(0, ...applied.keys());
    if (newest > migrations.length)
      throw startError(
        `The database has been migrated by a newer version of Clientele (migration ${newest}, this one knows ${migrations.length}). Start that version.`,
      );
    const done: string[] = [];
    for (const migration of migrations) {
      const known = applied.get(migration.number);
      if (known === undefined) done.push(await apply(client, migration));
      else if (known !== migration.checksum)
        throw startError(
          `The migration ${migration.name} is not the one that was applied: the file was changed since.`,
        );
    }
    return done;
  } finally {
    await client.end();
  }
}

async function apply(client: pg.Client, { number, name, sql, checksum }: Migration): Promise<string> {
  await client.query('BEGIN');
  try {
    await client.query(sql);
    await client.query('INSERT INTO migrations (number, name, checksum) VALUES ($1, $2, $3)', [number, name, checksum]);
    await client.query('COMMIT');
    return name;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    throw startError(`The migration ${name} failed: ${(error as Error).message}.`, error);
  }
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

// The one PostgreSQL that everything is measured on: the embedded one, or, with --postgres, one that already runs.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { openEmbedded } from '../server/embedded.ts';
import { parentOf } from './machine.ts';

export type Postgres = {
  /** The postmaster's process, or null when it is not on this machine. */
  pid: number | null;
  version: string;
  url(database: string): string;
  /** Runs one statement, or several without values, on a connection of its own. */
  sql(database: string, text: string, values?: unknown[]): Promise<pg.QueryResult>;
  release(): Promise<void>;
};

export const postgresOptions = {
  /** Where the embedded PostgreSQL keeps its data, and the CSV files are kept. */
  directory: { type: 'string', default: join(tmpdir(), 'clientele-bench') },
  /** A superuser's URL of a PostgreSQL 18 that is to be used instead. */
  postgres: { type: 'string' },
} as const;

export async function openPostgres(options: { directory: string; postgres?: string }): Promise<Postgres> {
  const { address, release } = options.postgres ? given(options.postgres) : await embedded(options.directory);
  const url = (database: string) => {
    const to = new URL(address);
    to.pathname = `/${database}`;
    return to.href;
  };
  const sql: Postgres['sql'] = async (database, text, values) => {
    const client = new pg.Client({ connectionString: url(database) });
    await client.connect();
    try {
      return await client.query(text, values);
    } finally {
      await client.end();
    }
  };
  try {
    const client = new pg.Client({ connectionString: url('postgres') });
    await client.connect();
    const { rows } = await client.query("SELECT pg_backend_pid() AS pid, current_setting('server_version') AS version");
    // where the backend is not on this machine, its number is either free here or not a child of any PostgreSQL
    const pid = parentOf(rows[0].pid);
    await client.end();
    return { pid, version: rows[0].version, url, sql, release };
  } catch (error) {
    await release();
    throw error;
  }
}

/** Makes a database, replacing one of that name; `from` is copied, and nobody may be connected to it. */
export async function createDatabase(postgres: Postgres, name: string, from?: string) {
  await dropDatabase(postgres, name);
  await postgres.sql('postgres', `CREATE DATABASE ${name}${from ? ` TEMPLATE ${from} STRATEGY FILE_COPY` : ''}`);
}

export async function dropDatabase(postgres: Postgres, name: string) {
  await postgres.sql('postgres', `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
}

function given(address: string) {
  return { address, release: async () => {} };
}

async function embedded(directory: string) {
  const { connection, release } = await openEmbedded({ directory, role: 'tool', log: (line) => console.error(line) });
  const { host, port, user, database } = connection;
  // a socket's folder is no host name: as a parameter every reader of such URLs takes it
  const place = host.startsWith('/')
    ? `localhost/${database}?host=${encodeURIComponent(host)}&port=${port}`
    : `${host}:${port}/${database}`;
  return { address: `postgresql://${encodeURIComponent(user)}@${place}`, release };
}

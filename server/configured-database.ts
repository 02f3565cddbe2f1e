// The database that the configuration names: as a server or a tool opens it, and as it is, for a look.
import { join } from 'node:path';
import type pg from 'pg';
import { createWorkspace, findWorkspace } from './access/access.ts';
import type { Config } from './config.ts';
import { type Database, openDatabase } from './database.ts';
import { parseDatabaseUrl } from './database-url.ts';
import { dataDirectory, openEmbedded } from './embedded.ts';
import type { Metrics } from './metrics.ts';
import { migrate, readMigrationState } from './migrate.ts';
import { PROJECT } from './project.ts';
import { suppressionKey } from './suppression-key.ts';

export type OpenedDatabase = {
  database: Database;
  connection: pg.ClientConfig;
  /** Where it is, for people: a folder or a masked address. */
  place: string;
  /** The data folder, where it is the embedded one. */
  directory: string | null;
  /** The migrations that were just applied. */
  migrated: string[];
  /** Settles when another server has taken over the folder. */
  lost: Promise<Error>;
  close(): Promise<void>;
};

/** Opens the configured database, migrated and with its first workspace. Throws a StartError where that cannot be. */
export async function openConfigured(
  config: Config,
  role: 'server' | 'tool',
  log: (line: string) => void,
  metrics?: Metrics,
): Promise<OpenedDatabase> {
  const { place, connection, directory, release, lost } = await connectionOf(config, role, log);
  try {
    const migrated = await migrate(connection, join(PROJECT, 'migrations'), { log });
    const database = connectTo(connection, config, metrics);
    if (!(await findWorkspace(database, 'main'))) await createWorkspace(database, 'main', 'Main');
    return {
      database,
      connection,
      place,
      directory,
      migrated,
      lost,
      async close() {
        await database.close();
        await release();
      },
    };
  } catch (error) {
    await release();
    throw error;
  }
}

/** Opens the configured database as it is, without bringing it up to date, for a look at it with two statements at a time. */
export async function openToLook(config: Config) {
  const { connection, release, directory } = await connectionOf(config, 'tool', () => {});
  try {
    const migrations = await readMigrationState(connection, join(PROJECT, 'migrations'));
    const connections = { read_connections: 1, search_connections: 3, write_connections: 1 };
    const database = openDatabase({
      ...config.database,
      ...connections,
      statement_timeout_ms: LOOK_MS,
      connection,
      suppression_key: suppressionKeyOf(config),
    });
    const close = async () => {
      await database.close();
      await release();
    };
    return { database, directory, migrations, close };
  } catch (error) {
    await release();
    throw error;
  }
}

/** Nothing may hold a snapshot for longer: writes would become slower. */
const LOOK_MS = 30_000;

/** Connections to a database that is migrated. */
export function connectTo(connection: pg.ClientConfig, config: Config, metrics?: Metrics): Database {
  const { onStatement, onBatch } = metrics ?? {};
  return openDatabase({
    ...config.database,
    connection,
    suppression_key: suppressionKeyOf(config),
    onStatement,
    onBatch,
  });
}

const suppressionKeyOf = (config: Config) => suppressionKey(config.access.secrets_key, directoryOf(config));

/** The data folder, also where the database is another than the embedded one. */
export const directoryOf = (config: Config) => dataDirectory(config.data.directory, PROJECT);

/** The configured database as it is, migrated or not. `directory`: the data folder of the embedded one. */
export async function connectionOf(config: Config, role: 'server' | 'tool', log: (line: string) => void) {
  if (config.database.url !== undefined) {
    const connection = parseDatabaseUrl(config.database.url);
    const place = `${connection.host ?? 'localhost'}/${connection.database}`;
    return { place, connection, directory: null, release: async () => {}, lost: new Promise<Error>(() => {}) };
  }
  const directory = directoryOf(config);
  const embedded = await openEmbedded({ directory, role, log });
  return { place: directory, directory, ...embedded };
}

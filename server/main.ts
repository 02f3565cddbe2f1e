// The server's one door: how it is opened for serving and how the command line opens its database.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pino from 'pino';
import { createWorkspace, findWorkspace, listWorkspaces } from './access/access.ts';
import { createApp } from './app.ts';
import type { Config } from './config.ts';
import { keepSearchClean } from './customers/customers.ts';
import { type Database, openDatabase } from './database.ts';
import { parseDatabaseUrl } from './database-url.ts';
import { dataDirectory, openEmbedded } from './embedded.ts';
import { forgetOldKeys } from './idempotency/idempotency.ts';
import { migrate } from './migrate.ts';
import { loggable } from './replies.ts';
import { openResultCache } from './result-cache.ts';
import { startError } from './start-error.ts';

export const PROJECT = fileURLToPath(new URL('..', import.meta.url));

export type OpenedDatabase = {
  database: Database;
  /** Where it is, for people: a folder or a masked address. */
  place: string;
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
): Promise<OpenedDatabase> {
  const { place, connection, release, lost } = await connectionOf(config, role, log);
  try {
    const migrated = await migrate(connection, join(PROJECT, 'migrations'));
    const database = openDatabase({ ...config.database, connection });
    if (!(await findWorkspace(database, 'main'))) await createWorkspace(database, 'main', 'Main');
    return {
      database,
      place,
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

async function connectionOf(config: Config, role: 'server' | 'tool', log: (line: string) => void) {
  if (config.database.url !== undefined) {
    const connection = parseDatabaseUrl(config.database.url);
    const place = `${connection.host ?? 'localhost'}/${connection.database}`;
    return { place, connection, release: async () => {}, lost: new Promise<Error>(() => {}) };
  }
  const directory = dataDirectory(config.data.directory, PROJECT);
  const embedded = await openEmbedded({ directory, role, log });
  return { place: directory, connection: embedded.connection, release: embedded.release, lost: embedded.lost };
}

export type Serving = { url: string; place: string; database: Database; close(): Promise<void> };

/** Starts serving. Throws a StartError where the port or the database is not to be had. */
export async function serve(config: Config, log: (line: string) => void): Promise<Serving> {
  const logger = pino(
    { level: config.log.level, base: undefined, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination(2),
  );
  const opened = await openConfigured(config, 'server', log);
  const { database } = opened;
  const { server } = config;
  const app = createApp(database, {
    ...server,
    hsts: hstsOf(config),
    cache: openResultCache(config.cache.bytes),
    logger,
  });
  try {
    await app.listen({ host: server.host, port: server.port });
  } catch (error) {
    await opened.close();
    throw (error as { code?: string }).code === 'EADDRINUSE'
      ? startError(`Port ${server.port} on ${server.host} is in use; set PORT to another.`)
      : error;
  }
  const upkeep = keepSearchClean(database);
  const forgetting = setInterval(
    () =>
      forget(database).catch((error) =>
        logger.warn({ err: loggable(error) }, 'Old idempotency keys could not be deleted'),
      ),
    HOUR_MS,
  );
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= (async () => {
      const forced = setTimeout(() => app.server.closeAllConnections(), server.shutdown_timeout_ms);
      await app.close();
      clearTimeout(forced);
      clearInterval(forgetting);
      await upkeep.stop();
      await opened.close();
    })();
    return closing;
  };
  opened.lost.then((error) => {
    log(error.message);
    process.exitCode = 1;
    return close();
  });
  const address = app.server.address() as { port: number };
  const host = server.host.includes(':') ? `[${server.host}]` : server.host;
  return { url: `http://${host}:${address.port}`, place: opened.place, database, close };
}

const HOUR_MS = 3_600_000;

async function forget(database: Database): Promise<void> {
  for (const { id } of await listWorkspaces(database)) await forgetOldKeys(database, id);
}

function hstsOf({ server: { hsts } }: Config): string | null {
  if (hsts.max_age === 0) return null;
  return [`max-age=${hsts.max_age}`, hsts.include_subdomains && 'includeSubDomains', hsts.preload && 'preload']
    .filter(Boolean)
    .join('; ');
}

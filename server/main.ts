// The server's one door: how it is opened for serving and how the command line opens its database.
import type { Server } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import type { Logger } from 'pino';
import manifest from '../package.json' with { type: 'json' };
import { createWorkspace, findWorkspace, listWorkspaces } from './access/access.ts';
import { createApp, workersFor } from './app.ts';
import { startWorking } from './causes/causes.ts';
import type { Config } from './config.ts';
import { keepSearchClean } from './customers/customers.ts';
import { type Database, openDatabase } from './database.ts';
import { parseDatabaseUrl } from './database-url.ts';
import { watchConnections } from './drain.ts';
import { dataDirectory, openEmbedded } from './embedded.ts';
import { forgetOldKeys } from './idempotency/idempotency.ts';
import { forgetOldFiles, openImportFolder } from './imports/imports.ts';
import { listening, offerMetrics } from './listen.ts';
import { openLog } from './log.ts';
import { type Metrics, openMetrics } from './metrics.ts';
import { migrate } from './migrate.ts';
import { startProcesses } from './processes.ts';
import { openRateLimiter, type RateLimiter, shareOf } from './rate-limit.ts';
import { openRedis, type SharedRedis } from './redis.ts';
import { loggable } from './replies.ts';
import { openResultCache, type ResultCache } from './result-cache.ts';
import { probeQuota, shareRateLimiter } from './shared-rate-limit.ts';
import { shareResults } from './shared-results.ts';
import { openTracing } from './tracing.ts';

export const PROJECT = fileURLToPath(new URL('..', import.meta.url));

export type OpenedDatabase = {
  database: Database;
  connection: pg.ClientConfig;
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
  metrics?: Metrics,
): Promise<OpenedDatabase> {
  const { place, connection, release, lost } = await connectionOf(config, role, log);
  try {
    const migrated = await migrate(connection, join(PROJECT, 'migrations'), { log });
    const database = connectTo(connection, config, metrics);
    if (!(await findWorkspace(database, 'main'))) await createWorkspace(database, 'main', 'Main');
    return {
      database,
      connection,
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

/** Connections to a database that is migrated. */
export function connectTo(connection: pg.ClientConfig, config: Config, metrics?: Metrics): Database {
  const { onStatement, onBatch } = metrics ?? {};
  return openDatabase({ ...config.database, connection, onStatement, onBatch });
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

/**
 * Connections that wait to be accepted, as far as the system allows. With Node's 511 a sudden thousand loses some, whose
 * callers try again after a second, and after three.
 */
const BACKLOG = 4096;

export type Serving = { url: string; place: string; close(): Promise<void> };

/** Starts serving. Throws a StartError where the port or the database is not to be had. */
export async function serve(config: Config, log: (line: string) => void): Promise<Serving> {
  const { logger, close: closeLog } = openLog(config.log.level);
  const { host, processes } = config.server;
  const metrics = openMetrics(processes > 1 ? 'primary' : undefined);
  const opened = await openConfigured(config, 'server', log, metrics);
  const { database } = opened;
  let answering: Answering | undefined;
  let local: Server | undefined;
  try {
    answering =
      processes > 1
        ? await startProcesses(config, opened, metrics, log)
        : await answer(config, database, metrics, logger);
    if (config.metrics.port !== undefined) local = await offerMetrics(answering.metrics, config.metrics.port);
  } catch (error) {
    await answering?.drain(0);
    await opened.close();
    throw error;
  }
  const { drain, port } = answering;
  const forgetting = setInterval(
    () =>
      forget(database).catch((error) =>
        logger.warn({ err: loggable(error) }, 'Old idempotency keys could not be deleted'),
      ),
    HOUR_MS,
  );
  let closing: Promise<void> | undefined;
  const close = (delay_ms: number) => {
    closing ??= (async () => {
      await drain(delay_ms);
      local?.close();
      clearInterval(forgetting);
      await opened.close();
      closeLog();
    })();
    return closing;
  };
  Promise.race([opened.lost, answering.lost]).then((error) => {
    log(error.message);
    process.exitCode = 1;
    return close(0);
  });
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    place: opened.place,
    close: () => close(config.server.drain_delay_ms),
  };
}

/** What answers requests: this process, or several that it looks after. */
export type Answering = {
  port: number;
  metrics: Pick<Metrics, 'text' | 'type'>;
  /** Stops: not ready from now on, listening for `delay_ms` more, and done when what was under way is answered. */
  drain(delay_ms: number): Promise<void>;
  /** Settles when there is nobody left to answer. */
  lost: Promise<Error>;
};

/** Answers requests in this process, from a database that is migrated. */
export async function answer(config: Config, database: Database, metrics: Metrics, logger: Logger): Promise<Answering> {
  const { server } = config;
  const tracing = await openTracing(config.tracing, manifest.version, logger);
  const redis = config.redis.url === undefined ? undefined : await openRedis(config.redis.url, logger, probeQuota);
  const imports = await openImportFolder(join(dataDirectory(config.data.directory, PROJECT), 'imports'));
  let draining = false;
  const app = createApp(database, {
    ...server,
    hsts: hstsOf(config),
    cache: cacheOf(config, redis),
    metrics,
    metrics_token: config.metrics.token,
    imports,
    tracing,
    rate_limiter: limiterOf(config, redis),
    logger,
    isDraining: () => draining,
  });
  const connections = watchConnections(app.server);
  try {
    await redis?.known;
    const started = app.listen({ host: server.host, port: server.port, backlog: BACKLOG });
    await listening(started, server.host, server.port, 'PORT');
  } catch (error) {
    await app.close();
    redis?.close();
    throw error;
  }
  const upkeep = keepSearchClean(database);
  const working = startWorking(database, workersFor(imports), { logger, runs_at: imports.id });
  const forgetting = setInterval(
    () =>
      forgetOldFiles(imports).catch((error) =>
        logger.warn({ err: loggable(error) }, 'Files of old imports could not be deleted'),
      ),
    HOUR_MS,
  );
  return {
    port: (app.server.address() as { port: number }).port,
    metrics,
    lost: new Promise(() => {}),
    async drain(delay_ms) {
      draining = true;
      clearInterval(forgetting);
      await Promise.all([sleep(delay_ms), working.stop()]);
      const cut = await connections.drain(server.shutdown_timeout_ms);
      if (cut > 0) logger.warn({ connections: cut }, 'Requests that took too long to finish were cut off');
      await app.close();
      redis?.close();
      await Promise.all([upkeep.stop(), tracing?.close()]);
    },
  };
}

const HOUR_MS = 3_600_000;

async function forget(database: Database): Promise<void> {
  for (const { id } of await listWorkspaces(database)) await forgetOldKeys(database, id);
}

function limiterOf({ rate_limit, server }: Config, redis: SharedRedis | undefined): RateLimiter | null {
  if (rate_limit === 'off') return null;
  if (redis) return shareRateLimiter(openRateLimiter(rate_limit), redis);
  return openRateLimiter(shareOf(rate_limit, server.processes));
}

function cacheOf({ cache: { bytes } }: Config, redis: SharedRedis | undefined): ResultCache {
  return openResultCache(bytes, redis && bytes > 0 ? shareResults(redis, bytes) : undefined);
}

function hstsOf({ server: { hsts } }: Config): string | null {
  if (hsts.max_age === 0) return null;
  return [`max-age=${hsts.max_age}`, hsts.include_subdomains && 'includeSubDomains', hsts.preload && 'preload']
    .filter(Boolean)
    .join('; ');
}

// The server's one door: how it is opened for serving and how the command line opens its database.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import manifest from '../package.json' with { type: 'json' };
import { createWorkspace, findWorkspace, listWorkspaces } from './access/access.ts';
import { createApp } from './app.ts';
import type { Config } from './config.ts';
import { keepSearchClean } from './customers/customers.ts';
import { type Database, openDatabase } from './database.ts';
import { parseDatabaseUrl } from './database-url.ts';
import { dataDirectory, openEmbedded } from './embedded.ts';
import { forgetOldKeys } from './idempotency/idempotency.ts';
import { openLog } from './log.ts';
import { type Metrics, openMetrics } from './metrics.ts';
import { migrate } from './migrate.ts';
import { openRateLimiter, type RateLimiter } from './rate-limit.ts';
import { openRedis, type SharedRedis } from './redis.ts';
import { loggable } from './replies.ts';
import { openResultCache, type ResultCache } from './result-cache.ts';
import { probeQuota, shareRateLimiter } from './shared-rate-limit.ts';
import { shareResults } from './shared-results.ts';
import { startError } from './start-error.ts';
import { openTracing } from './tracing.ts';

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
  metrics?: Metrics,
): Promise<OpenedDatabase> {
  const { place, connection, release, lost } = await connectionOf(config, role, log);
  try {
    const migrated = await migrate(connection, join(PROJECT, 'migrations'));
    const database = openDatabase({
      ...config.database,
      connection,
      onStatement: metrics?.onStatement,
      onBatch: metrics?.onBatch,
    });
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
  const { logger, close: closeLog } = openLog(config.log.level);
  const metrics = openMetrics();
  const tracing = await openTracing(config.tracing, manifest.version, logger);
  const opened = await openConfigured(config, 'server', log, metrics);
  const { database } = opened;
  const { server } = config;
  const redis = config.redis.url === undefined ? undefined : openRedis(config.redis.url, logger, probeQuota);
  const app = createApp(database, {
    ...server,
    hsts: hstsOf(config),
    cache: cacheOf(config, redis),
    metrics,
    metrics_token: config.metrics.token,
    tracing,
    rate_limiter: limiterOf(config, redis),
    logger,
  });
  const failed = async (error: unknown) => {
    await app.close();
    redis?.close();
    await opened.close();
    throw error;
  };
  await redis?.known;
  await listening(app.listen({ host: server.host, port: server.port }), server.host, server.port, 'PORT').catch(failed);
  const { port } = config.metrics;
  const local = port === undefined ? undefined : await offerMetrics(metrics, port).catch(failed);
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
      local?.close();
      clearInterval(forgetting);
      await upkeep.stop();
      redis?.close();
      await Promise.all([opened.close(), tracing?.close()]);
      closeLog();
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

/** Waits for a server to listen; a port in use is a sentence that names the variable to change. */
async function listening<T>(started: Promise<T>, host: string, port: number, variable: string): Promise<T> {
  try {
    return await started;
  } catch (error) {
    if ((error as { code?: string }).code !== 'EADDRINUSE') throw error;
    throw startError(`Port ${port} on ${host} is in use; set ${variable} to another.`);
  }
}

/** Metrics for the programs of this machine. */
async function offerMetrics(metrics: Metrics, port: number): Promise<Server> {
  const listener = createServer(async (request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') return response.writeHead(404).end();
    response.writeHead(200, { 'content-type': metrics.type }).end(await metrics.text());
  });
  listener.listen(port, '127.0.0.1');
  await listening(once(listener, 'listening'), '127.0.0.1', port, 'CLIENTELE_METRICS_PORT');
  return listener;
}

const HOUR_MS = 3_600_000;

async function forget(database: Database): Promise<void> {
  for (const { id } of await listWorkspaces(database)) await forgetOldKeys(database, id);
}

function limiterOf({ rate_limit }: Config, redis: SharedRedis | undefined): RateLimiter | null {
  if (rate_limit === 'off') return null;
  const local = openRateLimiter(rate_limit);
  return redis ? shareRateLimiter(local, redis) : local;
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

// The server's one door: how it is opened for serving and how the command line opens its database.
import { readFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { Logger } from 'pino';
import { signInRoutes } from '#contract/sign-in.ts';
import manifest from '../package.json' with { type: 'json' };
import {
  type Attempts,
  createOwnerLink,
  createWorkspace,
  findWorkspace,
  forgetOldLinks,
  forgetOldSessions,
  hasOwner,
  listWorkspaces,
  mailLinks,
  mailNotices,
  openAttempts,
} from './access/access.ts';
import { createApp, workersFor } from './app.ts';
import { keepBackups } from './backup/schedule.ts';
import { startWorking } from './causes/causes.ts';
import type { Config } from './config.ts';
import { keepSearchClean } from './customers/customers.ts';
import { type Database, openDatabase } from './database.ts';
import { parseDatabaseUrl } from './database-url.ts';
import { watchConnections } from './drain.ts';
import { openEgress } from './egress.ts';
import { dataDirectory, openEmbedded } from './embedded.ts';
import { keepSealing } from './events/events.ts';
import { forgetOldKeys } from './idempotency/idempotency.ts';
import { forgetOldFiles, forgetOldSamples, openImportFolder } from './imports/imports.ts';
import { listening, offerMetrics } from './listen.ts';
import { openLog } from './log.ts';
import { openMail } from './mail.ts';
import { type Metrics, openMetrics } from './metrics.ts';
import { migrate, readMigrationState } from './migrate.ts';
import { connectNats } from './nats.ts';
import { openOpenid } from './openid.ts';
import { keepRetention } from './privacy/privacy.ts';
import { startProcesses } from './processes.ts';
import { PROJECT } from './project.ts';
import { startPublishing } from './publishing/publishing.ts';
import { openRateLimiter, type RateLimiter, shareOf } from './rate-limit.ts';
import { openRedis, type SharedRedis } from './redis.ts';
import { loggable } from './replies.ts';
import { openResultCache, type ResultCache } from './result-cache.ts';
import { probeQuota, shareRateLimiter } from './shared-rate-limit.ts';
import { shareResults } from './shared-results.ts';
import { startError } from './start-error.ts';
import { suppressionKey } from './suppression-key.ts';
import { openTracing } from './tracing.ts';
import { startCourier } from './webhooks/webhooks.ts';

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

/**
 * Connections that wait to be accepted, as far as the system allows. With Node's 511 a sudden thousand loses some, whose
 * callers try again after a second, and after three.
 */
const BACKLOG = 4096;

/** `owner_link`: the address that makes the first owner's account, as long as there is no owner. */
export type Serving = { url: string; place: string; owner_link: string | null; close(): Promise<void> };

/** Starts serving. Throws a StartError where the port or the database is not to be had. */
export async function serve(config: Config, log: (line: string) => void): Promise<Serving> {
  const { logger, close: closeLog } = openLog(config.log.level);
  const { host, processes } = config.server;
  const metrics = openMetrics(processes > 1 ? 'primary' : undefined);
  const opened = await openConfigured(config, 'server', log, metrics);
  const { database } = opened;
  let answering: Answering | undefined;
  let local: Server | undefined;
  let owner_link: string | null;
  try {
    answering =
      processes > 1
        ? await startProcesses(config, opened, metrics, log)
        : await answer(config, database, metrics, logger);
    if (config.metrics.port !== undefined) local = await offerMetrics(answering.metrics, config.metrics.port);
    owner_link = await firstOwnerLink(config, database, answering.port);
  } catch (error) {
    await answering?.drain(0);
    await opened.close();
    throw error;
  }
  const { drain, port } = answering;
  const forgetting = setInterval(
    () =>
      forget(database).catch((error) =>
        logger.warn({ err: loggable(error) }, 'Old idempotency keys, samples, sessions and links could not be deleted'),
      ),
    HOUR_MS,
  );
  const sealing = keepSealing(database, { logger, onUnsealed: metrics.onUnsealed });
  const imports = await openImportFolder(join(directoryOf(config), 'imports'));
  const retention = keepRetention(database, { logger, erasures: config.privacy.erasures, imports });
  const backups = backupsOf(config, opened, logger, metrics);
  let closing: Promise<void> | undefined;
  const close = (delay_ms: number) => {
    closing ??= (async () => {
      await drain(delay_ms);
      local?.close();
      clearInterval(forgetting);
      await Promise.all([sealing.stop(), retention.stop(), backups?.stop()]);
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
    owner_link,
    close: () => close(config.server.drain_delay_ms),
  };
}

function backupsOf(config: Config, { connection, directory }: OpenedDatabase, logger: Logger, metrics: Metrics) {
  const { every_hours, keep, directory: folder } = config.backup;
  if (directory === null || every_hours === 0) return undefined;
  return keepBackups({
    connection,
    directory,
    folder: folder ?? join(directory, 'backups'),
    every_hours,
    keep,
    logger,
    onBackup: metrics.onBackup,
  });
}

async function firstOwnerLink(config: Config, database: Database, port: number): Promise<string | null> {
  const workspace = (await hasOwner(database)) ? null : await findWorkspace(database, 'main');
  return workspace && addressOf(config, await createOwnerLink(database, workspace), port);
}

/** The whole address of a path of this server, for people: where they find it, or on this machine. */
export function addressOf({ server: { public_url, host, port } }: Config, path: string, at = port): string {
  // Of all addresses that are listened on, browsers on this machine know this one.
  const near = ['0.0.0.0', '::', ''].includes(host) ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return (public_url ?? `http://${near}:${at}`) + path;
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
  const imports = await openImportFolder(join(directoryOf(config), 'imports'));
  const mail = config.mail.smtp_url === undefined ? null : openMail(config.mail.smtp_url, config.mail.from!, logger);
  const nats = await natsOf(config, logger);
  const egress = openEgress(config.egress.allow);
  const secrets_key = config.access.secrets_key === undefined ? null : Buffer.from(config.access.secrets_key, 'base64');
  let draining = false;
  const app = createApp(database, {
    ...server,
    hsts: hstsOf(config),
    cache: cacheOf(config, redis),
    metrics,
    metrics_token: config.metrics.token,
    imports,
    erasures: config.privacy.erasures,
    console: join(PROJECT, 'console/dist'),
    tracing,
    rate_limiter: limiterOf(config, redis),
    attempts: attemptsOf(config, redis),
    egress,
    secrets_key,
    openid: openidOf(config),
    mail: mail !== null,
    notify: mail ? mailNotices(mail, server.public_url!) : () => {},
    deliverLink: mail
      ? mailLinks(mail, server.public_url!)
      : ({ kind }) => {
          if (kind === 'password_reset')
            logger.warn('Somebody asked for a link to reset a password, and no mail is configured');
        },
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
  const courier = startCourier(database, egress, {
    logger,
    secrets_key,
    onDelivery: metrics.onDelivery,
  });
  const publishing = nats && startPublishing(database, nats, { logger, source: server.public_url ?? 'clientele' });
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
      await Promise.all([sleep(delay_ms), working.stop(), publishing?.stop(), courier.stop()]);
      egress.close();
      const cut = await connections.drain(server.shutdown_timeout_ms);
      if (cut > 0) logger.warn({ connections: cut }, 'Requests that took too long to finish were cut off');
      await app.close();
      redis?.close();
      await Promise.all([upkeep.stop(), tracing?.close(), mail?.close(server.shutdown_timeout_ms)]);
    },
  };
}

const HOUR_MS = 3_600_000;

async function forget(database: Database): Promise<void> {
  for (const { id } of await listWorkspaces(database)) {
    await forgetOldKeys(database, id);
    await forgetOldSamples(database, id);
  }
  await forgetOldSessions(database);
  await forgetOldLinks(database);
}

function limiterOf({ rate_limit, server }: Config, redis: SharedRedis | undefined): RateLimiter | null {
  if (rate_limit === 'off') return null;
  if (redis) return shareRateLimiter(openRateLimiter(rate_limit), redis);
  return openRateLimiter(shareOf(rate_limit, server.processes));
}

async function natsOf({ nats }: Config, logger: Logger) {
  if (nats.url === undefined) return undefined;
  const { url, credentials_file, prefix, replicas } = nats;
  const credentials = credentials_file === undefined ? undefined : await readCredentials(credentials_file);
  return connectNats({ url, credentials, prefix, replicas }, logger);
}

async function readCredentials(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error) => {
    throw startError(`nats.credentials_file: ${file} cannot be read (${error.code}).`, error);
  });
}

/** The configuration has all of these or none. */
function openidOf({ openid, server, egress }: Config) {
  const { issuer, client_id, client_secret, scope, name } = openid;
  if (issuer === undefined) return null;
  const redirect_uri = server.public_url! + signInRoutes.openidCallback.path;
  const settings = { issuer, client_id: client_id!, client_secret: client_secret!, scope, redirect_uri };
  return { name, provider: openOpenid(settings, egress.allow) };
}

/** There are always limits to signing in, and a process of several has some attempts to give. */
function attemptsOf({ server }: Config, redis: SharedRedis | undefined): Attempts {
  return openAttempts((policy) => {
    if (redis) return shareRateLimiter(openRateLimiter(policy), redis);
    const { requests, seconds } = shareOf(policy, server.processes);
    return openRateLimiter({ requests: Math.max(requests, 5), seconds });
  });
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

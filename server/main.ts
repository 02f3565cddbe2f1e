// The server as a whole: what is started for serving, and stopped.
import type { Server } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import manifest from '../package.json' with { type: 'json' };
import {
  createOwnerLink,
  findWorkspace,
  forgetOldLinks,
  forgetOldSessions,
  hasOwner,
  listWorkspaces,
  mailLinks,
  mailNotices,
} from './access/access.ts';
import { createApp, workersFor } from './app.ts';
import { keepBackups } from './backup/schedule.ts';
import { startWorking } from './causes/causes.ts';
import type { Config } from './config.ts';
import { directoryOf, type OpenedDatabase, openConfigured } from './configured-database.ts';
import { attemptsOf, cacheOf, hstsOf, limiterOf, natsOf, openidOf } from './configured-services.ts';
import { keepSearchClean } from './customers/customers.ts';
import type { Database } from './database.ts';
import { watchConnections } from './drain.ts';
import { openEgress } from './egress.ts';
import { keepSealing } from './events/events.ts';
import { forgetOldKeys } from './idempotency/idempotency.ts';
import { forgetOldFiles, forgetOldSamples, openImportFolder } from './imports/imports.ts';
import { listening, offerMetrics } from './listen.ts';
import { openLog } from './log.ts';
import { openMail } from './mail.ts';
import { type Metrics, openMetrics } from './metrics.ts';
import { addressOf } from './own-address.ts';
import { keepRetention } from './privacy/privacy.ts';
import { startProcesses } from './processes.ts';
import { PROJECT } from './project.ts';
import { startPublishing } from './publishing/publishing.ts';
import { openRedis } from './redis.ts';
import { loggable } from './replies.ts';
import { probeQuota } from './shared-rate-limit.ts';
import { openTracing } from './tracing.ts';
import { startCourier } from './webhooks/webhooks.ts';
import { limitYoungSpace } from './young-space.ts';

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
  const youngSpace = limitYoungSpace(connections.count);
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
      youngSpace.stop();
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

// The app without a database, for what asks none of it: which routes there are, and what is refused before it would.
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import pino from 'pino';
import { openAttempts } from '#server/access/access.ts';
import { type AppOptions, createApp } from '#server/app.ts';
import type { Database } from '#server/database.ts';
import { openEgress } from '#server/egress.ts';
import { openMetrics } from '#server/metrics.ts';
import { PROJECT } from '#server/project.ts';
import { openRateLimiter } from '#server/rate-limit.ts';
import { openResultCache } from '#server/result-cache.ts';

/** What an app is given in tests: the defaults of the configuration, and no log. */
export function appOptions(overrides: Partial<AppOptions> = {}): AppOptions {
  return {
    body_limit: 1_048_576,
    request_timeout_ms: 30_000,
    trusted_proxies: [],
    hsts: null,
    https_redirect: false,
    public_url: undefined,
    cors_origins: [],
    rate_limiter: null,
    attempts: openAttempts(({ seconds }) => openRateLimiter({ requests: 100_000, seconds })),
    deliverLink() {},
    notify() {},
    egress: openEgress([]),
    secrets_key: null,
    openid: null,
    mail: false,
    metrics: openMetrics(),
    metrics_token: undefined,
    tracing: null,
    imports: { path: join(tmpdir(), `clientele-imports-${randomUUID()}`), id: randomUUID() },
    erasures: undefined,
    console: join(PROJECT, 'console/dist'),
    cache: openResultCache(8_388_608),
    logger: pino({ level: process.env.TEST_LOG ?? 'silent' }),
    ...overrides,
  };
}

export function createBareApp(overrides: Partial<AppOptions> = {}): FastifyInstance {
  const database = new Proxy({} as Database, {
    get() {
      throw new Error('This app has no database.');
    },
  });
  return createApp(database, appOptions(overrides));
}

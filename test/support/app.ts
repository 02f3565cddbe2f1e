// The app without a database, for what asks none of it: which routes there are, and what is refused before it would.
import type { FastifyInstance } from 'fastify';
import pino from 'pino';
import { createApp } from '#server/app.ts';
import type { Database } from '#server/database.ts';

export function createBareApp(): FastifyInstance {
  const database = new Proxy({} as Database, {
    get() {
      throw new Error('This app has no database.');
    },
  });
  return createApp(database, {
    body_limit: 1_048_576,
    request_timeout_ms: 30_000,
    trusted_proxies: [],
    hsts: null,
    https_redirect: false,
    public_url: undefined,
    cors_origins: [],
    logger: pino({ level: 'silent' }),
  });
}

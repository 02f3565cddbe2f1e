// The app: slices registered by hand, in order.
import type { FastifyInstance } from 'fastify';
import { authenticate } from './access/access.ts';
import { accessTable } from './access/routes.ts';
import { customerTable } from './customers/routes.ts';
import type { Database } from './database.ts';
import { docsTable } from './docs.ts';
import { eventTable } from './events/routes.ts';
import { healthTable } from './health.ts';
import { addRoutes, createHttp, type HttpOptions } from './http.ts';

export type AppOptions = Omit<HttpOptions, 'authenticate'>;

export function createApp(database: Database, options: AppOptions): FastifyInstance {
  const http: HttpOptions = { ...options, authenticate: (authorization) => authenticate(database, authorization) };
  const app = createHttp(http);
  for (const table of [
    healthTable(database),
    docsTable(),
    accessTable(database),
    eventTable(database),
    customerTable(database),
  ])
    addRoutes(app, http, table);
  return app;
}

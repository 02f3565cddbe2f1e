// The app: slices registered by hand, in order.
import cors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';
import { authenticate } from './access/access.ts';
import { accessTable } from './access/routes.ts';
import { workOnBulkEdit } from './bulk-edits/bulk-edits.ts';
import { bulkEditTable } from './bulk-edits/routes.ts';
import type { Workers } from './causes/causes.ts';
import { causeTable } from './causes/routes.ts';
import { customerTable } from './customers/routes.ts';
import type { Database } from './database.ts';
import { docsTable } from './docs.ts';
import { eventTable } from './events/routes.ts';
import { exportTable } from './exports/routes.ts';
import { healthTable, metricsTable } from './health.ts';
import { addRoutes, createHttp, type HttpOptions } from './http.ts';
import { type ImportFolder, workOnImport } from './imports/imports.ts';
import { importTable } from './imports/routes.ts';
import type { Metrics } from './metrics.ts';
import type { ResultCache } from './result-cache.ts';
import { undoTable } from './undo/routes.ts';
import { workOnUndo } from './undo/undo.ts';

export type AppOptions = Omit<HttpOptions, 'authenticate' | 'onRequestDone' | 'onRateLimited'> & {
  cache: ResultCache;
  metrics: Metrics;
  metrics_token: string | undefined;
  /** Where uploaded files lie. */
  imports: ImportFolder;
};

export function createApp(database: Database, options: AppOptions): FastifyInstance {
  const { metrics } = options;
  metrics.watch(database, options.cache);
  const http: HttpOptions = {
    ...options,
    onRequestDone: metrics.onRequestDone,
    onRateLimited: metrics.onRateLimited,
    authenticate: (authorization, onStranger) => authenticate(database, authorization, onStranger),
  };
  const app = createHttp(http);
  if (options.cors_origins.length > 0)
    app.register(cors, {
      origin: [...options.cors_origins],
      methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
      allowedHeaders: [
        'Authorization',
        'Content-Type',
        'If-Match',
        'If-None-Match',
        'Idempotency-Key',
        'X-Request-Id',
        'Clientele-Workspace',
      ],
      exposedHeaders: [
        'Content-Disposition',
        'ETag',
        'Link',
        'Location',
        'RateLimit',
        'RateLimit-Policy',
        'Retry-After',
        'X-Request-Id',
        'Clientele-Position',
        'Idempotency-Replayed',
      ],
      maxAge: 600,
      strictPreflight: false,
    });
  for (const table of [
    healthTable(database, options.isDraining),
    metricsTable(metrics, options.metrics_token),
    docsTable(),
    accessTable(database),
    eventTable(database),
    causeTable(database),
    customerTable(database, options.cache),
    undoTable(database),
    bulkEditTable(database),
    importTable(database, options.imports),
    exportTable(database),
  ])
    addRoutes(app, http, table);
  return app;
}

/** What works on each kind of cause in the background. */
export const workersFor = (imports: ImportFolder): Workers => ({
  undo: workOnUndo,
  bulk_edit: workOnBulkEdit,
  import: (database, work, turn) => workOnImport(imports, database, work, turn),
});

// The app: slices registered by hand, in order.
import cors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';
import {
  type Attempts,
  actorIn,
  authenticate,
  type DeliverLink,
  findPerson,
  may,
  type Notify,
} from './access/access.ts';
import { memberTable } from './access/members-routes.ts';
import { peopleTable } from './access/people-routes.ts';
import { accessTable } from './access/routes.ts';
import { secondFactorTable } from './access/second-factor-routes.ts';
import { signInTable } from './access/sign-in-routes.ts';
import { workOnBulkEdit } from './bulk-edits/bulk-edits.ts';
import { bulkEditTable } from './bulk-edits/routes.ts';
import type { Workers } from './causes/causes.ts';
import { causeTable } from './causes/routes.ts';
import { consoleTable } from './console.ts';
import { customerTable } from './customers/routes.ts';
import type { Database } from './database.ts';
import { docsTable } from './docs.ts';
import type { Egress } from './egress.ts';
import { eventTable } from './events/routes.ts';
import { exportTable } from './exports/routes.ts';
import { healthTable, metricsTable } from './health.ts';
import { addRoutes, type Call, createHttp, type HttpOptions } from './http.ts';
import { type ImportFolder, workOnImport } from './imports/imports.ts';
import { importTable } from './imports/routes.ts';
import type { Metrics } from './metrics.ts';
import type { Openid } from './openid.ts';
import { privacyTable } from './privacy/routes.ts';
import { asProblem } from './problem.ts';
import type { ResultCache } from './result-cache.ts';
import { undoTable } from './undo/routes.ts';
import { workOnUndo } from './undo/undo.ts';
import { viewTable } from './views/routes.ts';
import { webhookTable } from './webhooks/routes.ts';

export type AppOptions = Omit<HttpOptions, 'authenticate' | 'findPerson' | 'onRequestDone' | 'onRateLimited'> & {
  cache: ResultCache;
  metrics: Metrics;
  metrics_token: string | undefined;
  /** Where uploaded files lie. */
  imports: ImportFolder;
  /** Where erasures are written down, if they are. */
  erasures: string | undefined;
  /** The folder of the built console. */
  console: string;
  attempts: Attempts;
  /** Where webhooks go. */
  egress: Egress;
  /** What encrypts the secrets of second factors and webhooks, if anything does. */
  secrets_key: Buffer | null;
  /** The provider with which people may sign in, and what it is called. */
  openid: { name: string; provider: Openid } | null;
  /** Whether links are mailed. */
  mail: boolean;
  deliverLink: DeliverLink;
  notify: Notify;
};

export function createApp(database: Database, options: AppOptions): FastifyInstance {
  const { metrics } = options;
  metrics.watch(database, options.cache);
  const http: HttpOptions = {
    ...options,
    onRequestDone: metrics.onRequestDone,
    onRateLimited: metrics.onRateLimited,
    authenticate: (authorization, onStranger) => authenticate(database, authorization, onStranger),
    findPerson: (secret, onStranger) => findPerson(database, secret, onStranger),
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
        'Last-Event-ID',
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
    consoleTable(options.console),
    accessTable(database),
    peopleTable(database, options),
    memberTable(database, options.deliverLink),
    secondFactorTable(database, options),
    signInTable(database, options),
    eventTable(database, {
      mayStill: (call) => mayStillRead(database, call),
      isDraining: options.isDraining ?? (() => false),
      onStreams: metrics.onStreams,
    }),
    causeTable(database),
    customerTable(database, options.cache),
    viewTable(database),
    undoTable(database),
    bulkEditTable(database),
    importTable(database, options.imports),
    webhookTable(database, options),
    exportTable(database),
    privacyTable(database, options),
  ])
    addRoutes(app, http, table);
  return app;
}

/** Whether whoever watches the feed may go on: asked anew, since a stream outlives keys, sessions and roles. */
async function mayStillRead(database: Database, { actor, person, session, headers }: Call): Promise<boolean> {
  try {
    const now =
      person && session !== undefined
        ? actorIn(await findPerson(database, session, undefined, false), actor.workspace.slug)
        : await authenticate(database, headers.authorization);
    return now.id === actor.id && now.workspace.id === actor.workspace.id && may(now, 'events:read');
  } catch (error) {
    return asProblem(error).status >= 500; // which says nothing about the caller
  }
}

/** What works on each kind of cause in the background. */
export const workersFor = (imports: ImportFolder): Workers => ({
  undo: workOnUndo,
  bulk_edit: workOnBulkEdit,
  import: (database, work, turn) => workOnImport(imports, database, work, turn),
});

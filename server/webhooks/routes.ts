// Webhooks over HTTP.
import { DELIVERIES_LIMIT, webhookRoutes } from '#contract/webhooks.ts';
import { contextOf, headersOf, json } from '../access/access.ts';
import type { Database } from '../database.ts';
import type { RouteTable } from '../http.ts';
import { pageOf } from '../page.ts';
import { trueOrFalse } from '../query.ts';
import { isUuid } from '../uuid.ts';
import {
  createWebhook,
  deleteWebhook,
  listDeliveries,
  listWebhooks,
  type Outside,
  readWebhook,
  replayWebhook,
  rotateSecret,
  testWebhook,
  updateWebhook,
} from './webhooks.ts';

export function webhookTable(database: Database, outside: Outside): RouteTable {
  return [
    [webhookRoutes.list, async ({ actor }) => json(200, { results: await listWebhooks(database, actor) })],
    [
      webhookRoutes.create,
      async (call) => {
        const written = await createWebhook(database, outside, call.actor, call.body, contextOf(call));
        return json(201, written.subject, { ...headersOf(written), ...UNKEPT });
      },
    ],
    [webhookRoutes.read, async ({ actor, params }) => json(200, await readWebhook(database, actor, params.id!))],
    [
      webhookRoutes.update,
      async (call) => {
        const written = await updateWebhook(database, outside, call.actor, call.params.id!, call.body, contextOf(call));
        return json(200, written.subject, headersOf(written));
      },
    ],
    [
      webhookRoutes.delete,
      async (call) => {
        const written = await deleteWebhook(database, call.actor, call.params.id!, contextOf(call));
        return { status: 204, headers: headersOf(written) };
      },
    ],
    [
      webhookRoutes.rotateSecret,
      async (call) => {
        const written = await rotateSecret(database, outside, call.actor, call.params.id!, contextOf(call));
        return json(200, written.subject, { ...headersOf(written), ...UNKEPT });
      },
    ],
    [
      webhookRoutes.deliveries,
      async ({ actor, params, query }) => {
        const { id } = await readWebhook(database, actor, params.id!);
        const failed = trueOrFalse(query, 'failed') ?? false;
        const path = `/api/webhooks/${id}/deliveries`;
        const scope = ['deliveries', actor.workspace.id, id, failed];
        const read = (before: string | undefined, limit: number) =>
          listDeliveries(database, actor, id, failed, before, limit);
        return json(200, await pageOf(query, DELIVERIES_LIMIT, path, scope, isUuid, read, (one) => one.id));
      },
    ],
    [
      webhookRoutes.replay,
      async (call) => {
        const written = await replayWebhook(database, call.actor, call.params.id!, call.body, contextOf(call));
        return json(200, written.subject, headersOf(written));
      },
    ],
    [
      webhookRoutes.test,
      async ({ actor, params }) => json(200, await testWebhook(database, outside, actor, params.id!)),
    ],
  ];
}

/** What is told once is not to lie in a browser's cache. */
const UNKEPT = { 'cache-control': 'no-store' };

// Views over HTTP.
import { viewRoutes } from '#contract/views.ts';
import type { Database } from '../database.ts';
import type { Call, Reply, RouteTable } from '../http.ts';
import { readIdempotency } from '../idempotency/idempotency.ts';
import { createView, deleteView, listViews, updateView } from './views.ts';

export function viewTable(database: Database): RouteTable {
  return [
    [viewRoutes.list, async ({ actor }) => json(200, { results: await listViews(database, actor) })],
    [
      viewRoutes.create,
      async (call) => {
        const written = await createView(database, call.actor, call.body, contextOf(call));
        return json(201, written.subject, headersOf(written));
      },
    ],
    [
      viewRoutes.update,
      async (call) => {
        const written = await updateView(database, call.actor, call.params.id!, call.body, contextOf(call));
        return json(200, written.subject, headersOf(written));
      },
    ],
    [
      viewRoutes.delete,
      async (call) => {
        const written = await deleteView(database, call.actor, call.params.id!, contextOf(call));
        return { status: 204, headers: headersOf(written) };
      },
    ],
  ];
}

const json = (status: number, body: object, headers: Record<string, string> = {}): Reply => ({
  status,
  body: JSON.stringify(body),
  headers,
});

const contextOf = (call: Call) => ({ request_id: call.request_id, idempotency: readIdempotency(call) });

function headersOf({ position, replayed }: { position: number; replayed: boolean }): Record<string, string> {
  return { 'clientele-position': String(position), ...(replayed ? { 'idempotency-replayed': 'true' } : {}) };
}

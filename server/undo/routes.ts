// Undo over HTTP.
import { undoRoutes } from '#contract/causes.ts';
import type { Database } from '../database.ts';
import type { RouteTable } from '../http.ts';
import { readIdempotency } from '../idempotency/idempotency.ts';
import { notFound } from '../problem.ts';
import { undoCause, undoChange } from './undo.ts';

export function undoTable(database: Database): RouteTable {
  return [
    [
      undoRoutes.cause,
      async (call) => {
        const { actor, params, request_id } = call;
        const cause = await undoCause(database, actor, params.id!, { request_id, idempotency: readIdempotency(call) });
        return { status: 202, headers: { location: `/api/causes/${cause.id}` }, body: JSON.stringify(cause) };
      },
    ],
    [
      undoRoutes.event,
      async (call) => {
        const { actor, params, request_id } = call;
        const position = /^[1-9]\d{0,15}$/.test(params.position!) ? Number(params.position) : undefined;
        if (position === undefined) throw notFound();
        const context = { request_id, idempotency: readIdempotency(call) };
        const { position: at, replayed, ...undone } = await undoChange(database, actor, position, context);
        const headers = { 'clientele-position': String(at), ...(replayed ? { 'idempotency-replayed': 'true' } : {}) };
        return { status: 200, headers, body: JSON.stringify(undone) };
      },
    ],
  ];
}

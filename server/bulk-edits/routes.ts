// Bulk edits over HTTP.
import { bulkEditRoutes } from '#contract/bulk-edits.ts';
import type { Database } from '../database.ts';
import type { RouteTable } from '../http.ts';
import { readIdempotency } from '../idempotency/idempotency.ts';
import { fileBulkEdit } from './bulk-edits.ts';

export function bulkEditTable(database: Database): RouteTable {
  return [
    [
      bulkEditRoutes.create,
      async (call) => {
        const context = { request_id: call.request_id, idempotency: readIdempotency(call) };
        const filed = await fileBulkEdit(database, call.actor, call.body, context);
        if ('total' in filed) return { status: 200, body: JSON.stringify(filed) };
        const { cause } = filed;
        return { status: 202, headers: { location: `/api/causes/${cause.id}` }, body: JSON.stringify(cause) };
      },
    ],
  ];
}

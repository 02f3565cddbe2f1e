// The export route: what it answers with.
import { EXPORT_TYPES, exportRoutes } from '#contract/exports.ts';
import type { Database } from '../database.ts';
import type { RouteTable } from '../http.ts';
import { exportCustomers, readExportQuery } from './exports.ts';

export function exportTable(database: Database): RouteTable {
  return [
    [
      exportRoutes.customers,
      async ({ actor, query }) => {
        const workspace_id = actor.workspace.id;
        const request = readExportQuery(workspace_id, query);
        const { format } = request;
        const name = `customers-${new Date().toISOString().slice(0, 10)}.${format}`;
        return {
          status: 200,
          body: await exportCustomers(database, workspace_id, request),
          type: EXPORT_TYPES[format],
          headers: { 'content-disposition': `attachment; filename="${name}"` },
        };
      },
    ],
  ];
}

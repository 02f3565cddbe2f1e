// Imports over HTTP.
import { IMPORT_LIMIT, importRoutes } from '#contract/imports.ts';
import type { Database } from '../database.ts';
import type { Call, Reply, RouteTable } from '../http.ts';
import { readIdempotency } from '../idempotency/idempotency.ts';
import { pageOf } from '../page.ts';
import { isUuid } from '../uuid.ts';
import { readFrom } from './folder.ts';
import {
  cancelImport,
  changeImport,
  getImport,
  type ImportFolder,
  listImports,
  receiveImport,
  rejectedOf,
  runImport,
  undoImport,
} from './imports.ts';
import { readSettings, readUploadQuery } from './settings.ts';
import { uploadOf } from './upload.ts';

const SIGNS_MS = 500;

export function importTable(database: Database, folder: ImportFolder): RouteTable {
  const json = (body: object, status = 200, headers: Record<string, string> = {}): Reply => ({
    status,
    headers,
    body: JSON.stringify(body),
  });
  const contextOf = (call: Call) => ({ request_id: call.request_id, idempotency: readIdempotency(call) });
  return [
    [
      importRoutes.create,
      async (call) => {
        const query = readUploadQuery(call.query);
        // The body is part of what a key stands for once it is there.
        const context = contextOf({ ...call, body: null });
        const { source, filename } = await uploadOf(call);
        const settings = { ...query, filename: query.filename ?? filename ?? 'import.csv' };
        const made = await receiveImport(database, call.actor, folder, source, settings, context);
        return json(made, 201, { location: `/api/imports/${made.id}` });
      },
    ],
    [
      importRoutes.list,
      async ({ actor, query }) => {
        const read = (before: string | undefined, limit: number) => listImports(database, actor, limit, before);
        const scope = [actor.workspace.id, 'imports'];
        return json(await pageOf(query, IMPORT_LIMIT, '/api/imports', scope, isUuid, read, ({ id }) => id));
      },
    ],
    [importRoutes.get, async ({ actor, params }) => json(await getImport(database, actor, params.id!))],
    [
      importRoutes.update,
      async ({ actor, params, body }) =>
        json(await changeImport(database, actor, folder, params.id!, readSettings(body))),
    ],
    [
      importRoutes.run,
      async (call) => json(await runImport(database, call.actor, call.params.id!, readIdempotency(call)), 202),
    ],
    [importRoutes.cancel, async ({ actor, params }) => json(await cancelImport(database, actor, folder, params.id!))],
    [
      importRoutes.undo,
      async (call) => {
        const undo = await undoImport(database, call.actor, call.params.id!, contextOf(call));
        return json(undo, 202, { location: `/api/causes/${undo.id}` });
      },
    ],
    [
      importRoutes.rejected,
      async ({ actor, params }) => {
        const { path, filename } = await rejectedOf(database, actor, folder, params.id!);
        return {
          status: 200,
          type: 'text/csv; charset=utf-8',
          headers: { 'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(filename)}` },
          body: readFrom(path),
        };
      },
    ],
    [
      importRoutes.events,
      async ({ actor, params }) => {
        await getImport(database, actor, params.id!);
        return { status: 200, type: 'text/event-stream', body: watch(params.id!) };

        /** The import each time that it has changed, until it has ended. An empty part finds out whether anybody is there. */
        async function* watch(id: string): AsyncGenerator<string> {
          for (let last = ''; ; ) {
            const now = await getImport(database, actor, id);
            const text = JSON.stringify(now);
            yield text === last ? '' : `data: ${text}\n\n`;
            last = text;
            if (now.state !== 'checking' && now.state !== 'running') return;
            await new Promise((resolve) => setTimeout(resolve, SIGNS_MS));
          }
        }
      },
    ],
  ];
}

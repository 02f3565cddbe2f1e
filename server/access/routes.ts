// Workspaces and keys over HTTP.
import { accessRoutes, type Workspace } from '#contract/access.ts';
import type { Database } from '../database.ts';
import type { Call, Reply, RouteTable } from '../http.ts';
import { readIdempotency } from '../idempotency/idempotency.ts';
import { createKey, listKeys, readWorkspace, revokeKey, updateWorkspace, type WriteContext } from './access.ts';

export function accessTable(database: Database): RouteTable {
  return [
    [
      accessRoutes.workspaces,
      async ({ actor }) => json(200, { results: [shown(await readWorkspace(database, actor))] }),
    ],
    [
      accessRoutes.updateWorkspace,
      async (call) => {
        const written = await updateWorkspace(database, call.actor, call.params.slug!, call.body, contextOf(call));
        return json(200, shown(written.subject), headersOf(written));
      },
    ],
    [accessRoutes.keys, async ({ actor }) => json(200, { results: await listKeys(database, actor) })],
    [
      accessRoutes.createKey,
      async (call) => {
        const written = await createKey(database, call.actor, call.body, contextOf(call));
        return json(201, written.subject, headersOf(written));
      },
    ],
    [
      accessRoutes.revokeKey,
      async (call) => {
        const written = await revokeKey(database, call.actor, call.params.id!, contextOf(call));
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

function headersOf({ position, replayed }: { position: number; replayed: boolean }): Record<string, string> {
  return { 'clientele-position': String(position), ...(replayed ? { 'idempotency-replayed': 'true' } : {}) };
}

const shown = ({ slug, name, region, created_at }: Workspace) => ({ slug, name, region, created_at });

const contextOf = (call: Call): WriteContext => ({ request_id: call.request_id, idempotency: readIdempotency(call) });

// Workspaces and keys over HTTP.
import { accessRoutes, type Workspace } from '#contract/access.ts';
import type { Database } from '../database.ts';
import type { RouteTable } from '../http.ts';
import { createKey, listKeys, revokeKey } from './keys.ts';
import { contextOf, headersOf, json } from './replying.ts';
import { readWorkspace, updateWorkspace } from './workspaces.ts';

export function accessTable(database: Database): RouteTable {
  return [
    [
      accessRoutes.workspaces,
      async ({ actor, person }) => {
        const open = person?.workspaces.map(({ workspace }) => workspace) ?? [await readWorkspace(database, actor)];
        return json(200, { results: open.map(shown) });
      },
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

const shown = ({ slug, name, region, created_at }: Workspace) => ({ slug, name, region, created_at });

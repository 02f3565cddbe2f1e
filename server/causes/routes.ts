// Causes over HTTP.
import { CAUSE_LIMIT, causeRoutes } from '#contract/causes.ts';
import type { Database } from '../database.ts';
import type { Reply, RouteTable } from '../http.ts';
import { pageOf } from '../page.ts';
import { isUuid } from '../uuid.ts';
import { cancelCause, getCause, listCauses, listKept } from './causes.ts';

export function causeTable(database: Database): RouteTable {
  const json = (body: object): Reply => ({ status: 200, body: JSON.stringify(body) });
  return [
    [
      causeRoutes.list,
      async ({ actor, query }) => {
        const read = (before: string | undefined, limit: number) => listCauses(database, actor, limit, before);
        return json(
          await pageOf(query, CAUSE_LIMIT, '/api/causes', [actor.workspace.id, 'causes'], isUuid, read, ({ id }) => id),
        );
      },
    ],
    [causeRoutes.get, async ({ actor, params }) => json(await getCause(database, actor, params.id!))],
    [
      causeRoutes.kept,
      async ({ actor, params, query }) => {
        const id = params.id!;
        const read = (before: string | undefined, limit: number) =>
          listKept(database, actor, id, before === undefined ? Number.MAX_SAFE_INTEGER : Number(before), limit);
        const scope = [actor.workspace.id, id];
        return json(
          await pageOf(query, CAUSE_LIMIT, `/api/causes/${id}/kept`, scope, isPosition, read, ({ position }) =>
            String(position),
          ),
        );
      },
    ],
    [causeRoutes.cancel, async ({ actor, params }) => json(await cancelCause(database, actor, params.id!))],
  ];
}

const isPosition = (text: string) => /^[1-9]\d{0,15}$/.test(text);

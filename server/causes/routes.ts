// Causes over HTTP.
import { CAUSE_LIMIT, causeRoutes } from '#contract/causes.ts';
import type { Database } from '../database.ts';
import type { Call, Reply, RouteTable } from '../http.ts';
import { cursorScope, pathWithCursor, readCursor, writeCursor } from '../page.ts';
import { wholeNumber } from '../query.ts';
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
          await page(query, '/api/causes', cursorScope([actor.workspace.id, 'causes']), isUuid, read, ({ id }) => id),
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
        const scope = cursorScope([actor.workspace.id, id]);
        return json(
          await page(query, `/api/causes/${id}/kept`, scope, isPosition, read, ({ position }) => String(position)),
        );
      },
    ],
    [causeRoutes.cancel, async ({ actor, params }) => json(await cancelCause(database, actor, params.id!))],
  ];
}

const isPosition = (text: string) => /^[1-9]\d{0,15}$/.test(text);

/** A page of what is read newest first; `placeOf` tells where an entry lies. */
async function page<Item>(
  query: Call['query'],
  path: string,
  scope: string,
  check: (place: string) => boolean,
  read: (before: string | undefined, limit: number) => Promise<Item[]>,
  placeOf: (item: Item) => string,
): Promise<{ results: Item[]; next: string | null }> {
  const limit = wholeNumber(query, 'limit', CAUSE_LIMIT);
  const cursor = readCursor(query.cursor, scope, [check]);
  const results = await read(cursor?.values[0], limit + 1);
  const more = results.length > limit;
  if (more) results.pop();
  const last = results.at(-1);
  const values = more && last ? [placeOf(last)] : undefined;
  return {
    results,
    next: values ? pathWithCursor(path, query, writeCursor(scope, { direction: 'after', values })) : null,
  };
}

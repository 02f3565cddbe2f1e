// Erasures that a backup does not know of: after it is restored, they are done again before anybody is served.
import { listWorkspaces } from '../access/access.ts';
import { suppress } from '../customers/customers.ts';
import type { Database } from '../database.ts';
import { inTransaction } from '../transaction.ts';
import { eraseGroup } from './erasing.ts';
import type { NotedErasure } from './erasure-file.ts';

const AT_ONCE = 100;
const RESTORE = { type: 'system', id: null, name: 'restore' } as const;

/** Erases whom a database has of those who were erased, and keeps all of them away; gives how many it had. */
export async function applyErasures(database: Database, erasures: NotedErasure[]): Promise<number> {
  let erased = 0;
  for (const workspace of await listWorkspaces(database)) {
    const noted = erasures.filter((erasure) => erasure.workspace === workspace.slug);
    for (let at = 0; at < noted.length; at += AT_ONCE) {
      const some = noted.slice(at, at + AT_ONCE);
      const ids = [...new Set(some.map(({ customer_id }) => customer_id))];
      const outcome = await eraseGroup(
        database,
        { erasures: undefined, imports: undefined },
        { workspace, ids, suppress: false, actor: RESTORE, request_id: null },
      );
      if ('decisions' in outcome) erased += outcome.decisions.filter((decision) => 'erased' in decision).length;
      const hashes = some.flatMap(({ hashes, key_ids }) => hashes.map((hash) => ({ hash, key_id: key_ids[0]! })));
      if (hashes.length > 0) await inTransaction(database, [suppress(workspace.id, hashes)]);
    }
  }
  return erased;
}

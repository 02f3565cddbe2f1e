// What changes would come to, without making them.
import type { Database } from '../database.ts';
import { Problem } from '../problem.ts';
import type { Change } from './change.ts';
import { FIND_ANY_SUPPRESSION } from './erase-store.ts';
import { patiently } from './patience.ts';
import { presentOf } from './present.ts';
import { foundBy, readsFor } from './reads.ts';
import { type Settled, settle } from './settle.ts';

/**
 * What each change would come to at this moment, were it the only one, or why it would be refused. Writes nothing,
 * takes nobody's turn, and waits where the workspace asks for much already.
 */
export async function foresee(
  database: Database,
  workspace_id: number,
  changes: Change[],
): Promise<(Settled['type'] | Problem)[]> {
  // Most workspaces suppress nobody: then nothing need be hashed.
  const [anybody] = await database.read(FIND_ANY_SUPPRESSION, [workspace_id]);
  const reads = readsFor(
    anybody ? database.suppression_key : null,
    workspace_id,
    changes.map((change) => ({ change })),
  );
  const found = await Promise.all(reads.map(({ ask }) => patiently(() => database.walk(...ask))));
  const present = presentOf(foundBy(reads, found));
  const now = new Date().toISOString().replace('Z', '000Z');
  return changes.map((change) => {
    try {
      return settle(present, change, now, 0).type;
    } catch (error) {
      if (error instanceof Problem) return error;
      throw error;
    }
  });
}

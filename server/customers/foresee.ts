// What changes would come to, without making them.
import type { Database } from '../database.ts';
import { Problem } from '../problem.ts';
import type { Change } from './change.ts';
import { FIND_ANY_SUPPRESSION } from './erase-store.ts';
import { presentOf } from './present.ts';
import { foundBy, readsFor } from './reads.ts';
import { type Settled, settle } from './settle.ts';

/**
 * What each change would come to at this moment, were it the only one, or why it would be refused. Writes nothing and
 * takes nobody's turn.
 */
export async function foresee(
  database: Database,
  workspace_id: number,
  changes: Change[],
): Promise<(Settled['type'] | Problem)[]> {
  // Most workspaces suppress nobody: then nothing need be hashed.
  const [anybody] = await database.walk(FIND_ANY_SUPPRESSION, [workspace_id]);
  const reads = readsFor(
    anybody ? database.suppression_key : null,
    workspace_id,
    changes.map((change) => ({ change })),
  );
  const found = await Promise.all(reads.map(({ ask }) => database.walk(...ask)));
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

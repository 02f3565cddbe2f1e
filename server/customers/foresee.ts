// What changes would come to, without making them.
import type { Database } from '../database.ts';
import { Problem } from '../problem.ts';
import type { Change } from './change.ts';
import { FIND_ANY_SUPPRESSION } from './erase-store.ts';
import { patiently } from './patience.ts';
import { type Present, presentOf, UNIQUE } from './present.ts';
import { foundBy, readsFor } from './reads.ts';
import { type Settled, settle } from './settle.ts';
import { FIND_HOLDERS } from './store.ts';
import { askedOf, type UniqueValue } from './suppression.ts';

/** A change that enters fields of a customer. */
type Entered = Extract<Change, { input: unknown }>;

/**
 * What each change would come to at this moment, were it the only one, or why it would be refused. Writes nothing,
 * takes nobody's turn, and waits where the workspace asks for much already.
 */
export async function foresee(
  database: Database,
  workspace_id: number,
  changes: Entered[],
): Promise<(Settled['type'] | Problem)[]> {
  const reads = readsFor(
    null,
    workspace_id,
    changes.map((change) => ({ change })),
  );
  const found = await Promise.all(reads.map(({ ask }) => patiently(() => database.walk(...ask))));
  const present = presentOf(foundBy(reads, found));
  await noteSuppressed(database, workspace_id, changes, present);
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

/** What nobody has may be suppressed. Most workspaces suppress nothing: there nothing need be hashed. */
async function noteSuppressed(
  database: Database,
  workspace_id: number,
  changes: Entered[],
  { holders, suppressed }: Present,
): Promise<void> {
  const free: UniqueValue[] = [];
  for (const { input } of changes)
    for (const { field } of UNIQUE) {
      const value = input.fields[field];
      if (typeof value === 'string' && !holders[field].has(value)) free.push([field, value]);
    }
  if (free.length === 0) return;
  const [any] = await database.read(FIND_ANY_SUPPRESSION, [workspace_id]);
  if (!any) return;
  const asked = [workspace_id, [], [], ...askedOf(database.suppression_key, workspace_id, free)];
  for (const [field, value] of await patiently(() => database.walk(FIND_HOLDERS, asked)))
    suppressed[field as UniqueValue[0]].add(value);
}

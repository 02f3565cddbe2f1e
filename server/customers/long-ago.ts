// Customers whom nobody has touched for long.
import type { Database } from '../database.ts';
import { FIND_DELETED_LONG_AGO, FIND_INACTIVE_LONG_AGO } from './erase-store.ts';

/** The ids of up to `limit` customers who were deleted, or have been inactive without a change, for more than some days, the longest first. */
export async function findLongAgo(
  database: Database,
  workspace_id: number,
  of: 'deleted' | 'inactive',
  days: number,
  limit: number,
): Promise<string[]> {
  const statement = of === 'deleted' ? FIND_DELETED_LONG_AGO : FIND_INACTIVE_LONG_AGO;
  return (await database.read(statement, [workspace_id, limit, days])).map(([id]) => id);
}

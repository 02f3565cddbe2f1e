// How far each log has been published, and by whom.
import { rfc3339, type Statement } from '../database.ts';

/** Whoever is at it gives a sign of life within this time, or another takes over. */
const TAKEN = `interval '10 seconds'`;

/** Workspaces of which something is to be published and that nobody is at. */
export const FIND_UNPUBLISHED: Statement = {
  name: 'find_unpublished',
  text: `SELECT workspaces.id, workspaces.slug, workspaces.name, workspaces.region, ${rfc3339('workspaces.created_at')}
    FROM workspaces WHERE (SELECT position FROM ledgers WHERE workspace_id = workspaces.id) > coalesce(
      (SELECT CASE WHEN taken_until > clock_timestamp() THEN ${2 ** 53} ELSE position END
        FROM publications WHERE workspace_id = workspaces.id), 0)`,
};

/** Takes a workspace for $2, where nobody has it; gives the position up to which it has been published. */
export const TAKE_PUBLICATION: Statement = {
  name: 'take_publication',
  text: `INSERT INTO publications (workspace_id, position, taken_by, taken_until)
    VALUES ($1, 0, $2, clock_timestamp() + ${TAKEN})
    ON CONFLICT (workspace_id) DO UPDATE SET taken_by = $2, taken_until = clock_timestamp() + ${TAKEN}
      WHERE publications.taken_until IS NULL OR publications.taken_until < clock_timestamp()
    RETURNING position`,
};

/** Notes how far $2 has come ($3), who has it for longer; gives a row unless another has it by now. */
export const KEEP_PUBLICATION: Statement = {
  name: 'keep_publication',
  text: `UPDATE publications SET position = $3, taken_until = clock_timestamp() + ${TAKEN}
    WHERE workspace_id = $1 AND taken_by = $2 RETURNING 1`,
};

/** Whoever comes next may have it, in $3 seconds. */
export const LEAVE_PUBLICATION: Statement = {
  name: 'leave_publication',
  text: `UPDATE publications SET taken_by = NULL, taken_until = clock_timestamp() + make_interval(secs => $3)
    WHERE workspace_id = $1 AND taken_by = $2`,
};

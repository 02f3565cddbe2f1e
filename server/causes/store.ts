// The SQL of causes.
import { rfc3339, type Statement } from '../database.ts';

export const RECORD_CAUSE: Statement = {
  name: 'record_cause',
  text: `INSERT INTO causes (workspace_id, id, kind, actor, at, state, undoes, details, progress, runs_at, finished_at)
    VALUES ($1, $2, $3, $4, clock_timestamp(), $5, $6, $7, $8, $9, CASE WHEN $5 = 'done' THEN clock_timestamp() END)`,
};

/** The columns of a cause, as `causeOf` takes them. */
export const CAUSE_COLUMNS = `causes.id, causes.kind, causes.state, causes.actor, ${rfc3339('causes.at')}, ${rfc3339('causes.finished_at')},
  causes.details, causes.progress, causes.failure, causes.undoes,
  (SELECT later.id FROM causes AS later WHERE later.workspace_id = $1 AND later.undoes = causes.id ORDER BY later.id DESC LIMIT 1) AS undone_by`;

export const GET_CAUSE: Statement = {
  name: 'get_cause',
  text: `SELECT ${CAUSE_COLUMNS} FROM causes WHERE workspace_id = $1 AND id = $2`,
};

/** Up to $3 causes before the one with the id $2. */
export const LIST_CAUSES: Statement = {
  name: 'list_causes',
  text: `SELECT ${CAUSE_COLUMNS} FROM causes WHERE workspace_id = $1 AND causes.id < $2 ORDER BY causes.id DESC LIMIT $3`,
};

export const CANCEL_CAUSE: Statement = {
  name: 'cancel_cause',
  text: `UPDATE causes SET state = 'cancelled', finished_at = clock_timestamp(), taken_until = NULL
    WHERE workspace_id = $1 AND id = $2 AND state IN ('running', 'ready')`,
};

/** Up to $4 of what the undo $2 kept, before the position $3. */
export const LIST_KEPT: Statement = {
  name: 'list_kept',
  text: `SELECT position, customer_id, fields FROM kept_changes
    WHERE workspace_id = $1 AND cause_id = $2 AND position < $3 ORDER BY position DESC LIMIT $4`,
};

/** $2 the undo, $3 what it keeps, as JSON. */
export const KEEP_CHANGES: Statement = {
  name: 'keep_changes',
  text: `INSERT INTO kept_changes (workspace_id, cause_id, position, customer_id, fields)
    SELECT $1, $2, position, customer_id, fields
    FROM json_to_recordset($3) AS kept (position bigint, customer_id uuid, fields json)`,
};

/** How long work is its worker's after a sign of life. */
const TAKEN = `interval '10 seconds'`;

// ---- Work -----------------------------------------------------------------------------------------------------------

/** Workspaces in which work waits for somebody to take it who has the folder $1. */
export const FIND_WORKSPACES_WITH_WORK: Statement = {
  name: 'find_workspaces_with_work',
  text: `SELECT workspaces.id, workspaces.slug, workspaces.name, workspaces.region, ${rfc3339('workspaces.created_at')}
    FROM workspaces WHERE EXISTS (SELECT 1 FROM causes WHERE workspace_id = workspaces.id AND state = 'running'
      AND (taken_until IS NULL OR taken_until < clock_timestamp()) AND (runs_at IS NULL OR runs_at = $1))`,
};

/** Takes the work of a workspace that has waited longest, for somebody ($3) who has the folder $2. */
export const TAKE_WORK: Statement = {
  name: 'take_work',
  text: `UPDATE causes SET taken_by = $3, taken_until = clock_timestamp() + ${TAKEN}
    WHERE workspace_id = $1 AND id = (SELECT id FROM causes WHERE workspace_id = $1 AND state = 'running'
      AND (taken_until IS NULL OR taken_until < clock_timestamp()) AND (runs_at IS NULL OR runs_at = $2) AND ($4::uuid IS NULL OR id = $4)
      ORDER BY taken_until NULLS FIRST, id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, kind, actor, details, progress, place, ${rfc3339('at')}`,
};

/** Whether the work $2 is still whose mark is $3, and to be gone on with. */
export const CHECK_WORK: Statement = {
  name: 'check_work',
  text: `SELECT 1 FROM causes WHERE workspace_id = $1 AND id = $2 AND taken_by = $3 AND state = 'running'`,
};

/** $3 the progress, $4 the place to go on from, $5 whether it is done. */
export const MOVE_WORK: Statement = {
  name: 'move_work',
  text: `UPDATE causes SET progress = $3, place = $4, taken_until = CASE WHEN $5 THEN NULL ELSE clock_timestamp() + ${TAKEN} END,
      state = CASE WHEN $5 AND state = 'running' THEN 'done' ELSE state END,
      finished_at = CASE WHEN $5 AND state = 'running' THEN clock_timestamp() ELSE finished_at END
    WHERE workspace_id = $1 AND id = $2`,
};

/** Gives the work $2 back, if it is still whose mark is $3: it may be taken again after $4 seconds. */
export const LEAVE_WORK: Statement = {
  name: 'leave_work',
  text: `UPDATE causes SET taken_by = NULL, taken_until = clock_timestamp() + $4 * interval '1 second'
    WHERE workspace_id = $1 AND id = $2 AND taken_by = $3 AND state = 'running'`,
};

/** Whoever's mark is $3 is at work. */
export const SIGN_OF_LIFE: Statement = {
  name: 'sign_of_life',
  text: `UPDATE causes SET progress = $4, taken_until = clock_timestamp() + ${TAKEN}
    WHERE workspace_id = $1 AND id = $2 AND taken_by = $3 AND state = 'running' RETURNING 1`,
};

export const READY_WORK: Statement = {
  name: 'ready_work',
  text: `UPDATE causes SET state = 'ready', progress = $4, place = NULL, taken_by = NULL, taken_until = NULL
    WHERE workspace_id = $1 AND id = $2 AND taken_by = $3 AND state = 'running' RETURNING 1`,
};

/** $3 the states from which it goes on, $4 its progress, $5 its place, $6 whether it is `running` then, or `ready` to. */
export const RESUME_WORK: Statement = {
  name: 'resume_work',
  text: `UPDATE causes SET state = $6, progress = $4, place = $5, taken_by = NULL, taken_until = NULL
    WHERE workspace_id = $1 AND id = $2 AND state = ANY ($3::text[]) RETURNING 1`,
};

export const FAIL_WORK: Statement = {
  name: 'fail_work',
  text: `UPDATE causes SET state = 'failed', failure = $3, finished_at = clock_timestamp(), taken_until = NULL
    WHERE workspace_id = $1 AND id = $2 AND state = 'running' AND taken_by = $4`,
};

// The SQL of bulk edits.
import type { Statement } from '../database.ts';

/** Ids to a row of targets. A transaction takes as many rows as its pace allows. */
export const TARGETS_PER_ROW = 100;

/** Sets down who matches now: the parameters are the cause. */
export const recordMatching = (matching: string, parameter: () => string) =>
  `INSERT INTO bulk_edit_targets (workspace_id, cause_id, number, ids)
    SELECT $1, ${parameter()}::uuid, number / ${TARGETS_PER_ROW}, array_agg(id ORDER BY id)
    FROM (SELECT id, row_number() OVER (ORDER BY id) - 1 AS number FROM ${matching}) AS numbered GROUP BY 3`;

/** The same of those with the ids $3 who are there, each once. */
export const RECORD_NAMED: Statement = {
  name: 'record_named',
  text: `INSERT INTO bulk_edit_targets (workspace_id, cause_id, number, ids)
    SELECT $1, $2::uuid, number / ${TARGETS_PER_ROW}, array_agg(id ORDER BY id)
    FROM (SELECT id, row_number() OVER (ORDER BY id) - 1 AS number FROM customers
      WHERE workspace_id = $1 AND id = ANY ($3::uuid[]) AND deleted_at IS NULL) AS numbered GROUP BY 3`,
};

export const countMatching = (matching: string) => `SELECT count(*) FROM ${matching}`;

export const COUNT_NAMED: Statement = {
  name: 'count_named',
  text: 'SELECT count(*) FROM customers WHERE workspace_id = $1 AND id = ANY ($2::uuid[]) AND deleted_at IS NULL',
};

/** How many were set down for the cause $2. */
export const COUNT_TARGETS: Statement = {
  name: 'count_targets',
  text: 'SELECT coalesce(sum(cardinality(ids)), 0)::bigint FROM bulk_edit_targets WHERE workspace_id = $1 AND cause_id = $2',
};

/** $4 rows from the one with the number $3 on. */
export const READ_TARGETS: Statement = {
  name: 'read_targets',
  text: `SELECT array_to_string(ids, ' ') FROM bulk_edit_targets
    WHERE workspace_id = $1 AND cause_id = $2 AND number >= $3 ORDER BY number LIMIT $4`,
};

export const FORGET_TARGETS: Statement = {
  name: 'forget_targets',
  text: 'DELETE FROM bulk_edit_targets WHERE workspace_id = $1 AND cause_id = $2',
};

/** Counting and setting down a million takes seconds. */
export const ALLOW_TIME: Statement = { name: 'allow_time', text: `SET LOCAL statement_timeout = '60s'` };

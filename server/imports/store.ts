// The SQL of imports.
import { CAUSE_COLUMNS } from '../causes/causes.ts';
import { rfc3339, type Statement } from '../database.ts';

export const RECORD_IMPORT: Statement = {
  name: 'record_import',
  text: `INSERT INTO imports (workspace_id, id, filename, bytes, file_format, file_columns, match_field, sample)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
};

// With its cause, so that both are of one moment.
const COLUMNS = `filename, bytes, file_format, file_columns, match_field, sample, found, ${rfc3339('run_at')}, ${CAUSE_COLUMNS}`;
const WITH_CAUSE =
  'imports JOIN causes ON causes.workspace_id = $1 AND causes.id = imports.id WHERE imports.workspace_id = $1';

export const GET_IMPORT: Statement = {
  name: 'get_import',
  text: `SELECT ${COLUMNS} FROM ${WITH_CAUSE} AND imports.id = $2`,
};

/** Up to $3 imports before the one with the id $2. */
export const LIST_IMPORTS: Statement = {
  name: 'list_imports',
  text: `SELECT ${COLUMNS} FROM ${WITH_CAUSE} AND imports.id < $2 ORDER BY imports.id DESC LIMIT $3`,
};

/** Whether the import $2 was not run yet, and its file is looked through ($3) or is not. */
export const CHECK_NOT_RUN: Statement = {
  name: 'check_not_run',
  text: 'SELECT 1 FROM imports WHERE workspace_id = $1 AND id = $2 AND run_at IS NULL AND (found IS NOT NULL OR NOT $3)',
};

/** Has the file of $2 read in another way, unless it was run; what was found by the former one is void. */
export const CHANGE_IMPORT: Statement = {
  name: 'change_import',
  text: `UPDATE imports SET file_format = $3, file_columns = $4, match_field = $5, sample = $6, found = NULL
    WHERE workspace_id = $1 AND id = $2 AND run_at IS NULL`,
};

/** What was found in the file of $2 as it is read by $4 to $6; void where it is to be read in another way by now. */
export const RECORD_FOUND: Statement = {
  name: 'record_found',
  text: `UPDATE imports SET found = $3 WHERE workspace_id = $1 AND id = $2
    AND file_format::text = $4 AND file_columns::text = $5 AND match_field = $6`,
};

export const RECORD_RUN: Statement = {
  name: 'record_run',
  text: 'UPDATE imports SET run_at = clock_timestamp() WHERE workspace_id = $1 AND id = $2 AND found IS NOT NULL',
};

/** Takes the first rows out of imports from $3 on in which one of the patterns $2 is found. */
export const FORGET_SAMPLES: Statement = {
  name: 'forget_samples',
  text: `UPDATE imports SET sample = '[]' WHERE workspace_id = $1 AND id >= $3 AND lower(sample::text) LIKE ANY ($2::text[])`,
};

/** Takes the first rows out of the import $2, which has ended. */
export const FORGET_SAMPLE: Statement = {
  name: 'forget_sample',
  text: `UPDATE imports SET sample = '[]' WHERE workspace_id = $1 AND id = $2`,
};

/** Takes the first rows out of imports from $2 on and before $3, whatever became of them. */
export const FORGET_OLD_SAMPLES: Statement = {
  name: 'forget_old_samples',
  text: `UPDATE imports SET sample = '[]' WHERE workspace_id = $1 AND id >= $2 AND id < $3 AND sample::text <> '[]'`,
};

// The SQL of views.
import { rfc3339, type Statement } from '../database.ts';

const VIEW = `id, owner, made_by, name, query, shared, ${rfc3339('created_at')}, ${rfc3339('updated_at')}`;

/** Those of the owner $2, and the shared ones of others. */
export const LIST_VIEWS: Statement = {
  name: 'list_views',
  text: `SELECT ${VIEW} FROM views WHERE workspace_id = $1 AND owner = $2
    UNION ALL SELECT ${VIEW} FROM views WHERE workspace_id = $1 AND shared AND owner <> $2`,
};

export const READ_VIEW: Statement = {
  name: 'read_view',
  text: `SELECT ${VIEW} FROM views WHERE workspace_id = $1 AND id = $2`,
};

/** How many the owner $2 has, and how many are shared. */
export const COUNT_VIEWS: Statement = {
  name: 'count_views',
  text: `SELECT (SELECT count(*) FROM views WHERE workspace_id = $1 AND owner = $2),
    (SELECT count(*) FROM views WHERE workspace_id = $1 AND shared)`,
};

export const INSERT_VIEW: Statement = {
  name: 'insert_view',
  text: `INSERT INTO views (workspace_id, id, owner, made_by, name, query, shared, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)`,
};

export const UPDATE_VIEW: Statement = {
  name: 'update_view',
  text: 'UPDATE views SET name = $3, query = $4, shared = $5, updated_at = $6 WHERE workspace_id = $1 AND id = $2',
};

export const DELETE_VIEW: Statement = {
  name: 'delete_view',
  text: 'DELETE FROM views WHERE workspace_id = $1 AND id = $2',
};

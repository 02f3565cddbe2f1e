// The SQL of workspaces.
import { rfc3339, type Statement } from '../database.ts';

/** A workspace's columns, as `workspaceOf` reads them. */
export const WORKSPACE = `workspaces.id, slug, workspaces.name, region, ${rfc3339('workspaces.created_at')}`;

export const FIND_WORKSPACE: Statement = {
  name: 'find_workspace',
  text: `SELECT ${WORKSPACE} FROM workspaces WHERE slug = $1`,
};
export const READ_WORKSPACE: Statement = {
  name: 'read_workspace',
  text: `SELECT ${WORKSPACE} FROM workspaces WHERE id = $1`,
};
export const LIST_WORKSPACES: Statement = {
  name: 'list_workspaces',
  text: `SELECT ${WORKSPACE} FROM workspaces ORDER BY slug`,
};

/** A workspace and its ledger, once: nothing comes back when the slug is taken. */
export const INSERT_WORKSPACE: Statement = {
  name: 'insert_workspace',
  text: `WITH made AS (INSERT INTO workspaces (slug, name) VALUES ($1, $2) ON CONFLICT (slug) DO NOTHING RETURNING id),
    ledger AS (INSERT INTO ledgers (workspace_id) SELECT id FROM made)
    SELECT id FROM made`,
};

export const UPDATE_WORKSPACE: Statement = {
  name: 'update_workspace',
  text: 'UPDATE workspaces SET name = $2, region = $3 WHERE id = $1',
};

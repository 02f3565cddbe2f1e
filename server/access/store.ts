// The SQL of workspaces and keys.
import { rfc3339, type Statement } from '../database.ts';

const WORKSPACE = `workspaces.id, slug, workspaces.name, region, ${rfc3339('workspaces.created_at')}`;

/** A key with its workspace: what a request needs to know of its caller. */
export const FIND_KEY: Statement = {
  name: 'find_key',
  text: `SELECT encode(secret_hash, 'hex'), keys.name, role, ${WORKSPACE}
    FROM keys JOIN workspaces ON workspaces.id = keys.workspace_id
    WHERE keys.workspace_id = $1 AND keys.id = $2 AND revoked_at IS NULL`,
};

export const LIST_KEYS: Statement = {
  name: 'list_keys',
  text: `SELECT id, name, role, ${rfc3339('created_at')}, ${rfc3339('revoked_at')} FROM keys WHERE workspace_id = $1 ORDER BY id DESC`,
};

export const INSERT_KEY: Statement = {
  name: 'insert_key',
  text: `INSERT INTO keys (workspace_id, id, name, role, secret_hash, created_at) VALUES ($1, $2, $3, $4, decode($5, 'hex'), $6)`,
};

export const READ_KEY: Statement = {
  name: 'read_key',
  text: `SELECT id, name, role, ${rfc3339('created_at')}, ${rfc3339('revoked_at')} FROM keys WHERE workspace_id = $1 AND id = $2`,
};

export const REVOKE_KEY: Statement = {
  name: 'revoke_key',
  text: 'UPDATE keys SET revoked_at = $3 WHERE workspace_id = $1 AND id = $2 AND revoked_at IS NULL',
};

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

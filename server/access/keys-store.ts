// The SQL of keys.
import { rfc3339, type Statement } from '../database.ts';
import { WORKSPACE } from './workspaces-store.ts';

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

// The SQL of invitations, owner links among them, and of links that reset a password.
import { rfc3339, type Statement } from '../database.ts';
import { WORKSPACE } from './workspaces-store.ts';

// ---- Invitations ----------------------------------------------------------------------------------------------------

export const READ_INVITATION: Statement = {
  name: 'read_invitation',
  text: `SELECT encode(secret_hash, 'hex'), email, role, ${rfc3339('expires_at')}, expires_at <= now(), used_at IS NOT NULL, ${WORKSPACE}
    FROM invitations JOIN workspaces ON workspaces.id = invitations.workspace_id
    WHERE invitations.workspace_id = $1 AND invitations.id = $2`,
};

export const INSERT_INVITATION: Statement = {
  name: 'insert_invitation',
  text: `INSERT INTO invitations (workspace_id, id, secret_hash, email, role, made_by, created_at, expires_at)
    VALUES ($1, $2, decode($3, 'hex'), $4, $5, $6, $7, $8)`,
};

export const USE_INVITATION: Statement = {
  name: 'use_invitation',
  text: 'UPDATE invitations SET used_at = $3 WHERE workspace_id = $1 AND id = $2',
};

/** Once there is an owner, no other link may make one. */
export const USE_OWNER_LINKS: Statement = {
  name: 'use_owner_links',
  text: 'UPDATE invitations SET used_at = $2 WHERE workspace_id = $1 AND email IS NULL AND used_at IS NULL',
};

const INVITATION = `id, email, role, made_by, ${rfc3339('created_at')}, ${rfc3339('expires_at')}`;

/** Those that can still be accepted. */
export const LIST_INVITATIONS: Statement = {
  name: 'list_invitations',
  text: `SELECT ${INVITATION} FROM invitations
    WHERE workspace_id = $1 AND email IS NOT NULL AND used_at IS NULL AND expires_at > now() ORDER BY id DESC`,
};

export const FIND_INVITATION: Statement = {
  name: 'find_invitation',
  text: `SELECT ${INVITATION} FROM invitations
    WHERE workspace_id = $1 AND id = $2 AND email IS NOT NULL AND used_at IS NULL AND expires_at > now()`,
};

/** The one to an address. */
export const FIND_INVITATION_TO: Statement = {
  name: 'find_invitation_to',
  text: `SELECT id, role, ${rfc3339('expires_at')} FROM invitations
    WHERE workspace_id = $1 AND email = $2 AND used_at IS NULL AND expires_at > now() LIMIT 1`,
};

/** As it was made, whatever has become of it. */
export const REREAD_INVITATION: Statement = {
  name: 'reread_invitation',
  text: `SELECT ${INVITATION} FROM invitations WHERE workspace_id = $1 AND id = $2`,
};

export const DELETE_INVITATION: Statement = {
  name: 'delete_invitation',
  text: 'DELETE FROM invitations WHERE workspace_id = $1 AND id = $2',
};

export const DELETE_INVITATIONS_OF: Statement = {
  name: 'delete_invitations_of',
  text: 'DELETE FROM invitations WHERE workspace_id = $1 AND email = $2 AND used_at IS NULL',
};

/** Links are told that they are used or expired for a while after. */
export const FORGET_INVITATIONS: Statement = {
  name: 'forget_invitations',
  text: `DELETE FROM invitations WHERE workspace_id = $1 AND expires_at < now() - interval '30 days'`,
};

// ---- Password resets ------------------------------------------------------------------------------------------------

export const READ_PASSWORD_RESET: Statement = {
  name: 'read_password_reset',
  text: `SELECT encode(secret_hash, 'hex'), email, ${rfc3339('expires_at')}, expires_at <= now(), used_at IS NOT NULL
    FROM password_resets JOIN accounts ON accounts.id = account_id WHERE password_resets.id = $1`,
};

export const INSERT_PASSWORD_RESET: Statement = {
  name: 'insert_password_reset',
  text: `INSERT INTO password_resets (id, secret_hash, account_id, expires_at)
    VALUES ($1, decode($2, 'hex'), $3, now() + $4 * interval '1 second')`,
};

/** Sets the password ($2) once, ends all sessions, and leaves no other link of the account in force. */
export const RESET_PASSWORD: Statement = {
  name: 'reset_password',
  text: `WITH used AS (UPDATE password_resets SET used_at = now()
        WHERE id = $1 AND used_at IS NULL AND expires_at > now() RETURNING account_id),
      others AS (UPDATE password_resets SET used_at = now() FROM used
        WHERE password_resets.account_id = used.account_id AND id <> $1 AND used_at IS NULL),
      ended AS (DELETE FROM sessions USING used WHERE sessions.account_id = used.account_id)
    UPDATE accounts SET password_hash = $2 FROM used WHERE accounts.id = used.account_id RETURNING accounts.id`,
};

export const FORGET_PASSWORD_RESETS: Statement = {
  name: 'forget_password_resets',
  text: `DELETE FROM password_resets WHERE expires_at < now() - interval '30 days'`,
};

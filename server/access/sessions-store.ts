// The SQL of sessions.
import { rfc3339, type Statement } from '../database.ts';

/** Whose session it is, and all that they may open: what a request needs to know. Last seen long ago: it is to be noted. */
export const FIND_SESSION: Statement = {
  name: 'find_session',
  text: `SELECT sessions.id, account_id, email, accounts.name, last_seen_at < now() - interval '1 hour',
      (SELECT json_agg(json_build_array(role, workspaces.id, slug, workspaces.name, region, ${rfc3339('workspaces.created_at')}) ORDER BY slug)
        FROM workspaces JOIN members ON members.workspace_id = workspaces.id WHERE members.account_id = sessions.account_id)
    FROM sessions JOIN accounts ON accounts.id = account_id
    WHERE secret_hash = decode($1, 'hex') AND expires_at > now()`,
};

const LIFETIME = `now() + interval '30 days'`;

export const INSERT_SESSION: Statement = {
  name: 'insert_session',
  text: `INSERT INTO sessions (secret_hash, id, account_id, expires_at, user_agent, address)
    VALUES (decode($1, 'hex'), $2, $3, ${LIFETIME}, $4, $5)`,
};

export const TOUCH_SESSION: Statement = {
  name: 'touch_session',
  text: `UPDATE sessions SET last_seen_at = now(), expires_at = ${LIFETIME}
    WHERE secret_hash = decode($1, 'hex') AND expires_at > now()`,
};

export const END_SESSION: Statement = {
  name: 'end_session',
  text: `DELETE FROM sessions WHERE secret_hash = decode($1, 'hex')`,
};

export const LIST_SESSIONS: Statement = {
  name: 'list_sessions',
  text: `SELECT id, ${rfc3339('created_at')}, ${rfc3339('last_seen_at')}, ${rfc3339('expires_at')}, user_agent, address
    FROM sessions WHERE account_id = $1 AND expires_at > now()`,
};

export const REVOKE_SESSION: Statement = {
  name: 'revoke_session',
  text: 'DELETE FROM sessions WHERE account_id = $1 AND id = $2 RETURNING id',
};

/** All but $2; all where that is null. */
export const REVOKE_OTHER_SESSIONS: Statement = {
  name: 'revoke_other_sessions',
  text: 'DELETE FROM sessions WHERE account_id = $1 AND ($2::uuid IS NULL OR id <> $2)',
};

export const FORGET_SESSIONS: Statement = {
  name: 'forget_sessions',
  text: 'DELETE FROM sessions WHERE expires_at <= now()',
};

/** Whether the person with an email is signed in at an address. */
export const IS_KNOWN_ADDRESS: Statement = {
  name: 'is_known_address',
  text: `SELECT 1 FROM sessions JOIN accounts ON accounts.id = account_id
    WHERE email = $1 AND address = $2 AND expires_at > now() LIMIT 1`,
};

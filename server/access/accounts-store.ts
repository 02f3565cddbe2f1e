// The SQL of accounts.
import { rfc3339, type Statement } from '../database.ts';

export const FIND_ACCOUNT: Statement = {
  name: 'find_account',
  text: 'SELECT id, name, password_hash FROM accounts WHERE email = $1',
};

/** With what a session does not hold. */
export const READ_PASSWORD: Statement = {
  name: 'read_password',
  text: 'SELECT password_hash FROM accounts WHERE id = $1',
};

export const INSERT_ACCOUNT: Statement = {
  name: 'insert_account',
  text: 'INSERT INTO accounts (id, email, name, password_hash, created_at) VALUES ($1, $2, $3, $4, $5)',
};

export const RENAME_ACCOUNT: Statement = {
  name: 'rename_account',
  text: 'UPDATE accounts SET name = $2 WHERE id = $1',
};

/** Where the password is still the one that was compared ($3): of two changes at once one counts. */
export const CHANGE_PASSWORD: Statement = {
  name: 'change_password',
  text: 'UPDATE accounts SET password_hash = $2 WHERE id = $1 AND password_hash = $3 RETURNING id',
};

/** Everybody, with what they may open: `main (owner), acme (viewer)`. */
export const LIST_PEOPLE: Statement = {
  name: 'list_people',
  text: `SELECT id, email, name, (SELECT string_agg(slug || ' (' || role || ')', ', ' ORDER BY slug)
      FROM workspaces JOIN members ON members.workspace_id = workspaces.id WHERE members.account_id = accounts.id),
    ${rfc3339('created_at')} FROM accounts ORDER BY email`,
};

// The SQL of members.
import { rfc3339, type Statement } from '../database.ts';

const MEMBER = `accounts.id, email, accounts.name, role, ${rfc3339('members.created_at')}`;

export const LIST_MEMBERS: Statement = {
  name: 'list_members',
  text: `SELECT ${MEMBER} FROM members JOIN accounts ON accounts.id = account_id
    WHERE members.workspace_id = $1 ORDER BY accounts.name, accounts.id`,
};

export const READ_MEMBER: Statement = {
  name: 'read_member',
  text: `SELECT ${MEMBER} FROM members JOIN accounts ON accounts.id = account_id
    WHERE members.workspace_id = $1 AND account_id = $2`,
};

export const FIND_MEMBER_BY_EMAIL: Statement = {
  name: 'find_member_by_email',
  text: `SELECT ${MEMBER} FROM members JOIN accounts ON accounts.id = account_id
    WHERE members.workspace_id = $1 AND email = $2`,
};

export const COUNT_OWNERS: Statement = {
  name: 'count_owners',
  text: `SELECT count(*) FROM members WHERE workspace_id = $1 AND role = 'owner'`,
};

export const INSERT_MEMBER: Statement = {
  name: 'insert_member',
  text: 'INSERT INTO members (workspace_id, account_id, role, created_at) VALUES ($1, $2, $3, $4)',
};

export const UPDATE_MEMBER: Statement = {
  name: 'update_member',
  text: 'UPDATE members SET role = $3 WHERE workspace_id = $1 AND account_id = $2',
};

export const DELETE_MEMBER: Statement = {
  name: 'delete_member',
  text: 'DELETE FROM members WHERE workspace_id = $1 AND account_id = $2',
};

/** Whether anybody is owner of any workspace. */
export const HAS_OWNER: Statement = {
  name: 'has_owner',
  text: `SELECT EXISTS (SELECT FROM workspaces JOIN members ON members.workspace_id = workspaces.id WHERE role = 'owner')`,
};

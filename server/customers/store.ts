// The SQL that writes customers and reads one. Lists and searches stand in list-store.ts.
import { INPUT_FIELDS, inputFields } from '#contract/customers.ts';
import type { Statement } from '../database.ts';
import { type Column, rowset } from '../rowset.ts';
import { SUPPRESSED } from './erase-store.ts';
import { RECORD } from './record.ts';

export const GET_CUSTOMER: Statement = {
  name: 'get_customer',
  text: `SELECT ${RECORD} FROM customers WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL`,
};

/** The customers that a batch changes, deleted ones too. */
export const FIND_BY_ID: Statement = {
  name: 'find_by_id',
  text: `SELECT ${RECORD}, deleted_at IS NOT NULL FROM customers WHERE workspace_id = $1 AND id = ANY($2::uuid[])`,
};

export const FIND_BY_EXTERNAL_ID: Statement = {
  name: 'find_by_external_id',
  text: `SELECT ${RECORD}, false FROM customers
    WHERE workspace_id = $1 AND external_id = ANY($2::text[]) AND deleted_at IS NULL`,
};

export const FIND_BY_EMAIL: Statement = {
  name: 'find_by_email',
  text: `SELECT ${RECORD}, false FROM customers WHERE workspace_id = $1 AND email = ANY($2::text[]) AND deleted_at IS NULL`,
};

/**
 * Which of the emails ($2) and external ids ($3) that a batch asks for are held, and by whom; and which of the values $5 and
 * fields $6, by their hashes $4, are held by nobody, and suppressed.
 */
export const FIND_HOLDERS: Statement = {
  name: 'find_holders',
  text: `SELECT 'email', email, id FROM customers WHERE workspace_id = $1 AND deleted_at IS NULL AND email = ANY($2::text[])
    UNION ALL
    SELECT 'external_id', external_id, id FROM customers
    WHERE workspace_id = $1 AND deleted_at IS NULL AND external_id IS NOT NULL AND external_id = ANY($3::text[])
    UNION ALL
    ${SUPPRESSED}`,
};

/** The same for the values that deleted customers ($2) would take up again. */
export const FIND_HOLDERS_OF_DELETED: Statement = {
  name: 'find_holders_of_deleted',
  text: `SELECT 'email', holder.email, holder.id FROM customers AS deleted
    JOIN customers AS holder ON holder.workspace_id = $1 AND holder.email = deleted.email AND holder.deleted_at IS NULL
    WHERE deleted.workspace_id = $1 AND deleted.id = ANY($2::uuid[])
    UNION ALL
    SELECT 'external_id', holder.external_id, holder.id FROM customers AS deleted
    JOIN customers AS holder ON holder.workspace_id = $1 AND holder.external_id = deleted.external_id
      AND holder.external_id IS NOT NULL AND holder.deleted_at IS NULL
    WHERE deleted.workspace_id = $1 AND deleted.id = ANY($2::uuid[])`,
};

/** The columns of a customer as they are written. */
export const COLUMNS: readonly Column[] = [
  { name: 'id', type: 'uuid' },
  { name: 'version', type: 'integer' },
  { name: 'created_at', type: 'timestamptz' },
  { name: 'updated_at', type: 'timestamptz' },
  { name: 'deleted_at', type: 'timestamptz', nullable: true },
  ...INPUT_FIELDS.map((name) => ({
    name,
    type: name === 'is_active' ? 'boolean' : 'text',
    nullable: inputFields[name].default === null,
  })),
  { name: 'phone_e164', type: 'text', nullable: true },
  { name: 'first_key', type: 'text' },
  { name: 'last_key', type: 'text' },
  { name: 'search', type: 'text' },
  { name: 'starts', type: 'text' },
];
const NAMES = COLUMNS.map(({ name }) => name);
const CHANGING = NAMES.filter((name) => name !== 'id' && name !== 'created_at');

/** $2 and on: a rowset of `COLUMNS`. */
export const INSERT_CUSTOMERS: Statement = {
  name: 'insert_customers',
  text: `INSERT INTO customers (workspace_id, ${NAMES.join(', ')})
    SELECT $1, ${NAMES.join(', ')} FROM ${rowset(COLUMNS, 2, 'record')}`,
};

/** $2 and on: a rowset of `COLUMNS` and the versions that are given up. */
export const UPDATE_CUSTOMERS: Statement = {
  name: 'update_customers',
  text: `UPDATE customers SET ${CHANGING.map((name) => `${name} = record.${name}`).join(', ')}
    FROM ${rowset([...COLUMNS, { name: 'former_version', type: 'integer' }], 2, 'record')}
    WHERE customers.workspace_id = $1 AND customers.id = record.id AND customers.version = record.former_version`,
};

/** Moves freshly written rows from the search index's waiting list into the index itself. */
export const CLEAN_PENDING: Statement = {
  name: 'clean_pending',
  text: `SELECT gin_clean_pending_list('customers_search')`,
};

/** Tells the planner what the table has become. */
export const ANALYZE_CUSTOMERS: Statement = { name: 'analyze_customers', text: 'ANALYZE customers' };

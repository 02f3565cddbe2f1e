// The SQL that writes customers and reads one. Lists and searches stand in list-store.ts.
import { INPUT_FIELDS } from '#contract/customers.ts';
import type { Statement } from '../database.ts';
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

const COLUMN_TYPES: Record<string, string> = {
  id: 'uuid',
  version: 'integer',
  is_active: 'boolean',
  created_at: 'timestamptz',
  updated_at: 'timestamptz',
  deleted_at: 'timestamptz',
};
const COLUMNS = [
  'id',
  'version',
  'created_at',
  'updated_at',
  'deleted_at',
  ...INPUT_FIELDS,
  'phone_e164',
  'first_key',
  'last_key',
  'search',
  'starts',
];
const RECORDSET = COLUMNS.map((column) => `${column} ${COLUMN_TYPES[column] ?? 'text'}`).join(', ');
const CHANGING = COLUMNS.filter((column) => column !== 'id' && column !== 'created_at');

/** $2: whole records as JSON. */
export const INSERT_CUSTOMERS: Statement = {
  name: 'insert_customers',
  text: `INSERT INTO customers (workspace_id, ${COLUMNS.join(', ')})
    SELECT $1, ${COLUMNS.join(', ')} FROM json_to_recordset($2) AS record (${RECORDSET})`,
};

export const UPDATE_CUSTOMERS: Statement = {
  name: 'update_customers',
  text: `UPDATE customers SET ${CHANGING.map((column) => `${column} = record.${column}`).join(', ')}
    FROM json_to_recordset($2) AS record (${RECORDSET}, former_version integer)
    WHERE customers.workspace_id = $1 AND customers.id = record.id AND customers.version = record.former_version`,
};

/** Moves freshly written rows from the search index's waiting list into the index itself. */
export const CLEAN_PENDING: Statement = {
  name: 'clean_pending',
  text: `SELECT gin_clean_pending_list('customers_search')`,
};

/** Tells the planner what the table has become. */
export const ANALYZE_CUSTOMERS: Statement = { name: 'analyze_customers', text: 'ANALYZE customers' };

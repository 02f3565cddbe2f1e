// The SQL of erasing: its receipts, what it waits for, and how long customers are kept.
import { rfc3339, type Statement } from '../database.ts';

/** The erasure of a customer, if it was erased. */
export const READ_ERASURE: Statement = {
  name: 'read_erasure',
  text: `SELECT position, ${rfc3339('at')}, actor, request_id, before FROM (
      SELECT position, at, type, actor, request_id, before FROM events WHERE workspace_id = $1 AND customer_id = $2
      ORDER BY position DESC LIMIT 1) AS last
    WHERE type = 'customer.erased'`,
};

/** The lock that a backup of tables holds while nobody may be erased. */
export const ERASING = 1_667_459_432;

/** A row where no backup is being made that what is erased would tear apart. */
export const MAY_ERASE: Statement = {
  name: 'may_erase',
  text: `SELECT 1 WHERE pg_try_advisory_xact_lock_shared(${ERASING})`,
};

export const READ_RULES: Statement = {
  name: 'read_rules',
  text: 'SELECT erase_deleted_after_days, erase_inactive_after_days FROM retention_rules WHERE workspace_id = $1',
};

export const STORE_RULES: Statement = {
  name: 'store_rules',
  text: `INSERT INTO retention_rules (workspace_id, erase_deleted_after_days, erase_inactive_after_days) VALUES ($1, $2, $3)
    ON CONFLICT (workspace_id) DO UPDATE SET erase_deleted_after_days = $2, erase_inactive_after_days = $3`,
};

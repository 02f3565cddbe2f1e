// The SQL of customers as the log has them.
import { rfc3339, type Statement } from '../database.ts';

export const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/** Of up to $3 customers behind $2: what the last event says of each, and since when they are deleted if they are. */
export const READ_LAST_RECORDS: Statement = {
  name: 'read_last_records',
  text: `WITH RECURSIVE place AS (
      (SELECT customer_id FROM events WHERE workspace_id = $1 AND customer_id > $2 ORDER BY customer_id LIMIT 1)
      UNION ALL
      SELECT (SELECT customer_id FROM events WHERE workspace_id = $1 AND customer_id > place.customer_id ORDER BY customer_id LIMIT 1)
      FROM place WHERE place.customer_id IS NOT NULL
    ), customer AS (SELECT customer_id FROM place WHERE customer_id IS NOT NULL LIMIT $3)
    SELECT customer_id, last.after, last.deleted_at FROM customer CROSS JOIN LATERAL (
      SELECT after, CASE WHEN type = 'customer.deleted' THEN ${rfc3339('at')} END AS deleted_at FROM events
      WHERE workspace_id = $1 AND events.customer_id = customer.customer_id ORDER BY position DESC LIMIT 1) AS last
    ORDER BY customer_id`,
};

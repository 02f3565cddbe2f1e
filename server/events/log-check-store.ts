// The SQL that looks whether a log holds together.
import { rfc3339, type Statement } from '../database.ts';

/** Positions from $2 to $3 at which there is no event. */
export const FIND_GAPS: Statement = {
  name: 'find_gaps',
  text: `SELECT place FROM generate_series($2::bigint, $3::bigint) AS place
    WHERE NOT EXISTS (SELECT FROM events WHERE workspace_id = $1 AND position = place) ORDER BY place`,
};

const LATER_ERASED = `EXISTS (SELECT FROM events AS later WHERE later.workspace_id = $1
  AND later.customer_id = event.customer_id AND later.position > event.position AND later.type = 'customer.erased')`;

/** Events from $2 to $3 that do not follow from those before them, each with what is wrong. */
export const FIND_FAULTS: Statement = {
  name: 'find_faults',
  text: `SELECT position, customer_id, fault FROM (
      SELECT event.position, event.customer_id, CASE
        WHEN event.at < event.former_at THEN 'time'
        WHEN event.customer_id IS NULL THEN NULL
        WHEN event.type = 'customer.erased' THEN CASE
          WHEN EXISTS (SELECT FROM customer_salts WHERE workspace_id = $1
            AND customer_id = event.customer_id AND salt IS NOT NULL) THEN 'salt_kept'
          WHEN EXISTS (SELECT FROM events AS earlier WHERE earlier.workspace_id = $1
            AND earlier.customer_id = event.customer_id AND earlier.position < event.position
            AND earlier.type <> 'customer.erased'
            AND (earlier.before IS NOT NULL OR earlier.after IS NOT NULL)) THEN 'values_kept' END
        WHEN event.after IS NULL AND NOT ${LATER_ERASED} THEN 'values_gone'
        WHEN event.customer_version IS NULL THEN NULL -- no change of the customer
        WHEN (event.type = 'customer.created') IS DISTINCT FROM (former.type IS NULL)
          OR event.customer_version IS DISTINCT FROM coalesce(former.customer_version, 0) + 1 THEN 'version'
        WHEN former.type = 'customer.erased' OR (event.type = 'customer.restored') <>
          (coalesce(former.type, '') = 'customer.deleted') THEN 'order'
        WHEN event.before IS NOT NULL AND former.after IS NOT NULL
          AND NOT former.after::jsonb @> event.before::jsonb THEN 'before'
        END AS fault
      FROM (SELECT position, at, type, customer_id, customer_version, before, after, lag(at) OVER (ORDER BY position) AS former_at
        FROM events WHERE workspace_id = $1 AND position BETWEEN $2 - 1 AND $3) AS event
      LEFT JOIN LATERAL (SELECT type, customer_version, after FROM events AS before_it
        WHERE before_it.workspace_id = $1 AND before_it.customer_id = event.customer_id
          AND before_it.position < event.position AND before_it.customer_version IS NOT NULL
        ORDER BY before_it.position DESC LIMIT 1) AS former ON true
      WHERE event.position >= $2) AS looked_at
    WHERE fault IS NOT NULL ORDER BY position`,
};

/** The ledger's time, against that of its last event and the database's clock: seconds that it is ahead. */
export const READ_LEDGER_TIME: Statement = {
  name: 'read_ledger_time',
  text: `SELECT position, ${rfc3339('last_at')}, extract(epoch FROM last_at - clock_timestamp())::float8,
      (SELECT max(position) FROM events WHERE workspace_id = $1),
      (SELECT at = last_at FROM events WHERE workspace_id = $1 AND events.position = ledgers.position)
    FROM ledgers WHERE workspace_id = $1`,
};

/**
 * The last event of the customer of the row at hand in `customers`, for a statement of the slice that owns those: the row
 * and it are of one moment.
 */
export const LAST_EVENT = `(SELECT type, customer_version, at, after FROM events
  WHERE workspace_id = $1 AND customer_id = customers.id AND customer_version IS NOT NULL
  ORDER BY position DESC LIMIT 1)`;

/** The customers who were created from $2 to $3, save those erased later. */
export const CREATED_CUSTOMERS = `(SELECT position, customer_id FROM events AS event
  WHERE workspace_id = $1 AND position BETWEEN $2 AND $3 AND type = 'customer.created' AND NOT ${LATER_ERASED})`;

/** The counts that the ledger and the days keep, for a statement that counts: they are of its moment. */
export const KEPT_COUNTS = `(SELECT total_customers, active_customers, days_position < position AS is_behind
  FROM ledgers WHERE workspace_id = $1)`;
export const KEPT_DAYS = '(SELECT day, total FROM customer_days WHERE workspace_id = $1 AND total <> 0)';

// The SQL that compares customers with the log, and what is derived from them with itself. Each statement is short, however many there
// are, save COUNT_CUSTOMERS, whose counts have to be of one moment.
import { CUSTOMER_FIELDS, type Customer } from '#contract/customers.ts';
import { rfc3339, type Statement } from '../database.ts';
import { CREATED_CUSTOMERS, KEPT_COUNTS, KEPT_DAYS, LAST_EVENT } from '../events/events.ts';

const quoted = (text: string) => `coalesce(to_json(${text})::text, 'null')`;
const WRITTEN: Partial<Record<keyof Customer, string>> = {
  full_name: quoted(`first_name || ' ' || last_name`),
  is_active: 'is_active::text',
  version: 'version',
  created_at: quoted(rfc3339('created_at')),
  updated_at: quoted(rfc3339('updated_at')),
};
/** A customer as the log writes it: the same text, so that nothing needs to be parsed to find the two equal. */
const AS_LOGGED = `concat('{', ${CUSTOMER_FIELDS.map((field, index) => `'${index > 0 ? ',' : ''}"${field}":', ${WRITTEN[field] ?? quoted(`${field}::text`)}`).join(', ')}, '}')`;

/** Older events may write the same in another way, without fields that came later. */
const IS_AS_LOGGED = `CASE WHEN last.after::text = ${AS_LOGGED} THEN true
  ELSE jsonb_strip_nulls(last.after::jsonb) = jsonb_strip_nulls(${AS_LOGGED}::jsonb) END`;

const DERIVED_FROM = ['id', 'first_name', 'last_name', 'email', 'phone', 'phone_e164'];
export const DERIVED = ['first_key', 'last_key', 'search', 'starts'] as const;

/**
 * Of up to $3 customers behind $2: the last id, the ids of those who are not as their last event left them, and what the
 * derived columns follow from, with them, as one text.
 */
export const COMPARE_CUSTOMERS: Statement = {
  name: 'compare_customers',
  text: `SELECT count(*), max(id::text), string_agg(CASE WHEN agrees IS TRUE THEN NULL ELSE id::text END, ','),
      string_agg(derived, U&'\\001e') FROM (
      SELECT id, concat_ws(U&'\\001f', ${[...DERIVED_FROM.map((column) => `coalesce(${column}::text, '')`), ...DERIVED].join(', ')}) AS derived,
        last.customer_version = version AND ${IS_AS_LOGGED} AND
          CASE WHEN last.type = 'customer.deleted' THEN deleted_at IS NOT DISTINCT FROM last.at ELSE deleted_at IS NULL END AS agrees
      FROM (SELECT * FROM customers WHERE workspace_id = $1 AND id > $2 ORDER BY id LIMIT $3) AS customers
      LEFT JOIN LATERAL ${LAST_EVENT} AS last ON true) AS compared`,
};

/** One customer and its last event: whether it is deleted, and since when; both records; and the derived columns. */
export const COMPARE_CUSTOMER: Statement = {
  name: 'compare_customer',
  text: `SELECT ${AS_LOGGED}, last.after, last.type, last.customer_version,
      CASE WHEN last.type = 'customer.deleted' THEN deleted_at IS NOT DISTINCT FROM last.at ELSE deleted_at IS NULL END,
      ${DERIVED.join(', ')}
    FROM customers LEFT JOIN LATERAL ${LAST_EVENT} AS last ON true WHERE customers.workspace_id = $1 AND customers.id = $2`,
};

/** Customers who were created from position $2 to $3, and are not there. */
export const FIND_LOST_CUSTOMERS: Statement = {
  name: 'find_lost_customers',
  text: `SELECT created.position, created.customer_id FROM ${CREATED_CUSTOMERS} AS created
    WHERE NOT EXISTS (SELECT FROM customers WHERE workspace_id = $1 AND id = created.customer_id)`,
};

/** The counts that are kept, and what they should be. */
export const COUNT_CUSTOMERS: Statement = {
  name: 'count_customers',
  text: `WITH counted AS MATERIALIZED (
      SELECT created_at::date AS day, count(*) AS total, count(*) FILTER (WHERE is_active) AS active
      FROM customers WHERE workspace_id = $1 AND deleted_at IS NULL GROUP BY 1)
    SELECT total_customers, active_customers, is_behind,
      (SELECT coalesce(sum(total), 0)::bigint FROM counted), (SELECT coalesce(sum(active), 0)::bigint FROM counted),
      (SELECT string_agg(coalesce(counted.day, kept.day)::text, ', ' ORDER BY coalesce(counted.day, kept.day))
        FROM counted FULL JOIN ${KEPT_DAYS} AS kept ON kept.day = counted.day
        WHERE counted.total IS DISTINCT FROM kept.total)
    FROM ${KEPT_COUNTS} AS ledger`,
};

/** Two of those who share an email, or an external id, which only one may have. */
export const FIND_TWINS: Statement = {
  name: 'find_twins',
  text: `SELECT 'email', count(*), min(id::text), max(id::text) FROM customers
      WHERE workspace_id = $1 AND deleted_at IS NULL GROUP BY email HAVING count(*) > 1
    UNION ALL
    SELECT 'external_id', count(*), min(id::text), max(id::text) FROM customers
      WHERE workspace_id = $1 AND deleted_at IS NULL AND external_id IS NOT NULL GROUP BY external_id HAVING count(*) > 1
    LIMIT 1000`,
};

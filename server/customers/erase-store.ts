// The SQL of erasing a customer, save what is the log's, and of keeping whoever was erased from being entered again.
import { rfc3339, type Statement } from '../database.ts';

/**
 * Of the customers $2: how many events there are of each, the emails and the external ids that it has had and nobody else has now,
 * as JSON, and the times of its events of the last day.
 */
export const FIND_HISTORIES: Statement = {
  name: 'find_histories',
  text: `SELECT customer_id, count(*),
      json_agg(DISTINCT after ->> 'email') FILTER (WHERE after ->> 'email' IS NOT NULL AND email_holder.id IS NULL),
      json_agg(DISTINCT after ->> 'external_id') FILTER (WHERE after ->> 'external_id' IS NOT NULL AND external_id_holder.id IS NULL),
      json_agg(DISTINCT ${rfc3339('at')}) FILTER (WHERE at > now() - interval '24 hours')
    FROM events
    LEFT JOIN customers AS email_holder ON email_holder.workspace_id = $1 AND email_holder.deleted_at IS NULL
      AND email_holder.email = after ->> 'email' AND email_holder.id <> customer_id
    LEFT JOIN customers AS external_id_holder ON external_id_holder.workspace_id = $1 AND external_id_holder.deleted_at IS NULL
      AND external_id_holder.external_id = after ->> 'external_id' AND external_id_holder.external_id IS NOT NULL
      AND external_id_holder.id <> customer_id
    WHERE events.workspace_id = $1 AND customer_id = ANY($2::uuid[]) GROUP BY customer_id`,
};

export const REMOVE_CUSTOMERS: Statement = {
  name: 'remove_customers',
  text: 'DELETE FROM customers WHERE workspace_id = $1 AND id = ANY($2::uuid[])',
};

/** Of values ($5, in the fields $6) with the hashes $4, those that are suppressed: a part of a statement, whose third column is null. */
export const SUPPRESSED = `SELECT field, value, NULL::uuid FROM unnest($4::text[], $5::text[], $6::text[]) AS asked (hash, value, field)
    JOIN suppressions USING (hash) WHERE workspace_id = $1`;

/** Whether anything is suppressed. */
export const FIND_ANY_SUPPRESSION: Statement = {
  name: 'find_any_suppression',
  text: 'SELECT 1 FROM suppressions WHERE workspace_id = $1 LIMIT 1',
};

/** Whether the hash $2 is suppressed. */
export const FIND_SUPPRESSION: Statement = {
  name: 'find_suppression',
  text: 'SELECT 1 FROM suppressions WHERE workspace_id = $1 AND hash = $2',
};

/** Suppresses the hashes $2 that were made with the keys $3. */
export const ADD_SUPPRESSIONS: Statement = {
  name: 'add_suppressions',
  text: `INSERT INTO suppressions (workspace_id, hash, key_id, at)
    SELECT DISTINCT $1::integer, hash, key_id, clock_timestamp() FROM unnest($2::text[], $3::text[]) AS suppressed (hash, key_id)
    ON CONFLICT DO NOTHING`,
};

/** How many there are, and how many were made with other keys than $2. */
export const COUNT_SUPPRESSIONS: Statement = {
  name: 'count_suppressions',
  text: 'SELECT count(*), count(*) FILTER (WHERE key_id <> $2) FROM suppressions WHERE workspace_id = $1',
};

export const REMOVE_SUPPRESSION: Statement = {
  name: 'remove_suppression',
  text: 'DELETE FROM suppressions WHERE workspace_id = $1 AND hash = $2',
};

/** Up to $2 customers who were deleted more than $3 days ago. */
export const FIND_DELETED_LONG_AGO: Statement = {
  name: 'find_deleted_long_ago',
  text: `SELECT id FROM customers WHERE workspace_id = $1 AND deleted_at IS NOT NULL
      AND deleted_at < now() - make_interval(days => $3) ORDER BY deleted_at, id LIMIT $2`,
};

/** Up to $2 customers who are inactive, and were not changed for $3 days. */
export const FIND_INACTIVE_LONG_AGO: Statement = {
  name: 'find_inactive_long_ago',
  text: `SELECT id FROM customers WHERE workspace_id = $1 AND deleted_at IS NULL AND is_active = false
      AND updated_at < now() - make_interval(days => $3) ORDER BY updated_at, id LIMIT $2`,
};

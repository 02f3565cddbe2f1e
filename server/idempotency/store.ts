// The SQL of idempotency keys.
import type { Statement } from '../database.ts';

/** Requests seen before under the given keys: $2 actors and $3 keys, side by side. */
export const FIND_IDEMPOTENCY_KEYS: Statement = {
  name: 'find_idempotency_keys',
  text: `SELECT actor_id, key, fingerprint, status, position, subject_id, reply
    FROM unnest($2::text[], $3::text[]) AS asked (actor_id, key)
    JOIN idempotency_keys USING (actor_id, key) WHERE workspace_id = $1 AND created_at > now() - interval '24 hours'`,
};

/** $2 the keys as JSON, $3 their time. A key older than a day may be used anew. */
export const STORE_IDEMPOTENCY_KEYS: Statement = {
  name: 'store_idempotency_keys',
  text: `INSERT INTO idempotency_keys (workspace_id, actor_id, key, fingerprint, status, position, subject_id, reply, created_at)
    SELECT $1, actor_id, key, fingerprint, status, position, subject_id, reply, $3
    FROM json_to_recordset($2) AS stored (actor_id text, key text, fingerprint text, status smallint, position bigint, subject_id uuid, reply json)
    ON CONFLICT (workspace_id, actor_id, key) DO UPDATE SET fingerprint = EXCLUDED.fingerprint, status = EXCLUDED.status,
      position = EXCLUDED.position, subject_id = EXCLUDED.subject_id, reply = EXCLUDED.reply, created_at = EXCLUDED.created_at`,
};

export const FORGET_IDEMPOTENCY_KEYS: Statement = {
  name: 'forget_idempotency_keys',
  text: `DELETE FROM idempotency_keys WHERE workspace_id = $1 AND created_at <= now() - interval '24 hours'`,
};

export const FORGET_FINGERPRINTS: Statement = {
  name: 'forget_fingerprints',
  text: `UPDATE idempotency_keys SET fingerprint = '' WHERE workspace_id = $1 AND created_at = ANY($2::timestamptz[])
    AND (subject_id IS NULL OR subject_id = ANY($3::uuid[]))`,
};

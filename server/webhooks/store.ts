// The SQL of webhooks as they are looked after.
import { rfc3339, type Statement } from '../database.ts';

const WEBHOOK = `id, url, description, array_to_json(event_types)::text, enabled, disabled_reason, position,
  greatest((SELECT position FROM ledgers WHERE workspace_id = $1) - position, 0),
  (SELECT count(*) FROM parked_lanes WHERE workspace_id = $1 AND webhook_id = webhooks.id),
  ${rfc3339('delivered_at')}, ${rfc3339('failing_since')}, ${rfc3339('created_at')}, ${rfc3339('updated_at')}`;
/** Whoever is at it finds out with its next note, and whoever comes next begins with what it is now. */
const ANEW = 'taken_by = NULL, taken_until = NULL, rests_until = NULL';

export const LIST_WEBHOOKS: Statement = {
  name: 'list_webhooks',
  text: `SELECT ${WEBHOOK} FROM webhooks WHERE workspace_id = $1 ORDER BY id DESC`,
};

export const READ_WEBHOOK: Statement = {
  name: 'read_webhook',
  text: `SELECT ${WEBHOOK} FROM webhooks WHERE workspace_id = $1 AND id = $2`,
};

export const COUNT_WEBHOOKS: Statement = {
  name: 'count_webhooks',
  text: 'SELECT count(*) FROM webhooks WHERE workspace_id = $1',
};

export const INSERT_WEBHOOK: Statement = {
  name: 'insert_webhook',
  text: `INSERT INTO webhooks (workspace_id, id, url, description, event_types, enabled, secret, created_at, updated_at, position)
    VALUES ($1, $2, $3, $4, $5, $6, decode($7, 'hex'), $8, $8, $9)`,
};

/** What failed before no longer counts: it is tried at once, and for three days. */
export const UPDATE_WEBHOOK: Statement = {
  name: 'update_webhook',
  text: `WITH parked AS (
      UPDATE parked_lanes SET attempts = 0, since = $7::timestamptz, next_at = $7::timestamptz WHERE workspace_id = $1 AND webhook_id = $2)
    UPDATE webhooks SET url = $3, description = $4, event_types = $5, enabled = $6, updated_at = $7::timestamptz,
      disabled_reason = NULL, failing_since = NULL, ${ANEW} WHERE workspace_id = $1 AND id = $2`,
};

export const DELETE_WEBHOOK: Statement = {
  name: 'delete_webhook',
  text: `WITH parked AS (DELETE FROM parked_lanes WHERE workspace_id = $1 AND webhook_id = $2),
      gone AS (DELETE FROM deliveries WHERE workspace_id = $1 AND webhook_id = $2)
    DELETE FROM webhooks WHERE workspace_id = $1 AND id = $2`,
};

export const ROTATE_SECRET: Statement = {
  name: 'rotate_webhook_secret',
  text: `UPDATE webhooks SET former_secret = secret, former_secret_until = $4::timestamptz + interval '24 hours',
      secret = decode($3, 'hex'), updated_at = $4::timestamptz, ${ANEW} WHERE workspace_id = $1 AND id = $2`,
};

export const REPLAY_WEBHOOK: Statement = {
  name: 'replay_webhook',
  text: `WITH parked AS (DELETE FROM parked_lanes WHERE workspace_id = $1 AND webhook_id = $2)
    UPDATE webhooks SET position = $3, updated_at = $4, failing_since = NULL, ${ANEW} WHERE workspace_id = $1 AND id = $2`,
};

/** Unless it has been changed since somebody ($4) had it. */
export const DISABLE_WEBHOOK: Statement = {
  name: 'disable_webhook',
  text: `UPDATE webhooks SET enabled = false, disabled_reason = $3, ${ANEW} WHERE workspace_id = $1 AND id = $2`,
};

export const READ_IF_TAKEN: Statement = {
  name: 'read_webhook_if_taken',
  text: `SELECT ${WEBHOOK} FROM webhooks WHERE workspace_id = $1 AND id = $2 AND taken_by = $3`,
};

/** The place and the secrets that one is sent to and signed with. */
export const READ_TARGET: Statement = {
  name: 'read_webhook_target',
  text: `SELECT url, encode(secret, 'hex'), CASE WHEN former_secret_until > clock_timestamp() THEN encode(former_secret, 'hex') END
    FROM webhooks WHERE workspace_id = $1 AND id = $2`,
};

const DELIVERY = `id, position, type, customer_id, attempt, ${rfc3339('at')}, ms, status, failure`;

export const LIST_DELIVERIES: Statement = {
  name: 'list_deliveries',
  text: `SELECT ${DELIVERY} FROM deliveries WHERE workspace_id = $1 AND webhook_id = $2
    AND id < coalesce($3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') ORDER BY id DESC LIMIT $4`,
};

export const LIST_FAILED_DELIVERIES: Statement = {
  name: 'list_failed_deliveries',
  text: `SELECT ${DELIVERY} FROM deliveries WHERE workspace_id = $1 AND webhook_id = $2 AND failure IS NOT NULL
    AND id < coalesce($3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') ORDER BY id DESC LIMIT $4`,
};

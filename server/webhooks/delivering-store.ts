// The SQL of delivering: who is at which webhook, how far, and what became of it.
import { rfc3339, type Statement } from '../database.ts';

/** Whoever is at it gives a sign of life within this time, or another takes over. */
const TAKEN = `interval '10 seconds'`;

/** Webhooks that nobody is at, with something to deliver, with their workspaces. */
export const FIND_WEBHOOKS_TO_DELIVER: Statement = {
  name: 'find_webhooks_to_deliver',
  text: `SELECT webhooks.id, workspaces.id, workspaces.slug, workspaces.name, workspaces.region, ${rfc3339('workspaces.created_at')}
    FROM workspaces JOIN webhooks ON webhooks.workspace_id = workspaces.id
    WHERE enabled AND coalesce(greatest(taken_until, rests_until), '-infinity') < clock_timestamp()
      AND (webhooks.position < (SELECT position FROM ledgers WHERE workspace_id = workspaces.id)
        OR EXISTS (SELECT FROM parked_lanes WHERE workspace_id = workspaces.id AND webhook_id = webhooks.id
          AND next_at <= clock_timestamp()))`,
};

/** Takes one for $3, if nobody has it; gives where it is, what it wants, and what it is sent to and signed with. */
export const TAKE_WEBHOOK: Statement = {
  name: 'take_webhook',
  text: `UPDATE webhooks SET taken_by = $3, taken_until = clock_timestamp() + ${TAKEN}
    WHERE workspace_id = $1 AND id = $2 AND enabled AND coalesce(greatest(taken_until, rests_until), '-infinity') < clock_timestamp()
    RETURNING position, array_to_json(event_types)::text, ${rfc3339('failing_since')}, url, encode(secret, 'hex'),
      encode(former_secret, 'hex'), ${rfc3339('former_secret_until')}`,
};

export const READ_PARKED: Statement = {
  name: 'read_parked_lanes',
  text: `SELECT lane, position, attempts, ${rfc3339('since')}, ${rfc3339('next_at')} FROM parked_lanes
    WHERE workspace_id = $1 AND webhook_id = $2`,
};

/** Notes where $3 is; no row where it is another's by now. What follows in the transaction is done only while it is $3's. */
export const NOTE_PLACE: Statement = {
  name: 'note_webhook_place',
  text: `UPDATE webhooks SET position = $4, delivered_at = coalesce($5, delivered_at), failing_since = $6, rests_until = $7,
      taken_until = clock_timestamp() + ${TAKEN} WHERE workspace_id = $1 AND id = $2 AND taken_by = $3 RETURNING 1`,
};

const MINE = 'EXISTS (SELECT FROM webhooks WHERE workspace_id = $1 AND id = $2 AND taken_by = $3)';

/** $4: lane, position, attempts, since and next_at of each, as JSON. */
export const PARK: Statement = {
  name: 'park_lanes',
  text: `INSERT INTO parked_lanes (workspace_id, webhook_id, lane, position, attempts, since, next_at)
    SELECT $1, $2, lane, position, attempts, since, next_at
    FROM json_to_recordset($4) AS parked (lane uuid, position bigint, attempts integer, since timestamptz, next_at timestamptz)
    WHERE ${MINE}
    ON CONFLICT (workspace_id, webhook_id, lane) DO UPDATE SET
      position = excluded.position, attempts = excluded.attempts, since = excluded.since, next_at = excluded.next_at`,
};

export const UNPARK: Statement = {
  name: 'unpark_lanes',
  text: `DELETE FROM parked_lanes WHERE workspace_id = $1 AND webhook_id = $2 AND lane = ANY ($4) AND ${MINE}`,
};

/** $3 deliveries as JSON. */
export const ADD_DELIVERIES: Statement = {
  name: 'add_deliveries',
  text: `INSERT INTO deliveries (workspace_id, webhook_id, id, position, type, customer_id, attempt, at, ms, status, failure)
    SELECT $1, $2, id, position, type, customer_id, attempt, at, ms, status, failure
    FROM json_to_recordset($3) AS delivery (id uuid, position bigint, type text, customer_id uuid, attempt integer,
      at timestamptz, ms integer, status smallint, failure text)
    WHERE EXISTS (SELECT FROM webhooks WHERE workspace_id = $1 AND id = $2) ON CONFLICT DO NOTHING`,
};

/** Leaves it to others, in $4 seconds. */
export const LEAVE_WEBHOOK: Statement = {
  name: 'leave_webhook',
  text: `UPDATE webhooks SET taken_by = NULL, taken_until = clock_timestamp() + make_interval(secs => $4)
    WHERE workspace_id = $1 AND id = $2 AND taken_by = $3`,
};

/** Up to $4 deliveries that are older than $3 days, or beyond the last 10,000. */
export const FORGET_DELIVERIES: Statement = {
  name: 'forget_deliveries',
  text: `DELETE FROM deliveries WHERE workspace_id = $1 AND webhook_id = $2 AND id IN (
    SELECT id FROM deliveries WHERE workspace_id = $1 AND webhook_id = $2 AND id < greatest($3::uuid,
      (SELECT id FROM deliveries WHERE workspace_id = $1 AND webhook_id = $2 ORDER BY id DESC OFFSET 10000 LIMIT 1))
    ORDER BY id LIMIT $4) RETURNING 1`,
};

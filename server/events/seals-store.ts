// The SQL of seals: what is hashed of an event, how blocks of them are sealed, and how that is compared again.
import { rfc3339, type Statement } from '../database.ts';

/** Events of a block at most. */
export const BLOCK = 1000;

/** A text with its length in bytes before it, and null as a text that none can be: so a row of them reads in one way only. */
const framed = (column: string) => `coalesce(octet_length(${column}) || ':' || ${column}, '-')`;
const hashed = (columns: string[]) => `convert_to(${columns.map(framed).join(' || ')}, 'UTF8')`;

const ENVELOPE = hashed([
  'events.workspace_id::text',
  'events.position::text',
  rfc3339("events.at AT TIME ZONE 'UTC'"),
  'events.type',
  'events.customer_id::text',
  'events.customer_version::text',
  'events.actor::text',
  'events.request_id',
  'events.cause_id::text',
]);
const CONTENT = hashed(['events.before::text', 'events.after::text']);
const HAS_CONTENT = '(events.before IS NOT NULL OR events.after IS NOT NULL)';

/** Whose salt an event's content is mixed with: the customer's, or, where nothing is said of one, the workspace's. */
const SALTED_BY = `CASE WHEN events.customer_id IS NULL OR events.type = 'customer.erased'
  THEN '00000000-0000-0000-0000-000000000000'::uuid ELSE events.customer_id END`;
/** Looked up for each event: joined, all salts of the workspace might be read for one block. */
const SALT = `(SELECT salt FROM customer_salts WHERE customer_salts.workspace_id = $1 AND customer_salts.customer_id = ${SALTED_BY})`;

/** What stands for the content of an event that has none. */
const NOTHING = `'\\x${'00'.repeat(32)}'::bytea`;

/** The 64 bytes of an event; null where its content has no salt. */
const DIGEST = `sha256(${ENVELOPE}) ||
  CASE WHEN ${HAS_CONTENT} THEN sha256(${SALT} || ${CONTENT}) ELSE ${NOTHING} END`;

/** The block that comes next: full, or begun more than $2 seconds ago. */
const NEXT_BLOCK = `WITH newest AS (
    SELECT last_position, head FROM seals WHERE workspace_id = $1 ORDER BY first_position DESC LIMIT 1),
  sealed AS (SELECT coalesce((SELECT last_position FROM newest), 0) AS position),
  block AS (
    SELECT sealed.position + 1 AS first_position, least(ledgers.position, sealed.position + ${BLOCK}) AS last_position
    FROM sealed JOIN ledgers ON ledgers.workspace_id = $1 AND ledgers.position > sealed.position
    WHERE ledgers.position >= sealed.position + ${BLOCK} OR (SELECT at FROM events
      WHERE workspace_id = $1 AND events.position = sealed.position + 1) <= clock_timestamp() - make_interval(secs => $2))`;

const EVENTS_OF_BLOCK = `block JOIN events ON events.workspace_id = $1
  AND events.position BETWEEN block.first_position AND block.last_position`;

/** One at a time seals a workspace. Whoever waited sees what the one before has sealed, being another statement. */
export const LOCK_SEALS: Statement = { name: 'lock_seals', text: 'SELECT pg_advisory_xact_lock(1667459431, $1)' };

/** Makes the salts that the next block lacks. Of a customer who is being erased there is one already, which is null. */
export const ADD_SALTS: Statement = {
  name: 'add_salts',
  text: `${NEXT_BLOCK}
    INSERT INTO customer_salts (workspace_id, customer_id, salt)
    SELECT $1, owner, uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
    FROM (SELECT DISTINCT ${SALTED_BY} AS owner FROM ${EVENTS_OF_BLOCK} WHERE ${HAS_CONTENT}) AS owners ORDER BY owner
    ON CONFLICT (workspace_id, customer_id) DO NOTHING`,
};

/** Seals the next block, unless one of its customers is just being erased. Gives its last position. */
export const SEAL: Statement = {
  name: 'seal',
  text: `${NEXT_BLOCK}, hashed AS (
      SELECT string_agg(digest, ''::bytea ORDER BY position) AS digests, count(digest) AS events
      FROM (SELECT events.position, ${DIGEST} AS digest FROM ${EVENTS_OF_BLOCK}) AS event)
    INSERT INTO seals (workspace_id, first_position, last_position, digests, head, sealed_at)
    SELECT $1, first_position, last_position, digests,
      sha256(coalesce((SELECT head FROM newest), '') || digests), clock_timestamp()
    FROM block JOIN hashed ON hashed.events = last_position - first_position + 1
    RETURNING last_position`,
};

/** The workspaces with events that are not sealed, how many, and whether a block is due, as in NEXT_BLOCK ($1 its seconds). */
export const FIND_UNSEALED: Statement = {
  name: 'find_unsealed',
  text: `SELECT workspaces.id, ledgers.position - sealed.position,
      ledgers.position >= sealed.position + ${BLOCK} OR (SELECT at FROM events
        WHERE events.workspace_id = workspaces.id AND events.position = sealed.position + 1)
          <= clock_timestamp() - make_interval(secs => $1)
    FROM workspaces JOIN ledgers ON ledgers.workspace_id = workspaces.id
    JOIN LATERAL (SELECT coalesce((SELECT last_position FROM seals WHERE seals.workspace_id = workspaces.id
      ORDER BY first_position DESC LIMIT 1), 0) AS position) AS sealed ON ledgers.position > sealed.position
    ORDER BY workspaces.id`,
};

/**
 * Destroys the salts of the customers $2, so that the hashes of what was said of them tell nothing. Belongs into the
 * transaction that erases them; several go in one statement, since whoever seals takes them in the same order.
 */
export const FORGET_SALTS: Statement = {
  name: 'forget_salts',
  text: `INSERT INTO customer_salts (workspace_id, customer_id, salt)
    SELECT $1, id, NULL FROM (SELECT DISTINCT unnest($2::uuid[]) AS id) AS erased ORDER BY id
    ON CONFLICT (workspace_id, customer_id) DO UPDATE SET salt = NULL`,
};

// ---- Compared again -------------------------------------------------------------------------------------------------

/** How far the log is sealed, with the head there, null where nothing is; and how far it goes. */
export const READ_HEAD: Statement = {
  name: 'read_head',
  text: `SELECT coalesce(newest.last_position, 0), encode(newest.head, 'hex'), position FROM ledgers
    LEFT JOIN LATERAL (SELECT last_position, head FROM seals
      WHERE workspace_id = $1 ORDER BY first_position DESC LIMIT 1) AS newest ON true
    WHERE ledgers.workspace_id = $1`,
};

/**
 * The blocks that begin behind $2, up to the position $3 and to some $4 events: from where to where each goes, whether it begins where the one before ends, whether
 * its head follows from that one's and its digests, and whether its digests are those of its events.
 */
export const VERIFY_BLOCKS: Statement = {
  name: 'verify_blocks',
  text: `SELECT block.first_position, block.last_position,
      block.first_position = coalesce(former.last_position, 0) + 1,
      block.head = sha256(coalesce(former.head, '') || block.digests)
        AND octet_length(block.digests) = 64 * (block.last_position - block.first_position + 1),
      hashed.digests IS NOT DISTINCT FROM block.digests
    FROM (SELECT *, sum(last_position - first_position + 1) OVER (ORDER BY first_position) AS events
      FROM (SELECT first_position, last_position, digests, head FROM seals
        WHERE workspace_id = $1 AND first_position > $2 AND first_position <= $3 ORDER BY first_position LIMIT 100) AS next) AS block
    LEFT JOIN LATERAL (SELECT last_position, head FROM seals WHERE workspace_id = $1
      AND first_position < block.first_position ORDER BY first_position DESC LIMIT 1) AS former ON true
    LEFT JOIN LATERAL (SELECT string_agg(digest, ''::bytea ORDER BY position) AS digests
      FROM (SELECT events.position, ${DIGEST} AS digest FROM events
        WHERE events.workspace_id = $1 AND events.position BETWEEN block.first_position AND block.last_position) AS event
      ) AS hashed ON true
    WHERE block.events - (block.last_position - block.first_position + 1) < $4 ORDER BY block.first_position`,
};

/**
 * The events of the block that begins at $2 that are not as they were sealed, each with what differs. The content of an event may be gone
 * where its customer was erased later, and only there.
 */
export const COMPARE_BLOCK: Statement = {
  name: 'compare_block',
  text: `SELECT position, customer_id, difference FROM (
      SELECT place.position, events.customer_id, CASE
        WHEN events.position IS NULL THEN 'missing'
        WHEN sha256(${ENVELOPE}) IS DISTINCT FROM place.envelope THEN 'envelope'
        WHEN ${HAS_CONTENT} AND ${SALT} IS NULL THEN 'salt'
        WHEN ${HAS_CONTENT} AND sha256(${SALT} || ${CONTENT}) IS DISTINCT FROM place.content THEN 'content'
        WHEN NOT ${HAS_CONTENT} AND place.content IS DISTINCT FROM ${NOTHING} AND NOT EXISTS (
          SELECT FROM events AS later WHERE later.workspace_id = $1 AND later.customer_id = events.customer_id
            AND later.position > events.position AND later.type = 'customer.erased') THEN 'removed'
        END AS difference
      FROM (SELECT first_position + index AS position, substr(digests, 64 * index + 1, 32) AS envelope,
          substr(digests, 64 * index + 33, 32) AS content
        FROM seals CROSS JOIN generate_series(0, (last_position - first_position)::integer) AS index
        WHERE workspace_id = $1 AND first_position = $2) AS place
      LEFT JOIN events ON events.workspace_id = $1 AND events.position = place.position) AS compared
    WHERE difference IS NOT NULL ORDER BY position`,
};

/** The head of the block that ends at $2, if one does. */
export const READ_HEAD_AT: Statement = {
  name: 'read_head_at',
  text: `SELECT encode(head, 'hex') FROM seals WHERE workspace_id = $1 AND first_position <= $2 AND last_position = $2`,
};

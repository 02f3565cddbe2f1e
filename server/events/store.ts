// The log's SQL. Only what stands here moves a ledger or appends to events.
import { rfc3339, type Statement } from '../database.ts';
import { type Column, rowset } from '../rowset.ts';

/**
 * Takes the workspace's turn, and tells how many milliseconds that took, and whether the counts of days are behind. The time
 * is read for the row as it is once the lock is held, so it never runs backwards.
 */
export const LOCK_LEDGER: Statement = {
  name: 'lock_ledger',
  text: `SELECT position, ${rfc3339("greatest(clock_timestamp(), last_at + interval '1 microsecond')")},
      extract(milliseconds FROM clock_timestamp() - statement_timestamp())::float8, days_position < position
    FROM ledgers WHERE workspace_id = $1 FOR UPDATE`,
};

const ADD_TO_DAYS = `ON CONFLICT (workspace_id, day) DO UPDATE SET total = customer_days.total + excluded.total`;

const EVENT: readonly Column[] = [
  { name: 'type', type: 'text' },
  { name: 'customer_id', type: 'uuid', nullable: true },
  { name: 'customer_version', type: 'integer', nullable: true },
  { name: 'actor', type: 'json' },
  { name: 'request_id', type: 'text', nullable: true },
  { name: 'cause_id', type: 'uuid', nullable: true },
  { name: 'before', type: 'json', nullable: true },
  { name: 'after', type: 'json', nullable: true },
];
const EVENT_NAMES = EVENT.map(({ name }) => name).join(', ');

/** `days`: what else the statement does, before the ledger is moved. */
const append = (first: number, days = '') => `WITH entry AS (
      INSERT INTO events (workspace_id, position, at, ${EVENT_NAMES})
      SELECT $1, $3 + number, $2, ${EVENT_NAMES} FROM ${rowset(EVENT, first, 'event')})${days}
    UPDATE ledgers SET position = $4, last_at = $2,
      total_customers = total_customers + $5, active_customers = active_customers + $6, days_position = $4
    WHERE workspace_id = $1`;

/** $2 the time, $3 the position before and $4 after, $5 and $6 by how much the counts change; then a rowset of events. */
export const APPEND_EVENTS: Statement = { name: 'append_events', text: append(7) };

/** The same, with what is to be added to the counts of days ($7), $8, before the events. */
export const APPEND_EVENTS_AND_COUNT_DAYS: Statement = {
  name: 'append_events_and_count_days',
  kind: 'append_events',
  text: append(
    9,
    `, days AS (
      INSERT INTO customer_days (workspace_id, day, total)
      SELECT $1, day, total FROM unnest($7::date[], $8::bigint[]) AS change (day, total) ${ADD_TO_DAYS})`,
  ),
};

/** Counts the days of what servers wrote that did not. */
export const CATCH_UP_DAYS: Statement = {
  name: 'catch_up_days',
  text: `WITH ledger AS (SELECT position, days_position FROM ledgers WHERE workspace_id = $1), days AS (
      INSERT INTO customer_days (workspace_id, day, total)
      SELECT $1, left(after ->> 'created_at', 10)::date, sum(CASE type WHEN 'customer.deleted' THEN -1 ELSE 1 END)
      FROM events WHERE workspace_id = $1 AND type IN ('customer.created', 'customer.deleted', 'customer.restored')
        AND position > (SELECT days_position FROM ledger) AND position <= (SELECT position FROM ledger)
      GROUP BY 2 ${ADD_TO_DAYS})
    UPDATE ledgers SET days_position = position WHERE workspace_id = $1`,
};

/** The counts of the days from $2 to $3, with the sum of those before; and of the same moment the ledger, and whether they are behind. */
export const READ_DAYS: Statement = {
  name: 'read_days',
  text: `SELECT position, days_position < position,
      (SELECT coalesce(sum(total), 0)::bigint FROM customer_days WHERE workspace_id = $1 AND day < $2::date),
      (SELECT string_agg(day || ' ' || total, ',') FROM customer_days
        WHERE workspace_id = $1 AND day BETWEEN $2::date AND $3::date AND total > 0)
    FROM ledgers WHERE workspace_id = $1`,
};

const EVENT_COLUMNS = `position, ${rfc3339('at')}, type, customer_id, customer_version, actor, request_id, cause_id, before, after`;

export const READ_LEDGER: Statement = {
  name: 'read_ledger',
  text: 'SELECT position, total_customers, active_customers FROM ledgers WHERE workspace_id = $1',
};

/** The ledger as one text, for a statement that reads more: its row is of the same moment. */
export const READ_LEDGER_TEXT = `(SELECT position || ' ' || total_customers || ' ' || active_customers FROM ledgers WHERE workspace_id = $1)`;

export const READ_FEED: Statement = {
  name: 'read_feed',
  text: `SELECT ${EVENT_COLUMNS} FROM events WHERE workspace_id = $1 AND position > $2 ORDER BY position LIMIT $3`,
};

export const READ_NEWEST: Statement = {
  name: 'read_newest',
  text: `SELECT ${EVENT_COLUMNS} FROM events WHERE workspace_id = $1 AND position > $2 ORDER BY position DESC LIMIT $3`,
};

export const READ_HISTORY: Statement = {
  name: 'read_history',
  text: `SELECT ${EVENT_COLUMNS} FROM events
    WHERE workspace_id = $1 AND customer_id = $2 AND position < $3 ORDER BY position DESC LIMIT $4`,
};

/** Up to $5 events of the customer $2, from the position $3 to $4, the first first. */
export const READ_FEED_OF_CUSTOMER: Statement = {
  name: 'read_feed_of_customer',
  text: `SELECT ${EVENT_COLUMNS} FROM events
    WHERE workspace_id = $1 AND customer_id = $2 AND position BETWEEN $3 AND $4 ORDER BY position LIMIT $5`,
};

/** The events from the position $2 to $3 that are no customer's. */
export const READ_FEED_OF_NOBODY: Statement = {
  name: 'read_feed_of_nobody',
  text: `SELECT ${EVENT_COLUMNS} FROM events
    WHERE workspace_id = $1 AND customer_id IS NULL AND position BETWEEN $2 AND $3 ORDER BY position`,
};

/** An event of a customer. */
export const READ_CHANGE: Statement = {
  name: 'read_change',
  text: `SELECT position, type, customer_id, before, after FROM events
    WHERE workspace_id = $1 AND position = $2 AND customer_id IS NOT NULL`,
};

/** Up to $4 events of the cause $2 before the position $3, the last first. */
export const READ_CHANGES_OF_CAUSE: Statement = {
  name: 'read_changes_of_cause',
  text: `SELECT position, type, customer_id, before, after FROM events
    WHERE workspace_id = $1 AND cause_id = $2 AND position < $3 ORDER BY position DESC LIMIT $4`,
};

/** What a batch that may or may not have been committed would have left behind. */
export const FIND_EVENT: Statement = {
  name: 'find_event',
  text: `SELECT ${rfc3339('at')}, customer_id, request_id FROM events WHERE workspace_id = $1 AND position = $2`,
};

/** The records of customers ($2) as they were after each its position ($3). */
export const READ_RECORDS: Statement = {
  name: 'read_records',
  text: `SELECT (SELECT after FROM events
        WHERE workspace_id = $1 AND customer_id = asked.id AND position <= asked.place ORDER BY position DESC LIMIT 1)
    FROM unnest($2::uuid[], $3::bigint[]) WITH ORDINALITY AS asked (id, place, number) ORDER BY number`,
};

/** The last event of a customer up to a time. */
export const READ_AT_TIME: Statement = {
  name: 'read_at_time',
  text: `SELECT type, after FROM events WHERE workspace_id = $1 AND customer_id = $2 AND at <= $3::timestamptz
    ORDER BY position DESC LIMIT 1`,
};

/** The record as it was after the given position. */
export const READ_AFTER: Statement = {
  name: 'read_after',
  text: `SELECT type, after FROM events WHERE workspace_id = $1 AND customer_id = $2 AND position <= $3
    ORDER BY position DESC LIMIT 1`,
};

/** Takes the values out of all events of the customers $2. */
export const SCRUB_EVENTS: Statement = {
  name: 'scrub_events',
  text: `UPDATE events SET before = NULL, after = NULL WHERE workspace_id = $1 AND customer_id = ANY($2::uuid[])`,
};

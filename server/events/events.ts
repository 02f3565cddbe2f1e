// The log of a workspace: how every write takes its turn and leaves its events, and how they are read.

import { type Customer, type CustomerInput, INPUT_FIELDS } from '#contract/customers.ts';
import type { EventActor, LogEvent } from '#contract/events.ts';
import type { Ask, Database, Row, Session } from '../database.ts';
import { isConnectionError, outcomeUnknown, unavailable } from '../problem.ts';
import { textsOf } from '../rowset.ts';
import { FORGET_SALTS } from './seals-store.ts';
import {
  APPEND_EVENTS,
  APPEND_EVENTS_AND_COUNT_DAYS,
  CATCH_UP_DAYS,
  FIND_EVENT,
  LOCK_LEDGER,
  READ_AFTER,
  READ_AT_TIME,
  READ_CHANGE,
  READ_CHANGES_OF_CAUSE,
  READ_FEED,
  READ_FEED_OF_CUSTOMER,
  READ_FEED_OF_NOBODY,
  READ_HISTORY,
  READ_LEDGER,
  READ_LEDGER_TEXT,
  READ_NEWEST,
  READ_RECORDS,
  SCRUB_EVENTS,
} from './store.ts';
import { noteWritten } from './watch.ts';

export type Ledger = { position: number; now: string };

export type EventDraft = {
  type: string;
  customer_id?: string;
  customer_version?: number;
  actor: EventActor;
  request_id: string | null;
  cause_id: string | null;
  /** Former values of the fields that changed. */
  before: object | null;
  /** The whole record afterwards, as JSON; null once the customer is erased. */
  after: string | null;
};

export type Plan<Answer> = {
  statements: Ask[];
  events: EventDraft[];
  /** By how much the counts of customers change. */
  total: number;
  active: number;
  /** By how much the total changes of those created on each day. */
  days?: Map<string, number>;
  answer: Answer;
};

/**
 * One write of a workspace, in one transaction and two flushes: takes the ledger's lock and reads; lets `decide` work
 * out, with the lock held and so with no other writer about, what to change; writes that, its events and the ledger,
 * and commits. Throws `outcome_unknown` when the answer to COMMIT was lost and could not be found out.
 */
export async function writeUnderLock<Answer>(
  database: Database,
  workspace_id: number,
  reads: Ask[],
  decide: (ledger: Ledger, found: Row[][]) => Plan<Answer>,
): Promise<{ answer: Answer; position: number }> {
  const session = await database.begin();
  let waited: number;
  let isBehind: boolean;
  let ledger: Ledger;
  let plan: Plan<Answer>;
  try {
    const [[locked], ...found] = await Promise.all([
      session.query(LOCK_LEDGER, [workspace_id]),
      ...reads.map(([statement, values]) => session.query(statement, values)),
    ]);
    if (!locked) throw new Error(`Workspace ${workspace_id} has no ledger.`);
    ledger = { position: locked[0], now: locked[1] };
    waited = Number(locked[2]);
    isBehind = locked[3];
    plan = decide(ledger, found);
  } catch (error) {
    session.release(true); // closing the connection rolls back
    throw isConnectionError(error) ? unavailable(error) : error;
  }
  const position = ledger.position + plan.events.length;
  try {
    const sent = isBehind ? [session.query(CATCH_UP_DAYS, [workspace_id])] : [];
    sent.push(...plan.statements.map(([statement, values]) => session.query(statement, values)));
    if (plan.events.length >= MANY) {
      // PostgreSQL is at the rows of a large batch while its events are put in JSON.
      for (const each of sent) each.catch(() => {}); // heard below
      await endOfTurn();
    }
    if (plan.events.length > 0) sent.push(append(session, workspace_id, ledger, plan));
    const committed = session.commit();
    await Promise.all([...sent, committed]);
    if (!(await committed)) throw new Error('PostgreSQL rolled the transaction back.');
    session.release();
  } catch (error) {
    session.release(true);
    if (!isConnectionError(error)) throw error;
    if (!(await wasCommitted(database, workspace_id, ledger, plan))) throw unavailable(error);
  }
  if (plan.events.length > 0) {
    database.onBatch(plan.events.length, waited, workspace_id, position);
    noteWritten(database, workspace_id, position);
  }
  return { answer: plan.answer, position };
}

/** Events from which on their JSON takes a millisecond or more. */
const MANY = 200;

const endOfTurn = () => new Promise(setImmediate);

function append(session: Session, workspace_id: number, ledger: Ledger, plan: Plan<unknown>): Promise<Row[]> {
  const json = (value: object | null) => (value === null ? null : JSON.stringify(value));
  const events = textsOf(
    plan.events.map(({ type, customer_id, customer_version, actor, request_id, cause_id, before, after }) => [
      type,
      customer_id ?? null,
      customer_version ?? null,
      JSON.stringify(actor),
      request_id,
      cause_id,
      json(before),
      after,
    ]),
  );
  const position = ledger.position + plan.events.length;
  const values = [workspace_id, ledger.now, ledger.position, position, plan.total, plan.active];
  const days = [...(plan.days ?? [])].filter(([, customers]) => customers !== 0);
  if (days.length === 0) return session.query(APPEND_EVENTS, [...values, ...events]);
  return session.query(APPEND_EVENTS_AND_COUNT_DAYS, [
    ...values,
    days.map(([day]) => day),
    days.map(([, customers]) => customers),
    ...events,
  ]);
}

const CONFIRM_MS = 5000;

/** Looks whether a transaction whose connection broke did commit. Taking the lock waits for it to end either way. */
async function wasCommitted(
  database: Database,
  workspace_id: number,
  ledger: Ledger,
  plan: Plan<unknown>,
): Promise<boolean> {
  const [first] = plan.events;
  if (!first) return true; // nothing was to change, so the answer holds as it is
  const deadline = Date.now() + CONFIRM_MS;
  for (;;) {
    try {
      const session = await database.begin();
      try {
        const [, [found]] = await Promise.all([
          session.query(LOCK_LEDGER, [workspace_id]),
          session.query(FIND_EVENT, [workspace_id, ledger.position + 1]),
        ]);
        return (
          found !== undefined &&
          found[0] === ledger.now &&
          found[1] === (first.customer_id ?? null) &&
          found[2] === first.request_id
        );
      } finally {
        session.release(true);
      }
    } catch (error) {
      if (Date.now() > deadline) throw outcomeUnknown(error);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

export type LedgerState = { position: number; total_customers: number; active_customers: number };

const asked = new WeakMap<Database, Map<number, Promise<LedgerState>>>();

/**
 * The workspace's position and counts: one lookup by primary key. Those who ask in one turn of the event loop share one
 * answer: a turn's reads leave at its end, after all of them have asked.
 */
export function readLedger(database: Database, workspace_id: number): Promise<LedgerState> {
  let workspaces = asked.get(database);
  if (!workspaces) {
    workspaces = new Map();
    asked.set(database, workspaces);
  }
  const shared = workspaces.get(workspace_id);
  if (shared) return shared;
  const turn = workspaces;
  setImmediate(() => turn.delete(workspace_id));
  const answer = askForLedger(database, workspace_id);
  workspaces.set(workspace_id, answer);
  return answer;
}

async function askForLedger(database: Database, workspace_id: number): Promise<LedgerState> {
  const [row] = await database.read(READ_LEDGER, [workspace_id]);
  return { position: row?.[0] ?? 0, total_customers: row?.[1] ?? 0, active_customers: row?.[2] ?? 0 };
}

/** What READ_LEDGER_TEXT gave. */
export function ledgerOf(text: string): LedgerState {
  const [position, total_customers, active_customers] = text.split(' ').map(Number) as [number, number, number];
  return { position, total_customers, active_customers };
}

export { READ_LEDGER_TEXT };

/** Up to `limit` events after a position: the first of them, oldest first, or the last of them, newest first. */
export async function readFeed(
  database: Database,
  workspace_id: number,
  after: number,
  limit: number,
  newest_first = false,
): Promise<LogEvent[]> {
  const statement = newest_first ? READ_NEWEST : READ_FEED;
  return (await database.read(statement, [workspace_id, after, limit])).map(eventOf);
}

/**
 * Some events of a customer, or of none, from a position up to another, oldest first; `through` is the position up to which
 * they are all that there are.
 */
export async function readFeedOf(
  database: Database,
  workspace_id: number,
  customer_id: string | null,
  from: number,
  to: number,
): Promise<{ events: LogEvent[]; through: number }> {
  if (customer_id === null) {
    // There is no index of these, and there may be any number of others between them.
    const through = Math.min(to, from + SPAN);
    const rows = await database.read(READ_FEED_OF_NOBODY, [workspace_id, from, through]);
    return { events: rows.map(eventOf), through };
  }
  const rows = await database.read(READ_FEED_OF_CUSTOMER, [workspace_id, customer_id, from, to, SOME]);
  const events = rows.map(eventOf);
  return { events, through: events.length < SOME ? to : events.at(-1)!.position };
}

const SOME = 50;
const SPAN = 2000;

/** Up to `limit` events of a customer before a position, newest first. */
export async function readHistory(
  database: Database,
  workspace_id: number,
  customer_id: string,
  before: number,
  limit: number,
): Promise<LogEvent[]> {
  return (await database.read(READ_HISTORY, [workspace_id, customer_id, before, limit])).map(eventOf);
}

/** The record as it stood after `position`, as the event that made it holds it; null where there was none yet. */
export async function readAsOf(
  database: Database,
  workspace_id: number,
  customer_id: string,
  position: number,
): Promise<string | null> {
  const [row] = await database.read(READ_AFTER, [workspace_id, customer_id, position]);
  return row?.[1] ?? null;
}

/** The same of a customer that was not deleted then, after a position or at a time (RFC 3339); null where there was none. */
export async function readThen(
  database: Database,
  workspace_id: number,
  customer_id: string,
  then: number | string,
): Promise<string | null> {
  const statement = typeof then === 'number' ? READ_AFTER : READ_AT_TIME;
  const [row] = await database.read(statement, [workspace_id, customer_id, then]);
  return row && row[0] !== 'customer.deleted' ? row[1] : null;
}

/** A change of a customer as its event holds it: former values of what changed, and the whole record afterwards. */
export type LoggedChange = {
  position: number;
  type: string;
  customer_id: string;
  before: Partial<CustomerInput> | null;
  after: Customer;
};

/** The change at a position; undefined where there is none, or it is no customer's. */
export async function readChange(
  database: Database,
  workspace_id: number,
  position: number,
): Promise<LoggedChange | undefined> {
  return (await database.read(READ_CHANGE, [workspace_id, position])).map(changeOf)[0];
}

/** Up to `limit` changes of a cause before a position, the last first. */
export async function readChangesOfCause(
  database: Database,
  workspace_id: number,
  cause_id: string,
  before: number,
  limit: number,
): Promise<LoggedChange[]> {
  return (await database.read(READ_CHANGES_OF_CAUSE, [workspace_id, cause_id, before, limit])).map(changeOf);
}

function changeOf([position, type, customer_id, before, after]: Row): LoggedChange {
  return { position, type, customer_id, before: before === null ? null : JSON.parse(before), after: JSON.parse(after) };
}

/**
 * What takes all away that the log says of customers, and the salts of its hashes: their events stay, without a value. It
 * belongs into the write that removes the customers, whose own events come after it.
 */
export function scrubHistory(workspace_id: number, customer_ids: string[]): Ask[] {
  return [
    [SCRUB_EVENTS, [workspace_id, customer_ids]],
    [FORGET_SALTS, [workspace_id, customer_ids]],
  ];
}

/** The records as they stood after each of the given positions, in their order. */
export async function readRecords(
  database: Database,
  workspace_id: number,
  asked: { customer_id: string; position: number }[],
): Promise<string[]> {
  if (asked.length === 0) return [];
  const values = [workspace_id, asked.map((one) => one.customer_id), asked.map((one) => one.position)];
  return (await database.read(READ_RECORDS, values)).map(([record]) => record);
}

function eventOf(row: Row): LogEvent {
  const [position, at, type, customer_id, customer_version, actor, request_id, cause_id, before, after] = row;
  const record = JSON.parse(after);
  const former = before === null ? null : JSON.parse(before);
  return {
    position,
    at,
    type,
    customer_id,
    customer_version,
    actor: JSON.parse(actor),
    request_id,
    cause_id,
    changes: record === null ? {} : changesOf(type, former, record),
    ...(customer_id === null ? { subject: record } : { customer: record }),
    ...(type === 'customer.erased' ? { subject: former } : {}),
  };
}

function changesOf(
  type: string,
  before: Record<string, unknown> | null,
  after: Record<string, unknown>,
): LogEvent['changes'] {
  const names =
    type === 'customer.created' ? INPUT_FIELDS.filter((name) => after[name] !== null) : Object.keys(before ?? {});
  return Object.fromEntries(names.map((name) => [name, [before?.[name] ?? null, after[name] ?? null]]));
}

export { readDays } from './days.ts';
export { checkLog } from './log-check.ts';
export { CREATED_CUSTOMERS, KEPT_COUNTS, KEPT_DAYS, LAST_EVENT } from './log-check-store.ts';
export { keepSealing, sealBlock } from './seals.ts';
export { checkSeals, type NotedHead } from './seals-check.ts';
export { watchLog } from './watch.ts';
export type { LogEvent };

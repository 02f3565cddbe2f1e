// The log of a workspace: how every write takes its turn and leaves its events, and how they are read.

import { type Customer, type CustomerInput, INPUT_FIELDS } from '#contract/customers.ts';
import type { EventActor, LogEvent } from '#contract/events.ts';
import type { Ask, Database, Row, Session } from '../database.ts';
import { isConnectionError, outcomeUnknown, unavailable } from '../problem.ts';
import {
  APPEND_EVENTS,
  FIND_EVENT,
  LOCK_LEDGER,
  READ_AFTER,
  READ_AT_TIME,
  READ_CHANGE,
  READ_CHANGES_OF_CAUSE,
  READ_FEED,
  READ_HISTORY,
  READ_LEDGER,
  READ_LEDGER_TEXT,
  READ_RECORDS,
} from './store.ts';

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
  /** The whole record afterwards, as JSON. */
  after: string;
};

export type Plan<Answer> = {
  statements: Ask[];
  events: EventDraft[];
  /** By how much the counts of customers change. */
  total: number;
  active: number;
  answer: Answer;
};

/**
 * One write of a workspace, in one transaction and two flushes: takes the ledger's lock and reads; lets `decide` work
 * out, with the lock held and so with no other writer about, what to change; writes that, its events and the ledger,
 * and commits. `waited`: milliseconds until it had the lock. Throws `outcome_unknown` when the answer to COMMIT was lost and could not be found out.
 */
export async function writeUnderLock<Answer>(
  database: Database,
  workspace_id: number,
  reads: Ask[],
  decide: (ledger: Ledger, found: Row[][]) => Plan<Answer>,
): Promise<{ answer: Answer; position: number; waited: number }> {
  const session = await database.begin();
  let waited: number;
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
    plan = decide(ledger, found);
  } catch (error) {
    session.release(true); // closing the connection rolls back
    throw isConnectionError(error) ? unavailable(error) : error;
  }
  const position = ledger.position + plan.events.length;
  try {
    const sent = plan.statements.map(([statement, values]) => session.query(statement, values));
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
  if (plan.events.length > 0) database.onBatch(plan.events.length, waited, workspace_id, position);
  return { answer: plan.answer, position, waited };
}

/** Events from which on their JSON takes a millisecond or more. */
const MANY = 200;

const endOfTurn = () => new Promise(setImmediate);

function append(session: Session, workspace_id: number, ledger: Ledger, plan: Plan<unknown>): Promise<Row[]> {
  const events = plan.events.map(({ after, ...event }, index) => {
    const entry = JSON.stringify({ position: ledger.position + 1 + index, ...event });
    return `${entry.slice(0, -1)},"after":${after}}`;
  });
  const position = ledger.position + events.length;
  return session.query(APPEND_EVENTS, [
    workspace_id,
    `[${events.join(',')}]`,
    ledger.now,
    position,
    plan.total,
    plan.active,
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

/** Up to `limit` events after a position, oldest first. */
export async function readFeed(
  database: Database,
  workspace_id: number,
  after: number,
  limit: number,
): Promise<LogEvent[]> {
  return (await database.read(READ_FEED, [workspace_id, after, limit])).map(eventOf);
}

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
    changes: changesOf(type, former, record),
    ...(customer_id === null ? { subject: record } : { customer: record }),
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

export type { LogEvent };

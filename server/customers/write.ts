// The one way in. Whatever changes customers (a request, a batch, an import) is a list of writes; those of one
// workspace that wait while a transaction is under way go together in the next one, and each gets its own outcome.

import type { MatchField } from '#contract/batch.ts';
import type { Customer, CustomerInput } from '#contract/customers.ts';
import type { EventActor } from '#contract/events.ts';
import type { Ask, Database, Row } from '../database.ts';
import { type Ledger, type Plan, readAsOf, writeUnderLock } from '../events/events.ts';
import {
  askForReplays,
  type Idempotency,
  idempotencyId,
  keyReused,
  type Replay,
  replaysOf,
  storeKeys,
} from '../idempotency/idempotency.ts';
import { asProblem, notFound, overloaded, type Problem } from '../problem.ts';
import { currentRequest, inBatch, inRequest, type RequestContext } from '../request-context.ts';
import { decide } from './decide.ts';
import { FIND_HISTORIES } from './erase-store.ts';
import type { Pace } from './pace.ts';
import { customerOf } from './record.ts';
import { FIND_BY_EMAIL, FIND_BY_EXTERNAL_ID, FIND_BY_ID, FIND_HOLDERS, FIND_HOLDERS_OF_DELETED } from './store.ts';
import { askedOf, type Suppressed, type UniqueValue } from './suppression.ts';

/** Checked values, with what is derived from them before the lock is taken; `columns`, as JSON, only of a whole customer. */
export type CheckedInput<Fields> = { fields: Fields; phone_e164?: string | null; columns?: string };

export type Change =
  | { kind: 'create'; input: CheckedInput<CustomerInput>; created_at?: string }
  | { kind: 'replace'; id: string; input: CheckedInput<CustomerInput> }
  | { kind: 'update'; id: string; input: CheckedInput<Partial<CustomerInput>> }
  /** Creates the customer, or makes the one there is what the input says. */
  | { kind: 'upsert'; by: MatchField; value: string; input: CheckedInput<CustomerInput> }
  /** Creates the customer, or gives the one there is the fields of the input, as far as `rules` let them. */
  | {
      kind: 'merge';
      by: MatchField;
      /** null: nobody is meant who is there already. */
      value: string | null;
      input: CheckedInput<Partial<CustomerInput>>;
      rules?: Partial<Record<keyof CustomerInput, 'overwrite' | 'only_if_empty' | 'leave'>>;
      created_at?: string;
    }
  | { kind: 'delete'; id: string }
  | { kind: 'restore'; id: string }
  | { kind: 'undo'; event: PastEvent }
  /** Removes the customer, deleted or not, and all that the log says of it. `suppress`: nobody may enter it again. */
  | { kind: 'erase'; id: string; suppress: boolean };

/** An event of a customer as what takes it back needs it; `phone_e164` of the former phone. */
export type PastEvent = {
  type: string;
  customer_id: string;
  before: Partial<CustomerInput> | null;
  after: Customer;
  phone_e164: string | null;
};

/** A field that an undo left as it is, and why: it was changed since, or another customer has its former value. */
export type Kept = { field: keyof CustomerInput; code: string };

export type Write = {
  change: Change;
  actor: EventActor;
  request_id: string | null;
  cause_id: string | null;
  /** Versions of which one must be the current one; absent: any. */
  if_match?: number[];
  idempotency?: Idempotency;
};

/** What became of a write that was done: the customer as it is now, also as the JSON that is answered. */
export type Done = {
  status: number;
  type: 'created' | 'updated' | 'unchanged' | 'deleted' | 'restored' | 'erased';
  customer: Customer;
  json: string;
  position: number;
  /** Whether the customer is deleted now. */
  deleted: boolean;
  kept: Kept[];
  /** Of a customer who was erased. */
  erased?: Erased;
};

/** `events`: how many there were. `values`: the emails and external ids that the customer had, and nobody else has. */
export type Erased = { events: number; values: string[]; suppressed: Suppressed[] };

export type Outcome = Pick<Done, 'status' | 'customer' | 'json' | 'position'> & { replayed: boolean };

/** What `decide` settled for a write: done, refused, or to be answered from the log. */
export type Decision = Done | { refused: Problem } | { replay: Replay };

type Waiting = {
  write: Write;
  request: RequestContext | undefined;
  resolve: (outcome: Outcome) => void;
  reject: (error: unknown) => void;
};
type Lane = { waiting: Waiting[]; busy: boolean };

/** How many writes one transaction takes at most: enough to make its cost per write small, few enough that one who comes next waits little. */
const BATCH = 500;

/** Requests of a workspace that wait at most: about a second's worth. What is no request waits whatever there is. */
const WAITING_MOST = 2000;

const lanes = new WeakMap<Database, Map<number, Lane>>();

/** Joins the write under way of its workspace. Rejects with a Problem when it is refused; then nothing has changed. */
export function writeCustomer(database: Database, workspace_id: number, write: Write): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const lane = laneOf(database, workspace_id);
    if (lane.waiting.length >= WAITING_MOST && write.request_id !== null) throw overloaded();
    lane.waiting.push({ write, request: currentRequest(), resolve, reject });
    if (!lane.busy) void drain(database, workspace_id, lane);
  });
}

function laneOf(database: Database, workspace_id: number): Lane {
  let workspaces = lanes.get(database);
  if (!workspaces) {
    workspaces = new Map();
    lanes.set(database, workspaces);
  }
  let lane = workspaces.get(workspace_id);
  if (!lane) {
    lane = { waiting: [], busy: false };
    workspaces.set(workspace_id, lane);
  }
  return lane;
}

async function drain(database: Database, workspace_id: number, lane: Lane): Promise<void> {
  lane.busy = true;
  while (lane.waiting.length > 0) {
    // Requests that arrive in the same turn of the event loop, those just answered with the batch before among them, join.
    await new Promise(setImmediate);
    await settle(database, workspace_id, lane.waiting.splice(0, BATCH));
  }
  lane.busy = false;
}

/** Runs one batch and answers its writes. */
async function settle(database: Database, workspace_id: number, batch: Waiting[]): Promise<void> {
  let decisions: Decision[];
  try {
    const requests = batch.map((waiting) => waiting.request);
    const writes = batch.map((waiting) => waiting.write);
    decisions = await inBatch(requests, () => runBatch(database, workspace_id, writes));
  } catch (error) {
    // An unforeseen fault of one must not fail its neighbours: each is tried alone. Where the database is away or stuck
    // that would only have the last wait for as many timeouts as there are writes.
    if (batch.length > 1 && asProblem(error).status !== 503)
      for (const waiting of batch) await settle(database, workspace_id, [waiting]);
    else for (const waiting of batch) waiting.reject(error);
    return;
  }
  decisions.forEach((decision, index) => {
    answer(database, workspace_id, batch[index]!, decision);
  });
}

function answer(database: Database, workspace_id: number, waiting: Waiting, decision: Decision): void {
  if ('refused' in decision) waiting.reject(decision.refused);
  else if ('replay' in decision)
    inRequest(waiting.request, () => replay(database, workspace_id, decision.replay)).then(
      waiting.resolve,
      waiting.reject,
    );
  else waiting.resolve({ ...decision, replayed: false });
}

// ---- Groups ---------------------------------------------------------------------------------------------------------

/** Writes that belong together: one transaction of their own has them all, each as if those before it were done. */
export type Group = {
  writes: Write[];
  /** All or nothing: where one is refused, nothing is done. */
  atomic?: boolean;
  idempotency?: Idempotency;
  /** What is stored with the idempotency key, to be answered again. */
  replyOf?(decisions: GroupDecision[]): unknown;
  /** Asked first, with the ledger's lock held: where it finds no row, nothing is done. */
  guard?: Ask;
  /** More to be written by the very transaction. */
  alongside?(decisions: GroupDecision[], ledger: Ledger): Ask[];
  /** Hears where the log stood before and after. */
  pace?: Pace;
};
export type GroupDecision = Done | { refused: Problem };
export type GroupOutcome =
  | { decisions: GroupDecision[]; position: number }
  | { refused: Problem }
  | { replay: Replay }
  | { stopped: true };

/** The last group of each workspace: the next one begins when it is done, so that they never hold more than one connection. */
const groups = new WeakMap<Database, Map<number, { waiting: number; last: Promise<unknown> }>>();

/** Groups of a workspace that wait at most: about a second's worth. */
const GROUPS_MOST = 16;

/** Does the writes of a group. Where it is atomic, the decisions of one that was refused are all there, and nothing is done. */
export async function writeGroup(database: Database, workspace_id: number, group: Group): Promise<GroupOutcome> {
  const turns = groups.get(database) ?? new Map();
  groups.set(database, turns);
  const turn = turns.get(workspace_id) ?? { waiting: 0, last: Promise.resolve() };
  turns.set(workspace_id, turn);
  if (turn.waiting >= GROUPS_MOST) throw overloaded();
  turn.waiting++;
  const outcome = turn.last.then(() => runGroup(database, workspace_id, group));
  turn.last = outcome
    .catch(() => {})
    .finally(() => {
      turn.waiting--;
    });
  return outcome;
}

async function runGroup(database: Database, workspace_id: number, group: Group): Promise<GroupOutcome> {
  const { writes, atomic, idempotency, replyOf, guard, alongside, pace } = group;
  const reads = readsFor(database, workspace_id, writes, await takenUpAgain(database, workspace_id, writes));
  const asked = reads.map((read) => read.ask);
  if (guard) asked.push(guard);
  if (idempotency) asked.push(askForReplays(workspace_id, [idempotency]));
  let before = 0;
  const { answer, position } = await writeUnderLock(
    database,
    workspace_id,
    asked,
    (ledger, found): Plan<GroupOutcome> => {
      before = ledger.position;
      const nothing = { statements: [], events: [], total: 0, active: 0 };
      const replay = idempotency && replaysOf(found.at(-1)!).get(idempotencyId(idempotency));
      if (replay)
        return {
          ...nothing,
          answer: replay.fingerprint === idempotency.fingerprint ? { replay } : { refused: keyReused() },
        };
      if (guard && found[reads.length]!.length === 0) return { ...nothing, answer: { stopped: true } };
      const plan = decide(database, workspace_id, ledger, writes, foundBy(reads, found));
      const decisions = plan.answer as GroupDecision[];
      const done = decisions.filter((decision) => 'json' in decision);
      if (atomic && done.length < decisions.length)
        return { ...nothing, answer: { decisions, position: ledger.position } };
      const statements = [...plan.statements, ...(alongside?.(decisions, ledger) ?? [])];
      const after = ledger.position + plan.events.length;
      // A refusal is not stored, nor is a group of nothing but refusals.
      if (idempotency && done.length + Number(writes.length === 0) > 0) {
        const key = { ...idempotency, status: 200, position: after, subject_id: null, reply: replyOf?.(decisions) };
        statements.push(storeKeys(workspace_id, ledger.now, [key]));
      }
      return { ...plan, statements, answer: { decisions, position: after } };
    },
  );
  pace?.note(before, position);
  counts.set(database, written(database) + writes.length);
  return answer;
}

// ---- One transaction ------------------------------------------------------------------------------------------------

const counts = new WeakMap<Database, number>();

/** Rows written through this database since the start. */
export const written = (database: Database) => counts.get(database) ?? 0;

async function runBatch(database: Database, workspace_id: number, writes: Write[]): Promise<Decision[]> {
  const reads = readsFor(database, workspace_id, writes, await takenUpAgain(database, workspace_id, writes));
  const { answer } = await writeUnderLock(
    database,
    workspace_id,
    reads.map((read) => read.ask),
    (ledger, found) => decide(database, workspace_id, ledger, writes, foundBy(reads, found)),
  );
  counts.set(database, written(database) + writes.length);
  return answer;
}

type UniqueValues = Partial<Pick<CustomerInput, 'email' | 'external_id'>>;

/**
 * What customers who are to be restored had. Whether that is suppressed is asked by a key that PostgreSQL does not have, so it
 * is read before the lock is taken; while they are deleted it stays as it is.
 */
async function takenUpAgain(database: Database, workspace_id: number, writes: Write[]): Promise<UniqueValues[]> {
  const ids = writes.flatMap(({ change }) => (change.kind === 'restore' ? change.id : []));
  if (ids.length === 0) return [];
  const rows = await database.read(FIND_BY_ID, [workspace_id, ids]);
  return rows.map(([record]) => customerOf(record));
}

export type Found = 'ids' | 'matches' | 'holders' | 'holders_of_deleted' | 'histories' | 'replays';
type Read = { of: Found; ask: Ask };

/** What was found, by what it tells. */
export function foundBy(reads: Read[], found: Row[][]): Partial<Record<Found, Row[]>> {
  const rows: Partial<Record<Found, Row[]>> = {};
  for (const [index, { of }] of reads.entries()) rows[of] = [...(rows[of] ?? []), ...found[index]!];
  return rows;
}

/** What must be known of the present to decide on the writes; what is not needed is not asked for. */
export function readsFor(
  { suppression_key }: Pick<Database, 'suppression_key'>,
  workspace_id: number,
  writes: Pick<Write, 'change' | 'idempotency'>[],
  taken_up: UniqueValues[] = [],
): Read[] {
  const ids: string[] = [];
  const erased: string[] = [];
  const restores: string[] = [];
  const emails: string[] = [];
  const external_ids: string[] = [];
  const matches: Record<MatchField, string[]> = { email: [], external_id: [] };
  const keys: Idempotency[] = [];
  const asked: UniqueValue[] = [];
  const ask = ({ email, external_id }: UniqueValues) => {
    if (email !== undefined) asked.push(['email', email]);
    if (typeof external_id === 'string') asked.push(['external_id', external_id]);
  };
  /** Who holds the value that is matched by is found by the match. */
  const claim = ({ email, external_id }: UniqueValues, by?: MatchField) => {
    ask({ email, external_id });
    if (email !== undefined && by !== 'email') emails.push(email);
    if (typeof external_id === 'string' && by !== 'external_id') external_ids.push(external_id);
  };
  for (const values of taken_up) ask(values);
  for (const { change, idempotency } of writes) {
    if ('id' in change) ids.push(change.id);
    if (change.kind === 'restore') restores.push(change.id);
    if (change.kind === 'erase') erased.push(change.id);
    if ('by' in change && change.value !== null) matches[change.by].push(change.value);
    if ('input' in change) claim(change.input.fields, 'by' in change ? change.by : undefined);
    if (change.kind === 'undo') {
      const { event } = change;
      ids.push(event.customer_id);
      if (event.type === 'customer.deleted') {
        restores.push(event.customer_id);
        ask(event.after);
      }
      if (event.before) claim(event.before);
    }
    if (idempotency) keys.push(idempotency);
  }
  const reads: Read[] = [];
  if (ids.length > 0) reads.push({ of: 'ids', ask: [FIND_BY_ID, [workspace_id, ids]] });
  if (matches.email.length > 0) reads.push({ of: 'matches', ask: [FIND_BY_EMAIL, [workspace_id, matches.email]] });
  if (matches.external_id.length > 0)
    reads.push({ of: 'matches', ask: [FIND_BY_EXTERNAL_ID, [workspace_id, matches.external_id]] });
  if (asked.length > 0) {
    const values = [workspace_id, emails, external_ids, ...askedOf(suppression_key, workspace_id, asked)];
    reads.push({ of: 'holders', ask: [FIND_HOLDERS, values] });
  }
  if (restores.length > 0)
    reads.push({ of: 'holders_of_deleted', ask: [FIND_HOLDERS_OF_DELETED, [workspace_id, restores]] });
  if (erased.length > 0) reads.push({ of: 'histories', ask: [FIND_HISTORIES, [workspace_id, erased]] });
  if (keys.length > 0) reads.push({ of: 'replays', ask: askForReplays(workspace_id, keys) });
  return reads;
}

/** Answers as the first request with the key was answered: from the log, where that state of the customer stands. */
async function replay(database: Database, workspace_id: number, found: Replay): Promise<Outcome> {
  const record = await readAsOf(database, workspace_id, found.subject_id!, found.position);
  if (record === null) throw notFound(); // erased since
  const { status, position } = found;
  return { status, customer: JSON.parse(record), json: record, position, replayed: true };
}

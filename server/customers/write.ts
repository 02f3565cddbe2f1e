// The one way in. Whatever changes customers (a request, a batch, an import) is a list of writes; those of one
// workspace that wait while a transaction is under way go together in the next one, and each gets its own outcome.

import type { Ask, Database } from '../database.ts';
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
import type { Decision, Done, Outcome, Write } from './change.ts';
import { decide } from './decide.ts';
import type { Pace } from './pace.ts';
import { foundBy, readsOf } from './reads.ts';
import { noteRows } from './search-upkeep.ts';

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
  const reads = await readsOf(database, workspace_id, writes);
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
  noteRows(database, writes.length);
  return answer;
}

// ---- One transaction ------------------------------------------------------------------------------------------------

async function runBatch(database: Database, workspace_id: number, writes: Write[]): Promise<Decision[]> {
  const reads = await readsOf(database, workspace_id, writes);
  const { answer } = await writeUnderLock(
    database,
    workspace_id,
    reads.map((read) => read.ask),
    (ledger, found) => decide(database, workspace_id, ledger, writes, foundBy(reads, found)),
  );
  noteRows(database, writes.length);
  return answer;
}

/** Answers as the first request with the key was answered: from the log, where that state of the customer stands. */
async function replay(database: Database, workspace_id: number, found: Replay): Promise<Outcome> {
  const record = await readAsOf(database, workspace_id, found.subject_id!, found.position);
  if (record === null) throw notFound(); // erased since
  const { status, position } = found;
  return { status, customer: JSON.parse(record), json: record, position, replayed: true };
}

// The one way in. Whatever changes customers (a request, a batch, an import) is a list of writes; those of one
// workspace that wait while a transaction is under way go together in the next one, and each gets its own outcome.

import type { Customer, CustomerInput } from '#contract/customers.ts';
import type { EventActor } from '#contract/events.ts';
import type { Ask, Database } from '../database.ts';
import { readAsOf, writeUnderLock } from '../events/events.ts';
import { askForReplays, type Idempotency, type Replay } from '../idempotency/idempotency.ts';
import { asProblem, overloaded, type Problem } from '../problem.ts';
import { currentRequest, inBatch, inRequest, type RequestContext } from '../request-context.ts';
import { decide } from './decide.ts';
import { FIND_BY_EXTERNAL_ID, FIND_BY_ID, FIND_HOLDERS, FIND_HOLDERS_OF_DELETED } from './store.ts';

/** Checked values, with what is derived from them before the lock is taken; `columns`, as JSON, only of a whole customer. */
export type CheckedInput<Fields> = { fields: Fields; phone_e164?: string | null; columns?: string };

export type Change =
  | { kind: 'create'; input: CheckedInput<CustomerInput>; created_at?: string }
  | { kind: 'replace'; id: string; input: CheckedInput<CustomerInput> }
  | { kind: 'update'; id: string; input: CheckedInput<Partial<CustomerInput>> }
  | { kind: 'upsert'; external_id: string; input: CheckedInput<CustomerInput> }
  | { kind: 'delete'; id: string }
  | { kind: 'restore'; id: string };

export type Write = {
  change: Change;
  actor: EventActor;
  request_id: string | null;
  cause_id: string | null;
  /** Versions of which one must be the current one; absent: any. */
  if_match?: number[];
  idempotency?: Idempotency;
};

/** What became of a write: the customer as it is now, also as the JSON that is answered. */
export type Outcome = { status: number; customer: Customer; json: string; position: number; replayed: boolean };

/** What `decide` settled for a write: done, refused, to be answered from the log, or to wait for the next batch. */
export type Decision =
  | { status: number; customer: Customer; json: string; position: number }
  | { refused: Problem }
  | { replay: Replay }
  | { deferred: true };

type Waiting = {
  write: Write;
  request: RequestContext | undefined;
  resolve: (outcome: Outcome) => void;
  reject: (error: unknown) => void;
};
type Lane = { waiting: Waiting[]; busy: boolean };

/** How many writes one transaction takes at most: enough to make its cost per write small, few enough that one who comes next waits little. */
const BATCH = 500;

/** Requests of a workspace that wait at most: about a second's worth. An import's rows wait whatever there is, as few as they are. */
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
    const batch = lane.waiting.splice(0, BATCH);
    lane.waiting.unshift(...(await settle(database, workspace_id, batch)));
  }
  lane.busy = false;
}

/** Runs one batch and answers its writes; gives back those that must wait for the next one. */
async function settle(database: Database, workspace_id: number, batch: Waiting[]): Promise<Waiting[]> {
  let decisions: Decision[];
  try {
    const requests = batch.map((waiting) => waiting.request);
    const writes = batch.map((waiting) => waiting.write);
    decisions = await inBatch(requests, () => runBatch(database, workspace_id, writes));
  } catch (error) {
    // An unforeseen fault of one must not fail its neighbours: each is tried alone. Where the database is away or stuck
    // that would only have the last wait for as many timeouts as there are writes.
    if (batch.length > 1 && asProblem(error).status !== 503) {
      const left: Waiting[] = [];
      for (const waiting of batch) left.push(...(await settle(database, workspace_id, [waiting])));
      return left;
    }
    for (const waiting of batch) waiting.reject(error);
    return [];
  }
  decisions.forEach((decision, index) => {
    answer(database, workspace_id, batch[index]!, decision);
  });
  return batch.filter((_, index) => 'deferred' in decisions[index]!);
}

function answer(database: Database, workspace_id: number, waiting: Waiting, decision: Decision): void {
  if ('deferred' in decision) return;
  if ('refused' in decision) waiting.reject(decision.refused);
  else if ('replay' in decision)
    inRequest(waiting.request, () => replay(database, workspace_id, decision.replay)).then(
      waiting.resolve,
      waiting.reject,
    );
  else waiting.resolve({ ...decision, replayed: false });
}

const counts = new WeakMap<Database, number>();

/** Rows written through this database since the start. */
export const written = (database: Database) => counts.get(database) ?? 0;

async function runBatch(database: Database, workspace_id: number, writes: Write[]): Promise<Decision[]> {
  const reads = readsFor(workspace_id, writes);
  const { answer } = await writeUnderLock(
    database,
    workspace_id,
    reads.map((read) => read.ask),
    (ledger, found) => {
      const rows = Object.fromEntries(reads.map((read, index) => [read.of, found[index]]));
      return decide(workspace_id, ledger, writes, rows);
    },
  );
  counts.set(database, written(database) + writes.length);
  return answer;
}

export type Found = 'ids' | 'external_ids' | 'holders' | 'holders_of_deleted' | 'replays';

/** What must be known of the present to decide on the writes; what is not needed is not asked for. */
function readsFor(workspace_id: number, writes: Write[]): { of: Found; ask: Ask }[] {
  const ids: string[] = [];
  const upserts: string[] = [];
  const restores: string[] = [];
  const emails: string[] = [];
  const external_ids: string[] = [];
  const keys: Idempotency[] = [];
  for (const { change, idempotency } of writes) {
    if ('id' in change) ids.push(change.id);
    if (change.kind === 'restore') restores.push(change.id);
    if (change.kind === 'upsert') upserts.push(change.external_id);
    if ('input' in change) {
      if (change.input.fields.email !== undefined) emails.push(change.input.fields.email);
      if (typeof change.input.fields.external_id === 'string') external_ids.push(change.input.fields.external_id);
    }
    if (idempotency) keys.push(idempotency);
  }
  const reads: { of: Found; ask: Ask }[] = [];
  if (ids.length > 0) reads.push({ of: 'ids', ask: [FIND_BY_ID, [workspace_id, ids]] });
  if (upserts.length > 0) reads.push({ of: 'external_ids', ask: [FIND_BY_EXTERNAL_ID, [workspace_id, upserts]] });
  if (emails.length + external_ids.length > 0)
    reads.push({ of: 'holders', ask: [FIND_HOLDERS, [workspace_id, emails, external_ids]] });
  if (restores.length > 0)
    reads.push({ of: 'holders_of_deleted', ask: [FIND_HOLDERS_OF_DELETED, [workspace_id, restores]] });
  if (keys.length > 0) reads.push({ of: 'replays', ask: askForReplays(workspace_id, keys) });
  return reads;
}

/** Answers as the first request with the key was answered: from the log, where that state of the customer stands. */
async function replay(database: Database, workspace_id: number, found: Replay): Promise<Outcome> {
  const record = await readAsOf(database, workspace_id, found.subject_id!, found.position);
  const { status, position } = found;
  return { status, customer: JSON.parse(record!), json: record!, position, replayed: true };
}

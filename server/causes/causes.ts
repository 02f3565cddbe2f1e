// Causes: what sets of events belong to. Each records what was done in bulk; one that takes its time is worked on in the
// background, a slice at a time, and says in its own row how far it has come.
import type { Cause, CauseKind, KeptChange } from '#contract/causes.ts';
import type { EventActor } from '#contract/events.ts';
import type { Actor } from '../access/access.ts';
import type { Ask, Database, Row } from '../database.ts';
import { notFound } from '../problem.ts';
import { inTransaction } from '../transaction.ts';
import { isUuid } from '../uuid.ts';
import { CANCEL_CAUSE, CAUSE_COLUMNS, GET_CAUSE, KEEP_CHANGES, LIST_CAUSES, LIST_KEPT, RECORD_CAUSE } from './store.ts';
import { wakeWorkers } from './work.ts';

export type NewCause = {
  id: string;
  kind: CauseKind;
  actor: EventActor;
  /** `running`: to be worked on; `ready`: once that is told; otherwise it is done already. */
  state?: 'running' | 'ready';
  /** The cause that this one takes back. */
  undoes?: string;
  details?: object;
  progress?: Record<string, number>;
  /** The folder with the file that it reads: only who has it can work on it. */
  runs_at?: string;
};

/** What records a cause, for the transaction that has its effect. */
export function causeToRecord(workspace_id: number, cause: NewCause): Ask {
  const { id, kind, actor, state = 'done', undoes = null, details, progress, runs_at = null } = cause;
  const json = (value: object | undefined) => (value ? JSON.stringify(value) : null);
  const values = [workspace_id, id, kind, json(actor), state, undoes, json(details), json(progress), runs_at];
  return [RECORD_CAUSE, values];
}

/** Records a cause by itself. One that is to be worked on begins at once. */
export async function recordCause(database: Database, workspace_id: number, cause: NewCause): Promise<void> {
  await inTransaction(database, [causeToRecord(workspace_id, cause)]);
  if (cause.state === 'running') wakeWorkers(database);
}

/** A cause; 404 where there is none, also for a malformed id. */
export async function getCause(database: Database, actor: Actor, id: string): Promise<Cause> {
  const [row] = isUuid(id) ? await database.read(GET_CAUSE, [actor.workspace.id, id]) : [];
  if (!row) throw notFound();
  return causeOf(row);
}

const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** Up to `limit` causes, the last first; before the one with the id given. */
export async function listCauses(
  database: Database,
  actor: Actor,
  limit: number,
  before: string = LAST_ID,
): Promise<Cause[]> {
  return (await database.read(LIST_CAUSES, [actor.workspace.id, before, limit])).map(causeOf);
}

/** Stops what is under way: nothing more is done once this is answered, save the batch that was being written. */
export async function cancelCause(database: Database, actor: Actor, id: string): Promise<Cause> {
  await getCause(database, actor, id);
  await inTransaction(database, [[CANCEL_CAUSE, [actor.workspace.id, id]]]);
  return getCause(database, actor, id);
}

/** Up to `limit` of what an undo left as it was, before a position, the last first. */
export async function listKept(
  database: Database,
  actor: Actor,
  id: string,
  before: number,
  limit: number,
): Promise<KeptChange[]> {
  await getCause(database, actor, id);
  const rows = await database.read(LIST_KEPT, [actor.workspace.id, id, before, limit]);
  return rows.map(([position, customer_id, fields]) => ({ position, customer_id, fields: JSON.parse(fields) }));
}

/** What records what an undo leaves as it was, for the transaction that has its effect. */
export function keptToRecord(workspace_id: number, cause_id: string, kept: KeptChange[]): Ask {
  return [KEEP_CHANGES, [workspace_id, cause_id, JSON.stringify(kept)]];
}

/** A cause from its `CAUSE_COLUMNS`. */
export function causeOf(row: Row): Cause {
  const [id, kind, state, actor, at, finished_at, details, progress, failure, undoes, undone_by] = row;
  const parsed = (json: string | null) => (json === null ? null : JSON.parse(json));
  return {
    id,
    kind,
    state,
    actor: JSON.parse(actor),
    at,
    finished_at,
    details: parsed(details),
    progress: parsed(progress),
    failure,
    undoes,
    undone_by,
  };
}

export {
  guardOf,
  moved,
  readied,
  resumed,
  STOPPING,
  signOfLife,
  startWorking,
  takeWork,
  type Work,
  type Workers,
  wakeWorkers,
} from './work.ts';
export { CAUSE_COLUMNS };

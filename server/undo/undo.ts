// Undo: what a cause or a single change did is taken back, field by field, save what was changed since. An undo is a
// cause itself, so it can be undone.
import type { Cause, KeptChange, Undone } from '#contract/causes.ts';
import type { Actor } from '../access/access.ts';
import {
  cancelCause,
  causeToRecord,
  getCause,
  guardOf,
  keptToRecord,
  moved,
  type NewCause,
  takeWork,
  type Work,
} from '../causes/causes.ts';
import {
  fileWork,
  type GroupDecision,
  keepingSearchClean,
  openPace,
  undoOf,
  type Write,
  writeGroup,
} from '../customers/customers.ts';
import type { Database } from '../database.ts';
import { type LoggedChange, readChange, readChangesOfCause, readRecords } from '../events/events.ts';
import type { Idempotency } from '../idempotency/idempotency.ts';
import { notFound, Problem } from '../problem.ts';
import { uuidv7 } from '../uuid.ts';

type Context = { request_id: string | null; idempotency?: Idempotency };

/**
 * Begins to take back all that a cause did, in the background; gives the undo. 404 where there is no such cause, 409
 * `still_running` where it is under way.
 */
export async function undoCause(
  database: Database,
  actor: Actor,
  id: string,
  { request_id, idempotency }: Context,
): Promise<Cause> {
  const { state, kind, progress } = await getCause(database, actor, id);
  if (state === 'running')
    throw new Problem(409, 'still_running', 'It is still under way; wait until it is done, or cancel it first.');
  const undo: NewCause = {
    id: uuidv7(Date.now(), 0),
    kind: 'undo',
    actor: authorOf(actor),
    state: 'running',
    undoes: id,
    details: { cause_id: id, kind, request_id },
    progress: { total: progress?.changed ?? 0, done: 0, changed: 0, kept: 0 },
  };
  return fileWork(database, actor, undo, idempotency);
}

type Details = { cause_id: string; request_id: string | null };
type Progress = Record<string, number>;

/** Takes a cause's changes back, from the last to the first: each as it stood when those after it were undone. */
export async function workOnUndo(
  database: Database,
  work: Work<Details, number>,
  turn: AbortSignal,
  onProgress?: (progress: Progress) => void,
): Promise<void> {
  const { workspace, details } = work;
  const progress = { ...work.progress };
  const pace = openPace();
  let asked = pace.size();
  const read = (before: number) => readChangesOfCause(database, workspace.id, details.cause_id, before, asked);
  const start = work.place ?? Number.MAX_SAFE_INTEGER;
  let next = read(start);
  for (;;) {
    const changes = await next;
    const last = changes.at(-1)?.position ?? start;
    const done = changes.length < asked;
    asked = pace.size();
    // What a cause did is read on while it is taken back: it changes no more.
    if (!done) next = read(last);
    next.catch(() => {}); // heard above
    const outcome = await writeGroup(database, workspace.id, {
      writes: changes.map((change) => ({
        change: undoOf(workspace, change),
        actor: work.actor,
        request_id: details.request_id,
        cause_id: work.id,
      })),
      guard: guardOf(work),
      pace,
      alongside(decisions) {
        const kept = keptOf(changes, decisions);
        progress.done! += changes.length;
        progress.changed! += decisions.filter(isChange).length;
        progress.kept! += kept.length;
        const statements = [moved(work, progress, last, done)];
        if (kept.length > 0) statements.push(keptToRecord(workspace.id, work.id, kept));
        return statements;
      },
    });
    onProgress?.(progress);
    if ('stopped' in outcome || done || turn.aborted) return;
  }
}

/** An undo is bound to no folder. */
const NO_FOLDER = '';
const WATCH_MS = 250;

/**
 * Takes all back that a cause did, in this process where no other has taken it up, and waits for its end. What is under
 * way still is stopped before, and an undo that is under way is gone on with. The signal cancels the undo.
 */
export async function undoHere(
  database: Database,
  actor: Actor,
  id: string,
  { signal, onProgress }: { signal: AbortSignal; onProgress?: (progress: Progress) => void },
): Promise<Cause> {
  const { state, undone_by } = await getCause(database, actor, id);
  if (state === 'running') await cancelCause(database, actor, id);
  const before = undone_by === null ? undefined : await getCause(database, actor, undone_by);
  let undo = before?.state === 'running' ? before : await undoCause(database, actor, id, { request_id: null });
  for (; undo.state === 'running'; undo = await getCause(database, actor, undo.id)) {
    onProgress?.(undo.progress ?? {});
    if (signal.aborted) await cancelCause(database, actor, undo.id);
    else if (!(await workHere(undo.id))) await new Promise((resolve) => setTimeout(resolve, WATCH_MS));
  }
  return undo;

  /** Gives whether it was nobody else's. */
  async function workHere(undo_id: string): Promise<boolean> {
    const work = await takeWork(database, actor.workspace, NO_FOLDER, undo_id);
    if (work)
      await keepingSearchClean(database, () => workOnUndo(database, work as Work<Details, number>, signal, onProgress));
    return work !== undefined;
  }
}

const isChange = (decision: GroupDecision) => 'type' in decision && decision.type !== 'unchanged';

function keptOf(changes: LoggedChange[], decisions: GroupDecision[]): KeptChange[] {
  return decisions.flatMap((decision, index): KeptChange[] => {
    const { position, customer_id } = changes[index]!;
    const fields = 'kept' in decision ? decision.kept : [];
    return fields.length > 0 ? [{ position, customer_id, fields }] : [];
  });
}

/** Takes one change of a customer back, at once. 404 where the log has no such event, or it is of something else. */
export async function undoChange(
  database: Database,
  actor: Actor,
  position: number,
  { request_id, idempotency }: Context,
): Promise<Undone & { position: number; replayed: boolean }> {
  const workspace_id = actor.workspace.id;
  const change = await readChange(database, workspace_id, position);
  if (!change) throw notFound();
  const author = authorOf(actor);
  const cause = { id: uuidv7(Date.now(), 0), kind: 'undo' as const, actor: author, details: { position } };
  const write: Write = { change: undoOf(actor.workspace, change), actor: author, request_id, cause_id: cause.id };
  const replyOf = ([decision]: GroupDecision[]) => {
    if (!decision || 'refused' in decision) throw decision?.refused ?? new Error('There is a decision per write.');
    const { type, deleted, kept } = decision;
    return { cause_id: type === 'unchanged' ? null : cause.id, deleted, kept };
  };
  const outcome = await writeGroup(database, workspace_id, {
    writes: [write],
    idempotency,
    replyOf,
    alongside: (decisions) =>
      decisions.some(isChange) ? [causeToRecord(workspace_id, { ...cause, progress: { changed: 1 } })] : [],
  });
  if ('stopped' in outcome) throw new Error('A single undo has no guard.');
  if ('refused' in outcome) throw outcome.refused;
  if ('replay' in outcome) {
    const { position: at, reply } = outcome.replay;
    const [json] = await readRecords(database, workspace_id, [{ customer_id: change.customer_id, position: at }]);
    return { ...JSON.parse(reply!), customer: JSON.parse(json!), position: at, replayed: true };
  }
  const { decisions, position: at } = outcome;
  const reply = replyOf(decisions);
  const [decision] = decisions;
  return { ...reply, customer: (decision as { customer: Undone['customer'] }).customer, position: at, replayed: false };
}

const authorOf = ({ type, id, name }: Actor) => ({ type, id, name });

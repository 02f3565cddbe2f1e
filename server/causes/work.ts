// Work in the background. The cause is the job: what waits is a row in state `running`, whoever takes it has it for half a
// minute from each sign of life, and each batch moves its place and counts in the transaction that has the effect. So
// nothing is done twice or forgotten when a process is killed, and no queue has to be kept true beside the rows.
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Workspace } from '#contract/access.ts';
import type { CauseKind } from '#contract/causes.ts';
import type { EventActor } from '#contract/events.ts';
import type { Ask, Database } from '../database.ts';
import { asProblem } from '../problem.ts';
import { loggable } from '../replies.ts';
import { inTransaction } from '../transaction.ts';
import { CHECK_WORK, FAIL_WORK, FIND_WORKSPACES_WITH_WORK, LEAVE_WORK, MOVE_WORK, TAKE_WORK } from './store.ts';

/** A cause that this process has taken to work on. */
export type Work<Details = object, Place = unknown> = {
  workspace: Workspace;
  id: string;
  kind: CauseKind;
  actor: EventActor;
  details: Details;
  progress: Record<string, number>;
  /** Where to go on; null at the beginning. */
  place: Place | null;
  at: string;
  /** This process's mark. */
  taken_by: string;
};

/**
 * Works on a cause until it is done or the signal says that it is another's turn, a batch at a time; each batch checks
 * with `guardOf` that the work is still to be done, and says with `moved` how far it has come.
 */
// biome-ignore lint/suspicious/noExplicitAny: each kind of work has details and places of its own
export type Worker = (database: Database, work: Work<any, any>, turn: AbortSignal) => Promise<void>;
export type Workers = Partial<Record<CauseKind, Worker>>;

/** What a batch asks while it has the ledger's lock: no row, and it must do nothing, for the work was cancelled or is another's. */
export const guardOf = ({ workspace, id, taken_by }: Work): Ask => [CHECK_WORK, [workspace.id, id, taken_by]];

/** What a batch writes about itself. */
export function moved({ workspace, id }: Work, progress: Record<string, number>, place: unknown, done: boolean): Ask {
  return [MOVE_WORK, [workspace.id, id, JSON.stringify(progress), JSON.stringify(place), done]];
}

/** How long one cause is worked on while others wait. */
const TURN_MS = 1000;
/** How often is looked for work that another process left or filed. */
const LOOK_MS = 5000;
/** After a fault that may pass. */
const PAUSE_SECONDS = 5;

const wakers = new WeakMap<Database, Set<() => void>>();

/** There is work: who works on this database in this process need not find out by looking. */
export function wakeWorkers(database: Database): void {
  for (const wake of wakers.get(database) ?? []) wake();
}

/** Works on whatever waits, of every workspace in turn, until it is stopped; then it ends with the batch under way. */
export function startWorking(
  database: Database,
  workers: Workers,
  { logger, runs_at }: { logger: Logger; runs_at: string },
): { stop(): Promise<void> } {
  const stopped = new AbortController();
  let woken = true;
  let wake = () => {};
  const noteWaking = () => {
    woken = true;
    wake();
  };
  const here = wakers.get(database) ?? new Set();
  wakers.set(database, here.add(noteWaking));
  const timer = setInterval(noteWaking, LOOK_MS);
  timer.unref();
  const working = work();

  async function work(): Promise<void> {
    while (!stopped.signal.aborted) {
      if (!woken) await new Promise<void>((resolve) => (wake = resolve));
      woken = false;
      try {
        while (!stopped.signal.aborted && (await takeTurns())) {}
      } catch (error) {
        logger.warn({ err: loggable(error) }, 'Work in the background could not be looked for');
      }
    }
  }

  /** Gives each workspace with work a turn; false when there was none. */
  async function takeTurns(): Promise<boolean> {
    const rows = await database.read(FIND_WORKSPACES_WITH_WORK, [runs_at]);
    for (const [id, slug, name, region, created_at] of rows) {
      if (stopped.signal.aborted) break;
      await takeTurn({ id, slug, name, region, created_at });
    }
    return rows.length > 0;
  }

  async function takeTurn(workspace: Workspace): Promise<void> {
    const taken_by = randomUUID();
    const [[row] = []] = await inTransaction(database, [[TAKE_WORK, [workspace.id, runs_at, taken_by]]]);
    if (!row) return;
    const [id, kind, actor, details, progress, place, at] = row;
    const parsed = (json: string | null) => (json === null ? null : JSON.parse(json));
    const taken: Work = {
      workspace,
      id,
      kind,
      actor: JSON.parse(actor),
      details: parsed(details),
      progress: parsed(progress) ?? {},
      place: parsed(place),
      at,
      taken_by,
    };
    const turn = AbortSignal.any([stopped.signal, AbortSignal.timeout(TURN_MS)]);
    let pause = 0;
    try {
      const worker = workers[taken.kind];
      if (!worker) throw new Error(`Nobody knows how to work on a cause of kind ${taken.kind}.`);
      await worker(database, taken, turn);
    } catch (error) {
      const problem = asProblem(error);
      logger.warn(
        { cause_id: id, kind, workspace: workspace.slug, err: loggable(problem.cause ?? problem) },
        'Work failed',
      );
      if (problem.status !== 503) {
        const failure =
          problem.status === 500 ? 'Something went wrong on our side; the log has more.' : problem.message;
        await inTransaction(database, [[FAIL_WORK, [workspace.id, id, failure]]]);
        return;
      }
      pause = PAUSE_SECONDS;
    }
    await inTransaction(database, [[LEAVE_WORK, [workspace.id, id, taken_by, pause]]]);
  }

  return {
    async stop() {
      stopped.abort();
      here.delete(noteWaking);
      clearInterval(timer);
      wake();
      await working;
    },
  };
}

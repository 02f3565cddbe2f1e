// Work in the background. The cause is the job: what waits is a row in state `running`, whoever takes it has it for ten
// seconds from each sign of life, and each batch moves its place and counts in the transaction that has the effect. So
// nothing is done twice or forgotten when a process is killed, and no queue has to be kept true beside the rows.
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Workspace } from '#contract/access.ts';
import type { CauseKind, CauseState } from '#contract/causes.ts';
import type { EventActor } from '#contract/events.ts';
import type { Ask, Database } from '../database.ts';
import { asProblem } from '../problem.ts';
import { loggable } from '../replies.ts';
import { inTransaction } from '../transaction.ts';
import {
  CHECK_WORK,
  FAIL_WORK,
  FIND_WORKSPACES_WITH_WORK,
  LEAVE_WORK,
  MOVE_WORK,
  READY_WORK,
  RESUME_WORK,
  SIGN_OF_LIFE,
  TAKE_WORK,
} from './store.ts';

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

/** The reason of a turn that ends because its process does: what cannot go on elsewhere ends as well. */
export const STOPPING = 'stopping';

/** Causes that one process works on at once. */
const AT_ONCE = 3;
/** How long one is worked on while another waits for a place. */
const TURN_MS = 1000;
/** How often is looked for work that another process left or filed. */
const LOOK_MS = 2000;
/** After a fault that may pass. */
const PAUSE_SECONDS = 5;

/** Says that the work goes on, and how far it is; false where it is to be stopped, being cancelled or another's. */
export async function signOfLife(database: Database, work: Work, progress: Record<string, number>): Promise<boolean> {
  const values = [work.workspace.id, work.id, work.taken_by, JSON.stringify(progress)];
  const [rows] = await inTransaction(database, [[SIGN_OF_LIFE, values]]);
  return rows!.length > 0;
}

/** What ends a first part of the work, after which it waits to be told to go on. */
export function readied({ workspace, id, taken_by }: Work, progress: Record<string, number>): Ask {
  return [READY_WORK, [workspace.id, id, taken_by, JSON.stringify(progress)]];
}

/** What has work go on from a place, where it is in one of the states, or wait for that; gives a row if so. Wake the workers then. */
export function resumed(
  workspace_id: number,
  id: string,
  states: CauseState[],
  progress: Record<string, number>,
  place: unknown,
  then: 'running' | 'ready' = 'running',
): Ask {
  return [RESUME_WORK, [workspace_id, id, states, JSON.stringify(progress), JSON.stringify(place), then]];
}

const wakers = new WeakMap<Database, Set<() => void>>();

/** There is work: who works on this database in this process need not find out by looking. */
export function wakeWorkers(database: Database): void {
  for (const wake of wakers.get(database) ?? []) wake();
}

type Running = { workspace_id: number; since: number; turn: AbortController; ended: Promise<void> };

/** Works on whatever waits, of every workspace in turn, until it is stopped; then it ends with the batches under way. */
export function startWorking(
  database: Database,
  workers: Workers,
  { logger, runs_at }: { logger: Logger; runs_at: string },
): { stop(): Promise<void> } {
  const running = new Set<Running>();
  let stopped = false;
  let woken = true;
  let wake = () => {};
  const noteWaking = () => {
    woken = true;
    wake();
  };
  const here = wakers.get(database) ?? new Set();
  wakers.set(database, here.add(noteWaking));
  const looking = setInterval(noteWaking, LOOK_MS);
  const sharing = setInterval(() => running.size === AT_ONCE && noteWaking(), TURN_MS);
  looking.unref();
  sharing.unref();
  const working = work();

  async function work(): Promise<void> {
    while (!stopped) {
      if (!woken)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      woken = false;
      try {
        await take();
      } catch (error) {
        logger.warn({ err: loggable(error) }, 'Work in the background could not be looked for');
      }
    }
  }

  /** Takes as much work as there is place for, of workspaces of which nothing is under way first; or makes place. */
  async function take(): Promise<void> {
    while (!stopped) {
      const rows = await database.read(FIND_WORKSPACES_WITH_WORK, [runs_at]);
      const workspaces = rows.map(
        ([id, slug, name, region, created_at]): Workspace => ({ id, slug, name, region, created_at }),
      );
      if (workspaces.length === 0) return;
      if (running.size >= AT_ONCE) {
        const [longest] = [...running].filter(({ turn }) => !turn.signal.aborted).sort((a, b) => a.since - b.since);
        if (longest && performance.now() - longest.since >= TURN_MS) longest.turn.abort();
        return;
      }
      const idle = (workspace: Workspace) => ![...running].some(({ workspace_id }) => workspace_id === workspace.id);
      const workspace = workspaces.find(idle) ?? workspaces[0]!;
      const taken = await takeWork(database, workspace, runs_at);
      if (taken) begin(taken);
    }
  }

  function begin(taken: Work): void {
    const turn = new AbortController();
    const task: Running = {
      workspace_id: taken.workspace.id,
      since: performance.now(),
      turn,
      ended: workOn(database, workers, taken, turn.signal, logger)
        .catch((error) => logger.warn({ err: loggable(error) }, 'Work in the background could not be given back'))
        .finally(() => {
          running.delete(task);
          noteWaking();
        }),
    };
    running.add(task);
  }

  return {
    async stop() {
      stopped = true;
      here.delete(noteWaking);
      clearInterval(looking);
      clearInterval(sharing);
      wake();
      await working;
      for (const { turn } of running) turn.abort(STOPPING);
      await Promise.all([...running].map(({ ended }) => ended));
    },
  };
}

/** Takes the work of a workspace that has waited longest, or the one with that id. */
export async function takeWork(
  database: Database,
  workspace: Workspace,
  runs_at: string,
  only: string | null = null,
): Promise<Work | undefined> {
  const taken_by = randomUUID();
  const [[row] = []] = await inTransaction(database, [[TAKE_WORK, [workspace.id, runs_at, taken_by, only]]]);
  if (!row) return undefined;
  const [id, kind, actor, details, progress, place, at] = row;
  const parsed = (json: string | null) => (json === null ? null : JSON.parse(json));
  return {
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
}

/** Works on what was taken, and gives it back: as failed, where the fault will not pass. */
async function workOn(
  database: Database,
  workers: Workers,
  taken: Work,
  turn: AbortSignal,
  logger: Logger,
): Promise<void> {
  const { workspace, id, kind, taken_by } = taken;
  let pause = 0;
  try {
    const worker = workers[kind];
    if (!worker) throw new Error(`Nobody knows how to work on a cause of kind ${kind}.`);
    await worker(database, taken, turn);
  } catch (error) {
    const problem = asProblem(error);
    const line = { cause_id: id, kind, workspace: workspace.slug, err: loggable(problem.cause ?? problem) };
    logger.warn(line, 'Work in the background failed');
    if (problem.status !== 503) {
      const failure = problem.status === 500 ? 'Something went wrong on our side; the log has more.' : problem.message;
      await inTransaction(database, [[FAIL_WORK, [workspace.id, id, failure, taken_by]]]);
      return;
    }
    pause = PAUSE_SECONDS;
  }
  await inTransaction(database, [[LEAVE_WORK, [workspace.id, id, taken_by, pause]]]);
}

// Who waits for news of a log. What this process writes is heard of at once; of what others write, each watched workspace
// is asked for its position once a second, for all who wait: a look-up by primary key. (NOTIFY would save that look-up, but
// takes a lock on the whole database at each commit, one queue for all writers; and LISTEN needs a connection of its own that
// no pooler in between may share.)
import type { Database } from '../database.ts';
import { inRequest } from '../request-context.ts';
import { readLedger } from './events.ts';

/** How often is looked; what another process wrote is heard of this late at most. */
const LOOK_MS = 900;

export type LogWatch = {
  /** The last position that is known. */
  readonly position: number;
  stop(): void;
};

type Watched = { position: number; hearers: Set<() => void>; timer: NodeJS.Timeout; looking: boolean };

const watched = new WeakMap<Database, Map<number, Watched>>();

/** Calls `hear` when the log moves, and about once a second besides, for whoever has something else to look after. */
export function watchLog(database: Database, workspace_id: number, hear: () => void): LogWatch {
  let workspaces = watched.get(database);
  if (!workspaces) {
    workspaces = new Map();
    watched.set(database, workspaces);
  }
  let one = workspaces.get(workspace_id);
  if (!one) {
    // Nobody's request: it goes on when the first who asked has gone.
    const timer = inRequest(undefined, () => setInterval(() => look(database, workspace_id), LOOK_MS));
    timer.unref();
    one = { position: 0, hearers: new Set(), timer, looking: false };
    workspaces.set(workspace_id, one);
  }
  const { hearers, timer } = one;
  const current = one;
  hearers.add(hear);
  return {
    get position() {
      return current.position;
    },
    stop() {
      hearers.delete(hear);
      if (hearers.size > 0 || workspaces.get(workspace_id) !== current) return;
      clearInterval(timer);
      workspaces.delete(workspace_id);
    },
  };
}

/** Says how far a log has come. */
export function noteWritten(database: Database, workspace_id: number, position: number): void {
  const one = watched.get(database)?.get(workspace_id);
  if (!one || position <= one.position) return;
  one.position = position;
  for (const hear of one.hearers) hear();
}

function look(database: Database, workspace_id: number): void {
  const one = watched.get(database)?.get(workspace_id);
  if (!one) return;
  for (const hear of one.hearers) hear();
  // A database that is away or stuck is asked one question, not one a second.
  if (one.looking) return;
  one.looking = true;
  readLedger(database, workspace_id)
    .then(
      ({ position }) => noteWritten(database, workspace_id, position),
      () => {}, // the next look finds out
    )
    .finally(() => {
      one.looking = false;
    });
}

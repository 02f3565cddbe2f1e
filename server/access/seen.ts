// Who has been found asking lately, by the SHA-256 of what they showed: memory holds nothing that lets anybody in. An answer
// holds for a second, so whatever changes of it counts everywhere within that time; in the process that made the change, as
// soon as that is known to be done.
import type { Database } from '../database.ts';
import { Problem } from '../problem.ts';
import type { Actor, Person } from './actor.ts';

const SEEN_MS = 1000;
const SEEN_MAX = 10_000;
const STALE = -Infinity;

type Found<Who> = { who: Who; at: number };
type Memory<Who> = { found: Map<string, Found<Who>>; forgotten_at: number };

function openMemory<Who>() {
  const memories = new WeakMap<Database, Memory<Who>>();
  function of(database: Database): Memory<Who> {
    let memory = memories.get(database);
    if (!memory) {
      memory = { found: new Map(), forgotten_at: STALE };
      memories.set(database, memory);
    }
    return memory;
  }

  async function lookUp(memory: Memory<Who>, digest: string, look: () => Promise<Who>): Promise<Who> {
    const { found } = memory;
    const asked_at = performance.now();
    let who: Who;
    try {
      who = await look();
    } catch (error) {
      if (error instanceof Problem && error.status === 401) found.delete(digest);
      throw error;
    }
    if (found.size >= SEEN_MAX) found.clear();
    // What was asked before a change may be answered as it was.
    found.set(digest, { who, at: asked_at > memory.forgotten_at ? asked_at : STALE });
    return who;
  }

  return {
    /**
     * Who showed what has this `digest`: remembered, or looked up, which throws a 401 for nobody. `onStranger` is called before
     * somebody is looked up who has not been found lately, and may throw to refuse that.
     */
    find(
      database: Database,
      digest: string,
      onStranger: () => void | Promise<void>,
      look: () => Promise<Who>,
    ): Who | Promise<Who> {
      const memory = of(database);
      const known = memory.found.get(digest);
      if (known && performance.now() - known.at < SEEN_MS) return known.who;
      const turn = known ? undefined : onStranger();
      return turn ? turn.then(() => lookUp(memory, digest, look)) : lookUp(memory, digest, look);
    },
    /** Those meant are looked up anew, and are no strangers. */
    forget(database: Database, isMeant: (who: Who, digest: string) => boolean): void {
      const memory = of(database);
      memory.forgotten_at = performance.now();
      for (const [digest, one] of memory.found) if (isMeant(one.who, digest)) one.at = STALE;
    },
  };
}

export const seenKeys = openMemory<Actor>();
export const seenSessions = openMemory<Person>();

/** After a change of a key. */
export const forgetKey = (database: Database, id: string): void => seenKeys.forget(database, (key) => key.id === id);

/** After a change of a person, of where they are signed in, or of what they may open. */
export const forgetAccount = (database: Database, id: string): void =>
  seenSessions.forget(database, ({ account }) => account.id === id);

/** After a change of a workspace. */
export function forgetWorkspace(database: Database, id: number): void {
  seenKeys.forget(database, ({ workspace }) => workspace.id === id);
  seenSessions.forget(database, ({ workspaces }) => workspaces.some(({ workspace }) => workspace.id === id));
}

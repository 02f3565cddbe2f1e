// Turns at something scarce, such as connections for searches: whoever asks much waits behind itself and not before
// the others, and nobody waits without end.

export type FairQueue = {
  /**
   * Does the work when it is the owner's turn. Throws what `full` makes where too much of the owner's waits already, or
   * of all owners' together.
   */
  run<Result>(owner: unknown, work: () => Promise<Result>): Promise<Result>;
  /** Whether more of the owner's would be refused. */
  isFull(owner: unknown): boolean;
  readonly waiting: number;
};

export type FairQueueOptions = {
  /** Works at a time: of all owners, and of one. */
  at_once: number;
  at_once_each: number;
  /** Works that wait: of all owners, and of one. */
  waiting: number;
  waiting_each: number;
  full(): Error;
  /** How long an owner's may wait without a pause before it counts as more than it can get. */
  standing_ms?: number;
  /** Milliseconds that never run backwards. */
  now?(): number;
};

/**
 * Where works of an owner have been waiting for `STANDING_MS` without a pause, it asks for more than it can get, and those
 * that have waited for more than `WAIT_MS` are refused when their turn comes; a burst is served to its end. After CoDel (RFC 8289).
 */
const STANDING_MS = 500;
const WAIT_MS = 250;

type Waiting = { since: number; begin(): void; refuse(): void };
/** `standingSince`: when something of it last began to wait with nothing before it. */
type Owner = { running: number; waiting: Waiting[]; standingSince: number };

export function openFairQueue(options: FairQueueOptions): FairQueue {
  const { now = () => performance.now(), standing_ms = STANDING_MS } = options;
  // Owners with work running or waiting, in the order of their turns.
  const owners = new Map<unknown, Owner>();
  let running = 0;
  let waiting = 0;

  function start(owner: Owner, begin: () => void): void {
    running++;
    owner.running++;
    begin();
  }

  function next(): void {
    for (const [name, owner] of owners) {
      if (running >= options.at_once) return;
      if (owner.running >= options.at_once_each) continue;
      refuseLate(owner);
      if (owner.waiting.length === 0) {
        if (owner.running === 0) owners.delete(name);
        continue;
      }
      waiting--;
      // Behind the others now; the walk comes past again.
      owners.delete(name);
      owners.set(name, owner);
      start(owner, owner.waiting.shift()!.begin);
    }
  }

  function refuseLate(owner: Owner): void {
    const at = now();
    if (at - owner.standingSince <= standing_ms) return;
    while (owner.waiting.length > 0 && at - owner.waiting[0]!.since > WAIT_MS) {
      waiting--;
      owner.waiting.shift()!.refuse();
    }
  }

  const isFull = (name: unknown) =>
    waiting >= options.waiting || (owners.get(name)?.waiting.length ?? 0) >= options.waiting_each;

  async function run<Result>(name: unknown, work: () => Promise<Result>): Promise<Result> {
    const owner: Owner = owners.get(name) ?? { running: 0, waiting: [], standingSince: 0 };
    owners.set(name, owner);
    if (running < options.at_once && owner.running < options.at_once_each) start(owner, () => {});
    else if (isFull(name)) throw options.full();
    else {
      const since = now();
      if (owner.waiting.length === 0) owner.standingSince = since;
      waiting++;
      await new Promise<void>((begin, reject) =>
        owner.waiting.push({ since, begin, refuse: () => reject(options.full()) }),
      );
    }
    try {
      return await work();
    } finally {
      running--;
      owner.running--;
      if (owner.running === 0 && owner.waiting.length === 0) owners.delete(name);
      next();
    }
  }

  return {
    run,
    isFull,
    get waiting() {
      return waiting;
    },
  };
}

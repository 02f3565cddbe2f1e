// Turns at something scarce, such as connections for searches: whoever asks much waits behind itself and not before
// the others, and nobody waits without end.

export type FairQueue = {
  /**
   * Does the work when it is the owner's turn. Throws what `full` makes where too much of the owner's waits already, or
   * of all owners' together.
   */
  run<Result>(owner: unknown, work: () => Promise<Result>): Promise<Result>;
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
};

type Owner = { running: number; waiting: (() => void)[] };

export function openFairQueue(options: FairQueueOptions): FairQueue {
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
      if (owner.waiting.length === 0 || owner.running >= options.at_once_each) continue;
      waiting--;
      // Behind the others now; the walk comes past again.
      owners.delete(name);
      owners.set(name, owner);
      start(owner, owner.waiting.shift()!);
    }
  }

  async function run<Result>(name: unknown, work: () => Promise<Result>): Promise<Result> {
    const owner: Owner = owners.get(name) ?? { running: 0, waiting: [] };
    owners.set(name, owner);
    if (running < options.at_once && owner.running < options.at_once_each) start(owner, () => {});
    else if (waiting >= options.waiting || owner.waiting.length >= options.waiting_each) throw options.full();
    else {
      waiting++;
      await new Promise<void>((begin) => owner.waiting.push(begin));
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
    get waiting() {
      return waiting;
    },
  };
}

// How much work in the background takes at once. What holds the ledger's lock holds up who saves: where anybody does, in
// whatever process, batches are short.

const CALM = 500;
const SHARED = 100;
/** Longer than the lock takes where nobody has it. */
const WAITED_MS = 5;
/** Batches after which it is calm again. */
const CAREFUL = 20;

export type Pace = { size(): number; note(waited_ms: number): void };

/** Tells how many writes the next batch may have, from how long the ones before had to wait for their turn. */
export function openPace(): Pace {
  let careful = 0;
  return {
    size: () => (careful > 0 ? SHARED : CALM),
    note(waited_ms) {
      careful = waited_ms > WAITED_MS ? CAREFUL : Math.max(0, careful - 1);
    },
  };
}

// How much work in the background takes at once. What holds the ledger's lock holds up who saves: where anybody does, in
// whatever process, batches are short.

const CALM = 500;
const SHARED = 50;
/** How long after somebody wrote batches stay short: people who work write again. */
const CAREFUL_MS = 60_000;

export type Pace = { size(): number; note(before: number, after: number): void };

/**
 * Tells how many writes the next batch may have. Hears where the log stood before each one and after it: what came in
 * between was written by others.
 */
export function openPace(): Pace {
  let expected: number | undefined;
  let seen = Number.NEGATIVE_INFINITY;
  return {
    size: () => (performance.now() - seen < CAREFUL_MS ? SHARED : CALM),
    note(before, after) {
      if (expected !== undefined && before !== expected) seen = performance.now();
      expected = after;
    },
  };
}

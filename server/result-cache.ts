// Answers to lists and searches, kept for as long as nothing in their workspace changes. An answer is kept with the
// position of the log that it holds for, so a write makes it void without touching it, on every process at once.

/** An answer as it goes out: the JSON, and its headers. */
export type Result = {
  position: number;
  body: Buffer;
  headers: Record<string, string>;
  /** Set where it does not claim to be exact, so that a few changes do not make it void. */
  is_near?: boolean;
};

/** Answers that other servers found. */
export type SharedResults = {
  /** The answer at this position; undefined, also without a promise, where nobody shared it. */
  find(key: string, position: number): Promise<Result | undefined> | undefined;
  /** Lets others have it; nobody waits for that. */
  keep(key: string, result: Result): void;
};

export type ResultCache = {
  /** What was kept for this key, at whatever position. */
  find(key: string): Result | undefined;
  /** Takes the place of what was kept for this key. */
  keep(key: string, result: Result): void;
  /** How often what was asked for was there and still true, was had from others, was outdated, or was not there. */
  count(outcome: Outcome): void;
  readonly counts: Readonly<Record<Outcome, number>>;
  /** What is kept now. */
  readonly bytes: number;
  readonly shared: SharedResults | undefined;
};

type Outcome = 'hit' | 'shared' | 'outdated' | 'miss';

/** What an entry takes beyond its key and body, about. */
const OVERHEAD = 500;

/** Keeps up to `limit` bytes, those used last; 0 keeps nothing. */
export function openResultCache(limit: number, shared?: SharedResults): ResultCache {
  // In the order of their last use: a Map walks its entries in the order in which they came.
  const kept = new Map<string, Result>();
  const counts = { hit: 0, shared: 0, outdated: 0, miss: 0 };
  let bytes = 0;

  const sizeOf = (key: string, { body }: Result) => key.length + body.length + OVERHEAD;
  function drop(key: string): void {
    const result = kept.get(key);
    if (!result) return;
    kept.delete(key);
    bytes -= sizeOf(key, result);
  }

  return {
    find(key) {
      const result = kept.get(key);
      if (!result) return undefined;
      kept.delete(key);
      kept.set(key, result);
      return result;
    },
    keep(key, result) {
      drop(key);
      const size = sizeOf(key, result);
      // One answer may not empty the cache.
      if (size > limit / 8) return;
      kept.set(key, result);
      bytes += size;
      for (const oldest of kept.keys()) {
        if (bytes <= limit) break;
        drop(oldest);
      }
    },
    count(outcome) {
      counts[outcome]++;
    },
    counts,
    get bytes() {
      return bytes;
    },
    shared,
  };
}

// Customers of whom a delivery has failed, each with a clock of its own: when it is tried again, and until when.

/** `position`: the first event that has not been delivered. `since`: when that one was tried for the first time. */
export type Parked = { position: number; attempts: number; since: number; next_at: number };

/** An event that could not be delivered for so long is given up, and so is a webhook that takes nothing. */
export const PATIENCE_MS = 3 * 86_400_000;
const LEAST_MS = 500;
const MOST_MS = 3_600_000;

/**
 * When it is tried again after so many attempts: half a second after one, and with their square, so that whoever fails now and then soon goes on; an
 * hour at most, and not all at once.
 */
export function waitAfter(attempts: number, asked_ms: number, random = Math.random): number {
  const wait = Math.min(MOST_MS, LEAST_MS * attempts ** 2);
  return Math.max(wait * (0.75 + random() / 2), asked_ms);
}

/** How long a receiver that takes nothing is left alone, by how long that has been so. */
export const restAfter = (failing_ms: number): number => Math.min(300_000, Math.max(1000, failing_ms / 4));

// The log is sealed in the background, a block at a time, so that nobody changes the past without a trace. Per event the
// hash of what it is, and of what it says with a salt that erasing destroys; per block a head, the hash of the head before
// and all of these. What has been changed no longer has its hash, and whoever would change the hashes as well would have to change
// every head from there on, which a head that was noted elsewhere tells (docs/decisions/0010-sealed-log.md).
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Database } from '../database.ts';
import { loggable } from '../replies.ts';
import { inTransaction } from '../transaction.ts';
import { ADD_SALTS, FIND_UNSEALED, LOCK_SEALS, SEAL } from './seals-store.ts';

/** A block that does not fill up is sealed when it is so old: how long a change of the log may go unseen. */
const OLDEST_SECONDS = 3600;
/** How often is looked for something to seal. */
const LOOK_MS = 5000;
/** How long it rests after a block, in times what that took: a fifth of one connection is what sealing may have. */
const REST = 4;

export type SealingOptions = {
  logger: Pick<Logger, 'warn'>;
  /** Hears how many events of all workspaces are not sealed yet. */
  onUnsealed(events: number): void;
};

/** Seals the logs of all workspaces as they grow, until it is stopped. */
export function keepSealing(database: Database, options: SealingOptions): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const ended = sealOn(database, options, stopping.signal);
  return {
    async stop() {
      stopping.abort();
      await ended;
    },
  };
}

async function sealOn(database: Database, { logger, onUnsealed }: SealingOptions, signal: AbortSignal): Promise<void> {
  const rest = (ms: number) => sleep(ms, undefined, { signal, ref: false }).catch(() => {});
  for (; !signal.aborted; await rest(LOOK_MS)) {
    try {
      for (let isMore = true; isMore; ) {
        isMore = false;
        const unsealed = (await database.read(FIND_UNSEALED, [OLDEST_SECONDS])) as [number, number, boolean][];
        onUnsealed(unsealed.reduce((sum, [, events]) => sum + events, 0));
        // A block of each in turn, so that the largest import leaves the smallest its turn.
        for (const [workspace_id] of unsealed.filter(([, , isDue]) => isDue)) {
          if (signal.aborted) return;
          const began = performance.now();
          if ((await sealBlock(database, workspace_id)) !== null) isMore = true;
          await rest(REST * (performance.now() - began));
        }
      }
    } catch (error) {
      if (!signal.aborted) logger.warn({ err: loggable(error) }, 'The log could not be sealed');
    }
  }
}

/**
 * Seals the next block of a workspace's log: of 1,000 events, or fewer where the first of them is older than that. Gives its last position; null where
 * there is none yet, or somebody in it is just being erased. Takes no lock that a write waits for, save the salt of who is erased.
 */
export async function sealBlock(
  database: Database,
  workspace_id: number,
  oldest_seconds = OLDEST_SECONDS,
): Promise<number | null> {
  const [, , [sealed]] = (await inTransaction(database, [
    [LOCK_SEALS, [workspace_id]],
    [ADD_SALTS, [workspace_id, oldest_seconds]],
    [SEAL, [workspace_id, oldest_seconds]],
  ])) as [unknown, unknown, [number][]];
  return sealed?.[0] ?? null;
}

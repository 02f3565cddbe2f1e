// Patience, for what reads in many steps and has begun.
import { setTimeout as sleep } from 'node:timers/promises';
import { Problem } from '../problem.ts';
import { currentRequest, isGone } from '../request-context.ts';

const PAUSE_MS = 250;
const PATIENCE_MS = 30_000;

/** Asks again, for a while, where too much of the workspace's waits already: what has begun need not be given up for that. */
export async function patiently<Result>(read: () => Promise<Result>): Promise<Result> {
  for (const deadline = performance.now() + PATIENCE_MS; ; await sleep(PAUSE_MS)) {
    try {
      return await read();
    } catch (error) {
      const request = currentRequest();
      const isPassing = error instanceof Problem && error.code === 'overloaded' && !(request && isGone(request));
      if (!isPassing || performance.now() > deadline) throw error;
    }
  }
}

// Liveness and readiness.
import { healthRoutes } from '#contract/health.ts';
import type { Database } from './database.ts';
import type { RouteTable } from './http.ts';
import { asProblem } from './problem.ts';

const CHECKED_MS = 1000;
const PING = { name: 'ping', text: 'SELECT 1' };

export function healthTable(database: Database): RouteTable {
  let checked: { at: number; outcome: Promise<unknown> } = { at: Number.NEGATIVE_INFINITY, outcome: Promise.resolve() };
  return [
    [healthRoutes.live, () => ({ status: 200, body: '{"status":"ok"}' })],
    [
      healthRoutes.ready,
      async () => {
        if (performance.now() - checked.at > CHECKED_MS)
          checked = { at: performance.now(), outcome: database.read(PING).then(() => undefined, asProblem) };
        const problem = await checked.outcome;
        if (problem) throw problem;
        return { status: 200, body: '{"status":"ok"}' };
      },
    ],
  ];
}

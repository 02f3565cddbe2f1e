// Liveness, readiness and metrics.
import { hash, timingSafeEqual } from 'node:crypto';
import { healthRoutes } from '#contract/health.ts';
import type { Database } from './database.ts';
import type { RouteTable } from './http.ts';
import type { Metrics } from './metrics.ts';
import { asProblem, Problem } from './problem.ts';

const CHECKED_MS = 1000;
const PING = { name: 'ping', text: 'SELECT 1' };

export function healthTable(database: Database, isDraining: () => boolean = () => false): RouteTable {
  let checked: { at: number; outcome: Promise<unknown> } = { at: Number.NEGATIVE_INFINITY, outcome: Promise.resolve() };
  return [
    [healthRoutes.live, () => ({ status: 200, body: '{"status":"ok"}' })],
    [
      healthRoutes.ready,
      async () => {
        if (isDraining()) throw new Problem(503, 'draining', 'This server is stopping.');
        if (performance.now() - checked.at > CHECKED_MS)
          checked = { at: performance.now(), outcome: database.read(PING).then(() => undefined, asProblem) };
        const problem = await checked.outcome;
        if (problem) throw problem;
        return { status: 200, body: '{"status":"ok"}' };
      },
    ],
  ];
}

/** Metrics tell how much a business does, so they are for those who know the token alone; without one for nobody. */
export function metricsTable(metrics: Pick<Metrics, 'text' | 'type'>, token: string | undefined): RouteTable {
  const digest = (text: string) => hash('sha256', text, 'buffer');
  return [
    [
      healthRoutes.metrics,
      async ({ headers: { authorization = '' } }) => {
        if (token === undefined)
          throw new Problem(
            403,
            'forbidden',
            'Metrics are for those who know the setting metrics.token; it is not set.',
          );
        const given = /^Bearer +(\S+)$/i.exec(authorization)?.[1] ?? '';
        if (!timingSafeEqual(digest(given), digest(token)))
          throw new Problem(401, 'unauthenticated', 'Send the token for metrics: `Authorization: Bearer <token>`.', {
            headers: { 'www-authenticate': 'Bearer realm="Clientele metrics"' },
          });
        return { status: 200, body: await metrics.text(), type: metrics.type };
      },
    ],
  ];
}

// What a run of a scenario gives, and the table of many.
import { figure, median, table } from './report.ts';

export type Result = {
  scenario: string;
  target: string;
  connections: number;
  round: number;
  requests: number;
  seconds: number;
  bytes: number;
  /** Answers with another status than asked for, broken connections, and none within 30 s. */
  errors: number;
  per_second: number;
  p50_ms: number;
  p99_ms: number;
  max_ms: number;
  /** CPU a request, whole process trees. */
  server_ms: number;
  postgres_ms: number;
  /** Resident memory of the Node process afterwards. */
  memory_mb: number;
  /** The share of the machine that neither server, nor PostgreSQL, nor the client used. */
  others: number;
  machine_speed: number;
};

const head =
  'scenario|connections|target|requests/s|of limit|per CPU, of limit|p50 ms|p99 ms|server CPU ms|PostgreSQL CPU ms|RSS MB|errors|others %|speed';

/**
 * Medians over the rounds. `of limit` is the median of each round's ratio to the limit server in the same round, first of
 * requests a second, then of requests per second of CPU.
 */
export function resultTable(results: Result[]) {
  const keyOf = ({ scenario, connections, target }: Result) => `${scenario}|${connections}|${target}`;
  const groups = Object.values(Object.groupBy(results, keyOf)) as Result[][];
  const rows = groups.map((runs) => {
    const { scenario, connections, target } = runs[0]!;
    const middle = (of: (run: Result) => number) => median(runs.map(of));
    return [
      scenario,
      String(connections),
      target,
      middle((run) => run.per_second),
      figure(median(ratios(results, runs, (run) => run.per_second))),
      figure(median(ratios(results, runs, (run) => 1 / (run.server_ms + run.postgres_ms)))),
      middle((run) => run.p50_ms),
      middle((run) => run.p99_ms),
      middle((run) => run.server_ms).toFixed(3),
      middle((run) => run.postgres_ms).toFixed(3),
      middle((run) => run.memory_mb),
      `${sum(runs, (run) => run.errors)} of ${sum(runs, (run) => run.requests)}`,
      (middle((run) => run.others) * 100).toFixed(0),
      middle((run) => run.machine_speed).toFixed(0),
    ];
  });
  return table(head.split('|'), rows, 3);
}

function ratios(results: Result[], runs: Result[], of: (run: Result) => number) {
  return runs.flatMap((run) => {
    const beside = results.find(
      ({ scenario, connections, round, target }) =>
        target === 'limit' && scenario === run.scenario && connections === run.connections && round === run.round,
    );
    return beside && run.target !== 'limit' ? [of(run) / of(beside)] : [];
  });
}

function sum(runs: Result[], of: (run: Result) => number) {
  return runs.reduce((total, run) => total + of(run), 0);
}

// Clientele beside the smallest server for the same API, on one PostgreSQL: `node bench/run.ts --help`
import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { copyLoaded, type TargetName } from './databases.ts';
import { randomNumbers } from './dataset.ts';
import { machineSpeed, residentMemory, settle, spent, usage } from './machine.ts';
import { openPostgres, type Postgres, postgresOptions } from './postgres.ts';
import { rounded } from './report.ts';
import { type Result, resultTable } from './results.ts';
import { scenarios, tryOut } from './scenarios.ts';
import { startTarget, type Target } from './targets.ts';
import { drive } from './wrk.ts';

const help = `node bench/run.ts [options]
  --rounds 3               each round runs every scenario against every target in turn
  --duration 3             seconds a run is timed, after one of warming up
  --connections 8,32
  --scenarios ${Object.keys(scenarios).join()}
  --targets clientele,limit
  --rows 1000000           customers; loaded if they are not there yet
  --out FILE               every run, as JSON
  --directory FOLDER       of the embedded PostgreSQL (kept: the loaded databases are in it)
  --postgres URL           a PostgreSQL 18 to use instead, as superuser`;

const { values: options } = parseArgs({
  options: {
    ...postgresOptions,
    rounds: { type: 'string', default: '3' },
    duration: { type: 'string', default: '3' },
    connections: { type: 'string', default: '8,32' },
    scenarios: { type: 'string', default: Object.keys(scenarios).join() },
    targets: { type: 'string', default: 'clientele,limit' },
    rows: { type: 'string', default: '1000000' },
    out: { type: 'string' },
    help: { type: 'boolean' },
  },
});
const rows = Number(options.rows);
const rounds = Number(options.rounds);
const duration = Number(options.duration);
const names = options.scenarios.split(',');
const unknown = names.filter((name) => !(name in scenarios));
if (options.help || unknown.length > 0) {
  console.log(unknown.length > 0 ? `unknown: ${unknown}\n\n${help}` : help);
  process.exit(unknown.length > 0 ? 2 : 0);
}

await using closing = new AsyncDisposableStack();
const postgres = await openPostgres(options);
closing.defer(postgres.release);
const targets: Target[] = [];
for (const name of options.targets.split(',') as TargetName[]) {
  const database = await copyLoaded(postgres, name, rows, 'run');
  closing.defer(database.drop);
  const target = await startTarget(name, database.url);
  closing.defer(target.stop);
  targets.push(target);
}

const began = new Date();
const results: Result[] = [];
for (const connections of options.connections.split(',').map(Number)) {
  for (let round = 1; round <= rounds; round++) {
    for (const scenario of names) {
      // who begins alternates, in case the second finds the machine warmer or the disk busier
      for (const target of round % 2 ? targets : targets.toReversed()) {
        const result = await measure(postgres, target, scenario, connections, round);
        results.push(result);
        console.error(describe(result));
        if (options.out) await writeFile(options.out, `${JSON.stringify(report(), null, 1)}\n`);
      }
    }
  }
}
console.log(resultTable(results));

async function measure(postgres: Postgres, target: Target, scenario: string, connections: number, round: number) {
  const tag = `${began.getTime().toString(36)}-${scenario.slice(0, 2)}${connections}-${round}`;
  const context = { target, rows, tag, random: randomNumbers(round) };
  const load = await scenarios[scenario]!(context);
  await tryOut(target, scenario, load);
  await drive(target.port, load, connections, 1);
  await settle(target.pid, postgres.pid);

  const speedBefore = machineSpeed();
  const before = usage(target.pid, postgres.pid);
  const timed = await drive(target.port, load, connections, duration);
  const { server, postgres: database, others } = spent(before, usage(target.pid, postgres.pid));
  return {
    scenario,
    target: target.name,
    connections,
    round,
    ...timed,
    per_second: rounded(timed.requests / timed.seconds, 1),
    server_ms: rounded((server * 1000) / timed.requests, 4),
    postgres_ms: rounded((database * 1000) / timed.requests, 4),
    memory_mb: residentMemory(target.pid),
    others: rounded(others, 3),
    machine_speed: Math.min(speedBefore, machineSpeed()),
  };
}

function describe(result: Result) {
  const { scenario, target, connections, round, per_second, p50_ms, p99_ms, errors, machine_speed } = result;
  return `${scenario} ${target} c${connections} round ${round}: ${per_second}/s, p50 ${p50_ms} p99 ${p99_ms} ms, errors ${errors}, speed ${machine_speed}`;
}

function report() {
  const machine = { cpu: cpus()[0]!.model, cores: cpus().length, node: process.version, postgres: postgres.version };
  return { began, ended: new Date(), rows, duration, rounds, machine, results };
}

// What sealing the log costs those who work meanwhile, and how soon a large import is sealed: the times of saves, retrieves,
// lists and searches at a fixed rate while a log of a million events is sealed by the same server, and after; and how long
// `clientele doctor` takes then: `node bench/beside-sealing.ts --rows 1000000`
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { run } from './children.ts';
import { cli, clienteleEnv } from './clientele.ts';
import { copyLoaded } from './databases.ts';
import { machineSpeed } from './machine.ts';
import { type Outcome, sendFor } from './open-loop.ts';
import { openPostgres, postgresOptions } from './postgres.ts';
import { figure, percentile, table } from './report.ts';
import { scenarios, searchCalls } from './scenarios.ts';
import { startClientele } from './targets.ts';
import type { Load } from './wrk.ts';

const { values: options } = parseArgs({
  options: {
    ...postgresOptions,
    rows: { type: 'string', default: '1000000' },
    rate: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '15' },
  },
});
const rows = Number(options.rows);

await using closing = new AsyncDisposableStack();
const postgres = await openPostgres(options);
closing.defer(postgres.release);
const database = await copyLoaded(postgres, 'clientele', rows, 'beside_sealing');
closing.defer(database.drop);
await postgres.sql(database.name, 'TRUNCATE seals, customer_salts');
const target = await startClientele(database.url);
const began = performance.now();
closing.defer(target.stop);

const context = { target, rows, tag: randomBytes(4).toString('hex'), random: Math.random };
const loads: Record<string, Load> = {
  save: await scenarios.patch!(context),
  retrieve: await scenarios.retrieve!(context),
  list: await scenarios.list_first!(context),
  search: await searchCalls(context),
};

await ask(); // whatever is slow the first time
const before = await sealed();
const from = performance.now();
const beside = await ask();
const pace = ((await sealed()) - before) / ((performance.now() - from) / 1000);
while ((await sealed()) < rows) await sleep(500);
const seconds = (performance.now() - began) / 1000;
const alone = await ask();
const doctor = performance.now();
await run(process.execPath, [cli, 'doctor'], clienteleEnv(database.url));
const looked = (performance.now() - doctor) / 1000;

const line = (name: string) => [name, ...[alone, beside].flatMap((outcomes) => timesOf(outcomes[name]!))];
console.log(table(['ms', 'alone p50', 'p99', 'beside p50', 'p99'], Object.keys(loads).map(line)));
console.log(
  `${options.rate} a second of each; sealed ${figure(pace)} events/s beside them, all after ${figure(seconds)} s; doctor ${figure(looked)} s; speed ${machineSpeed()}`,
);

async function sealed(): Promise<number> {
  const { rows: found } = await postgres.sql(
    database.name,
    'SELECT coalesce(max(last_position), 0) AS last FROM seals',
  );
  return Number(found[0].last);
}

async function ask(): Promise<Record<string, Outcome>> {
  const pace = { rate: Number(options.rate), seconds: Number(options.seconds) };
  const asked = Object.entries(loads).map(
    async ([name, load]) => [name, await sendFor(target.port, load, pace)] as const,
  );
  return Object.fromEntries(await Promise.all(asked));
}

function timesOf({ good_ms, failed, refused_ms }: Outcome): string[] {
  if (failed + refused_ms.length > 0) throw new Error(`${failed} failed, ${refused_ms.length} refused`);
  return [50, 99].map((share) => figure(percentile(good_ms, share)));
}

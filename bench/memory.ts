// What the Node process holds after 100,000 requests, and after another 100,000: `node bench/memory.ts`
import { parseArgs } from 'node:util';
import { copyLoaded, type TargetName } from './databases.ts';
import { randomNumbers } from './dataset.ts';
import { residentMemory } from './machine.ts';
import { openPostgres, postgresOptions } from './postgres.ts';
import { table } from './report.ts';
import { scenarios, tryOut } from './scenarios.ts';
import { startTarget } from './targets.ts';
import { drive } from './wrk.ts';

const { values: options } = parseArgs({
  options: {
    ...postgresOptions,
    rows: { type: 'string', default: '1000000' },
    requests: { type: 'string', default: '100000' },
    scenario: { type: 'string', default: 'mixed' },
    connections: { type: 'string', default: '32' },
    target: { type: 'string', default: 'clientele' },
  },
});
const rows = Number(options.rows);
const wanted = Number(options.requests);

await using closing = new AsyncDisposableStack();
const postgres = await openPostgres(options);
closing.defer(postgres.release);
const database = await copyLoaded(postgres, options.target as TargetName, rows, 'memory');
closing.defer(database.drop);
const target = await startTarget(options.target as TargetName, database.url);
closing.defer(target.stop);

const tag = Date.now().toString(36);
const load = await scenarios[options.scenario]!({ target, rows, tag, random: randomNumbers(1) });
const lines = [['0', residentMemory(target.pid), '–', '–']];
await tryOut(target, options.scenario, load);
let sent = 0;
for (const goal of [wanted, 2 * wanted]) {
  let errors = 0;
  const until = performance.now() + 120_000;
  const before = sent;
  while (sent < goal && performance.now() < until) {
    const part = await drive(target.port, load, Number(options.connections), 2);
    sent += part.requests;
    errors += part.errors;
  }
  const after = residentMemory(target.pid);
  await new Promise((resolve) => setTimeout(resolve, 2000));
  lines.push([sent.toLocaleString('en'), after, residentMemory(target.pid), `${errors} of ${sent - before}`]);
}
console.log(table(['requests', 'RSS MB', 'RSS MB 2 s later', 'errors'], lines));

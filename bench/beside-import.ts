// What an import costs those who work meanwhile: the times of saves, retrieves, lists and searches at a fixed rate, alone
// and while a file is imported in the same server: `node bench/beside-import.ts --rows 1000000 --import 150000`
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeDataset } from './clientele.ts';
import { copyLoaded } from './databases.ts';
import { machineSpeed, peakMemory } from './machine.ts';
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
    import: { type: 'string', default: '150000' },
    rate: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '15' },
  },
});
const rows = Number(options.rows);
const seconds = Number(options.seconds);

await using closing = new AsyncDisposableStack();
const postgres = await openPostgres(options);
closing.defer(postgres.release);
const database = await copyLoaded(postgres, 'clientele', rows, 'beside_import');
closing.defer(database.drop);
const target = await startClientele(database.url);
closing.defer(target.stop);

const context = { target, rows, tag: randomBytes(4).toString('hex'), random: Math.random };
const loads: Record<string, Load> = {
  save: await scenarios.patch!(context),
  retrieve: await scenarios.retrieve!(context),
  list: await scenarios.list_first!(context),
  search: await searchCalls(context),
};

await ask(); // whatever is slow the first time
const alone = await ask();
const { path, post } = await upload();
await post(`${path}/run`);
const beside = await ask();
const { state, rows_per_second } = await post(path, 'GET');
if (state !== 'running') throw new Error(`the import was ${state} before all was asked`);

const line = (name: string) => [name, ...[alone, beside].flatMap((outcomes) => timesOf(outcomes[name]!))];
console.log(table(['ms', 'alone p50', 'p99', 'beside p50', 'p99'], Object.keys(loads).map(line)));
console.log(
  `${options.rate} a second of each; the import did ${figure(rows_per_second)} rows/s; ${peakMemory(target.pid)} MB; speed ${machineSpeed()}`,
);

async function ask(): Promise<Record<string, Outcome>> {
  const rate = Number(options.rate);
  const asked = Object.entries(loads).map(
    async ([name, load]) => [name, await sendFor(target.port, load, { rate, seconds })] as const,
  );
  return Object.fromEntries(await Promise.all(asked));
}

function timesOf({ good_ms, failed, refused_ms }: Outcome): string[] {
  if (failed + refused_ms.length > 0) throw new Error(`${failed} failed, ${refused_ms.length} refused`);
  return [50, 99].map((share) => figure(percentile(good_ms, share)));
}

/** Uploads customers who are not there yet, and waits until the file is looked through. */
async function upload() {
  const folder = await mkdtemp(join(tmpdir(), 'clientele-bench-'));
  const file = join(folder, 'customers.csv');
  await writeDataset(file, Number(options.import));
  const body = (await readFile(file, 'utf8')).replaceAll('@', '.imported@');
  await rm(folder, { recursive: true });

  const post = async (path: string, method: 'GET' | 'POST' = 'POST', content?: string) => {
    const headers: Record<string, string> = content ? { 'content-type': 'text/csv' } : {};
    const answer = await target.client.send({ method, path, body: content, headers });
    if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${answer.body}`);
    return JSON.parse(answer.body);
  };
  const { id } = await post('/api/imports?filename=customers.csv', 'POST', body);
  const path = `/api/imports/${id}`;
  for (;;) {
    const { state, found } = await post(path, 'GET');
    if (state === 'checked') {
      if (found.create !== Number(options.import)) throw new Error(JSON.stringify(found));
      return { path, post };
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

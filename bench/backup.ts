// How long backup and restore of a million customers take, of both kinds, how large the files are, and what people who save meanwhile notice of it:
// `node bench/backup.ts --rows 1000000`
import { chmod, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { run, startServer } from './children.ts';
import { cli, serve, writeDataset } from './clientele.ts';
import { machineSpeed } from './machine.ts';
import { percentile, table } from './report.ts';

const { values: options } = parseArgs({ options: { rows: { type: 'string', default: '1000000' } } });
const rows = Number(options.rows);
/** Saves under way at once, of different customers, and how long each pauses. */
const SAVERS = 4;
const PAUSE_MS = 10;

await using end = new AsyncDisposableStack();
const folder = await mkdtemp(join(tmpdir(), 'clientele-backups-'));
end.defer(() => rm(folder, { recursive: true, force: true }));
await chmod(folder, 0o755); // under root PostgreSQL runs as another user
const dataOf = (name: string) => ({
  CLIENTELE_DATA: join(folder, name),
  CLIENTELE_ENV: 'production',
  CLIENTELE_RATE_LIMIT: '100000000/60',
});
const clientele = (env: NodeJS.ProcessEnv, ...words: string[]) => run(process.execPath, [cli, ...words], env);
const origin = dataOf('origin');

const csv = join(folder, 'customers.csv');
await writeDataset(csv, rows);
await clientele(origin, 'import', csv);
await rm(csv);
const grant = await clientele(origin, 'keys', 'create', '--role', 'owner', '--name', 'bench');
const headers = { authorization: `Bearer ${grant.stdout.trim()}`, 'content-type': 'application/json' };
const server = await startServer(serve, origin, '/readyz');
end.defer(server.stop);
const base = `http://127.0.0.1:${server.port}/api/customers`;
const { results } = (await (await fetch(`${base}?limit=200`, { headers })).json()) as { results: { id: string }[] };
const ids = results.map(({ id }) => id);

/** What the savers have waited since it was last taken, in milliseconds. */
let waited: number[] = [];
let isOver = false;
const saving = Array.from({ length: SAVERS }, async (_, saver) => {
  for (let turn = saver; !isOver; turn += SAVERS) {
    const began = performance.now();
    const reply = await fetch(`${base}/${ids[turn % ids.length]}`, {
      method: 'PATCH',
      headers,
      body: JSON.stringify({ last_name: `Saved ${'abcdefghij'[turn % 10]}` }),
    });
    await reply.arrayBuffer();
    if (!reply.ok) throw new Error(`A save was answered ${reply.status}.`);
    waited.push(performance.now() - began);
    await sleep(PAUSE_MS);
  }
});

const seen: (string | number)[][] = [];
async function noticed(what: string, work: () => Promise<{ seconds: number }>): Promise<number> {
  waited = [];
  const { seconds } = await work();
  const taken = waited;
  seen.push([what, percentile(taken, 50), percentile(taken, 99), Math.max(...taken)]);
  return seconds;
}

const SETTLE_MS = 10_000;
await noticed('before', async () => {
  await sleep(SETTLE_MS);
  return { seconds: 0 };
});
const figures: (string | number)[][] = [];
for (const [kind, ...words] of [['files'], ['tables', '--logical']] as const) {
  const file = join(folder, `${kind}.backup`);
  const seconds = await noticed(`while the ${kind} are backed up`, () => clientele(origin, 'backup', file, ...words));
  figures.push([kind, seconds, (await stat(file)).size / 2 ** 20]);
}
isOver = true;
await Promise.all(saving);
await server.stop();
for (const figure of figures) {
  const [kind] = figure;
  const target = dataOf(`restored-${kind}`);
  const { seconds } = await clientele(target, 'restore', join(folder, `${kind}.backup`), '--no-erasures');
  figure.push(seconds);
  await rm(target.CLIENTELE_DATA, { recursive: true });
}
console.log(`${rows.toLocaleString('en')} customers; speed ${machineSpeed().toFixed(0)}\n`);
console.log(table(['copy of', 'backup, s', 'file, MiB', 'restore and look through, s'], figures));
console.log(`\n${table(['saves', 'p50, ms', 'p99, ms', 'most, ms'], seen)}`);

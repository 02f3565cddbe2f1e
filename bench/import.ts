// How long a CSV takes to become customers, through the command line, and to be looked through, to change them and to be
// taken back, beside COPY of the finished rows into the same tables: `node bench/import.ts --rows 1000000`
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { run } from './children.ts';
import { cli, clienteleEnv, writeDataset } from './clientele.ts';
import type { Row } from './dataset.ts';
import { machineSpeed } from './machine.ts';
import { createDatabase, dropDatabase, openPostgres, postgresOptions } from './postgres.ts';
import { table } from './report.ts';

const { values: options } = parseArgs({
  options: { ...postgresOptions, rows: { type: 'string', default: '1000000' } },
});
const count = Number(options.rows);
const database = 'bench_import';
const copied = 'bench_import_copy';
const results: (string | number)[][] = [];

await using closing = new AsyncDisposableStack();
const folder = await mkdtemp(join(tmpdir(), 'clientele-bench-import-'));
closing.defer(() => rm(folder, { recursive: true }));
const postgres = await openPostgres(options);
closing.defer(postgres.release);
for (const name of [database, copied]) {
  await createDatabase(postgres, name);
  closing.defer(() => dropDatabase(postgres, name));
  await run(process.execPath, [cli, 'migrate'], clienteleEnv(postgres.url(name)));
}

const customers = join(folder, 'customers.csv');
const changed = join(folder, 'changed.csv');
await writeDataset(customers, count);
await writeDataset(changed, count, otherPhone);

await measure('dry run, nobody is there', ['import', customers, '--dry-run']);
const created = await measure('import, all created', ['import', customers]);
await measureCopy();
await measure('dry run, all are there', ['import', customers, '--dry-run']);
const updated = await measure('import, all updated', ['import', changed]);
await measure('undo of the updates', ['import', '--undo', updated]);
await measure('undo of the creates', ['import', '--undo', created]);
console.log(table(['what', 'seconds', 'rows/s', 'rows/s of the run alone', 'peak RSS MB', 'speed'], results));

/** Runs a command. Gives the id of the import, or the undo. */
async function measure(what: string, words: string[]): Promise<string> {
  const { stdout, seconds, peak } = await run(
    process.execPath,
    [cli, ...words, '--json'],
    clienteleEnv(postgres.url(database)),
  );
  const { id, found, progress, rows_per_second } = JSON.parse(stdout);
  if ((progress.changed ?? found.rows - found.refuse) !== count)
    throw new Error(`${what}: ${JSON.stringify({ found, progress })}`);
  results.push([what, seconds, count / seconds, rows_per_second ?? Number.NaN, peak, String(machineSpeed())]);
  return id;
}

/** The same rows and events, finished, into the same tables with the same indexes: what no program could do faster. */
async function measureCopy(): Promise<void> {
  const { rows } = await postgres.sql(database, "SELECT current_setting('data_directory') AS place");
  const tables = ['customers', 'events'].map((name) => [name, join(rows[0].place, `${database}-${name}`)] as const);
  for (const [name, file] of tables) await postgres.sql(database, `COPY ${name} TO '${file}' (FORMAT binary)`);
  const begin = performance.now();
  for (const [name, file] of tables) await postgres.sql(copied, `COPY ${name} FROM '${file}' (FORMAT binary)`);
  const seconds = (performance.now() - begin) / 1000;
  for (const [, file] of tables) {
    await postgres.sql(copied, `COPY (SELECT WHERE false) TO '${file}'`); // empties it; the file is PostgreSQL's
    await rm(file, { force: true }).catch(() => {});
  }
  await postgres.sql(copied, 'TRUNCATE customers, events');
  results.push([
    'COPY of the rows and events',
    seconds,
    count / seconds,
    Number.NaN,
    Number.NaN,
    String(machineSpeed()),
  ]);
}

/** Another last digit. */
function otherPhone({ phone }: Row): string {
  return `${phone.slice(0, -1)}${(Number(phone.at(-1)) + 1) % 10}`;
}

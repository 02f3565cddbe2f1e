// How long a CSV takes to become customers, through the command line: `node bench/import.ts --rows 1000000`
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { run } from './children.ts';
import { cli, clienteleEnv } from './clientele.ts';
import { writeCsv } from './dataset.ts';
import { machineSpeed } from './machine.ts';
import { createDatabase, dropDatabase, openPostgres, postgresOptions } from './postgres.ts';
import { table } from './report.ts';

const { values: options } = parseArgs({
  options: { ...postgresOptions, rows: { type: 'string', default: '1000000' } },
});
const rows = Number(options.rows);
const database = 'bench_import';

await using closing = new AsyncDisposableStack();
const postgres = await openPostgres(options);
closing.defer(postgres.release);
await createDatabase(postgres, database);
closing.defer(() => dropDatabase(postgres, database));

const folder = await mkdtemp(join(tmpdir(), 'clientele-import-'));
closing.defer(() => rm(folder, { recursive: true }));
const file = join(folder, 'customers.csv');
const out = createWriteStream(file);
await writeCsv(rows, out);
await finished(out.end());

const env = clienteleEnv(postgres.url(database));
await run(process.execPath, [cli, 'migrate'], env);
const speed = machineSpeed();
const { seconds, peak, stdout } = await run(process.execPath, [cli, 'import', '--workspace', 'main', file], env);
const { rows: counted } = await postgres.sql(
  database,
  `SELECT count(*)::int AS customers, pg_size_pretty(pg_database_size(current_database())) AS size FROM customers`,
);
if (counted[0].customers !== rows) console.error(`${rows} rows gave ${counted[0].customers} customers:\n${stdout}`);
console.log(
  table(
    ['customers', 'seconds', 'rows/s', 'peak RSS MB', 'database', 'speed'],
    [[String(counted[0].customers), seconds, rows / seconds, peak, counted[0].size, `${speed}, ${machineSpeed()}`]],
  ),
);

// How long a CSV takes to become customers, through the command line: `node bench/import.ts --rows 1000000`
import { parseArgs } from 'node:util';
import { importDataset } from './clientele.ts';
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

const speed = machineSpeed();
const { seconds, peak } = await importDataset(postgres.url(database), rows);
const { rows: counted } = await postgres.sql(
  database,
  `SELECT count(*)::int AS customers, pg_size_pretty(pg_database_size(current_database())) AS size FROM customers`,
);
console.log(
  table(
    ['customers', 'seconds', 'rows/s', 'peak RSS MB', 'database', 'speed'],
    [[String(counted[0].customers), seconds, rows / seconds, peak, counted[0].size, `${speed}, ${machineSpeed()}`]],
  ),
);

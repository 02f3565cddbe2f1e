// Loads the databases anew, after a change to how customers are written or to the data set (one to the tables is noticed):
// `node bench/load.ts --rows 1000000`
import { parseArgs } from 'node:util';
import { load, type TargetName } from './databases.ts';
import { openPostgres, postgresOptions } from './postgres.ts';

const { values: options } = parseArgs({
  options: {
    ...postgresOptions,
    rows: { type: 'string', default: '1000000' },
    targets: { type: 'string', default: 'clientele,limit' },
  },
});

await using closing = new AsyncDisposableStack();
const postgres = await openPostgres(options);
closing.defer(postgres.release);
for (const target of options.targets.split(',') as TargetName[]) await load(postgres, target, Number(options.rows));

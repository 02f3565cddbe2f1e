// How long a CSV takes to be read, without a database: `node bench/read.ts --rows 1000000`
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { type ColumnPlan, checkColumns, checkRow } from '#server/imports/columns.ts';
import { readCsv } from '#server/imports/csv.ts';
import { openDuplicates } from '#server/imports/duplicates.ts';
import { guessColumns } from '#server/imports/guess.ts';
import { writeCsv } from './dataset.ts';
import { machineSpeed } from './machine.ts';
import { table } from './report.ts';

const { values: options } = parseArgs({ options: { rows: { type: 'string', default: '1000000' } } });
const count = Number(options.rows);

const folder = await mkdtemp(join(tmpdir(), 'clientele-read-'));
const file = join(folder, 'customers.csv');
const results: (string | number)[][] = [];
try {
  const out = createWriteStream(file);
  await writeCsv(count, out);
  await finished(out.end());
  for (const round of [1, 2, 3]) {
    await measure(`rows, round ${round}`, () => read());
    await measure(`rows checked, round ${round}`, () => read(() => {}));
    await measure(`rows checked, duplicates found, round ${round}`, async () => {
      const duplicates = await openDuplicates(join(folder, 'duplicates'));
      await read((email, line) => duplicates.add('email', email, line));
      await duplicates.finish();
    });
  }
} finally {
  await rm(folder, { recursive: true });
}
console.log(table(['what', 'seconds', 'rows/s', 'CPU s', 'rows/s of CPU', 'peak RSS MB', 'speed'], results));

async function measure(what: string, act: () => Promise<void>): Promise<void> {
  const from = performance.now();
  const before = process.cpuUsage();
  await act();
  const seconds = (performance.now() - from) / 1000;
  const { user, system } = process.cpuUsage(before);
  const cpu = (user + system) / 1e6;
  results.push([
    what,
    seconds,
    count / seconds,
    cpu,
    count / cpu,
    process.resourceUsage().maxRSS / 1000,
    machineSpeed(),
  ]);
}

/** Reads the file; checks its rows where there is something to be done with those that pass. */
async function read(take?: (email: string, line: number) => Promise<void> | undefined | void): Promise<void> {
  let plan: ColumnPlan | undefined;
  for await (const rows of readCsv(createReadStream(file)))
    for (const row of rows) {
      if (!take) continue;
      if (!plan) {
        plan = checkColumns(guessColumns(row.cells), row, { match: 'email', guessed: true });
        continue;
      }
      const { fields, refusal } = checkRow(plan, row);
      if (refusal) throw new Error(`Line ${row.line}: ${refusal.reason}`);
      const full = take(fields.email!, row.line);
      if (full) await full;
    }
}

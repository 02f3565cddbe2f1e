// How long one answer takes, asked for over one connection, for every kind of search and filter in every ordering:
// `node bench/latency.ts --help`
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { copyLoaded, type TargetName } from './databases.ts';
import { machineSpeed } from './machine.ts';
import { openPostgres, postgresOptions } from './postgres.ts';
import { preparations, prepare } from './prepare.ts';
import { type Asking, ask, filters, searchClasses, searches } from './questions.ts';
import { figure, percentile, rounded, table } from './report.ts';
import { startTarget, type Target } from './targets.ts';

// Every page is asked for more than once, and none may be answered from memory.
process.env.CLIENTELE_CACHE_BYTES = '0';

const help = `node bench/latency.ts [options]
  --prepare none           or one of ${Object.keys(preparations).slice(1).join(', ')}
  --tables search,filter
  --classes ${Object.keys(searchClasses).join()}
  --orderings last_name,-email,…   all
  --states any,false       of customers searched: any, true, false
  --requests 30            timed for each cell, each page having been asked for once before
  --seconds 2              the most a cell may take
  --target clientele       or limit
  --rows 1000000
  --out FILE               every cell, as JSON
  --directory FOLDER, --postgres URL   as for bench/run.ts`;

const { values: options } = parseArgs({
  options: {
    ...postgresOptions,
    prepare: { type: 'string', default: 'none' },
    tables: { type: 'string', default: 'search,filter' },
    classes: { type: 'string', default: Object.keys(searchClasses).join() },
    orderings: { type: 'string' },
    states: { type: 'string', default: 'any,false' },
    requests: { type: 'string', default: '30' },
    seconds: { type: 'string', default: '2' },
    target: { type: 'string', default: 'clientele' },
    rows: { type: 'string', default: '1000000' },
    out: { type: 'string' },
    help: { type: 'boolean' },
  },
});
const known =
  options.prepare in preparations && options.classes.split(',').every((name) => Object.hasOwn(searchClasses, name));
if (options.help || !known) {
  console.log(help);
  process.exit(known ? 0 : 2);
}
const rows = Number(options.rows);

type Cell = { table: string; row: string; column: string; requests: number; slowest: string } & Times;
type Times = { p50_ms: number; p99_ms: number; max_ms: number };

await using closing = new AsyncDisposableStack();
const postgres = await openPostgres(options);
closing.defer(postgres.release);
const name = options.target as TargetName;
const database = await copyLoaded(postgres, name, rows, 'latency');
closing.defer(database.drop);
await prepare(postgres, database.name, name, options.prepare);
const target = await startTarget(name, database.url);
closing.defer(target.stop);

const speeds = [machineSpeed()];
const cells = await measure(target);
speeds.push(machineSpeed());
const titles = [...new Set(cells.map((cell) => cell.table))];
console.log(
  `${name}, ${rows} customers, ${options.prepare}, speed ${speeds.join(' then ')}. Cells: p50 / p99 / max ms.`,
);
for (const title of titles) console.log(`\n${oneTable(title)}`);
console.log(`\n### Worst cells\n\n${worstCells()}`);
if (options.out) await writeFile(options.out, `${JSON.stringify({ options, speeds, cells }, null, 1)}\n`);

async function measure(target: Target) {
  const asking: Asking = {
    rows,
    orderings: options.orderings?.split(',') ?? target.orderings,
    states: options.states.split(','),
    classes: options.classes.split(','),
  };
  const cells: Cell[] = [];
  for (const [table, questions] of Object.entries({ search: searches, filter: filters })) {
    if (!options.tables.split(',').includes(table)) continue;
    for await (const question of questions(target, asking)) {
      const { times, slowest } = await ask(target, question, Number(options.requests), Number(options.seconds));
      const at = (share: number) => rounded(percentile(times, share));
      const { paths: _, ...place } = question;
      cells.push({
        ...place,
        requests: times.length,
        p50_ms: at(50),
        p99_ms: at(99),
        max_ms: at(100),
        slowest: slowest.path,
      });
      console.error(`${place.table}, ${place.row}, ${place.column}: ${at(50)} / ${at(99)} / ${at(100)}`);
    }
  }
  return cells;
}

function oneTable(title: string) {
  const those = cells.filter((cell) => cell.table === title);
  const columns = [...new Set(those.map(({ column }) => column))];
  const lines = [...new Set(those.map(({ row }) => row))].map((row) => [
    row,
    ...columns.map((column) => inCell(those.find((cell) => cell.row === row && cell.column === column))),
  ]);
  return `### ${title}\n\n${table(['ordering', ...columns], lines)}`;
}

function inCell(cell: Cell | undefined) {
  return cell?.requests ? [cell.p50_ms, cell.p99_ms, cell.max_ms].map(figure).join(' / ') : '–';
}

function worstCells() {
  const lines = titles.map((title) => {
    const those = cells.filter((cell) => cell.table === title && cell.requests > 0);
    const worst = those.toSorted((a, b) => b.p99_ms - a.p99_ms)[0];
    if (!worst) return [title, '', '', '–'];
    return [title, `${worst.row}, ${worst.column}`, shown(worst.slowest), inCell(worst)];
  });
  return table(['table', 'worst cell', 'its slowest request', 'p50 / p99 / max ms'], lines, 3);
}

/** The parameters as one would type them, cursors cut. */
function shown(path: string) {
  const parameters = [...new URLSearchParams(path.split('?')[1])];
  return parameters.map(([name, value]) => `${name}=${name === 'cursor' ? '…' : value}`).join('&');
}

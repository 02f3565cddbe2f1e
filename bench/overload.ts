// What happens past what the server can do, and what one workspace's flood costs another: `node bench/overload.ts --help`
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { run } from './children.ts';
import { authorize, cli, clienteleEnv } from './clientele.ts';
import { copyLoaded } from './databases.ts';
import { randomNumbers, terms } from './dataset.ts';
import { machineSpeed, peakMemory } from './machine.ts';
import { type Outcome, sendFor } from './open-loop.ts';
import { openPostgres, postgresOptions } from './postgres.ts';
import { startProxy } from './proxy.ts';
import { median, percentile, table } from './report.ts';
import { scenarios, tryOut } from './scenarios.ts';
import { customers, startTarget, type Target } from './targets.ts';
import type { Load } from './wrk.ts';

// The same few searches are asked again and again, and are to cost what searches cost.
process.env.CLIENTELE_CACHE_BYTES = '0';

const help = `node bench/overload.ts [options]
  --rounds 3
  --duration 4             seconds of each run
  --kinds retrieve,create,search
  --parts overload,flood
  --proxy 32/15            HAProxy before the server: so many requests at once, the others wait so many ms and are refused
  --rows 1000000
  --directory FOLDER, --postgres URL   as for bench/run.ts
Server and PostgreSQL get all cores but one, the client the last: neither then has its speed from the other's idleness.`;

const { values: options } = parseArgs({
  options: {
    ...postgresOptions,
    rounds: { type: 'string', default: '3' },
    duration: { type: 'string', default: '4' },
    kinds: { type: 'string', default: 'retrieve,create,search' },
    parts: { type: 'string', default: 'overload,flood' },
    proxy: { type: 'string' },
    rows: { type: 'string', default: '1000000' },
    help: { type: 'boolean' },
  },
});
if (options.help) {
  console.log(help);
  process.exit(0);
}
const rows = Number(options.rows);
const seconds = Number(options.duration);
const rounds = Array.from({ length: Number(options.rounds) }, (_, index) => index + 1);

/** Requests under way while the most that can be done is looked for, and how many times that is then asked for. */
const KINDS: Record<string, { at_once: number; times: number }> = {
  retrieve: { at_once: 32, times: 2 },
  create: { at_once: 32, times: 2 },
  search: { at_once: 8, times: 10 },
};

await using closing = new AsyncDisposableStack();
const postgres = await openPostgres(options);
closing.defer(postgres.release);
const database = await copyLoaded(postgres, 'clientele', rows, 'overload');
closing.defer(database.drop);
const last = cpus().length - 1;
const others = `0-${Math.max(0, last - 1)}`;
// Before the server opens its connections: each is a process, which stays where PostgreSQL is.
if (postgres.pid) pin(postgres.pid, others);
const target = await startTarget('clientele', database.url);
closing.defer(target.stop);
pin(target.pid, others);
pin(process.pid, `${last}`);
let port = target.port;
if (options.proxy) {
  const [at_once, queue_ms] = options.proxy.split('/').map(Number) as [number, number];
  const proxy = await startProxy(target.port, { at_once, queue_ms });
  closing.defer(proxy.stop);
  pin(proxy.pid, `${last}`);
  port = proxy.port;
}

for (const part of options.parts.split(','))
  console.log(part === 'flood' ? await floods(target) : await overloads(target));

/** The most that can be done, four fifths of it, and more than it. */
async function overloads(target: Target): Promise<string> {
  const lines: (string | number)[][] = [];
  for (const kind of options.kinds.split(',')) {
    const { at_once, times } = KINDS[kind]!;
    const found: { most: Outcome; calm: Outcome; past: Outcome; speed: number }[] = [];
    for (const round of rounds) {
      const load = await loadOf(target, kind, round);
      await sendFor(port, load, { at_once, seconds: 2 });
      const most = await sendFor(port, load, { at_once, seconds });
      const calm = await sendFor(port, load, { rate: most.good_per_second * 0.8, seconds });
      const past = await sendFor(port, load, { rate: most.good_per_second * times, seconds });
      found.push({ most, calm, past, speed: machineSpeed() });
      console.error(kind, round, ...[most, calm, past].map(inShort));
    }
    const middle = (of: (one: (typeof found)[number]) => number) => median(found.map(of));
    lines.push([
      kind,
      middle(({ most }) => most.good_per_second),
      middle(({ calm }) => percentile(calm.good_ms, 99)),
      middle(({ past }) => past.sent_per_second),
      middle(({ past, most }) => past.good_per_second / most.good_per_second),
      middle(({ past }) => percentile(past.good_ms, 99)),
      middle(({ past, calm }) => percentile(past.good_ms, 99) / percentile(calm.good_ms, 99)),
      middle(({ past }) => past.refused_per_second),
      middle(({ past }) => percentile(past.refused_ms, 99)),
      found.reduce((sum, { most, calm, past }) => sum + most.failed + calm.failed + past.failed, 0),
      peakMemory(target.pid),
      middle(({ speed }) => speed),
    ]);
  }
  const head =
    'kind|most a second|p99 ms at 80 %|sent a second|done, of the most|p99 ms|of that at 80 %|refused a second|p99 ms of refusals|failed|peak RSS MB|speed';
  return table(head.split('|'), lines);
}

/** A workspace's retrieves at a fifth of what can be done, alone and beside another that asks for all it can get. */
async function floods(target: Target): Promise<string> {
  const other = await openWorkspace(target);
  const lines: (string | number)[][] = [];
  for (const kind of options.kinds.split(',')) {
    const found: { alone: number; beside: number; refused: number; flood: Outcome }[] = [];
    for (const round of rounds) {
      const flood = await loadOf(target, kind, 100 + round);
      const most = await sendFor(port, other, { at_once: 32, seconds: 2 });
      const calm = { rate: most.good_per_second / 5, seconds };
      const alone = await sendFor(port, other, calm);
      const [beside, flooding] = await Promise.all([
        sendFor(port, other, calm),
        sendFor(port, flood, { at_once: 64, seconds }),
      ]);
      found.push({
        alone: percentile(alone.good_ms, 99),
        beside: percentile(beside.good_ms, 99),
        refused: beside.refused_ms.length + beside.failed,
        flood: flooding,
      });
      console.error(kind, round, inShort(alone), inShort(beside), inShort(flooding));
    }
    const middle = (of: (one: (typeof found)[number]) => number) => median(found.map(of));
    lines.push([
      kind,
      middle(({ flood }) => flood.good_per_second),
      middle(({ alone }) => alone),
      middle(({ beside }) => beside),
      middle(({ alone, beside }) => beside / alone),
      found.reduce((sum, { refused }) => sum + refused, 0),
    ]);
  }
  const head = 'flood of 64 at once|a second|p99 ms alone|p99 ms beside it|ratio|refused or failed';
  return table(head.split('|'), lines);
}

async function loadOf(target: Target, kind: string, round: number): Promise<Load> {
  const random = randomNumbers(round);
  const load =
    kind === 'search'
      ? searchLoad(target)
      : await scenarios[kind]!({ target, rows, tag: `${Date.now().toString(36)}-${round}`, random });
  await tryOut(target, kind, load);
  return load;
}

function searchLoad({ headers }: Target): Load {
  const { one, hundreds } = terms(rows);
  const paths = [...one, ...hundreds].map((term) => `${customers}?limit=25&search=${encodeURIComponent(term)}`);
  return { calls: paths.map((path) => ({ method: 'GET', path })), headers, expect: [200] };
}

/** A second workspace with a customer, and the retrieves of that. */
async function openWorkspace(target: Target): Promise<Load> {
  const env = clienteleEnv(database.url);
  await run(process.execPath, [cli, 'workspaces', 'create', 'other'], env);
  const headers = { ...target.headers, ...(await authorize(env, 'other')) };
  const body = JSON.stringify({ first_name: 'Ada', last_name: 'Lovelace', email: 'ada@other.example' });
  const { body: made, status } = await target.client.send({ method: 'POST', path: customers, body, headers });
  if (status !== 201) throw new Error(`no customer in the other workspace: ${status} ${made}`);
  return { calls: [{ method: 'GET', path: `${customers}/${JSON.parse(made).id}` }], headers, expect: [200] };
}

/** Keeps a process and all its threads to some cores; where that cannot be done they share them all. */
function pin(pid: number, cores: string): void {
  try {
    execFileSync('taskset', ['-apc', cores, String(pid)], { stdio: 'ignore' });
  } catch {
    console.error('not pinned: there is no taskset');
  }
}

function inShort({ good_per_second, good_ms, refused_per_second, refused_ms, failed }: Outcome): string {
  const p99 = (times: number[]) => percentile(times, 99).toFixed(1);
  return `${Math.round(good_per_second)}/s p99 ${p99(good_ms)} ms, refused ${Math.round(refused_per_second)}/s p99 ${p99(refused_ms)} ms, failed ${failed};`;
}

// Several processes that serve one port, for machines with several cores. This one, the primary, opens the database and
// hands connections out; the workers (worker.ts) answer. A worker that dies is replaced.
import cluster, { type Worker } from 'node:cluster';
import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import type { Config } from './config.ts';
import type { Database } from './database.ts';
import type { Answering } from './main.ts';
import { type Metrics, type Snapshot, textOf } from './metrics.ts';
import { startError } from './start-error.ts';

/** From the primary to a worker. */
export type Order =
  | { type: 'begin'; number: number; config: Config; connection: pg.ClientConfig | undefined }
  | { type: 'drain'; delay_ms: number }
  | { type: 'snapshot' }
  | { type: 'metrics'; text: string };
/** From a worker to the primary. `refused`: why it cannot serve, for the operator. */
export type Report =
  | { type: 'ready'; port: number }
  | { type: 'refused'; reason: string }
  | { type: 'snapshot'; metrics: Snapshot }
  | { type: 'metrics' };

/** Starts that may fail one after the other while no worker serves. */
const MOST_FAILURES = 5;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;
/** How long a scrape waits for a worker that is busy; its series are missing then. */
const SNAPSHOT_MS = 2000;
/** How long a worker that was told to stop may take beyond its requests, to close its connections to the database. */
const LEAVING_MS = 15_000;

type Seat = { worker: Worker; ready: boolean; reason?: string; onSnapshot?(metrics?: Snapshot): void };

/** Starts the workers; settles when each of them serves. Throws a StartError where none can. */
export async function startProcesses(
  config: Config,
  { database, connection }: { database: Database; connection: pg.ClientConfig },
  metrics: Metrics,
  log: (line: string) => void,
): Promise<Answering> {
  await checkConnections(database, config);
  // A snapshot has numbers that JSON does not.
  cluster.setupPrimary({
    exec: fileURLToPath(import.meta.resolve('./worker.ts')),
    args: [],
    serialization: 'advanced',
  });
  const { processes, shutdown_timeout_ms } = config.server;
  const seats = new Map<number, Seat>();
  const started = Promise.withResolvers<void>();
  const lost = Promise.withResolvers<Error>();
  const empty = Promise.withResolvers<void>();
  const stopping = new AbortController();
  let port = config.server.port;
  let failures = 0;
  let gathering: Promise<string> | undefined;

  // Who does not wait for this process does not wait for its workers.
  const killAll = () => {
    for (const { worker } of seats.values()) worker.process.kill('SIGKILL');
  };
  process.once('exit', killAll);

  function start(number: number): void {
    // The compiled form of the modules, where the primary keeps it.
    const kept = getCompileCacheDir();
    const worker = cluster.fork(kept ? { NODE_COMPILE_CACHE: dirname(kept) } : {});
    const seat: Seat = { worker, ready: false };
    seats.set(number, seat);
    worker.on('message', (report: Report) => listen(seat, report));
    worker.once('exit', (code, signal) => leave(number, seat, signal ? `signal ${signal}` : `exit code ${code}`));
    worker.on('error', (error) => worker.process.pid === undefined && leave(number, seat, error.message));
    // A port that was chosen by chance stays the same. A connection by URL may hold what cannot be sent.
    const at = { ...config, server: { ...config.server, port } };
    tell(seat, { type: 'begin', number, config: at, connection: config.database.url ? undefined : connection });
  }

  function listen(seat: Seat, report: Report): void {
    if (report.type === 'refused') seat.reason = report.reason;
    if (report.type === 'snapshot') seat.onSnapshot?.(report.metrics);
    if (report.type === 'metrics') text().then((all) => tell(seat, { type: 'metrics', text: all }));
    if (report.type !== 'ready') return;
    seat.ready = true;
    failures = 0;
    port = report.port;
    if (seats.size === processes && [...seats.values()].every(({ ready }) => ready)) started.resolve();
  }

  function leave(number: number, seat: Seat, how: string): void {
    if (seats.get(number) !== seat) return;
    seats.delete(number);
    seat.onSnapshot?.();
    if (seats.size === 0 && stopping.signal.aborted) empty.resolve();
    if (stopping.signal.aborted) return;
    if (seat.ready) {
      log(`A worker process has ended (${how}); another takes its place.`);
      start(number);
      return;
    }
    failures++;
    const why = seat.reason ?? `It ended with ${how} before it served.`;
    const serving = [...seats.values()].some(({ ready }) => ready);
    if (!serving && (seat.reason || failures >= MOST_FAILURES)) {
      const error = startError(seat.reason ?? `No worker process can start: ${failures} tries failed. ${why}`);
      started.reject(error);
      lost.resolve(error);
      return;
    }
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS);
    log(`A worker process could not start; the next try is in ${pause / 1000} s. ${why}`);
    sleep(pause, undefined, { signal: stopping.signal }).then(
      () => start(number),
      () => {},
    );
  }

  async function drain(delay_ms: number): Promise<void> {
    stopping.abort();
    for (const seat of seats.values()) tell(seat, { type: 'drain', delay_ms });
    const late = setTimeout(killAll, delay_ms + shutdown_timeout_ms + LEAVING_MS);
    if (seats.size > 0) await empty.promise;
    clearTimeout(late);
    process.off('exit', killAll);
  }

  /** Those who ask while it is being gathered share it. */
  function text(): Promise<string> {
    gathering ??= gather().finally(() => {
      gathering = undefined;
    });
    return gathering;
  }

  async function gather(): Promise<string> {
    const serving = [...seats.values()].filter(({ ready }) => ready);
    const snapshots = await Promise.all([metrics.snapshot(), ...serving.map(snapshotOf)]);
    return textOf(snapshots.filter((snapshot) => snapshot !== undefined));
  }

  for (let number = 1; number <= processes; number++) start(number);
  try {
    await started.promise;
  } catch (error) {
    await drain(0);
    throw error;
  }
  return { port, metrics: { text, type: metrics.type }, drain, lost: lost.promise };
}

function snapshotOf(seat: Seat): Promise<Snapshot | undefined> {
  const answered = Promise.withResolvers<Snapshot | undefined>();
  const late = setTimeout(() => answered.resolve(undefined), SNAPSHOT_MS);
  seat.onSnapshot = (metrics) => {
    clearTimeout(late);
    answered.resolve(metrics);
  };
  tell(seat, { type: 'snapshot' });
  return answered.promise;
}

/** A worker that is gone hears nothing; its end is told by another event. */
function tell({ worker }: Seat, order: Order): void {
  if (worker.isConnected()) worker.process.send(order, () => {});
}

const ROOM = {
  name: 'count_room_for_connections',
  text: `SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
    - current_setting('reserved_connections')::int`,
};

/** Better said now than found out under load. */
async function checkConnections(database: Database, { server: { processes }, database: each }: Config): Promise<void> {
  const needed = processes * (each.read_connections + 2 * each.search_connections + each.write_connections);
  const [[room]] = (await database.read(ROOM)) as [[number]];
  if (needed > room)
    throw startError(
      `${processes} processes make up to ${needed} connections, and the database takes ${room}: lower server.processes or the numbers of connections, or raise its max_connections.`,
    );
}

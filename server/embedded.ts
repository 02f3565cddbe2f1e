// The embedded PostgreSQL: started by the first that opens it, shared by all that open it meanwhile, stopped by the
// last that leaves. Who is in is known by advisory locks, which PostgreSQL frees by itself when a process dies: so a
// database that outlived a killed server is simply used by the next.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { type Cluster, prepareCluster, USER } from './cluster.ts';
import { canUse, SYSTEM_FOLDER } from './owner.ts';
import {
  type Attempt,
  findPostmaster,
  logFile,
  type Postmaster,
  startPostmaster,
  stopPostmaster,
} from './postmaster.ts';
import { startError } from './start-error.ts';

/** `ssl` is said, since PGSSLMODE in the environment would decide otherwise. */
export type Connection = { host: string; port: number; user: string; database: string; password?: string; ssl: false };

export type Embedded = {
  /** Stays the same when PostgreSQL is restarted; where it cannot, it is brought up to date in place. */
  connection: Connection;
  /** Settles, with the reason, when another server has taken over while the database was away: this one must stop serving. */
  lost: Promise<Error>;
  /** To be called after one's own connections are closed. The last one out stops the database. */
  release(): Promise<void>;
};

type Opening = {
  cluster: Cluster;
  role: 'server' | 'tool';
  log: (line: string) => void;
  /** Gives up when it is aborted. */
  signal: AbortSignal;
  /** Milliseconds to wait for the serving lock: that of a killed server, or of a lost connection, is there until PostgreSQL notices. */
  patience: number;
};
type Held = { client: pg.Client; connection: Connection };

const DATABASE = 'clientele';
const LOCKS = 1_667_459_429; // only has to differ from what others use in the database "postgres"
const IN_USE = 1;
const SERVING = 2;

/** Where the data lies: as configured, or in the project, or, where root starts a project that PostgreSQL's own user cannot reach, in a folder of the system. */
export function dataDirectory(configured: string | undefined, projectDirectory: string): string {
  if (configured) return resolve(projectDirectory, configured);
  const usual = join(projectDirectory, 'data');
  // Data that exist are never passed over for an empty database elsewhere.
  return existsSync(join(usual, 'postgres')) || canUse(usual) ? usual : join(SYSTEM_FOLDER, 'data');
}

/** Opens the database whose data lie in `directory`, making and starting it where nobody has; throws a StartError. A 'server' refuses to be the second one. */
export async function openEmbedded(options: {
  directory: string;
  role: 'server' | 'tool';
  log?: (line: string) => void;
}): Promise<Embedded> {
  const { role, log = () => {} } = options;
  const cluster = await prepareCluster(resolve(options.directory), log);
  const leaving = new AbortController();
  const opening = { cluster, role, log, signal: leaving.signal, patience: 1_000 };
  const lost = Promise.withResolvers<Error>();
  let held: Held | undefined = await hold(opening);
  let recovery: Promise<void> | undefined;
  let left: Promise<void> | undefined;
  const connection = { ...held.connection };
  watch(held);

  function watch({ client }: Held): void {
    client.once('end', () => {
      held = undefined;
      if (!leaving.signal.aborted) recovery = recover();
    });
  }

  async function recover(): Promise<void> {
    log('The connection to PostgreSQL was lost; trying to get it back');
    let said = '';
    while (!leaving.signal.aborted) {
      try {
        held = await hold({ ...opening, patience: 10_000 });
        Object.assign(connection, held.connection);
        watch(held);
        return log('PostgreSQL is back');
      } catch (error) {
        if (isTaken(error)) return lost.resolve(error as Error);
        const { message, name } = error as Error;
        if (name !== 'AbortError' && message !== said) log(message);
        said = message;
      }
      await sleep(500, undefined, { signal: leaving.signal }).catch(() => {});
    }
  }

  async function release(): Promise<void> {
    leaving.abort();
    await recovery;
    let client = held?.client;
    // Without the lock connection the database may still be up, with nobody else to stop it.
    for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(50)) {
      if (!client) {
        const postmaster = await findPostmaster(cluster);
        if (!postmaster) return;
        const answer = await connect(cluster, postmaster);
        client = answer instanceof Error ? undefined : answer;
      }
      try {
        if (client) return await leave(client, cluster, log);
      } catch (error) {
        if (isFinal(error)) throw error;
        client = undefined;
      }
    }
  }

  return { connection, lost: lost.promise, release: () => (left ??= release()) };
}

/** Gets a connection that holds the locks of this role, starting PostgreSQL where it does not run. */
async function hold(opening: Opening): Promise<Held> {
  const { cluster, role, log, signal, patience } = opening;
  for (const deadline = Date.now() + 60_000; ; await sleep(50, undefined, { signal })) {
    const { client, postmaster } = await reach(opening);
    try {
      // Refused while the last one out is stopping the database.
      if (await lock(client, 'pg_try_advisory_lock_shared', IN_USE)) {
        if (role === 'server' && !(await lockServing(client, patience))) {
          await leave(client, cluster, log);
          throw taken(cluster);
        }
        await makeDatabase(client);
        return { client, connection: await connectionTo(cluster, postmaster) };
      }
      throw new Error('it is being stopped');
    } catch (error) {
      await client.end().catch(() => {});
      if (isTaken(error)) throw error;
      if (isFinal(error) || Date.now() > deadline) {
        throw startError(`The database in ${cluster.folder} cannot be used: ${(error as Error).message}`, error);
      }
    }
  }
}

/** A connection to PostgreSQL's own database, which is there before ours. */
async function reach({ cluster, log, signal }: Opening): Promise<{ client: pg.Client; postmaster: Postmaster }> {
  const began = Date.now();
  let attempt: Attempt | undefined;
  let firstAttempt = 0;
  for (let isTold = false; ; await sleep(10, undefined, { signal })) {
    const postmaster = await findPostmaster(cluster);
    const answer = postmaster?.status === 'ready' ? await connect(cluster, postmaster) : undefined;
    if (postmaster && answer instanceof pg.Client) return { client: answer, postmaster };
    if (!postmaster && attempt?.ended) {
      await judge(attempt, cluster, Date.now() - firstAttempt);
      await sleep(100, undefined, { signal });
    }
    if (!postmaster && (!attempt || attempt.ended)) {
      if (!attempt) log(`Starting PostgreSQL; its messages go to ${logFile(cluster)}`);
      firstAttempt ||= Date.now();
      attempt = await startPostmaster(cluster);
    }
    const waited = Date.now() - began;
    // Recovery after a power cut and a last checkpoint take their time.
    const limit = { starting: 600_000, stopping: 60_000, ready: 30_000, absent: 30_000 }[
      postmaster?.status ?? 'absent'
    ];
    if (waited < 5_000) continue;
    const state = postmaster ? `is ${postmaster.status} (process ${postmaster.pid})` : 'is not there yet';
    if (!isTold) log(`Waiting for PostgreSQL, which ${state}`);
    isTold = true;
    if (waited < limit) continue;
    const reason = answer instanceof Error ? `, but refuses: ${answer.message}` : '';
    throw startError(`The PostgreSQL of ${cluster.folder} ${state}${reason}; see ${logFile(cluster)}.`, answer);
  }
}

/** Throws where there is no hope in another attempt. What a killed PostgreSQL left, its last children above all, is in the way for a moment only. */
async function judge(attempt: Attempt, cluster: Cluster, elapsed: number): Promise<void> {
  const { code, error } = attempt.ended ?? { code: 0 };
  const output = error ? error.message : await attempt.output();
  const mayPass =
    !error && (code === 0 || code === null || /lock file|shared memory block|could not (bind|create any)/.test(output));
  if (mayPass && elapsed < 10_000) return;
  const musl = (error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT' && existsSync(cluster.programs.postgres);
  const advice = musl
    ? ' These programs need a Linux with glibc: set DATABASE_URL to a PostgreSQL 18 of your own instead.'
    : '';
  throw startError(
    `PostgreSQL could not be started on ${cluster.folder}.${advice}\n${output.split('\n').slice(-15).join('\n')}`,
    error,
  );
}

/** Answers with the error where another try may succeed. */
async function connect(cluster: Cluster, postmaster: Postmaster): Promise<pg.Client | Error> {
  const client = new pg.Client({
    ...(await connectionTo(cluster, postmaster)),
    database: 'postgres',
    application_name: 'clientele locks',
    connectionTimeoutMillis: 5_000,
  });
  client.on('error', () => {}); // 'end' follows
  try {
    await client.connect();
    return client;
  } catch (error) {
    const { code = '', message } = error as { code?: string; message: string };
    // 28: refused for good, in that the role is missing or the password wrong.
    if (code.startsWith('28')) throw startError(`The PostgreSQL of ${cluster.folder} refuses us: ${message}`, error);
    return error as Error;
  }
}

async function connectionTo(cluster: Cluster, { socket, port }: Postmaster): Promise<Connection> {
  const account = { port, user: USER, database: DATABASE, ssl: false as const };
  if (process.platform !== 'win32') return { host: socket, ...account };
  return {
    host: '127.0.0.1',
    ...account,
    password: await readFile(join(cluster.folder, 'clientele.password'), 'utf8'),
  };
}

async function makeDatabase(client: pg.Client): Promise<void> {
  const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE]);
  if (rowCount) return;
  await client.query(`CREATE DATABASE ${DATABASE} TEMPLATE template0`).catch((error) => {
    // Another start was faster.
    if (error.code !== '42P04' && error.code !== '23505') throw error;
  });
}

async function lockServing(client: pg.Client, patience: number): Promise<boolean> {
  for (const deadline = Date.now() + patience; ; await sleep(50)) {
    if (await lock(client, 'pg_try_advisory_lock', SERVING)) return true;
    if (Date.now() > deadline) return false;
  }
}

async function lock(
  client: pg.Client,
  how: 'pg_try_advisory_lock' | 'pg_try_advisory_lock_shared',
  which: number,
): Promise<boolean> {
  const { rows } = await client.query(`SELECT ${how}($1, $2) AS got`, [LOCKS, which]);
  return rows[0].got;
}

/** Of several that leave at once the last to let go finds the lock free. It keeps it until PostgreSQL is gone, so that nobody comes in meanwhile. */
async function leave(client: pg.Client, cluster: Cluster, log: (line: string) => void): Promise<void> {
  try {
    await client.query('SELECT pg_advisory_unlock_all()');
    if (!(await lock(client, 'pg_try_advisory_lock', IN_USE))) return;
    await stopPostmaster(cluster);
    log('PostgreSQL stopped');
  } finally {
    await client.end().catch(() => {});
  }
}

/** An answer of PostgreSQL's is, unless it says that it goes down (57); a broken connection is not. */
const isFinal = (error: unknown) =>
  (error instanceof pg.DatabaseError && !error.code?.startsWith('57')) || (error as Error).name === 'StartError';

const taken = ({ directory }: Cluster) =>
  Object.assign(startError(`Another Clientele server is already serving ${directory}.`), { taken: true });
const isTaken = (error: unknown) => (error as { taken?: boolean }).taken === true;

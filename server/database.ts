// Connections to PostgreSQL. Short independent reads share a few pipelined connections, since waiting for an answer
// before sending the next question costs more than the question; searches, which may take tens of milliseconds, and
// writes, which hold a transaction, have connections of their own.
import pg from 'pg';
import { type FairQueue, openFairQueue } from './fair-queue.ts';
import { openPipeline } from './pipeline.ts';
import { isConnectionError, overloaded, unavailable } from './problem.ts';
import { currentRequest, isGone, whenGone } from './request-context.ts';
import { type OnStatement, type Row, type Run, type Statement, sendWith } from './send.ts';
import { type SilenceWatch, watchForSilence } from './silence.ts';

export type { Row, Statement };
/** A statement with its values. */
export type Ask = [statement: Statement, values: unknown[]];

export type Session = {
  /** Sends a statement at once, without waiting for those sent before it. */
  query(statement: Statement, values?: unknown[]): Promise<Row[]>;
  /** Sends COMMIT; false when the transaction had already failed and PostgreSQL rolled it back. */
  commit(): Promise<boolean>;
  release(broken?: boolean): void;
};

export type Database = {
  read(statement: Statement, values?: unknown[]): Promise<Row[]>;
  /** A read in the order of an index that may pass many rows. */
  walk(statement: Statement, values?: unknown[]): Promise<Row[]>;
  /** A read that may take tens of milliseconds, and sort. */
  search(statement: Statement, values?: unknown[]): Promise<Row[]>;
  /** Throws where a search of the workspace would be refused, before anything is read in vain. */
  checkSearch(workspace_id: number): void;
  /** A connection with a transaction begun. */
  begin(): Promise<Session>;
  onBatch: NonNullable<DatabaseOptions['onBatch']>;
  suppression_key: Buffer;
  /** How many connections of each kind there are, and what waits for them. */
  pools(): Record<'read' | 'walk' | 'search' | 'write', { busy: number; idle: number; waiting: number }>;
  close(): Promise<void>;
};

export type DatabaseOptions = {
  connection: pg.ClientConfig;
  read_connections: number;
  search_connections: number;
  write_connections: number;
  statement_timeout_ms: number;
  connect_timeout_ms: number;
  /** What the emails and external ids of those who were erased are hashed with; the database never hears it. */
  suppression_key: Buffer;
  onStatement?: OnStatement | undefined;
  /** Hears of each batch of writes of a workspace once it is committed: see `Metrics`. */
  onBatch?(writes: number, waited_ms: number, workspace_id: number, position: number): void;
};

/** A time column as the API writes times: RFC 3339, six decimals, UTC (which every session has as its zone). */
export const rfc3339 = (column: string) => `to_char(${column}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

const asIs = (text: string) => text;
const PARSERS: Record<number, (text: string) => unknown> = {
  16: (text) => text === 't',
  20: Number,
  21: Number,
  23: Number,
};
// Times and JSON stay PostgreSQL's own text: a JS Date would drop microseconds, and JSON is passed on unread.
const types = { getTypeParser: (oid: number) => PARSERS[oid] ?? asIs };

export function openDatabase(options: DatabaseOptions): Database {
  const silence = watchForSilence(Math.min(options.statement_timeout_ms + GRACE_MS, 2 ** 31 - 1));
  const send = sendWith(silence, options.onStatement);
  const run: Run = (client, statement, values = []) => send(client, statement, values, (result) => result.rows);
  const session = (settings: Record<string, string | number>): pg.ClientConfig =>
    ({
      ...options.connection,
      types,
      pipeline: true,
      connectionTimeoutMillis: options.connection.connectionTimeoutMillis ?? options.connect_timeout_ms,
      keepAlive: true,
      options: [
        options.connection.options,
        ...Object.entries({
          TimeZone: 'UTC',
          jit: 'off',
          plan_cache_mode: 'force_generic_plan',
          enable_seqscan: 'off',
          ...settings,
        }).map(([key, value]) => `-c ${key}=${value}`),
      ]
        .filter(Boolean)
        .join(' '),
    }) as pg.ClientConfig;

  // A read's order always comes from an index: with sorting discouraged, no statistics can talk the planner out of it.
  const inOrder = session({
    statement_timeout: options.statement_timeout_ms,
    enable_sort: 'off',
    enable_bitmapscan: 'off',
  });
  const readers = Array.from({ length: options.read_connections }, () => openPipeline(inOrder, run, silence));
  const walkers = openFairPool(inOrder, options.search_connections, silence);
  const searchers = openFairPool(
    session({ statement_timeout: options.statement_timeout_ms }),
    options.search_connections,
    silence,
  );
  const writers = openPool(
    session({
      statement_timeout: options.statement_timeout_ms,
      lock_timeout: 5000,
      idle_in_transaction_session_timeout: 2000,
      // The list is emptied every second; a save must not have to do it for all of an import.
      gin_pending_list_limit: '64MB',
    }),
    options.write_connections,
    silence,
  );
  let current = 0;
  let turning = false;
  /** What is asked in one turn of the event loop goes over one connection, in one system call; the next turn takes the next. */
  const readerOfTurn = () => {
    if (!turning) {
      turning = true;
      setImmediate(() => {
        turning = false;
        current = (current + 1) % readers.length;
      });
    }
    return readers[current]!;
  };

  /** One statement on a connection of its own for the while, cancelled where whoever asked goes away. */
  function onOne({ pool, queue }: FairPool, statement: Statement, values?: unknown[]): Promise<Row[]> {
    // The first value of every statement is the workspace: it waits behind its own.
    return queue.run(values?.[0], () => twice(() => runOnOne(pool, statement, values)));
  }

  async function runOnOne(pool: pg.Pool, statement: Statement, values?: unknown[]): Promise<Row[]> {
    const request = currentRequest();
    if (request && isGone(request)) throw overloaded(); // while it waited for its turn; nobody reads the answer
    const client = await connect(pool);
    let cancelled: Promise<unknown> | undefined;
    const stay =
      request &&
      whenGone(request, () => {
        const { processID } = client as unknown as { processID: number };
        cancelled = readerOfTurn()
          .query(CANCEL, [processID])
          .catch(() => {});
      });
    let broken = false;
    try {
      return await run(client, statement, values);
    } catch (error) {
      broken = isConnectionError(error);
      throw error;
    } finally {
      stay?.();
      // A cancellation under way must not meet the next statement on this connection.
      await cancelled;
      client.release(broken);
    }
  }

  return {
    read(statement, values) {
      const reader = readerOfTurn();
      return twice(() => reader.query(statement, values));
    },
    walk(statement, values) {
      return onOne(walkers, statement, values);
    },
    search(statement, values) {
      return onOne(searchers, statement, values);
    },
    checkSearch(workspace_id) {
      if (searchers.queue.isFull(workspace_id)) throw overloaded();
    },
    async begin() {
      const client = await connect(writers);
      const begun = run(client, BEGIN);
      begun.catch(() => {}); // the statement sent behind it reports the same loss
      return {
        query: (statement, values) => run(client, statement, values),
        commit: () => send(client, COMMIT, [], (result) => result.command === 'COMMIT'),
        release: (broken) => client.release(broken),
      };
    },
    onBatch: options.onBatch ?? (() => {}),
    suppression_key: options.suppression_key,
    pools() {
      const stateOf = ({ totalCount, idleCount, waitingCount }: pg.Pool, queued = 0) => ({
        busy: totalCount - idleCount,
        idle: idleCount,
        waiting: waitingCount + queued,
      });
      const waiting = readers.map((reader) => reader.waiting());
      const busy = waiting.filter((count) => count > 0).length;
      return {
        read: { busy, idle: readers.length - busy, waiting: waiting.reduce((sum, count) => sum + count, 0) },
        walk: stateOf(walkers.pool, walkers.queue.waiting),
        search: stateOf(searchers.pool, searchers.queue.waiting),
        write: stateOf(writers),
      };
    },
    async close() {
      await Promise.all([
        ...readers.map((reader) => reader.close()),
        walkers.pool.end(),
        searchers.pool.end(),
        writers.end(),
      ]);
    },
  };
}

/** PostgreSQL ends a statement at its statement_timeout; its answer may take this much longer to arrive. */
const GRACE_MS = 2000;

const BEGIN: Statement = { name: 'begin', text: 'BEGIN' };
const COMMIT: Statement = { name: 'commit', text: 'COMMIT' };
const CANCEL: Statement = { name: 'cancel', text: 'SELECT pg_cancel_backend($1)' };

type FairPool = { pool: pg.Pool; queue: FairQueue };

/** Of what waits for a connection, more than a second's worth is better refused. */
const WAITING_PER_CONNECTION = 16;

function openFairPool(config: pg.ClientConfig, max: number, silence: SilenceWatch): FairPool {
  const queue = openFairQueue({
    at_once: max,
    at_once_each: Math.max(1, max - 1),
    waiting: WAITING_PER_CONNECTION * max,
    waiting_each: (WAITING_PER_CONNECTION / 2) * max,
    full: overloaded,
  });
  return { pool: openPool(config, max, silence), queue };
}

function openPool(config: pg.ClientConfig, max: number, silence: SilenceWatch): pg.Pool {
  const pool = new pg.Pool({ ...config, max, idleTimeoutMillis: 0 } as pg.PoolConfig);
  // A connection that the database closed: the pool drops an idle one, and a busy one fails the statement it is at.
  // Nobody listening would end the process.
  pool.on('error', () => {});
  pool.on('connect', (client) => {
    client.on('error', () => {});
    silence.watch(client);
  });
  return pool;
}

async function connect(pool: pg.Pool): Promise<pg.PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    throw unavailable(error);
  }
}

/** A read that met a connection closed meanwhile is asked once more, on a new one: nothing is lost by asking twice. */
async function twice<Result>(read: () => Promise<Result>): Promise<Result> {
  try {
    return await read();
  } catch (error) {
    if (!isConnectionError(error)) throw error;
  }
  try {
    return await read();
  } catch (error) {
    throw isConnectionError(error) ? unavailable(error) : error;
  }
}

// A connection that many share: each sends without waiting for what others asked before, and the answers come in that order.
import pg from 'pg';
import { overloaded, unavailable } from './problem.ts';
import type { Row, Run, Statement } from './send.ts';
import type { SilenceWatch } from './silence.ts';

/** Statements that wait on one pipelined connection at most: each takes a fraction of a millisecond. */
const PIPELINE_MOST = 2000;

/** A connection that is made when it is first asked for, and anew after the database was away; 503 where that is not there. */
export function openPipeline(config: pg.ClientConfig, run: Run, silence: SilenceWatch) {
  let waiting = 0;
  let client: pg.Client | null = null;
  let connecting: Promise<pg.Client> | null = null;
  let closed = false;

  async function open(): Promise<pg.Client> {
    const candidate = new pg.Client(config);
    const lost = () => {
      if (client === candidate) client = null;
    };
    candidate.on('error', lost);
    candidate.on('end', lost);
    try {
      await candidate.connect();
    } catch (error) {
      candidate.end().catch(() => {});
      throw unavailable(error);
    }
    silence.watch(candidate);
    client = candidate;
    return candidate;
  }

  async function connect(): Promise<pg.Client> {
    connecting ??= open().finally(() => {
      connecting = null;
    });
    return connecting;
  }

  return {
    async query(statement: Statement, values?: unknown[]): Promise<Row[]> {
      // Whoever comes so late would open a connection that nobody closes, and that keeps the process from ending.
      if (closed) throw unavailable(new Error('The database was closed.'));
      if (waiting >= PIPELINE_MOST) throw overloaded();
      waiting++;
      try {
        return await run(client ?? (await connect()), statement, values);
      } finally {
        waiting--;
      }
    },
    waiting: () => waiting,
    async close(): Promise<void> {
      closed = true;
      await connecting?.catch(() => {});
      await client?.end();
    },
  };
}

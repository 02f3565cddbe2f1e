// Locks that a test holds, so that what it looks at stays under way.
import pg from 'pg';
import type { TestServer } from './server.ts';

/** Has all writes of the workspace wait, so that what is under way stays so; resolves to what lets them go on. */
export const holdWrites = (server: TestServer) =>
  hold(server, 'SELECT 1 FROM ledgers WHERE workspace_id = $1 FOR UPDATE', []);

/** Has whatever changes these customers wait, so that work on them can be filed and is under way until it is let go on. */
export const holdCustomers = (server: TestServer, ids: string[]) =>
  hold(server, 'SELECT 1 FROM customers WHERE workspace_id = $1 AND id = ANY($2::uuid[]) FOR UPDATE', [ids]);

async function hold({ connection, actor }: TestServer, lock: string, values: unknown[]): Promise<() => Promise<void>> {
  const holder = new pg.Client(connection);
  holder.on('error', () => {}); // the database may be dropped before, where a test has failed
  await holder.connect();
  await holder.query('BEGIN');
  await holder.query(lock, [actor.workspace.id, ...values]);
  return async () => {
    await holder.query('ROLLBACK');
    await holder.end();
  };
}

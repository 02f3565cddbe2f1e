// Spreading workspaces over the nodes of a Citus cluster, each as a whole on one of them: which tables go, which stay, and
// the way there. Citus is an extension of PostgreSQL (https://docs.citusdata.com).
import type pg from 'pg';
import { openClient } from '../client.ts';
import { startError } from '../start-error.ts';
import {
  COUNT_GROUPS,
  COUNT_OTHERS,
  DISTRIBUTE,
  dropConstraint,
  EMPTY_OLD,
  IN_ORDER,
  LIST_CROSSING_KEYS,
  LIST_DISTRIBUTED,
  LIST_TABLES,
  READ_CITUS,
} from './store.ts';

type Place = 'distributed' | 'coordinator';

/**
 * Where each table is to be. Distributed is what grows with customers and their history, and what is written in one statement
 * with it. All else is small, and stays on the coordinator as it is: what leads from a person or an address to a
 * workspace, of which no statement knows the workspace yet; and work with its queues, which is looked for in all workspaces at once.
 */
export const PLAN: Readonly<Record<string, Place>> = {
  // The first, which the others are put beside.
  ledgers: 'distributed',
  customers: 'distributed',
  customer_days: 'distributed',
  customer_salts: 'distributed',
  events: 'distributed',
  seals: 'distributed',
  idempotency_keys: 'distributed',
  suppressions: 'distributed',

  workspaces: 'coordinator',
  accounts: 'coordinator',
  identities: 'coordinator',
  invitations: 'coordinator',
  keys: 'coordinator',
  members: 'coordinator',
  password_resets: 'coordinator',
  recovery_codes: 'coordinator',
  sessions: 'coordinator',
  views: 'coordinator',
  retention_rules: 'coordinator',

  causes: 'coordinator',
  kept_changes: 'coordinator',
  bulk_edit_targets: 'coordinator',
  imports: 'coordinator',
  publications: 'coordinator',
  webhooks: 'coordinator',
  parked_lanes: 'coordinator',
  deliveries: 'coordinator',
  migrations: 'coordinator',
};

const FIRST = 'ledgers';

export type Distributed = {
  /** Tables that were distributed now, and those that were already. */
  done: string[];
  before: string[];
  /** Foreign keys that were given up, as table and name. */
  dropped: string[];
};

/**
 * Distributes the tables of a migrated database by workspace, all or none; what is distributed already stays so. Throws a
 * StartError where Citus is missing, somebody else is connected, or a table has no place in the plan.
 */
export async function distribute(connection: pg.ClientConfig): Promise<Distributed> {
  const client = await openClient({ ...connection, application_name: 'clientele distribute' });
  try {
    await checkCitus(client);
    const tables = await namesOf(client, LIST_TABLES);
    const unknown = tables.filter((table) => !(table in PLAN));
    if (unknown.length > 0)
      throw startError(
        `Of ${unknown.join(', ')} it is not known whether to distribute it: this database has other tables than ours.`,
      );
    if (!tables.includes(FIRST)) throw startError('The database has no tables yet: run "clientele migrate" first.');
    await checkAlone(client);
    const wanted = Object.keys(PLAN).filter((table) => PLAN[table] === 'distributed');
    const before = await namesOf(client, LIST_DISTRIBUTED);
    const done = wanted.filter((table) => !before.includes(table));
    const dropped = await distributeAll(client, wanted, done);
    // Again for all: whoever was killed here has left some.
    for (const table of wanted) await client.query(EMPTY_OLD, [table]);
    return { done, before, dropped };
  } finally {
    await client.end();
  }
}

async function distributeAll(client: pg.Client, wanted: string[], left: string[]): Promise<string[]> {
  await client.query('BEGIN');
  try {
    await client.query(IN_ORDER);
    const { rows: crossing } = await client.query<{ table: string; name: string }>(LIST_CROSSING_KEYS, [wanted]);
    // A shard cannot refer to a table that is on the coordinator alone. No workspace is ever deleted, so nothing is lost.
    for (const { table, name } of crossing) await client.query(dropConstraint(table, name));
    for (const table of left) await client.query(DISTRIBUTE, [table, table === FIRST ? 'none' : FIRST]);
    const { rows } = await client.query<{ groups: number }>(COUNT_GROUPS, [wanted]);
    if (rows[0]!.groups !== 1)
      throw startError(
        `The tables are in ${rows[0]!.groups} groups of shards, and have to be in one: some were distributed otherwise.`,
      );
    await client.query('COMMIT');
    return crossing.map(({ table, name }) => `${table}.${name}`);
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    if ((error as Error).name === 'StartError') throw error;
    throw startError(`Nothing was distributed: ${(error as Error).message}.`, error);
  }
}

async function checkCitus(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ offered: string | null; installed: string | null }>(READ_CITUS);
  const { offered, installed } = rows[0]!;
  if (installed !== null) return;
  throw startError(
    offered === null
      ? 'This PostgreSQL has no Citus: install it on every node of a cluster, and name the coordinator in DATABASE_URL.'
      : 'This database has no Citus yet: make the extension citus in it, as a superuser, on every node of the cluster.',
  );
}

/** What a server asks meanwhile would wait, and its statements are prepared for tables as they were. */
async function checkAlone(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ others: number }>(COUNT_OTHERS);
  const { others } = rows[0]!;
  if (others > 0) throw startError(`There are ${others} other connections to the database: stop all servers first.`);
}

async function namesOf(client: pg.Client, text: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(text);
  return rows.map(({ name }) => name);
}

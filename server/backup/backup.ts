// Backups: a copy of the embedded database's files, or of what the tables of any database hold; and how they are put back.
import { access, readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type pg from 'pg';
import manifest from '../../package.json' with { type: 'json' };
import { listWorkspaces } from '../access/access.ts';
import { openClient } from '../client.ts';
import { placeCluster } from '../cluster.ts';
import { rebuildCustomers } from '../customers/customers.ts';
import type { Database } from '../database.ts';
import { migrate } from '../migrate.ts';
import { startError } from '../start-error.ts';
import { type Entry, type Head, readBackup, writeBackup } from './container.ts';
import { copyTables, fillTables } from './logical.ts';
import { copyFiles, type Pace, PLATFORM, placeFiles } from './physical.ts';
import { dropTable, IS_USED, LIST_TABLES, READ_LAST_MIGRATION } from './store.ts';

export { type Head, verifyBackup } from './container.ts';

/** `directory`: the data folder, where the database is the embedded one. */
type Source = { connection: pg.ClientConfig; directory: string | null };

/** Folders of the data folder beside the database that are part of a backup. */
const BESIDE = ['imports'];

export type BackupOptions = {
  /** What the tables hold, for any PostgreSQL, where a copy of the files could be made. */
  logical?: boolean;
  /** Of a copy of files. */
  pace?: Pace;
};

/**
 * Makes a backup of a database, which may be at work, and gives how many bytes it has. Throws a StartError where the file is there
 * already or cannot be written.
 */
export async function backUp(
  { connection, directory }: Source,
  file: string,
  { logical = directory === null, pace }: BackupOptions = {},
): Promise<{ head: Head; bytes: number }> {
  const path = resolve(file);
  if (await isThere(path)) throw startError(`${file} is there already.`);
  if (directory !== null && `${path}/`.startsWith(`${join(directory, 'postgres')}/`))
    throw startError(`${file} lies within the database itself.`);
  const kind = logical ? 'logical' : 'physical';
  const head: Head = {
    kind,
    clientele: manifest.version,
    migration: await lastMigration(connection),
    made_at: new Date().toISOString(),
    ...(kind === 'physical' ? { platform: PLATFORM } : {}),
  };
  const beside = Object.fromEntries(BESIDE.map((name) => [name, join(directory ?? '', name)]));
  const entries = logical ? copyTables(connection) : copyFiles(connection, beside, pace);
  return { head, ...(await writeBackup(path, head, entries)) };
}

/** Puts the files of a backup into a data folder that has no database; the next start brings it to the moment of the backup's end. */
export async function restoreFiles(file: string, head: Head, directory: string): Promise<void> {
  if (head.platform !== PLATFORM)
    throw startError(
      `${file} is a copy of the files of a database on ${head.platform}, but this is ${PLATFORM}: only a backup made with --logical can be restored here.`,
    );
  for (const name of BESIDE)
    if ((await readdir(join(directory, name)).catch(() => [])).length > 0)
      throw startError(`${join(directory, name)} is not empty: restore into an empty folder (CLIENTELE_DATA).`);
  await placeCluster(directory, (folder, owner) => {
    const beside = BESIDE.map((name) => [name, { folder: join(directory, name), owner: undefined }]);
    return placeFiles(contentOf(readBackup(file)), { postgres: { folder, owner }, ...Object.fromEntries(beside) });
  });
}

/** Where the database to restore into is: `open` gives connections to it once it is migrated. */
export type Target = { connection: pg.ClientConfig; migrations: string; open(): Database };

/** Puts what the tables held into a database that has nothing in it, and the customers from the log; gives how many these are. */
export async function restoreTables(
  head: Head,
  entries: AsyncIterable<Required<Entry>>,
  target: Target,
): Promise<number> {
  const { connection, migrations } = target;
  await checkEmpty(connection);
  await migrate(connection, migrations, { up_to: head.migration });
  await fillTables(connection, entries);
  await migrate(connection, migrations);
  const database = target.open();
  try {
    let made = 0;
    for (const { id } of await listWorkspaces(database)) made += await rebuildCustomers(database, id);
    return made;
  } finally {
    await database.close();
  }
}

/** The same from a file. */
export const restoreFromFile = (file: string, head: Head, target: Target) =>
  restoreTables(head, contentOf(readBackup(file)), target);

/** Moves everything to another database, without a file in between. Nobody may write meanwhile. */
export async function moveTables(from: pg.ClientConfig, target: Target): Promise<number> {
  const head = { kind: 'logical', clientele: '', migration: await lastMigration(from), made_at: '' } as const;
  return restoreTables(head, whole(copyTables(from)), target);
}

/** What follows the head. */
async function* contentOf(entries: AsyncGenerator<Required<Entry>, void>): AsyncGenerator<Required<Entry>, void> {
  let isHead = true;
  for await (const entry of entries) {
    if (!isHead) yield entry;
    isHead = false;
  }
}

async function* whole(entries: AsyncIterable<Entry>): AsyncGenerator<Required<Entry>, void> {
  for await (const { about, content = [] } of entries) yield { about, content };
}

async function lastMigration(connection: pg.ClientConfig): Promise<number> {
  return withClient(connection, async (client) => {
    const { rows } = await client.query(READ_LAST_MIGRATION);
    return rows[0].number;
  });
}

/** Throws unless the database has nothing but, perhaps, our tables as the first start leaves them. */
async function checkEmpty(connection: pg.ClientConfig): Promise<void> {
  await withClient(connection, async (client) => {
    const { rows: tables } = await client.query<{ name: string; quoted: string }>(LIST_TABLES);
    if (tables.length === 0) return;
    if (!tables.some(({ name }) => name === 'migrations'))
      throw startError('The database to restore into has tables of something else.');
    const { rows } = await client.query(IS_USED);
    if (rows[0].used) throw startError('The database to restore into is not empty. Nothing was changed.');
    for (const { quoted } of tables) await client.query(dropTable(quoted));
  });
}

async function withClient<T>(connection: pg.ClientConfig, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await openClient(connection);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const isThere = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

/** The backups of a folder that were made by schedule, the newest first. */
export async function listBackups(folder: string): Promise<{ file: string; made: number }[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => SCHEDULED.test(name));
  const found = await Promise.all(
    names.map(async (name) => ({ file: join(folder, name), made: (await stat(join(folder, name))).mtimeMs })),
  );
  return found.sort((a, b) => b.made - a.made);
}

const SCHEDULED = /^clientele-\d{8}T\d{6}Z\.backup$/;

/** The name of a scheduled backup that is begun now. */
export const scheduledName = (now = new Date()) =>
  `clientele-${now.toISOString().replaceAll(/[-:]|\.\d+/g, '')}.backup`;

// Backups, straight at the database: they need no key, and work whether or not the server runs.
import { join } from 'node:path';
import { backUp, moveTables, restoreFiles, restoreFromFile, type Target, verifyBackup } from '#server/backup/backup.ts';
import type { Config } from '#server/config.ts';
import { connectionOf, connectTo, directoryOf, openConfigured, openToLook } from '#server/configured-database.ts';
import { examine } from '#server/doctor/doctor.ts';
import { applyErasures, type NotedErasure, readErasures } from '#server/privacy/privacy.ts';
import { PROJECT } from '#server/project.ts';
import type { Command } from './command.ts';
import { options, usageError } from './options.ts';
import { counted } from './progress.ts';

export const backupCommands: Command[] = [
  {
    name: 'backup',
    usage: `<file> [--logical]

  --logical   What the tables hold, for any PostgreSQL, instead of a copy of the embedded one's files.

The server may run, and people write, meanwhile. See docs/backup.md.`,
    summary: 'Make a backup of everything.',
    run: runBackup,
  },
  {
    name: 'restore',
    usage: `<file> [--no-erasures]

  --no-erasures   Nobody was erased since the backup was made, or nothing is known of it.

Into the configured database, which must be empty: CLIENTELE_DATA or DATABASE_URL names another one. Whoever was erased
since, as the file CLIENTELE_ERASURES has it, is erased again.`,
    summary: 'Restore a backup into an empty database, and look whether all of it is right.',
    run: runRestore,
  },
  {
    name: 'move',
    usage: `<postgres-url>

From the embedded database into one that is empty. The server must be stopped; afterwards start it with DATABASE_URL.`,
    summary: 'Move everything from the embedded database to another PostgreSQL.',
    run: runMove,
  },
];

async function runBackup(words: string[], config: Config): Promise<void> {
  const {
    values,
    words: [file],
  } = options(words, { logical: { type: 'boolean', default: false } }, ['file']);
  const { release, connection, directory } = await connectionOf(config, 'tool', console.error);
  try {
    const { head, bytes } = await backUp({ connection, directory }, file!, {
      logical: values.logical || directory === null,
    });
    const size = (bytes / 2 ** 20).toLocaleString('en', { maximumFractionDigits: 1 });
    console.log(`${file}: a ${head.kind} backup of ${size} MiB.`);
  } finally {
    await release();
  }
}

async function runRestore(words: string[], config: Config): Promise<number> {
  const {
    values,
    words: [file],
  } = options(words, { 'no-erasures': { type: 'boolean', default: false } }, ['file']);
  const erasures = erasuresFor(config, values['no-erasures']);
  const head = await verifyBackup(file!);
  if (head.kind === 'physical') {
    if (config.database.url !== undefined)
      throw usageError(
        'This backup is a copy of files, for the embedded database: make one with --logical for another PostgreSQL.',
      );
    await restoreFiles(file!, head, directoryOf(config));
  } else {
    const { release, connection } = await connectionOf(config, 'server', console.error);
    try {
      await restoreFromFile(file!, head, targetOf(config, connection));
    } finally {
      await release();
    }
  }
  console.log(`Restored what was backed up at ${head.made_at}.`);
  if (erasures.length > 0) await eraseAgain(config, erasures);
  return verify(config);
}

/** A backup brings back whom it has: without knowing who was erased since, it is not restored. */
function erasuresFor({ privacy: { erasures } }: Config, without: boolean): NotedErasure[] {
  if (without) return [];
  if (erasures === undefined)
    throw usageError(
      'Whoever was erased since this backup was made would be there again: name the file in which erasures are written down (CLIENTELE_ERASURES), or say --no-erasures.',
    );
  return readErasures(erasures);
}

async function eraseAgain(config: Config, erasures: NotedErasure[]): Promise<void> {
  const { database, close } = await openConfigured(config, 'server', console.error);
  try {
    const erased = await applyErasures(database, erasures);
    console.log(
      `${counted(erased, 'customer')} erased again, of ${counted(erasures.length, 'erasure')} that ${erasures.length === 1 ? 'is' : 'are'} noted.`,
    );
  } finally {
    await close();
  }
}

async function runMove(words: string[], config: Config): Promise<number> {
  const {
    words: [url],
  } = options(words, {}, ['postgres-url']);
  if (config.database.url !== undefined)
    throw usageError('The database is not the embedded one: use backup and restore.');
  const there: Config = { ...config, database: { ...config.database, url } };
  const { connection } = await connectionOf(there, 'tool', console.error);
  // As a server has it: none may be serving meanwhile.
  const { release, connection: from } = await connectionOf(config, 'server', console.error);
  try {
    const moved = await moveTables(from, targetOf(config, connection));
    console.log(`Moved, with ${counted(moved, 'customer')}. Start the server with DATABASE_URL from now on.`);
  } finally {
    await release();
  }
  return verify(there);
}

function targetOf(config: Config, connection: Target['connection']): Target {
  return { connection, migrations: join(PROJECT, 'migrations'), open: () => connectTo(connection, config) };
}

/** What doctor finds wrong with what was restored; the exit code. */
async function verify(config: Config): Promise<number> {
  const opened = await openToLook(config);
  let wrong = 0;
  try {
    await examine({ ...opened, config }, { workspace: undefined, heads: [] }, ({ check, status, message }) => {
      if (status === 'wrong') wrong++;
      if (status === 'wrong' || check === 'log' || check === 'customers' || check === 'seals')
        console.log(`${status === 'wrong' ? 'WRONG' : 'right'}  ${message}`);
    });
  } finally {
    await opened.close();
  }
  return wrong === 0 ? 0 : 1;
}

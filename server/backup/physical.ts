// A copy of the embedded PostgreSQL's files while it is at work, as PostgreSQL has it (manual, "Making a Base Backup Using the Low
// Level API"): what is torn or changed meanwhile is put right by the log of the database, which is copied along. No snapshot is held.
import { createWriteStream } from 'node:fs';
import { chmod, lchown, mkdir, open, readdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { openClient } from '../client.ts';
import type { Owner } from '../owner.ts';
import { startError } from '../start-error.ts';
import type { Entry } from './container.ts';
import { BEGIN_COPY, END_COPY, KEEP_WAL, LIST_WAL } from './store.ts';

/** Folders of which only the folder itself is copied, and files that belong to the running database. */
const EMPTY = [
  'pg_wal',
  'pg_replslot',
  'pg_dynshmem',
  'pg_notify',
  'pg_serial',
  'pg_snapshots',
  'pg_stat_tmp',
  'pg_subtrans',
];
const LEFT_OUT =
  /^(?:postmaster\.(?:pid|opts)|pg_internal\.init.*|pgsql_tmp.*|backup_label|tablespace_map|autoprewarm\.blocks.*)$/;
const PIECE = 1 << 20;

export const PLATFORM = `${process.platform}-${process.arch} PostgreSQL 18`;

/** `rest`: how long it rests after each piece, in times what that took. */
export type Pace = { rest: number; signal?: AbortSignal };

/**
 * The files of the database that `connection` leads to, and those of `beside`, other folders, by the names that they have in a backup.
 */
export async function* copyFiles(
  connection: pg.ClientConfig,
  beside: Record<string, string>,
  pace: Pace = { rest: 0 },
): AsyncGenerator<Entry, void> {
  const client = await openClient({ ...connection, application_name: 'clientele backup' });
  try {
    await client.query(KEEP_WAL);
    const { rows: began } = await client.query(BEGIN_COPY);
    const { first, folder } = began[0];
    yield* copyFolder(folder, 'postgres', pace, (path) => {
      const [top, ...under] = path.split('/');
      return !(EMPTY.includes(top!) && under.length > 0) && !LEFT_OUT.test(path.split('/').at(-1)!);
    });
    const { rows: ended } = await client.query(END_COPY);
    const { label, last } = ended[0];
    yield { about: { file: 'postgres/backup_label' }, content: [Buffer.from(label)] };
    const { rows: segments } = await client.query(LIST_WAL, [first, last]);
    for (const { name } of segments)
      yield { about: { file: `postgres/pg_wal/${name}` }, content: piecesOf(join(folder, 'pg_wal', name), pace) };
  } finally {
    await client.end();
  }
  for (const [name, folder] of Object.entries(beside)) yield* copyFolder(folder, name, pace, () => true);
}

async function* copyFolder(
  folder: string,
  name: string,
  pace: Pace,
  wanted: (path: string) => boolean,
): AsyncGenerator<Entry, void> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  for (const one of found.sort((a, b) => (join(a.parentPath, a.name) < join(b.parentPath, b.name) ? -1 : 1))) {
    const place = join(one.parentPath, one.name);
    const path = relative(folder, place).split(sep).join('/');
    if (!wanted(path)) continue;
    if (one.isDirectory()) yield { about: { folder: `${name}/${path}` } };
    else if (one.isFile()) yield { about: { file: `${name}/${path}` }, content: piecesOf(place, pace) };
  }
}

/** A file may grow, shrink or vanish meanwhile: what is there is taken, and the database's log knows the rest. */
async function* piecesOf(place: string, { rest, signal }: Pace): AsyncGenerator<Buffer, void> {
  const file = await open(place, 'r').catch((error) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!file) return;
  try {
    for (;;) {
      signal?.throwIfAborted();
      const began = performance.now();
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(PIECE), 0, PIECE);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
      if (rest > 0) await sleep(rest * (performance.now() - began));
    }
  } finally {
    await file.close();
  }
}

/** Puts the files of a backup into folders, by the first part of their names. Those of the database become its user's. */
export async function placeFiles(
  entries: AsyncIterable<Required<Entry>>,
  folders: Record<string, { folder: string; owner: Owner | undefined }>,
): Promise<void> {
  for await (const { about, content } of entries) {
    const path = String(about.file ?? about.folder);
    const [top, ...parts] = path.split('/');
    const to = folders[top!];
    if (!to || parts.some((part) => part === '' || part === '..' || part === '.' || part.includes(sep)))
      throw startError(`The backup has a file that belongs nowhere: ${JSON.stringify(path)}.`);
    const place = join(to.folder, ...parts);
    if (about.folder !== undefined) await mkdir(place, { recursive: true, mode: 0o700 });
    else {
      await mkdir(dirname(place), { recursive: true, mode: 0o700 });
      await writeFile(place, '', { mode: 0o600 });
      await pipeline(content, createWriteStream(place, { mode: 0o600, flush: true }));
    }
    if (to.owner) await lchown(place, to.owner.uid, to.owner.gid);
  }
  for (const { folder } of Object.values(folders)) await chmod(folder, 0o700).catch(() => {});
}

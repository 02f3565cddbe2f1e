// The folder that holds the embedded PostgreSQL's data: judging what is there, and making it where nothing is.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmod,
  lchown,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { findPrograms, type Programs } from './binaries.ts';
import { barrier, newOwner, type Owner, ownerOf } from './owner.ts';
import { startError } from './start-error.ts';

/** `directory` is Clientele's data folder, `folder` the part of it that is PostgreSQL's. Both are free of symbolic links. */
export type Cluster = { directory: string; folder: string; owner: Owner | undefined; programs: Programs };

export const USER = 'clientele';
const VERSION = '18';
const onWindows = process.platform === 'win32';

/** The cluster of this data folder, made where it does not exist. Nothing is touched where it cannot be used. */
export async function prepareCluster(directory: string, log: (line: string) => void): Promise<Cluster> {
  const exists = await holdsCluster(join(directory, 'postgres'));
  const owner = exists ? ownerOf(join(directory, 'postgres')) : newOwner();
  const closed = owner && barrier(directory, owner, 1);
  if (closed) {
    throw startError(
      `PostgreSQL refuses to run as root, and the user it runs as instead cannot enter ${closed}: ` +
        `run "chmod o+x ${closed}", or set CLIENTELE_DATA to a folder outside it, or run this as an ordinary user.`,
    );
  }
  const programs = await findPrograms(owner);
  await makeDirectory(directory, owner);
  const real = await realpath(directory);
  const cluster = { directory: real, folder: join(real, 'postgres'), owner, programs };
  if (!exists) await makeCluster(cluster, log);
  return cluster;
}

/**
 * Makes the cluster of a data folder from files that `fill` puts into a folder for a user; throws a StartError where there is one
 * already. As with a new one, nothing half made is ever taken for a cluster.
 */
export async function placeCluster(
  directory: string,
  fill: (folder: string, owner: Owner | undefined) => Promise<void>,
): Promise<void> {
  if (await holdsCluster(join(directory, 'postgres')))
    throw startError(`There is a database in ${directory} already: restore into an empty folder (CLIENTELE_DATA).`);
  const owner = newOwner();
  const closed = owner && barrier(directory, owner, 1);
  if (closed)
    throw startError(
      `The user that PostgreSQL runs as cannot enter ${closed}: set CLIENTELE_DATA to a folder outside it.`,
    );
  await makeDirectory(directory, owner);
  const real = await realpath(directory);
  await discardLeftovers(real);
  const fresh = await mkdtemp(join(real, 'postgres.new-'));
  try {
    if (owner) await lchown(fresh, owner.uid, owner.gid);
    await fill(fresh, owner);
    await holdsCluster(fresh); // of this version of PostgreSQL
    await rm(join(real, 'postgres'), { recursive: true, force: true }); // an empty folder
    await rename(fresh, join(real, 'postgres'));
    if (!onWindows) await sync(real);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    throw error;
  }
}

async function holdsCluster(folder: string): Promise<boolean> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return false;
    if (code === 'EACCES')
      throw startError(`This user may not enter ${folder}: run this as the user it belongs to, or as root.`, error);
    throw startError(`The database cannot be kept in ${folder}: ${message}`, error);
  }
  if (names.length === 0) return false;
  if (!names.includes('PG_VERSION')) {
    throw startError(
      `${folder} holds something other than a PostgreSQL database. Nothing was touched: move it away, or set CLIENTELE_DATA to another folder.`,
    );
  }
  const version = (await readOwn(join(folder, 'PG_VERSION'))).trim();
  if (version !== VERSION) {
    throw startError(
      `The database in ${folder} was made by PostgreSQL ${version}, but this is PostgreSQL ${VERSION}. ` +
        'Nothing was touched: use a Clientele of that version, or set CLIENTELE_DATA to another folder.',
    );
  }
  return true;
}

/** Under root the folder stays root's own, so that PostgreSQL's user cannot plant links in it for root to follow. */
async function makeDirectory(directory: string, owner: Owner | undefined): Promise<void> {
  try {
    const first = await mkdir(directory, { recursive: true, mode: owner ? 0o711 : 0o700 });
    // Undoes a strict umask, which would keep PostgreSQL's user out.
    for (let made = directory; owner && first && made.length >= first.length; made = dirname(made))
      await chmod(made, 0o711);
  } catch (error) {
    throw startError(`The folder ${directory} cannot be made: ${(error as Error).message}`, error);
  }
}

/** Made beside its place and moved there whole, so that a half-made cluster is never taken for one. */
async function makeCluster(cluster: Cluster, log: (line: string) => void): Promise<void> {
  const { directory, folder, owner, programs } = cluster;
  log(`Making a new database in ${folder}`);
  await discardLeftovers(directory);
  let fresh: string | undefined;
  try {
    fresh = await mkdtemp(join(directory, 'postgres.new-'));
    if (owner) await lchown(fresh, owner.uid, owner.gid);
    // biome-ignore format: one option a line
    const options = [
      '-D', fresh,
      `--username=${USER}`,
      '--encoding=UTF8',
      '--locale-provider=builtin', '--builtin-locale=C.UTF-8',
      '--data-checksums',
      '--no-instructions',
      ...(onWindows ? await withPassword(fresh) : ['--auth=trust']),
    ];
    await promisify(execFile)(programs.initdb, options, asOwner(cluster));
    if (onWindows) await rename(`${fresh}.password`, join(fresh, 'clientele.password'));
    await rename(fresh, folder);
    if (!onWindows) await sync(directory);
  } catch (error) {
    if (fresh) await rm(fresh, { recursive: true, force: true });
    // Where another start has put its cluster in place meanwhile, that one serves as well.
    if (await holdsCluster(folder)) return;
    const { message, stderr } = error as { message: string; stderr?: string };
    throw startError(`The database could not be made in ${folder}: ${stderr?.trim() || message}`, error);
  }
}

/** How to run a PostgreSQL program: as its owner, from a folder he can enter, and without our variables, which hold secrets. */
export function asOwner({ owner }: Cluster): { uid?: number; gid?: number; cwd?: string; env: NodeJS.ProcessEnv } {
  const kept = ['PATH', 'LD_LIBRARY_PATH', 'SystemRoot', 'ComSpec', 'TEMP', 'TMP'];
  const env = Object.fromEntries(
    kept.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
  return { ...owner, ...(onWindows ? {} : { cwd: '/' }), env: { ...env, LC_ALL: 'C', TZ: 'UTC' } };
}

/** What a killed first start left behind; a running one is done within seconds. */
async function discardLeftovers(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!name.startsWith('postgres.new-')) continue;
    const path = join(directory, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > 600_000) await rm(path, { recursive: true, force: true });
  }
}

/** A socket's folder can be closed to others, a port of this machine cannot: so Windows has a password. */
async function withPassword(fresh: string): Promise<string[]> {
  await writeFile(`${fresh}.password`, randomBytes(24).toString('hex'), { mode: 0o600 });
  return ['--auth=scram-sha-256', `--pwfile=${fresh}.password`];
}

async function sync(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  await handle.sync().finally(() => handle.close());
}

async function readOwn(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw startError(`${path} cannot be read: ${(error as Error).message}`, error);
  }
}

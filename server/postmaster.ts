// The process of the embedded PostgreSQL: finding the one at work on a cluster, starting one, stopping it.
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { constants } from 'node:fs';
import {
  type FileHandle,
  lchown,
  lstat,
  mkdir,
  open,
  readFile,
  readlink,
  rename,
  rm,
  rmdir,
  stat,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { asOwner, type Cluster } from './cluster.ts';
import { barrier } from './owner.ts';
import { startError } from './start-error.ts';

export type Postmaster = { pid: number; port: number; socket: string; status: 'starting' | 'ready' | 'stopping' };
/** One try to start it. It may end at once, where another start was faster or the last one's traces are still in the way. */
export type Attempt = { ended?: { code: number | null; error?: Error }; output(): Promise<string> };

const onWindows = process.platform === 'win32';
const PORT = 5432; // only part of the socket's name

export const logFile = (cluster: Cluster) => join(cluster.directory, 'postgres.log');

/** The PostgreSQL at work on the cluster. A file that tells of one that is not there is removed where PostgreSQL would stumble over it. */
export async function findPostmaster(cluster: Cluster): Promise<Postmaster | undefined> {
  const file = join(cluster.folder, 'postmaster.pid');
  const text = await readText(file);
  if (text === undefined) return undefined;
  const [pid, , , port, socket, , , status] = text.split('\n');
  if (await isAtWork(Math.abs(Number(pid)), cluster)) {
    const known = status?.trim();
    return {
      pid: Math.abs(Number(pid)), // negative in single-user mode
      port: Number(port),
      socket: socket ?? '',
      status: known === 'ready' || known === 'stopping' ? known : 'starting',
    };
  }
  await removeStale(file, text);
  return undefined;
}

/** Whether this process is a PostgreSQL on the cluster: numbers are given again, in containers very soon. A zombie is not: where nobody reaps it, it stays for ever. */
async function isAtWork(pid: number, { folder }: Cluster): Promise<boolean> {
  if (!isAlive(pid)) return false;
  if (onWindows) return true;
  const onLinux = process.platform === 'linux';
  const command = onLinux
    ? ((await readText(`/proc/${pid}/cmdline`)) ?? '').replaceAll('\0', ' ')
    : await promisify(execFile)('ps', ['-ww', '-o', 'command=', '-p', String(pid)]).then(
        ({ stdout }) => `${stdout.trim()} `,
        () => '',
      );
  if (command.includes(`postgres -D ${folder} `)) return true;
  // Started by hand, or a last child of a killed one. Where the folder of a PostgreSQL may not be read it is taken for ours, to be safe.
  return (
    onLinux && /(^|\/)postgres[ :]/.test(command) && (await readlink(`/proc/${pid}/cwd`).catch(() => folder)) === folder
  );
}

function isAlive(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** PostgreSQL itself removes such a file, but not where the number has gone to another process, nor an empty file. */
async function removeStale(file: string, text: string): Promise<void> {
  const pid = Math.abs(Number.parseInt(text, 10));
  // Without a number it may be about to be written.
  const isOld = async () => Date.now() - ((await stat(file).catch(() => undefined))?.mtimeMs ?? Date.now()) > 5_000;
  if (pid > 0 ? !isAlive(pid) : !(await isOld())) return;
  // Moved away before it goes: another start may have put its own, valid file here since this one was read.
  const aside = `${file}.${process.pid}.stale`;
  try {
    await rename(file, aside);
    if ((await readText(aside)) === text) await rm(aside);
    else await rename(aside, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** Starts PostgreSQL in a session of its own, so that it outlives this process and hears nothing of its Ctrl-C. */
export async function startPostmaster(cluster: Cluster): Promise<Attempt> {
  const { programs, folder } = cluster;
  const place = onWindows
    ? ['listen_addresses=127.0.0.1', `port=${await freePort(cluster)}`]
    : [
        'listen_addresses=',
        `port=${PORT}`,
        'unix_socket_permissions=0700',
        `unix_socket_directories=${await prepareSocketFolder(cluster)}`,
      ];
  const parameters = [...place, ...settings(programs.hasLz4)].flatMap((setting) => ['-c', setting]);
  const log = await openLog(cluster);
  const attempt: Attempt = { output: () => readFrom(logFile(cluster), log.size) };
  // On Windows only pg_ctl knows how to give up an administrator's rights, which PostgreSQL refuses; it opens the log itself.
  const [program, options, output] = onWindows
    ? [
        programs.pg_ctl,
        ['start', '-w', '-D', folder, '-l', logFile(cluster), '-o', parameters.join(' ')],
        'ignore' as const,
      ]
    : [programs.postgres, ['-D', folder, ...parameters], log.handle.fd];
  try {
    const child = spawn(program, options, {
      ...asOwner(cluster),
      detached: true,
      stdio: ['ignore', output, output],
      windowsHide: true,
    });
    child.once('exit', (code) => (attempt.ended ??= { code }));
    child.once('error', (error) => (attempt.ended ??= { code: null, error }));
    child.unref();
  } catch (error) {
    attempt.ended = { code: null, error: error as Error };
  } finally {
    await log.handle.close();
  }
  return attempt;
}

async function openLog(cluster: Cluster): Promise<{ handle: FileHandle; size: number }> {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW = 0 } = constants;
  try {
    const handle = await open(logFile(cluster), O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
    if (cluster.owner) await handle.chown(cluster.owner.uid, cluster.owner.gid);
    return { handle, size: (await handle.stat()).size };
  } catch (error) {
    throw startError(
      `PostgreSQL's messages cannot be written to ${logFile(cluster)}: ${(error as Error).message}`,
      error,
    );
  }
}

async function readFrom(file: string, position: number): Promise<string> {
  const handle = await open(file, 'r');
  const { buffer, bytesRead } = await handle
    .read({ buffer: Buffer.alloc(65_536), position })
    .finally(() => handle.close());
  return buffer.toString('utf8', 0, bytesRead).trim();
}

/** Fast shutdown: ends the connections that are left, writes everything down and goes. */
export async function stopPostmaster(cluster: Cluster): Promise<void> {
  const found = await findPostmaster(cluster);
  if (!found) return;
  if (onWindows) await promisify(execFile)(cluster.programs.pg_ctl, ['stop', '-m', 'fast', '-W', '-D', cluster.folder]);
  else process.kill(found.pid, 'SIGINT');
  const file = join(cluster.folder, 'postmaster.pid');
  const deadline = Date.now() + 60_000;
  while ((await isAtWork(found.pid, cluster)) || Number.parseInt((await readText(file)) ?? '', 10) === found.pid) {
    if (Date.now() > deadline)
      throw startError(`PostgreSQL (process ${found.pid}) has not stopped within a minute; see ${logFile(cluster)}.`);
    await sleep(10);
  }
  // Refused where another start uses it again, as it should be.
  if (!onWindows) await rmdir(socketFolder(cluster)).catch(() => {});
}

/** The same data always has the same socket, so that connections find their way back after a restart. */
function socketFolder(cluster: Cluster): string {
  const { owner } = cluster;
  const name = `clientele-${fingerprint(cluster)}`;
  // A socket's path may have 103 bytes.
  const usual = tmpdir();
  const isUsable = Buffer.byteLength(usual) <= 60 && (!owner || barrier(usual, owner, 1) === undefined);
  return join(isUsable ? usual : '/tmp', name);
}

const fingerprint = (cluster: Cluster) => createHash('sha256').update(cluster.directory).digest('hex').slice(0, 16);

/** Anybody may write to the temporary folder: so whose folder this is, and who may enter it, is verified. */
async function prepareSocketFolder(cluster: Cluster): Promise<string> {
  const folder = socketFolder(cluster);
  await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST')
      throw startError(`The folder ${folder} for PostgreSQL's socket cannot be made: ${error.message}`, error);
  });
  const { owner } = cluster;
  const stats = await lstat(folder).catch(() => undefined);
  if (!stats) return folder; // a stop took it away meanwhile: PostgreSQL will say so, and it is tried again
  const owners = owner ? [0, owner.uid] : [process.getuid?.()]; // root made it, if it is not handed over yet
  if (!stats.isDirectory() || !owners.includes(stats.uid) || (stats.mode & 0o077) !== 0) {
    throw startError(
      `${folder}, where PostgreSQL's socket belongs, is not a private folder of PostgreSQL's user: remove it, or set TMPDIR to another place.`,
    );
  }
  if (owner && stats.uid === 0) await lchown(folder, owner.uid, owner.gid).catch(() => {}); // another start may have done it, or a stop taken the folder away
  // A killed PostgreSQL leaves its socket's lock, which is in the way where its number has gone to another process.
  const lock = join(folder, `.s.PGSQL.${PORT}.lock`);
  const text = await readText(lock);
  if (text !== undefined && !(await isAtWork(Number.parseInt(text, 10), cluster))) await removeStale(lock, text);
  return folder;
}

function settings(hasLz4: boolean): string[] {
  // In a container the limit counts, where there is one.
  const megabytes = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY) / 2 ** 20;
  return [
    'cluster_name=clientele',
    'max_connections=200',
    'shared_preload_libraries=pg_prewarm',
    `shared_buffers=${Math.round(Math.min(Math.max(megabytes / 8, 128), 1024))}MB`,
    `effective_cache_size=${Math.round(megabytes / 2)}MB`,
    'work_mem=16MB',
    'maintenance_work_mem=128MB',
    'huge_pages=off',
    'random_page_cost=1.1',
    'jit=off',
    'max_parallel_workers_per_gather=0',
    `wal_compression=${hasLz4 ? 'lz4' : 'off'}`,
    'max_wal_size=2GB',
    'checkpoint_timeout=15min',
    'checkpoint_completion_target=0.9',
    'timezone=UTC',
    'log_timezone=UTC',
    // Statements, parameters and details hold personal data.
    'log_min_error_statement=panic',
    'log_parameter_max_length_on_error=0',
    'log_error_verbosity=terse',
  ];
}

/** A port of this data's own where it is free, so that connections find their way back as well; else any. */
async function freePort(cluster: Cluster): Promise<number> {
  const own = 49_152 + (Number.parseInt(fingerprint(cluster).slice(0, 8), 16) % 16_384);
  for (const port of [own, 0]) {
    const server = createServer().listen(port, '127.0.0.1');
    if (!(await once(server, 'listening').catch(() => undefined))) continue;
    const { port: free } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    return free;
  }
  throw startError('No port of this machine is free for PostgreSQL.');
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // ESRCH: a process that ended while its file under /proc was read.
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}

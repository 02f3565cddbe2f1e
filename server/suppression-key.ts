// The key with which the emails and external ids of erased customers are hashed. It must be the same whenever and wherever
// the server runs, and must not be in the database, whose backups would then tell whom it hides.
import { hkdfSync, randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { madeOnce } from './made-once.ts';

const BYTES = 32;

/** From the key of the configuration where there is one (HKDF, RFC 5869); else a file of the data folder, made the first time. */
export function suppressionKey(secrets_key: string | undefined, directory: string): Buffer {
  if (secrets_key !== undefined)
    return Buffer.from(hkdfSync('sha256', Buffer.from(secrets_key, 'base64'), '', 'clientele suppressions', BYTES));
  mkdirSync(directory, { recursive: true });
  const key = madeOnce(join(directory, 'suppression-key'), () => `${randomBytes(BYTES).toString('base64')}\n`);
  return Buffer.from(key.trim(), 'base64');
}

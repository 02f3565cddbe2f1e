// Where uploaded files lie: a folder that one machine has. Its id tells who can work on the imports in it.
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FILE_LIMIT } from '#contract/imports.ts';
import { madeOnce } from '../made-once.ts';
import { Problem } from '../problem.ts';

export type ImportFolder = { path: string; id: string };

/** Opens the folder, which is made where there is none. */
export async function openImportFolder(path: string): Promise<ImportFolder> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  return { path, id: madeOnce(join(path, 'folder-id'), randomUUID) };
}

export type ImportFiles = ReturnType<typeof filesOf>;

/** The files of one import. */
export function filesOf({ path }: ImportFolder, workspace_id: number, id: string) {
  const directory = join(path, `${workspace_id}-${id}`);
  return {
    directory,
    /** As it was sent, and the same in UTF-8 where it is not. */
    original: join(directory, 'original'),
    converted: join(directory, 'utf-8.csv'),
    duplicates: join(directory, 'duplicates'),
    rejected: join(directory, 'rejected.csv'),
  };
}

/**
 * Writes a file down as it arrives: 413 beyond `FILE_LIMIT`. Gives its size and SHA-256. `onHead` may refuse it once its
 * first 64 KiB, or all of it, are there.
 */
export async function receiveFile(
  source: AsyncIterable<Uint8Array>,
  { directory, original }: ImportFiles,
  headLength: number,
  onHead: (head: Buffer) => void,
): Promise<{ bytes: number; sha256: string }> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const hash = createHash('sha256');
  const handle = await open(original, 'wx', 0o600);
  let head: Buffer | undefined = Buffer.alloc(0);
  let bytes = 0;
  try {
    for await (const chunk of source) {
      bytes += chunk.length;
      if (bytes > FILE_LIMIT) throw new Problem(413, 'file_too_large', 'A file may have up to 2 GiB.');
      hash.update(chunk);
      if (head) {
        head = Buffer.concat([head, chunk]);
        if (head.length >= headLength) {
          onHead(head.subarray(0, headLength));
          head = undefined;
        }
      }
      await handle.appendFile(chunk);
    }
    if (head) onHead(head);
    await handle.datasync();
  } finally {
    await handle.close();
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** Reads a file from a place on. */
export const readFrom = (path: string, start = 0) => createReadStream(path, { start, highWaterMark: 262_144 });

/** Removes what only a run needs; what was refused stays. */
export async function forgetFile(files: ImportFiles): Promise<void> {
  const entries = await readdir(files.directory).catch(() => []);
  for (const entry of entries) {
    const path = join(files.directory, entry);
    if (path !== files.rejected) await rm(path, { recursive: true, force: true });
  }
}

/** How long refused rows are kept. */
export const KEEP_MS = 30 * 86_400_000;

/** Removes the files of imports that were last touched too long ago. */
export async function forgetOldFiles({ path }: ImportFolder): Promise<void> {
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const directory = join(path, entry.name);
    const found = await stat(directory).catch(() => undefined); // another process may have removed it
    if (found && Date.now() - found.mtimeMs > KEEP_MS) await rm(directory, { recursive: true, force: true });
  }
}

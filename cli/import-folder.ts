// Where an import of this process keeps its file meanwhile: a temporary folder, so that no server takes the work up.
import { rmSync } from 'node:fs';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ImportFolder, openImportFolder } from '#server/imports/imports.ts';

const PREFIX = 'clientele-import-';
/** No import takes as long: a folder that is older was left by a process that was killed. */
const LEFT_MS = 86_400_000;

/** The folder is removed at the end, also where the process exits before. */
export async function withImportFolder<Result>(use: (folder: ImportFolder) => Promise<Result>): Promise<Result> {
  await removeLeftFolders();
  const path = await mkdtemp(join(tmpdir(), PREFIX));
  const remove = () => rmSync(path, { recursive: true, force: true });
  process.on('exit', remove);
  try {
    return await use(await openImportFolder(path));
  } finally {
    process.off('exit', remove);
    remove();
  }
}

async function removeLeftFolders(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const path = join(tmpdir(), name);
    if (!name.startsWith(PREFIX)) continue;
    const found = await stat(path).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs > LEFT_MS) await rm(path, { recursive: true, force: true }).catch(() => {}); // it may be another user's
  }
}

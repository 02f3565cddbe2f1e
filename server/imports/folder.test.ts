import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { filesOf, forgetFile, forgetOldFiles, type ImportFolder, openImportFolder } from './folder.ts';

let folder: ImportFolder;
before(async () => {
  folder = await openImportFolder(await mkdtemp(join(tmpdir(), 'folder-test-')));
});
after(() => rm(folder.path, { recursive: true }));

test('a folder has one id, whoever opens it, and however many at once', async () => {
  const path = join(folder.path, 'many');
  const opened = await Promise.all(Array.from({ length: 20 }, () => openImportFolder(path)));
  assert.deepEqual([...new Set(opened.map(({ id }) => id))], [(await openImportFolder(path)).id]);
  assert.match(opened[0]!.id, /^[0-9a-f-]{36}$/);
  await rm(path, { recursive: true });
});

test('of a file that is not needed any more the refused rows stay, for 30 days', async () => {
  const files = filesOf(folder, 1, 'x');
  await mkdir(files.duplicates, { recursive: true });
  for (const path of [files.original, files.converted, files.rejected]) await writeFile(path, 'x');
  await forgetFile(files);
  assert.deepEqual(await readdir(files.directory), ['rejected.csv']);

  const touchedAgo = (days: number) => utimes(files.directory, 0, Date.now() / 1000 - days * 86_400);
  await touchedAgo(29);
  await forgetOldFiles(folder);
  assert.deepEqual((await readdir(folder.path)).sort(), ['1-x', 'folder-id']);
  await touchedAgo(31);
  await forgetOldFiles(folder);
  assert.deepEqual(await readdir(folder.path), ['folder-id']);
});

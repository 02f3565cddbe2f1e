// What an erasure has to do beside its transaction: rows of imports lie in files. It is written down before the transaction
// ends, and that note goes when it is done; where a server ended in between, the next look goes on from the note.
import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from '../database.ts';
import { forgetInImports, type ImportFolder } from '../imports/imports.ts';
import { READ_ERASURE } from './store.ts';

export type Unfinished = {
  /** The erasure is done: does the rest. */
  finish(database: Database): Promise<void>;
  /** The erasure came to nothing. */
  drop(): Promise<void>;
};

type Note = { workspace_id: number; ids: string[]; values: string[] };

const NOTE = /^erasing-[0-9a-f-]+\.json$/;
/** A younger note is of an erasure that is under way. */
const LATE_MS = 60_000;

/** Writes down, before they are erased, what files may have of customers. */
export function noteUnfinished(
  folder: ImportFolder,
  workspace_id: number,
  ids: string[],
  values: string[],
): Unfinished {
  const note: Note = { workspace_id, ids, values };
  const path = join(folder.path, `erasing-${randomUUID()}.json`);
  mkdirSync(folder.path, { recursive: true, mode: 0o700 });
  writeFileSync(path, JSON.stringify(note), { flag: 'wx', mode: 0o600, flush: true });
  return unfinishedOf(folder, path, note);
}

function unfinishedOf(folder: ImportFolder, path: string, { workspace_id, values }: Note): Unfinished {
  const drop = () => rm(path, { force: true });
  return {
    async finish(database) {
      await forgetInImports(database, folder, workspace_id, values);
      await drop();
    },
    drop,
  };
}

/** Goes on with what servers that ended on the way have left. */
export async function finishErasures(database: Database, folder: ImportFolder): Promise<void> {
  for (const entry of await readdir(folder.path).catch(() => [])) {
    const path = join(folder.path, entry);
    if (!NOTE.test(entry)) continue;
    const found = await stat(path).catch(() => undefined); // what was under way may have ended
    if (!found || Date.now() - found.mtimeMs < LATE_MS) continue;
    const note = readNote(await readFile(path, 'utf8'));
    const unfinished = unfinishedOf(folder, path, note);
    if (await wereErased(database, note)) await unfinished.finish(database);
    else await unfinished.drop();
  }
}

/** One that was not written to its end is of an erasure that never came to be. */
function readNote(text: string): Note {
  try {
    return JSON.parse(text);
  } catch {
    return { workspace_id: 0, ids: [], values: [] };
  }
}

async function wereErased(database: Database, { workspace_id, ids }: Note): Promise<boolean> {
  for (const id of ids) if ((await database.read(READ_ERASURE, [workspace_id, id])).length > 0) return true;
  return false;
}

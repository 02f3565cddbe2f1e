// The erasures that were done, written down outside the database and its backups, so that a backup of before brings nobody back: a line
// of JSON each, with ids and keyed hashes alone. A line is on the disk before its erasure is committed; where that fails, another takes it back.
import { closeSync, fdatasyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { startError } from '../start-error.ts';

/** `hashes`: what is suppressed by it, with the ids of the keys of those. */
export type NotedErasure = {
  workspace: string;
  customer_id: string;
  at: string;
  hashes: string[];
  key_ids: string[];
};

/** Adds lines to the file, and has them on the disk when it returns. Throws where that cannot be. */
export function noteErasures(file: string, erasures: NotedErasure[]): void {
  append(file, erasures);
}

/** Takes back what was noted of erasures that did not come about. */
export function withdrawErasures(file: string, erasures: NotedErasure[]): void {
  append(
    file,
    erasures.map(({ workspace, customer_id, at }) => ({ workspace, customer_id, at, withdrawn: true })),
  );
}

function append(file: string, lines: object[]): void {
  const handle = openSync(file, 'a', 0o600);
  try {
    // In one piece, so that several processes may add to one file.
    const bytes = Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    if (writeSync(handle, bytes) < bytes.length) throw new Error(`${file} has no room`);
    fdatasyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** The erasures of a file that hold. Throws a StartError that names the line where it cannot be read. */
export function readErasures(file: string): NotedErasure[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw startError(`The file of erasures ${file} cannot be read.`, error);
  }
  const noted = new Map<string, NotedErasure>();
  const lines = text.split('\n');
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const entry = parse(line);
    if (!entry) throw startError(`Line ${index + 1} of ${file} is no erasure: it was cut short, or changed.`);
    const { withdrawn, ...erasure } = entry;
    const name = `${erasure.workspace} ${erasure.customer_id} ${erasure.at}`;
    if (withdrawn) noted.delete(name);
    else noted.set(name, erasure);
  }
  return [...noted.values()];
}

function parse(line: string): (NotedErasure & { withdrawn: boolean }) | undefined {
  try {
    const { workspace, customer_id, at, hashes = [], key_ids = [], withdrawn = false } = JSON.parse(line);
    const isText = [workspace, customer_id, at, ...hashes, ...key_ids].every((value) => typeof value === 'string');
    return isText ? { workspace, customer_id, at, hashes, key_ids, withdrawn } : undefined;
  } catch {
    return undefined;
  }
}

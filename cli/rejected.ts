// The file of the rows that an import refused: their columns, and for each its line and the reason.
import { constants } from 'node:fs';
import { access, type FileHandle, open, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { REPORTED, type RefusedRow } from '#server/imports/imports.ts';

/** customers.csv → customers.rejected.csv beside it; standard input → import.rejected.csv in the current folder. */
export function rejectedPath(file: string): string {
  if (file === '-') return 'import.rejected.csv';
  return join(dirname(file), `${basename(file).replace(/\.csv$/i, '')}.rejected.csv`);
}

/** Why the file could not be written, said before the import rather than in the middle of it; undefined: it can. */
export async function unwritable(path: string, file: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined);
  const source = file === '-' ? undefined : await stat(file).catch(() => undefined);
  if (found?.isDirectory()) return `${path}, where refused rows would go, is a folder.`;
  if (found && found.dev === source?.dev && found.ino === source.ino)
    return `${path}, where refused rows would go, is the file to import.`;
  try {
    await access(found ? path : dirname(path), constants.W_OK);
  } catch {
    return `Refused rows could not be written to ${path}; name another place with --rejected.`;
  }
}

const FLUSH_AT = 65_536;

/** Makes the file with the first row. `close` writes what is left. */
export function openRejected(path: string): { write(row: RefusedRow): Promise<void>; close(): Promise<void> } {
  let handle: FileHandle | undefined;
  let text = '';
  return {
    async write({ columns, cells, line, reason }) {
      if (!handle) {
        handle = await open(path, 'w', 0o600);
        text = csvLine([...kept(columns, columns), ...REPORTED]);
      }
      text += csvLine([...kept(columns, cells), String(line), reason]);
      if (text.length >= FLUSH_AT) await flush();
    },
    async close() {
      await flush();
      await handle?.close();
    },
  };

  async function flush(): Promise<void> {
    const pending = text;
    text = '';
    await handle?.writeFile(pending);
  }
}

/** As many cells as there are columns, without those that this file itself adds. */
function kept(columns: string[], cells: string[]): string[] {
  return columns
    .map((_, index) => cells[index] ?? '')
    .filter((_, index) => !REPORTED.includes(columns[index]!.toLowerCase()));
}

function csvLine(cells: string[]): string {
  return `${cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',')}\n`;
}

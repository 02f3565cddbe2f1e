// Where the rows that an import refuses go.
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

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

// How Clientele is run for measuring, and how its database is filled.
import { createWriteStream, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { run } from './children.ts';
import { writeCsv } from './dataset.ts';

const project = join(import.meta.dirname, '..');
export const cli = join(project, 'cli/clientele.js');

/** Node's arguments, those of `npm start`. */
export const serve: string[] = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'))
  .scripts.start.split(' ')
  .slice(1)
  .map((word: string) => (word === 'cli/clientele.js' ? cli : word));

/** As in production, on a given database, with a quota that no benchmark uses up. */
export function clienteleEnv(url: string) {
  return { DATABASE_URL: url, CLIENTELE_ENV: 'production', CLIENTELE_RATE_LIMIT: '100000000/60' };
}

/** The header of a new editor's key of a workspace. */
export async function authorize(env: NodeJS.ProcessEnv, workspace: string) {
  const grant = ['keys', 'create', '--workspace', workspace, '--role', 'editor', '--name', 'bench'];
  const { stdout } = await run(process.execPath, [cli, ...grant], env);
  return { authorization: `Bearer ${stdout.trim()}` };
}

/** Writes the first customers of the data set down; `phoneOf` gives them other phones. */
export async function writeDataset(file: string, count: number, phoneOf?: Parameters<typeof writeCsv>[2]) {
  const out = createWriteStream(file);
  await writeCsv(count, out, phoneOf);
  await finished(out.end());
}

/** Imports the first customers of the data set into an empty database. Gives the time and memory of the import alone. */
export async function importDataset(url: string, count: number) {
  const folder = await mkdtemp(join(tmpdir(), 'clientele-dataset-'));
  try {
    const file = join(folder, 'customers.csv');
    await writeDataset(file, count);
    const env = clienteleEnv(url);
    await run(process.execPath, [cli, 'migrate'], env);
    return await run(process.execPath, [cli, 'import', file], env);
  } finally {
    await rm(folder, { recursive: true });
  }
}

// The loaded databases. They are never measured on: every measurement takes a copy, so that all begin with the same data.
import { createWriteStream, existsSync } from 'node:fs';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { run } from './children.ts';
import { rows, writeCsv } from './dataset.ts';
import { createDatabase, dropDatabase, type Postgres } from './postgres.ts';

export type TargetName = 'clientele' | 'limit';

export const cli = join(import.meta.dirname, '../cli/clientele.js');

/** What Clientele is started with: as in production, on a given database, with nothing to slow a single key down. */
export function clienteleEnv(url: string) {
  return { DATABASE_URL: url, CLIENTELE_ENV: 'production', CLIENTELE_RATE_LIMIT: 'off' };
}

/** A copy of the target's loaded database under the name it returns. Loads it first unless it holds that many rows. */
export async function copyLoaded(postgres: Postgres, target: TargetName, count: number, suffix: string) {
  if (!(await isLoaded(postgres, target, count))) await load(postgres, target, count);
  const copy = `bench_${target}_${suffix}`;
  await createDatabase(postgres, copy, `bench_${target}`);
  return { name: copy, url: postgres.url(copy), drop: () => dropDatabase(postgres, copy) };
}

/** Makes the target's database anew. */
export async function load(postgres: Postgres, target: TargetName, count: number) {
  const name = `bench_${target}`;
  console.error(`loading ${count.toLocaleString('en')} customers into ${name}`);
  await createDatabase(postgres, name);
  const begin = performance.now();
  if (target === 'limit') await loadLimit(postgres, name, count);
  else await importCsv(postgres.url(name), await csvFile(count));
  await postgres.sql(name, 'VACUUM (FREEZE, ANALYZE)');
  // last, so that half a load does not pass for one
  await postgres.sql('postgres', `COMMENT ON DATABASE ${name} IS '${loadedMark(count)}'`);
  console.error(`loaded ${name} in ${Math.round((performance.now() - begin) / 1000)} s`);
}

/** Imports a CSV into an empty database through the command line. */
export async function importCsv(url: string, file: string) {
  const env = clienteleEnv(url);
  await run(process.execPath, [cli, 'migrate'], env);
  return run(process.execPath, [cli, 'import', '--workspace', 'main', file], env);
}

/** The path of the CSV with that many customers, written once. */
export async function csvFile(count: number) {
  const folder = join(tmpdir(), 'clientele-bench-csv');
  const file = join(folder, `customers-${count}.csv`);
  if (existsSync(file)) return file;
  await mkdir(folder, { recursive: true });
  const out = createWriteStream(`${file}.part`);
  await writeCsv(count, out);
  await finished(out.end());
  await rename(`${file}.part`, file);
  return file;
}

async function isLoaded(postgres: Postgres, target: TargetName, count: number) {
  const text = "SELECT shobj_description(oid, 'pg_database') AS mark FROM pg_database WHERE datname = $1";
  const found = await postgres.sql('postgres', text, [`bench_${target}`]);
  return found.rows[0]?.mark === loadedMark(count);
}

function loadedMark(count: number) {
  return `${count} customers`;
}

async function loadLimit(postgres: Postgres, database: string, count: number) {
  const script = (name: string) => readFile(join(import.meta.dirname, 'limit', name), 'utf8');
  await postgres.sql(database, await script('schema.sql'));
  const columns = ['first_name', 'last_name', 'email', 'phone', 'is_active', 'created_at'] as const;
  const insert = `INSERT INTO customers (${columns}, updated_at)
    SELECT *, created_at FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::boolean[], $6::timestamptz[])
    AS input (${columns})`;
  for (const batch of batches(rows(count), 20_000)) {
    const values = columns.map((name) => batch.map((row) => row[name]));
    await postgres.sql(database, insert, values);
  }
  await postgres.sql(database, await script('indexes.sql'));
}

function* batches<T>(items: Iterable<T>, size: number) {
  let batch: T[] = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

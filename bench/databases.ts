// The loaded databases. They are never measured on: every measurement takes a copy, so that all begin with the same data.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listWorkspaces } from '../server/access/access.ts';
import { openDatabase } from '../server/database.ts';
import { parseDatabaseUrl } from '../server/database-url.ts';
import { sealBlock } from '../server/events/events.ts';
import { importDataset } from './clientele.ts';
import { loadLimit } from './limit/load.ts';
import { createDatabase, dropDatabase, type Postgres } from './postgres.ts';

export type TargetName = 'clientele' | 'limit';

/** A copy of the target's loaded database. Loads it first unless it holds that many customers in today's tables. */
export async function copyLoaded(postgres: Postgres, target: TargetName, count: number, purpose: string) {
  if (!(await isLoaded(postgres, target, count))) await load(postgres, target, count);
  const name = `bench_${target}_${purpose}`;
  await createDatabase(postgres, name, `bench_${target}`);
  return { name, url: postgres.url(name), drop: () => dropDatabase(postgres, name) };
}

/** Makes the target's database anew. */
export async function load(postgres: Postgres, target: TargetName, count: number) {
  const name = `bench_${target}`;
  const mark = await loadedMark(target, count);
  console.error(`loading ${count.toLocaleString('en')} customers into ${name}`);
  const begin = performance.now();
  await createDatabase(postgres, name);
  if (target === 'limit') await loadLimit(postgres.url(name), count);
  else {
    await importDataset(postgres.url(name), count);
    await sealAll(postgres.url(name));
  }
  await postgres.sql(name, 'VACUUM (FREEZE, ANALYZE)');
  // last, so that half a load does not pass for one
  await postgres.sql('postgres', `COMMENT ON DATABASE ${name} IS '${mark}'`);
  console.error(`loaded ${name} in ${Math.round((performance.now() - begin) / 1000)} s`);
}

/** Seals the log, which a server would otherwise do for minutes beside what is measured. */
async function sealAll(url: string) {
  const database = openDatabase({
    connection: parseDatabaseUrl(url),
    read_connections: 1,
    search_connections: 1,
    write_connections: 1,
    statement_timeout_ms: 60_000,
    connect_timeout_ms: 5000,
    suppression_key: Buffer.alloc(32),
  });
  for (const { id } of await listWorkspaces(database))
    for (let isMore = true; isMore; ) isMore = (await sealBlock(database, id, 0)) !== null;
  await database.close();
}

async function isLoaded(postgres: Postgres, target: TargetName, count: number) {
  const text = "SELECT shobj_description(oid, 'pg_database') AS mark FROM pg_database WHERE datname = $1";
  const found = await postgres.sql('postgres', text, [`bench_${target}`]);
  return found.rows[0]?.mark === (await loadedMark(target, count));
}

/** What is in a database: so many customers, in tables made by these very files. */
async function loadedMark(target: TargetName, count: number) {
  const folder = join(import.meta.dirname, target === 'limit' ? 'limit' : '../migrations');
  const scripts = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  const hash = createHash('sha256');
  for (const name of scripts) hash.update(await readFile(join(folder, name)));
  return `${count} customers, tables ${hash.digest('hex').slice(0, 16)}`;
}

// The Dockerfile, step by step without Docker: what it copies and installs is enough to serve, as an ordinary user who may
// write to the data and the temporary folder alone. What the base image brings and BuildKit does is not shown.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { PROJECT } from '#server/project.ts';
import {
  copyContext,
  linkModules,
  placeNode,
  readDockerfile,
  readDockerignore,
  type Stage,
  shell,
  takeSteps,
  valuesOf,
} from './support/image.ts';
import { freePort, until } from './support/process.ts';
import { openProxy } from './support/proxy.ts';
import { openTestDatabase } from './support/server.ts';

const stages = readDockerfile(readFileSync(join(PROJECT, 'Dockerfile'), 'utf8'));
const image = stages.at(-1)!;
const stage = (name: string) => stages.find((each) => each.name === name)!;
const [user] = valuesOf(image, 'USER');
const uid = Number(user!.split(':')[0]);
const isRoot = process.getuid?.() === 0;

const roots = mkdtempSync(join(tmpdir(), 'image-'));
chmodSync(roots, 0o755);
const path = placeNode(join(roots, 'bin'));
/** The folder of the program, as the image has it. */
let program = '';
let unreachable = '';

before(() => {
  const context = join(roots, 'context');
  copyContext(context);
  const npm = {
    ...process.env,
    npm_config_prefer_offline: 'true',
    npm_config_audit: 'false',
    npm_config_fund: 'false',
  };
  const take = (of: Stage, run: (command: string, folder: string) => void) => takeSteps(of, { context, roots, run });
  try {
    take(stage('dependencies'), (command, folder) => shell(command, folder, npm));
  } catch (error) {
    if (!/E(NOTFOUND|AI_AGAIN|CONNREFUSED|TIMEDOUT|NOTCACHED)/.test((error as Error).message)) throw error;
    unreachable = 'npm has not kept the packages and cannot fetch them here';
    return;
  }
  take(stage('console'), (command, folder) => {
    // As it was done to run this test.
    if (command === 'npm ci --ignore-scripts') linkModules(folder);
    else shell(command, folder, process.env);
  });
  program = take(image, (command, folder) => {
    if (command.startsWith('node ')) shell(command, folder, { PATH: path });
  });
  // Nobody but root may write there, and root not either where that is who runs this.
  execFileSync('chmod', ['-R', 'a-w', program]);
});
after(() => {
  if (program) execFileSync('chmod', ['-R', 'u+w', program]);
  rmSync(roots, { recursive: true, force: true });
});

test('nothing gets into an image that is not named', () => {
  const isKept = readDockerignore(readFileSync(join(PROJECT, '.dockerignore'), 'utf8'));
  for (const each of [
    '.env',
    '.git/config',
    'secrets/database_url',
    'data/postgres/PG_VERSION',
    'node_modules/pg/x.js',
  ])
    assert.equal(isKept(each), false, each);
  for (const each of ['test/kill.test.ts', 'server/config.test.ts', 'console/dist/index.html', 'bench/run.ts', 'other'])
    assert.equal(isKept(each), false, each);
  for (const each of ['package-lock.json', 'server/config.ts', 'console/ui/icons/x.svg', 'migrations/0001_core.sql'])
    assert.equal(isKept(each), true, each);
});

test('the user of the image is made with the number that it runs as', () => {
  const made = valuesOf(image, 'RUN').find((command) => command.includes('useradd'))!;
  assert.match(made, new RegExp(`groupadd --gid ${uid} clientele && useradd --uid ${uid} --gid ${uid} `));
  assert.equal(user, `${uid}:${uid}`);
  assert.ok(uid > 1000, 'no user of a usual machine has this number');
});

test('it serves a PostgreSQL of its own, and is ready by its own check', async (t) => {
  if (unreachable) return t.skip(unreachable);
  const opened = await openTestDatabase();
  const { host, port, database } = opened.connection as { host: string; port: number; database: string };
  const way = await openProxy({ path: `${host}/.s.PGSQL.${port}` });
  t.after(async () => {
    await way.close();
    await opened.drop();
  });
  const secret = join(roots, 'database_url');
  shell(`printf %s 'postgresql://clientele@127.0.0.1:${way.port}/${database}' > ${secret}`, roots, {});
  const server = await start({ DATABASE_URL_FILE: secret }, uid);
  t.after(() => server.kill());

  assert.equal(await server.check(), 0);
  const page = await fetch(server.url);
  assert.equal(page.status, 200);
  assert.match(await page.text(), /<script type="module"/);
  const [{ count }] = await query(
    opened,
    "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'clientele%'",
  );
  assert.ok(Number(count) > 0);
  assert.equal(await server.stop(), 0);
  assert.notEqual(await server.check(), 0);
});

test('it keeps a PostgreSQL in its data where it is told of no other', async (t) => {
  if (unreachable) return t.skip(unreachable);
  // PostgreSQL wants its user to have a name, which the image's has, and only some have here.
  const server = await start({}, Number(execFileSync('id', ['-u', 'nobody'], { encoding: 'utf8' })));
  t.after(() => server.kill());
  assert.equal(await server.check(), 0);
  assert.ok(existsSync(join(server.data, 'postgres', 'PG_VERSION')));
  assert.ok(existsSync(join(server.data, 'imports')));
  const made = server.command(['keys', 'create', '--role', 'viewer', '--name', 'test']);
  assert.equal(made.status, 0, made.stderr);
  const headers = { authorization: `Bearer ${made.stdout.trim()}` };
  assert.equal((await fetch(`${server.url}/api/customers`, { headers })).status, 200);
  assert.equal(await server.stop(), 0);
  assert.equal(
    existsSync(join(server.data, 'postgres', 'postmaster.pid')),
    false,
    'its PostgreSQL has stopped as well',
  );
});

/** The image's command, as this user where root may choose, with the image's variables and these. */
async function start(env: NodeJS.ProcessEnv, as: number) {
  const owner = isRoot ? { uid: as, gid: as } : {};
  const own = mkdtempSync(join(roots, 'run-'));
  chmodSync(own, 0o755);
  const [data, tmp] = [join(own, 'data'), join(own, 'tmp')];
  for (const each of [data, tmp]) {
    mkdirSync(each, { mode: 0o700 });
    if (isRoot) chownSync(each, as, as);
  }
  const fixed = Object.fromEntries(valuesOf(image, 'ENV').map((line) => line.split('=')));
  assert.equal(fixed.CLIENTELE_DATA, valuesOf(image, 'VOLUME')[0]);
  const port = await freePort();
  const variables = { ...fixed, PATH: path, TMPDIR: tmp, CLIENTELE_DATA: data, PORT: String(port), ...env };
  const options = { cwd: program, env: variables, ...owner };
  const [, ...words] = JSON.parse(valuesOf(image, 'ENTRYPOINT')[0]!).concat(JSON.parse(valuesOf(image, 'CMD')[0]!));
  const child = spawn(join(roots, 'bin/node'), words, { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
  const exit = once(child, 'exit');
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  await until(() => /serves http/.test(said) || child.exitCode !== null, 'it serves');
  assert.equal(child.exitCode, null, said);
  if (isRoot)
    assert.equal(execFileSync('ps', ['-o', 'uid=', '-p', `${child.pid}`], { encoding: 'utf8' }).trim(), `${as}`);
  const health = / CMD (\[.*\])$/.exec(valuesOf(image, 'HEALTHCHECK')[0]!)![1]!;
  return {
    url: `http://127.0.0.1:${port}`,
    data,
    /** The exit code of the image's own check. */
    async check(): Promise<number | null> {
      const [, ...checking] = JSON.parse(health);
      const [code] = await once(spawn(join(roots, 'bin/node'), checking, options), 'exit');
      return code;
    },
    /** As `docker exec` runs the program by its name. */
    command: (given: string[]) => spawnSync(join(program, 'cli/clientele.js'), given, { ...options, encoding: 'utf8' }),
    async stop(): Promise<number | null> {
      child.kill(valuesOf(image, 'STOPSIGNAL')[0] as NodeJS.Signals);
      const [code] = await exit;
      return code;
    },
    kill: () => child.kill('SIGKILL'),
  };
}

async function query({ connection }: { connection: pg.ClientConfig }, text: string) {
  const client = new pg.Client(connection);
  await client.connect();
  const { rows } = await client.query(text);
  await client.end();
  return rows;
}

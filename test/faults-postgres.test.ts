// The embedded PostgreSQL killed, stopped, halted and crashed under load: the server lives, says 503 meanwhile, brings it
// back by itself where nobody else would, and keeps every promise.
import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { USER } from '#server/cluster.ts';
import { type Load, underLoad } from './support/load.ts';
import { until } from './support/process.ts';
import { makeKey, postmasterOf, processesOf, type ServerProcess, startProcess } from './support/server-process.ts';

let data: string;
let key: string;
let server: ServerProcess;
before(async () => {
  data = await mkdtemp(join(tmpdir(), 'clientele-faults-'));
  await chmod(data, 0o755);
  server = await startProcess(
    { CLIENTELE_DATA: data },
    { database: { statement_timeout_ms: 1000, connect_timeout_ms: 1000 } },
  );
  key = await makeKey(data);
});
after(async () => {
  await server?.end();
  await rm(data, { recursive: true, force: true });
});

const under = (fault: (load: Load) => Promise<void>) => underLoad(server, key, fault);

const get = (path: string) => fetch(server.url + path, { headers: { authorization: `Bearer ${key}` } });

test('the postmaster is killed: the server starts PostgreSQL again', async () => {
  const killed = postmasterOf(data);
  await under(async ({ more }) => {
    process.kill(killed, 'SIGKILL');
    await more('refused', 1);
    assert.equal((await get('/healthz')).status, 200);
  });
  assert.notEqual(postmasterOf(data), killed);
});

/** Some of those that were there a moment ago end by themselves. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

test('PostgreSQL is shut down: the server starts it again', async () => {
  const stopped = postmasterOf(data);
  // It may be back so soon that nobody is refused.
  const isAnother = async () => {
    try {
      return postmasterOf(data) !== stopped;
    } catch {
      return false; // between the two there is none
    }
  };
  await under(async () => {
    process.kill(stopped, 'SIGINT');
    await until(isAnother, 'that another has started');
  });
});

test('sessions are ended, and one is killed, at which PostgreSQL ends them all and recovers', async () => {
  const postmaster = postmasterOf(data);
  const sessions = () =>
    processesOf(postmaster).filter(({ command }) => command.includes(` ${USER} clientele [local]`));
  await under(async ({ more }) => {
    // What pg_terminate_backend does.
    for (const { pid } of sessions()) signal(pid, 'SIGTERM');
    await more('acknowledged', 50);
    // Who was refused meanwhile, if anybody, depends on how soon it is back.
    const before = sessions().map(({ pid }) => pid);
    signal(before[0]!, 'SIGKILL');
    await until(() => !sessions().some(({ pid }) => before.includes(pid)), 'all sessions have ended');
    await more('acknowledged', 50);
  });
  assert.equal(postmasterOf(data), postmaster);
});

test('PostgreSQL is halted, and goes on: what was asked meanwhile is refused in time', async () => {
  await under(async (load) => {
    const halted = processesOf(postmasterOf(data));
    try {
      for (const { pid } of halted) signal(pid, 'SIGSTOP');
      const told = () => load.refused.length + load.unknown.length;
      const before = told();
      await until(() => told() > before, 'a refusal');
      assert.equal((await get('/healthz')).status, 200);
      await until(async () => (await get('/readyz')).status === 503, 'that it is not ready');
      for (const path of ['/api/customers', '/api/customers?search=load'])
        assert.equal((await get(path)).status, 503, path);
    } finally {
      for (const { pid } of halted) signal(pid, 'SIGCONT');
    }
  });
});

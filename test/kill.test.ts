// A server killed under load, over and over: nothing acknowledged is lost, the feed has no gap, the database is adopted.
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import type { LogEvent } from '#contract/events.ts';
import { PROJECT } from '#server/project.ts';

const ROUNDS = 10;

test('ten kills under load lose nothing that was acknowledged', async () => {
  const data = await mkdtemp(join(tmpdir(), 'clientele-kill-'));
  await chmod(data, 0o755);
  const environment = { ...process.env, CLIENTELE_DATA: data, PORT: '0', DATABASE_URL: '' };
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['cli/main.ts', 'keys', 'create', '--role', 'editor', '--name', 'load'],
    { cwd: PROJECT, env: environment },
  );
  const headers = { authorization: `Bearer ${stdout.trim()}`, 'content-type': 'application/json' };
  const acknowledged: string[] = [];
  let serial = 0;
  let server = await start(environment);
  try {
    for (let round = 0; round < ROUNDS; round++) {
      let running = true;
      const enough = Promise.withResolvers<void>();
      const target = acknowledged.length + 150;
      const clients = Array.from({ length: 16 }, async () => {
        while (running) {
          const body = JSON.stringify({ first_name: 'Load', last_name: 'Test', email: `load${++serial}@example.com` });
          try {
            const reply = await fetch(`${server.url}/api/customers`, { method: 'POST', headers, body });
            if (reply.status === 201) acknowledged.push(((await reply.json()) as { id: string }).id);
            if (acknowledged.length >= target) enough.resolve();
          } catch {
            return; // the server is gone, as it should be
          }
        }
      });
      await enough.promise;
      server.process.kill('SIGKILL');
      running = false;
      await Promise.all(clients);
      server = await start(environment);
    }
    const created = new Set<string>();
    for (let position = 0; ; ) {
      const reply = await fetch(`${server.url}/api/events?after=${position}&limit=1000`, { headers });
      const { results } = (await reply.json()) as { results: LogEvent[] };
      if (results.length === 0) break;
      for (const event of results) {
        assert.equal(event.position, ++position, 'the feed has no gap');
        if (event.customer_id) created.add(event.customer_id);
      }
    }
    assert.deepEqual(
      acknowledged.filter((id) => !created.has(id)),
      [],
    );
    const stats = (await (await fetch(`${server.url}/api/customers/stats`, { headers })).json()) as {
      total_customers: number;
    };
    assert.equal(stats.total_customers, created.size);
  } finally {
    const ended = new Promise((resolve) => server.process.once('exit', resolve));
    server.process.kill('SIGTERM');
    await ended;
    await rm(data, { recursive: true, force: true });
  }
});

async function start(env: NodeJS.ProcessEnv): Promise<{ process: ChildProcess; url: string }> {
  const child = spawn(process.execPath, ['cli/main.ts', 'serve'], {
    cwd: PROJECT,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  for await (const chunk of child.stderr!) {
    said += chunk;
    const url = /serves (http:\S+)/.exec(said)?.[1];
    if (!url) continue;
    child.stderr!.resume();
    return { process: child, url };
  }
  throw new Error(`The server did not start: ${said}`);
}

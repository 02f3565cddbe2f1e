// Two servers behind HAProxy, restarted in turn under load: nobody notices, and nothing that was acknowledged is lost.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createKey, findWorkspace, systemActor } from '#server/access/access.ts';
import { PROJECT } from '#server/project.ts';
import { type Clientele, freePort, startClientele, until } from './support/process.ts';
import { openTestDatabase, type TestDatabase } from './support/server.ts';

const RESTARTS = 4;
const CLIENTS = 8;
/** Requests answered between one restart and the next. */
const BETWEEN = 200;

const skip = spawnSync('haproxy', ['-v']).error ? 'haproxy is not installed' : false;

test('servers are restarted in turn without a failed request', { skip }, async (t) => {
  const opened = await openTestDatabase();
  const ports = [await freePort(), await freePort()];
  const servers = await Promise.all(ports.map((port) => start(opened, port)));
  const proxy = await startProxy(ports);
  t.after(async () => {
    await proxy.stop();
    await Promise.all(servers.map(stop));
    await opened.drop();
  });
  await until(async () => (await proxy.up()) === 2, 'both are UP');

  const load = await startLoad(opened, proxy.url);
  try {
    for (let restart = 0; restart < RESTARTS; restart++) {
      const which = restart % 2;
      const answered = load.answered();
      await until(() => load.answered() >= answered + BETWEEN, 'requests are answered');
      assert.equal(await stop(servers[which]!), 0);
      servers[which] = await start(opened, ports[which]!);
      await until(async () => (await proxy.up()) === 2, 'both are UP again');
    }
  } finally {
    await load.stop();
  }
  assert.deepEqual(load.failed, []);
  const found = new Set(
    (await opened.database.read({ name: 'all_ids', text: 'SELECT id::text FROM customers' })).map(([id]) => id),
  );
  const lost = load.acknowledged.filter((id) => !found.has(id));
  assert.deepEqual(lost, []);
  assert.equal(found.size, load.acknowledged.length, 'what failed for nobody was not done twice either');
  t.diagnostic(
    `${RESTARTS} restarts, ${load.answered()} requests, ${load.acknowledged.length} of them writes, none failed`,
  );
});

function start({ url }: TestDatabase, port: number): Promise<Clientele> {
  return startClientele({
    DATABASE_URL: url,
    PORT: String(port),
    CLIENTELE_TRUSTED_PROXIES: '127.0.0.1',
    CLIENTELE_DRAIN_DELAY_MS: '2000',
    CLIENTELE_RATE_LIMIT: 'off',
    CLIENTELE_LOG_LEVEL: 'error',
  });
}

function stop(server: Clientele): Promise<number | string> {
  server.process.kill('SIGTERM');
  return server.ended;
}

/** HAProxy with the file of the documentation, at addresses of the test's own. */
async function startProxy(ports: number[]) {
  const [api, status] = [await freePort(), await freePort()];
  const addresses = { 8080: api, 8404: status, 4001: ports[0], 4002: ports[1] };
  let text = readFileSync(join(PROJECT, 'docs/operations/haproxy.cfg'), 'utf8');
  for (const [from, to] of Object.entries(addresses)) text = text.replaceAll(`127.0.0.1:${from}`, `127.0.0.1:${to}`);
  const folder = mkdtempSync(join(tmpdir(), 'clientele-haproxy-'));
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(file, text);
  const child = spawn('haproxy', ['-db', '-f', file], { stdio: 'ignore' });
  return {
    url: `http://127.0.0.1:${api}`,
    /** How many servers take requests. */
    async up(): Promise<number> {
      const reply = await fetch(`http://127.0.0.1:${status}/;csv`).catch(() => undefined);
      const lines = (await reply?.text())?.split('\n') ?? [];
      return lines.filter((line) => /^servers,(one|two),/.test(line) && line.includes(',UP,')).length;
    },
    async stop() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}

/** Clients that each keep one connection, and write, read and list in turn, without ever trying anything again. */
async function startLoad({ database }: TestDatabase, url: string) {
  const actor = systemActor((await findWorkspace(database, 'main'))!, 'test');
  const { key } = (await createKey(database, actor, { name: 'load', role: 'editor' }, { request_id: null })).subject;
  const acknowledged: string[] = [];
  const failed: string[] = [];
  let answered = 0;
  let running = true;
  const clients = Array.from({ length: CLIENTS }, async (_, client) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let serial = 0; running; serial++) {
      const email = `load${client}.${serial}@example.com`;
      const written = await ask(agent, '/api/customers', 201, { first_name: 'Load', last_name: 'Test', email });
      if (!written) continue;
      const { id } = JSON.parse(written);
      acknowledged.push(id);
      await ask(agent, `/api/customers/${id}`, 200);
      await ask(agent, '/api/customers?limit=5&ordering=-created_at', 200);
    }
    agent.destroy();
  });

  async function ask(agent: Agent, path: string, expected: number, body?: unknown): Promise<string | undefined> {
    const method = body ? 'POST' : 'GET';
    const headers = { authorization: `Bearer ${key}`, ...(body ? { 'content-type': 'application/json' } : {}) };
    try {
      const sent = request(url + path, { agent, method, headers });
      sent.end(body && JSON.stringify(body));
      const [reply] = (await once(sent, 'response')) as [IncomingMessage];
      const text = (await reply.toArray()).join('');
      if (reply.statusCode !== expected) throw new Error(`${reply.statusCode} ${text}`);
      answered++;
      return text;
    } catch (error) {
      failed.push(`${method} ${path}: ${(error as Error).message}`);
      // Not to go round in a circle where nothing works.
      if (failed.length > 100) running = false;
    }
  }

  return {
    acknowledged,
    failed,
    answered: () => answered,
    async stop() {
      running = false;
      await Promise.all(clients);
    },
  };
}

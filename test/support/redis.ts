// A Redis of a test's own.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { Redis } from 'ioredis';

/** Why tests of Redis are skipped on this machine; false where they are not. */
export const redisMissing = spawnSync('redis-server', ['--version']).error ? 'redis-server is not installed' : false;

export type TestRedis = {
  url: string;
  /** For looking into it. */
  client: Redis;
  /** SIGKILL waits for its end, and `start` brings it back, empty, on the same port. */
  signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
};

export async function startRedis(...settings: string[]): Promise<TestRedis> {
  const port = await freePort();
  let server: ChildProcess;
  async function start(): Promise<void> {
    const flags = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', ...settings];
    server = spawn('redis-server', flags, { stdio: ['ignore', 'pipe', 'ignore'] });
    let said = '';
    for await (const chunk of server.stdout!) {
      said += chunk;
      if (said.includes('Ready to accept connections')) return;
    }
    throw new Error(`redis-server did not start: ${said}`);
  }
  await start();
  const client = new Redis({ port, host: '127.0.0.1', retryStrategy: () => 20 });
  client.on('error', () => {});
  return {
    url: `redis://127.0.0.1:${port}`,
    client,
    start,
    async signal(name) {
      const ended = name === 'SIGKILL' ? once(server, 'exit') : undefined;
      server.kill(name);
      await ended;
    },
    async stop() {
      client.disconnect();
      if (server.exitCode !== null || server.signalCode !== null) return;
      const ended = once(server, 'exit');
      server.kill('SIGKILL');
      await ended;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

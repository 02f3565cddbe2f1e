// HAProxy before a server, so that requests past what it can do wait or are refused where that costs next to nothing.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './children.ts';

/** Passes on `at_once` requests at a time; the others wait for `queue_ms` at most, and are then refused with 503. */
export async function startProxy(to: number, { at_once, queue_ms }: { at_once: number; queue_ms: number }) {
  const folder = await mkdtemp(join(tmpdir(), 'clientele-proxy-'));
  const port = await freePort();
  const file = join(folder, 'haproxy.cfg');
  await writeFile(
    file,
    `global
  maxconn 4000
  nbthread 1
defaults
  mode http
  timeout connect 2s
  timeout client 60s
  timeout server 60s
  timeout queue ${queue_ms}ms
frontend api
  bind 127.0.0.1:${port}
  default_backend servers
backend servers
  server one 127.0.0.1:${to} maxconn ${at_once}
`,
  );
  const proxy = spawn('haproxy', ['-f', file], { stdio: 'inherit' });
  const ended = once(proxy, 'close');
  await Promise.race([reachable(port), ended.then(() => Promise.reject(new Error('haproxy did not start')))]);
  return {
    port,
    pid: proxy.pid!,
    async stop() {
      proxy.kill();
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}

async function reachable(port: number): Promise<void> {
  for (;;) {
    const socket = createConnection({ port, host: '127.0.0.1' });
    const open = await once(socket, 'connect').catch(() => undefined);
    socket.destroy();
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

// The processes a measurement starts, and that none outlives it.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { peakMemory } from './machine.ts';

const running = new Set<ChildProcess>();
let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // Not the end yet: whoever waits for a child that is killed here fails, and stops the rest on its way out.
  process.on(signal, () => {
    interrupted = true;
    for (const child of running) child.kill('SIGTERM');
  });
}

export type Server = { pid: number; port: number; seconds: number; stop(): Promise<void> };

/**
 * Starts `node …args` with PORT set to a free one, and waits until `path` answers 200, 60 s at most. `seconds` is what
 * that took. Its output is kept until then, for the error.
 */
export async function startServer(args: string[], env: NodeJS.ProcessEnv, path: string): Promise<Server> {
  const port = await freePort();
  const begin = performance.now();
  const child = start(process.execPath, args, { ...env, PORT: String(port), HOST: '127.0.0.1' });
  let output = '';
  const keep = (text: Buffer) => {
    output = (output + text).slice(-1e4);
    // what it calls an error, in pino's words, explains the 500 that is about to stop the measurement
    if (/"level":[56]0/.test(String(text))) process.stderr.write(text);
  };
  child.stdout!.on('data', keep);
  child.stderr!.on('data', keep);
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'close');
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 15_000);
    await ended;
    clearTimeout(late);
  };
  while (!(await answers(`http://127.0.0.1:${port}${path}`))) {
    const ended = child.exitCode !== null || child.signalCode !== null;
    if (!ended && performance.now() - begin < 60_000) continue;
    await stop();
    throw new Error(`${args.join(' ')} ${ended ? 'ended' : 'was not ready within 60 s'}:\n${output}`);
  }
  return { pid: child.pid!, port, seconds: (performance.now() - begin) / 1000, stop };
}

/** Runs a command to its end. Fails with what it printed unless it ends with 0. */
export async function run(command: string, args: string[], env: NodeJS.ProcessEnv = {}) {
  const begin = performance.now();
  const child = start(command, args, env);
  let stdout = '';
  let stderr = '';
  let peak = 0;
  child.stdout!.on('data', (text) => {
    stdout += text;
  });
  child.stderr!.on('data', (text) => {
    stderr = (stderr + text).slice(-1e4);
  });
  const sampling = setInterval(() => {
    peak = Math.max(peak, peakMemory(child.pid!));
  }, 50);
  const [code, signal] = await once(child, 'close').finally(() => clearInterval(sampling));
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code ?? signal}: ${stdout}${stderr}`);
  return { stdout, stderr, seconds: (performance.now() - begin) / 1000, peak };
}

function start(command: string, args: string[], env: NodeJS.ProcessEnv) {
  if (interrupted) throw new Error('interrupted');
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  child.once('close', () => running.delete(child));
  return child;
}

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

async function answers(url: string) {
  try {
    const reply = await fetch(url, { signal: AbortSignal.timeout(1000) });
    await reply.text();
    if (reply.status === 200) return true;
  } catch {
    // not listening yet
  }
  await new Promise((resolve) => setTimeout(resolve, 5));
  return false;
}

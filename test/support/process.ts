// `clientele serve` as a process of its own, and what can be seen of processes from outside.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { PROJECT } from '#server/project.ts';

export type Clientele = {
  process: ChildProcess;
  url: string;
  /** What it has written to its standard error so far. */
  said(): string;
  /** Its exit code, or the signal that ended it. */
  ended: Promise<number | string>;
};

/** Starts it; settles when it says that it serves, and throws what it said where it ended instead. */
export async function startClientele(env: NodeJS.ProcessEnv, words: string[] = []): Promise<Clientele> {
  const child = spawn(process.execPath, ['cli/clientele.js', 'serve', ...words], {
    cwd: PROJECT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let text = '';
  const serving = Promise.withResolvers<string>();
  child.stderr.on('data', (chunk) => {
    text += chunk;
    const url = /serves (http:\S+)/.exec(text)?.[1];
    if (url) serving.resolve(url);
  });
  const ended = new Promise<number | string>((resolve) =>
    child.once('close', (code, signal) => {
      serving.reject(new Error(`The server did not start: ${text}`));
      resolve(code ?? signal!);
    }),
  );
  return { process: child, url: await serving.promise, said: () => text, ended };
}

/** Waits for what can be observed. */
export async function until(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (const deadline = Date.now() + 60_000; !(await isSo()); await sleep(10))
    if (Date.now() > deadline) throw new Error(`This never happened: ${what}`);
}

/** Whether somebody waits for a lock in the database of a connection. */
export async function isWaiting(sql: pg.Client): Promise<boolean> {
  // In a transaction PostgreSQL tells of those who were there at the first look.
  await sql.query('SELECT pg_stat_clear_snapshot()');
  const { rowCount } = await sql.query(
    "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
  );
  return rowCount! > 0;
}

/** The worker processes that a server has started. */
export function workersOf(pid: number): number[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' }).trim().split('\n');
  return lines.flatMap((line) => {
    const [child, parent] = line.trim().split(/\s+/).map(Number);
    return parent === pid && /worker\.ts/.test(line) ? [child!] : [];
  });
}

/** A zombie, which only waits for its parent to take note, is not. */
export function isAlive(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout.trim() !== '' && !stdout.trim().startsWith('Z');
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

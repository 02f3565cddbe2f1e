// A server in a process of its own, with settings that only a file could give it, and the PostgreSQL beneath it.
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PROJECT } from '#server/project.ts';

export type ServerProcess = {
  url: string;
  pid: number;
  isAlive(): boolean;
  /** What it has written to standard error so far. */
  said(): string;
  /** Ends it, by SIGTERM unless told otherwise, and waits until it is gone. */
  end(signal?: NodeJS.Signals): Promise<void>;
};

const SERVE = fileURLToPath(new URL('serve.ts', import.meta.url));

/** Starts a server with these variables, and these settings beyond: `{ database: { statement_timeout_ms: 1000 } }`. */
export async function startProcess(env: NodeJS.ProcessEnv, settings: object = {}): Promise<ServerProcess> {
  const child = spawn(process.execPath, [SERVE, JSON.stringify(settings)], {
    cwd: PROJECT,
    env: { ...process.env, DATABASE_URL: '', PORT: '0', CLIENTELE_RATE_LIMIT: 'off', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.on('data', (chunk) => {
      said += chunk;
      const found = /serves (http:\S+)/.exec(said)?.[1];
      if (found) resolve(found);
    });
    child.once('exit', () => reject(new Error(`The server did not start: ${said}`)));
  });
  return {
    url,
    pid: child.pid!,
    isAlive: () => isRunning(child),
    said: () => said,
    end: (signal) => end(child, signal),
  };
}

const isRunning = (child: ChildProcess) => child.exitCode === null && child.signalCode === null;

async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (!isRunning(child)) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  await gone;
}

/** A key made by the command line, where the database is the embedded one of a folder. */
export async function makeKey(data: string): Promise<string> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['cli/main.ts', 'keys', 'create', '--role', 'editor', '--name', 'test'],
    { cwd: PROJECT, env: { ...process.env, CLIENTELE_DATA: data, DATABASE_URL: '' } },
  );
  return stdout.trim();
}

export const postmasterOf = (data: string) =>
  Number.parseInt(readFileSync(join(data, 'postgres', 'postmaster.pid'), 'utf8'), 10);

/** The processes of a PostgreSQL: its postmaster and, each in a session of its own, its children. */
export function processesOf(postmaster: number): { pid: number; command: string }[] {
  const lines = execFileSync('ps', ['-A', '-ww', '-o', 'pid=,ppid=,command='], { encoding: 'utf8' }).trim().split('\n');
  return lines.flatMap((line) => {
    const [, pid, parent, command] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return Number(pid) === postmaster || Number(parent) === postmaster ? [{ pid: Number(pid), command: command! }] : [];
  });
}

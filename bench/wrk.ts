// Many connections at once: wrk, with one thread, so that the client takes as little of the machine as can be.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './children.ts';
import type { Call } from './client.ts';

export type Load = { calls: Call[]; headers: Record<string, string>; expect: number[] };

/** Replays the calls in turn for some seconds, each connection sending its next when it has its answer. */
export async function drive(port: number, { calls, headers, expect }: Load, connections: number, seconds: number) {
  const folder = await mkdtemp(join(tmpdir(), 'clientele-wrk-'));
  try {
    const lines = Object.entries(headers).map(([name, value]) => ['H', name, value]);
    for (const { method, path, body } of calls) lines.push(body ? [method, path, body] : [method, path]);
    const file = join(folder, 'calls');
    await writeFile(file, lines.map((line) => `${line.join('\t')}\n`).join(''));
    const { stdout } = await run(
      'wrk',
      [
        ...['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '30s'],
        ...['-s', join(import.meta.dirname, 'wrk.lua'), `http://127.0.0.1:${port}`],
      ],
      { CALLS: file, EXPECT: expect.join(), SERIAL: String(nextSerials()) },
    );
    return readResult(stdout);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new Error('wrk is needed: apt install wrk, or brew install wrk');
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A call with its running number filled in. */
export function numbered(call: Call): Call {
  return call.body ? { ...call, body: call.body.replaceAll('{N}', String(nextSerials())) } : call;
}

// Between 2 and 9 million: seven digits that a telephone number may end in. Any two blocks differ, so that a patch sent
// again changes something again.
let serial = 2_000_000 + Math.floor(Math.random() * 3_000_000);
function nextSerials() {
  serial = serial > 8_000_000 ? serial - 5_999_993 : serial + 200_003;
  return serial;
}

function readResult(output: string) {
  const found = /JSON(\{.*\})/.exec(output)?.[1];
  if (!found) throw new Error(`wrk said: ${output}`);
  const { us, p50, p99, max, ...rest } = JSON.parse(found) as Record<Measured, number>;
  return { ...rest, seconds: us / 1e6, p50_ms: p50 / 1000, p99_ms: p99 / 1000, max_ms: max / 1000 };
}

type Measured = 'requests' | 'us' | 'bytes' | 'errors' | 'p50' | 'p99' | 'max';

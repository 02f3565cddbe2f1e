// Clients that write without pause, and remember what they were told of each write.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogEvent } from '#contract/events.ts';
import { until } from './process.ts';
import type { ServerProcess } from './server-process.ts';

export type Load = {
  /** Emails of customers by what was answered: 201; 503 that says that nothing has changed; no answer, or 503 that says so. */
  acknowledged: string[];
  refused: string[];
  unknown: string[];
  /** Codes of the refusals. */
  codes: Set<string>;
  /** Goes on until so many more have been acknowledged, or refused; throws when that takes longer than a generous while. */
  more(what: 'acknowledged' | 'refused' | 'unknown', count: number): Promise<void>;
  stop(): Promise<void>;
  /** Holds what was told against what is there. */
  check(): Promise<void>;
};

const REFUSALS = ['database_unavailable', 'overloaded', 'too_slow', 'storage_full'];
/** Longer than any timeout of the server's: a request that takes longer hangs. */
const HANGS_MS = 30_000;
let serial = 0;

export function startLoad(server: { url: string }, key: string, clients = 8): Load {
  const load = { acknowledged: [] as string[], refused: [] as string[], unknown: [] as string[] };
  const codes = new Set<string>();
  const unexpected: string[] = [];
  let running = true;
  const writing = Array.from({ length: clients }, async () => {
    while (running) {
      const email = `load${++serial}@example.com`;
      const told = await write(email);
      load[told].push(email);
      if (told !== 'acknowledged') await sleep(20);
    }
  });

  async function write(email: string): Promise<keyof typeof load> {
    try {
      const reply = await fetch(`${server.url}/api/customers`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ first_name: 'Load', last_name: 'Test', email }),
        signal: AbortSignal.timeout(HANGS_MS),
      });
      const { code } = (await reply.json()) as { code?: string };
      if (reply.status === 201) return 'acknowledged';
      codes.add(code!);
      if (reply.status === 503 && reply.headers.get('retry-after') === '1') {
        if (REFUSALS.includes(code!)) return 'refused';
        if (code === 'outcome_unknown') return 'unknown';
      }
      unexpected.push(`${reply.status} ${code}`);
    } catch (error) {
      if ((error as Error).name === 'TimeoutError') unexpected.push('a request that hung');
    }
    return 'unknown';
  }

  return {
    ...load,
    codes,
    async more(what, count) {
      const enough = load[what].length + count;
      await until(() => load[what].length >= enough, `${count} more ${what}`);
    },
    async stop() {
      running = false;
      await Promise.all(writing);
    },
    async check() {
      assert.deepEqual(unexpected, []);
      const there = await readEmails(server.url, key);
      const isThere = (email: string) => there.get(email) ?? 0;
      assert.deepEqual(
        load.acknowledged.filter((email) => isThere(email) !== 1),
        [],
        'what was acknowledged is there, once',
      );
      assert.deepEqual(
        load.refused.filter((email) => isThere(email) > 0),
        [],
        'what was refused is not there',
      );
      assert.deepEqual(
        load.unknown.filter((email) => isThere(email) > 1),
        [],
        'nothing is there twice',
      );
    },
  };
}

/** How often each email was created, by the feed, which has no gap. */
async function readEmails(url: string, key: string): Promise<Map<string, number>> {
  const there = new Map<string, number>();
  for (let position = 0; ; ) {
    const reply = await fetch(`${url}/api/events?after=${position}&limit=1000`, {
      headers: { authorization: `Bearer ${key}` },
    });
    const { results } = (await reply.json()) as { results: LogEvent[] };
    if (results.length === 0) return there;
    for (const event of results) {
      assert.equal(event.position, ++position, 'the feed has no gap');
      if (event.type !== 'customer.created') continue;
      const email = String(event.changes.email?.[1]);
      there.set(email, (there.get(email) ?? 0) + 1);
    }
  }
}

/** Writes before, during and after a fault, and holds what was told against what is there; the server is the one that began. */
export async function underLoad(
  server: ServerProcess,
  key: string,
  fault: (load: Load) => Promise<void>,
): Promise<void> {
  const get = (path: string) =>
    fetch(server.url + path, { headers: { authorization: `Bearer ${key}` }, signal: AbortSignal.timeout(HANGS_MS) });
  const load = startLoad(server, key);
  try {
    await load.more('acknowledged', 50);
    await fault(load);
    await load.more('acknowledged', 50);
  } finally {
    await load.stop();
  }
  await load.check();
  assert.equal(server.isAlive(), true);
  await until(async () => (await get('/readyz')).status === 200, 'that it is ready');
  assert.equal((await get('/api/customers?search=load')).status, 200);
}

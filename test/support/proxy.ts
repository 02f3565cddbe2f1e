// A small TCP proxy that does to connections what networks do: it cuts, refuses, delays and swallows, and it can hold
// back one answer to see what becomes of those who wait for it.
import { connect, createServer, type NetConnectOpts, type Socket } from 'node:net';

export type TestProxy = {
  port: number;
  /** Cuts every connection that there is. */
  cut(): void;
  /** Whether new connections are cut at once. */
  refuse(on: boolean): void;
  /** Milliseconds that everything takes on its way from now on. */
  delay(ms: number): void;
  /** While on, no byte gets through, either way, and nothing is closed. What was open then stays silent for ever. */
  blackHole(on: boolean): void;
  /** Keeps back the next bytes that hold `text`, with all behind them on that connection; settles when there are some. */
  hold(from: 'client' | 'server', text: string): Promise<void>;
  close(): Promise<void>;
};

export async function openProxy(target: NetConnectOpts): Promise<TestProxy> {
  const pairs = new Set<{ client: Socket; server: Socket; silent: boolean }>();
  let refuses = false;
  let swallows = false;
  let ms = 0;
  let held: { from: 'client' | 'server'; text: string; settle: () => void } | undefined;

  const listener = createServer((client) => {
    if (refuses) return void client.destroy();
    const pair = { client, server: connect(target), silent: swallows };
    pairs.add(pair);
    for (const [from, one, other] of [
      ['client', client, pair.server],
      ['server', pair.server, client],
    ] as const) {
      one.setNoDelay(true);
      one.on('data', (bytes: Buffer) => {
        if (held?.from === from && bytes.includes(held.text)) {
          pair.silent = true;
          held.settle();
          held = undefined;
        }
        if (pair.silent) return;
        if (ms > 0) setTimeout(() => other.write(bytes), ms);
        else other.write(bytes);
      });
      one.on('error', () => {});
      one.on('close', () => {
        // Of a silent connection neither end hears what becomes of the other.
        if (pair.silent && pairs.has(pair)) return;
        pairs.delete(pair);
        if (ms > 0) setTimeout(() => other.destroy(), ms);
        else other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));

  function cut(): void {
    for (const { client, server } of pairs) {
      client.destroy();
      server.destroy();
    }
    pairs.clear();
  }

  return {
    port: (listener.address() as { port: number }).port,
    cut,
    refuse(on) {
      refuses = on;
    },
    delay(milliseconds) {
      ms = milliseconds;
    },
    blackHole(on) {
      swallows = on;
      if (on) for (const pair of pairs) pair.silent = true;
    },
    hold: (from, text) =>
      new Promise((settle) => {
        held = { from, text, settle };
      }),
    async close() {
      cut();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

/** Where the PostgreSQL of a test listens. */
export const postgresAt = ({ host, port }: { host?: string; port?: number }): NetConnectOpts =>
  host?.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port: port ?? 5432 };

// A worker process, started and told what to do by the primary (processes.ts): answers requests, and leaves when it is
// told to, or when the primary is gone.
import cluster from 'node:cluster';
import { connectTo } from './configured-database.ts';
import type { Database } from './database.ts';
import { parseDatabaseUrl } from './database-url.ts';
import { openLog } from './log.ts';
import { type Answering, answer } from './main.ts';
import { openMetrics, type Snapshot } from './metrics.ts';
import type { Order, Report } from './processes.ts';

type Begun = { answering: Answering; database: Database; closeLog(): void };

// Otherwise Node would end this process, in the middle of its requests, the moment the primary is gone.
cluster.worker!.exitedAfterDisconnect = true;
// Signals to all processes at once are for the primary to hear, which knows how to stop.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

let begun: Promise<Begun> | undefined;
let leaving = false;
/** This process's own; `readers` wait for those of all, which the primary gathers. */
let own = { snapshot: async (): Promise<Snapshot> => [], text: async () => '' };
let readers: ((text: string | Promise<string>) => void)[] = [];

process.on('message', (order: Order) => {
  if (order.type === 'begin') begun = begin(order).catch(refuse);
  if (order.type === 'drain') leave(order.delay_ms);
  if (order.type === 'snapshot') own.snapshot().then((metrics) => tell({ type: 'snapshot', metrics }));
  if (order.type === 'metrics') answerReaders(order.text);
});
process.on('disconnect', () => {
  answerReaders(own.text());
  // The listener was the primary's and is gone with it: there is nothing to delay.
  leave(0);
});

async function begin({ number, config, connection }: Extract<Order, { type: 'begin' }>): Promise<Begun> {
  const { logger, close: closeLog } = openLog(config.log.level, String(number));
  const metrics = openMetrics(String(number));
  own = metrics;
  const database = connectTo(connection ?? parseDatabaseUrl(config.database.url!), config, metrics);
  const answering = await answer(config, database, { ...metrics, text: readAll }, logger);
  tell({ type: 'ready', port: answering.port });
  return { answering, database, closeLog };
}

async function refuse(error: Error): Promise<never> {
  if (error.name === 'StartError') await tell({ type: 'refused', reason: error.message });
  else console.error(error);
  process.exit(1);
}

function readAll(): Promise<string> {
  if (!process.connected) return own.text();
  return new Promise((resolve) => {
    readers.push(resolve);
    tell({ type: 'metrics' });
  });
}

function answerReaders(text: string | Promise<string>): void {
  for (const resolve of readers) resolve(text);
  readers = [];
}

async function leave(delay_ms: number): Promise<void> {
  if (leaving) return;
  leaving = true;
  const serving = await begun;
  await serving?.answering.drain(delay_ms);
  await serving?.database.close();
  serving?.closeLog();
  process.exit(0);
}

/** A primary that is gone hears nothing; 'disconnect' follows. */
function tell(report: Report): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send!(report, () => resolve());
    else resolve();
  });
}

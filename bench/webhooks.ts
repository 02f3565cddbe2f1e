// Webhooks: how fast events reach one receiver that takes them at once, and whether one that fails three times in ten gets all of them, in order for each
// customer, while the server is killed again and again: `node bench/webhooks.ts --events 200000 --kills 10`
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { run, startServer } from './children.ts';
import { cli, clienteleEnv, importDataset, serve } from './clientele.ts';
import { machineSpeed } from './machine.ts';
import { createDatabase, dropDatabase, openPostgres, postgresOptions } from './postgres.ts';
import { table } from './report.ts';

const { values: options } = parseArgs({
  options: {
    ...postgresOptions,
    events: { type: 'string', default: '200000' },
    kills: { type: 'string', default: '10' },
    fast: { type: 'string', default: '50000' },
  },
});
const NAME = 'bench_webhooks';
/** Changes of each customer, besides the one that made it. */
const EDITS = 4;

type Receiver = {
  url: string;
  /** How many of the messages are refused. */
  failing: number;
  /** The events that were taken, and those that came too early or again. */
  seen: Set<number>;
  early: number;
  again: number;
  refused: number;
  /** Forgets what was seen. */
  begin(): void;
  close(): void;
};

/** Takes messages, and knows of each customer which version must come next. */
async function openReceiver(): Promise<Receiver> {
  let versions = new Map<string, number>();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    if (Math.random() < receiver.failing) {
      receiver.refused++;
      return void response.writeHead(503).end();
    }
    const { data } = JSON.parse(Buffer.concat(chunks).toString());
    if (receiver.seen.has(data.position)) receiver.again++;
    else if (data.customer_id !== null) {
      const last = versions.get(data.customer_id) ?? 0;
      if (data.customer_version !== last + 1) receiver.early++;
      versions.set(data.customer_id, data.customer_version);
    }
    receiver.seen.add(data.position);
    response.writeHead(204).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    failing: 0,
    seen: new Set(),
    early: 0,
    again: 0,
    refused: 0,
    begin() {
      versions = new Map();
      Object.assign(receiver, { seen: new Set(), early: 0, again: 0, refused: 0 });
    },
    close: () => server.close(),
  };
  return receiver;
}

await using closing = new AsyncDisposableStack();
const postgres = await openPostgres(options);
closing.defer(postgres.release);
const receiver = await openReceiver();
closing.defer(() => receiver.close());
const env = { ...clienteleEnv(postgres.url(NAME)), CLIENTELE_EGRESS_ALLOW: '127.0.0.1' };
const results: (string | number)[][] = [];

await measureSpeed(Number(options.fast));
await measureLoss(Math.round(Number(options.events) / (EDITS + 1)), Number(options.kills));
console.log(
  table(['receiver', 'events', 'seconds', 'events/s', 'missing', 'out of order', 'again', 'refused'], results),
);
console.log(`speed ${machineSpeed()}`);

async function measureSpeed(customers: number): Promise<void> {
  await using end = new AsyncDisposableStack();
  const { ask, start } = await prepare(customers, end);
  await start();
  receiver.begin();
  receiver.failing = 0;
  const began = performance.now();
  await addWebhook(ask);
  while (receiver.seen.size < customers) await sleep(20);
  await report('takes everything at once', began);
}

async function measureLoss(customers: number, kills: number): Promise<void> {
  await using end = new AsyncDisposableStack();
  const { ask, start } = await prepare(customers, end);
  let kill = await start();
  receiver.begin();
  receiver.failing = 0.3;
  const began = performance.now();
  const events = customers * (EDITS + 1);
  const id = await addWebhook(ask);
  const editing = edit(ask);
  for (let time = 1; time <= kills; time++) {
    while (receiver.seen.size < (events * time) / (kills + 1)) await sleep(20);
    await kill();
    kill = await start();
  }
  await editing;
  for (;;) {
    const { behind, parked } = await ask('GET', `/api/webhooks/${id}`);
    if (behind === 0 && parked === 0) break;
    await sleep(500);
  }
  await report(`refuses 30 %, server killed ${kills} times`, began);
}

/** Whatever was killed in the middle goes on by itself; what was refused as the server was away is asked for again. */
async function edit(ask: Ask): Promise<void> {
  for (let time = 0; time < EDITS; time++) {
    const asked = { filter: {}, action: time % 2 === 0 ? 'deactivate' : 'activate' };
    const key = { 'idempotency-key': `edit-${time}` };
    const { id } = await untilAnswered(() => ask('POST', '/api/customers/bulk-edits', asked, key));
    while ((await untilAnswered(() => ask('GET', `/api/causes/${id}`))).state === 'running') await sleep(200);
  }
}

async function untilAnswered<T>(question: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await question();
    } catch {
      await sleep(200);
    }
  }
}

// biome-ignore lint/suspicious/noExplicitAny: replies of every kind
type Ask = (method: string, path: string, body?: object, headers?: Record<string, string>) => Promise<any>;

/** A database with customers, and a server that can be started and killed. */
async function prepare(customers: number, end: AsyncDisposableStack) {
  await createDatabase(postgres, NAME);
  end.defer(() => dropDatabase(postgres, NAME));
  await importDataset(postgres.url(NAME), customers);
  const { stdout } = await run(process.execPath, [cli, 'keys', 'create', '--role', 'owner', '--name', 'bench'], env);
  let port = 0;
  let stop = async () => {};
  end.defer(() => stop());
  async function start() {
    const server = await startServer(serve, env, '/readyz');
    port = server.port;
    stop = server.stop;
    return async () => {
      process.kill(server.pid, 'SIGKILL');
      await server.stop().catch(() => {});
    };
  }
  const ask: Ask = async (method, path, body, headers = {}) => {
    const reply = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: { authorization: `Bearer ${stdout.trim()}`, 'content-type': 'application/json', ...headers },
      body: body && JSON.stringify(body),
    });
    if (!reply.ok) throw new Error(`${method} ${path}: ${reply.status} ${await reply.text()}`);
    return reply.json();
  };
  return { ask, start };
}

/** One that gets what happened to customers, from the beginning. */
async function addWebhook(ask: Ask): Promise<string> {
  const event_types = ['customer.created', 'customer.updated'];
  const { id } = await ask('POST', '/api/webhooks', { url: receiver.url, event_types });
  await ask('POST', `/api/webhooks/${id}/replay`, { after: 0 });
  return id;
}

async function report(what: string, began: number): Promise<void> {
  const seconds = (performance.now() - began) / 1000;
  const { rows } = await postgres.sql(NAME, 'SELECT count(*)::int AS events FROM events WHERE customer_id IS NOT NULL');
  const [{ events }] = rows;
  const { seen, early, again, refused } = receiver;
  results.push([what, events, seconds, events / seconds, events - seen.size, early, again, refused]);
}

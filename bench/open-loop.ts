// Requests at a fixed rate, whether or not the server keeps up, as callers who know nothing of each other make them. A
// client that waits for its answers asks less the slower they come, and so never sees an overload.
import { createConnection, type Socket } from 'node:net';
import { type Load, numbered } from './wrk.ts';

export type Outcome = {
  /** Answers a second with an expected status, and how long they took from the moment they were due, in ms. */
  good_per_second: number;
  good_ms: number[];
  /** Answers 429 and 503, a second, and their times. */
  refused_per_second: number;
  refused_ms: number[];
  /** Requests that failed in any other way, or had no answer 5 s after the end. */
  failed: number;
  /** The rate that the client kept up. */
  sent_per_second: number;
};

/** Connections that are opened at most; requests due while all are busy wait here, and that counts as their time. */
const CONNECTIONS_MOST = 1000;
const LATE_MS = 5000;

/** Answers to what was due in the first second are not counted: how the server takes a sudden change is another question. */
const LEAD_MS = 1000;

/** `since`: when the request that is under way was due; 0: none is. */
type Connection = { socket: Socket; since: number; text: string };

/** Sends the load's calls in turn for some seconds: `rate` a second, or so that `at_once` are always under way. */
export async function sendFor(
  port: number,
  load: Load,
  { rate = 0, at_once = 0, seconds }: { rate?: number; at_once?: number; seconds: number },
): Promise<Outcome> {
  const calls = load.calls.map((call) => bytesOf(load, call));
  const idle: Connection[] = [];
  const all = new Set<Connection>();
  const due: number[] = [];
  const times = { good: [] as number[], refused: [] as number[] };
  const counts = { good: 0, refused: 0 };
  let failed = 0;
  let sent = 0;
  let sentBefore = 0;
  let open = 0;
  const begin = performance.now();
  const counted = begin + LEAD_MS;
  const end = counted + seconds * 1000;

  function connect(): void {
    const socket = createConnection({ port, host: '127.0.0.1', noDelay: true });
    const connection: Connection = { socket, since: 0, text: '' };
    all.add(connection);
    socket.setEncoding('latin1');
    socket.on('connect', () => next(connection));
    socket.on('data', (text: string) => {
      connection.text += text;
      const status = completeStatus(connection.text);
      if (status === 0) return;
      connection.text = '';
      settle(connection, status);
      next(connection);
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      if (!all.delete(connection)) return;
      if (connection.since > 0) settle(connection, -1);
      const at = idle.indexOf(connection);
      if (at >= 0) idle.splice(at, 1);
    });
  }

  function settle(connection: Connection, status: number): void {
    const { since } = connection;
    const now = performance.now();
    connection.since = 0;
    open--;
    const kind = load.expect.includes(status) ? 'good' : status === 503 || status === 429 ? 'refused' : 'failed';
    if (kind === 'failed') failed++;
    else {
      if (now >= counted && now < end) counts[kind]++;
      if (since >= counted) times[kind].push(now - since);
    }
  }

  function next(connection: Connection): void {
    const since = at_once > 0 && performance.now() < end ? performance.now() : due.shift();
    if (since === undefined) idle.push(connection);
    else send(connection, since);
  }

  function send(connection: Connection, since: number): void {
    connection.since = since;
    if (since < counted) sentBefore++;
    open++;
    const call = calls[sent++ % calls.length]!;
    connection.socket.write(typeof call === 'function' ? call() : call);
  }

  for (let count = 0; count < at_once; count++) connect();
  let planned = 0;
  while (performance.now() < end) {
    const target = Math.floor(((performance.now() - begin) / 1000) * rate);
    for (; planned < target; planned++) {
      const since = begin + ((planned + 1) / rate) * 1000;
      const connection = idle.pop();
      if (connection) send(connection, since);
      else {
        due.push(since);
        if (all.size < CONNECTIONS_MOST) connect();
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const took = (performance.now() - counted) / 1000;
  const late = performance.now() + LATE_MS;
  while ((open > 0 || due.length > 0) && performance.now() < late)
    await new Promise((resolve) => setTimeout(resolve, 5));
  failed += open + due.length;
  for (const connection of [...all]) {
    connection.since = 0;
    connection.socket.destroy();
  }
  return {
    good_per_second: counts.good / took,
    good_ms: times.good,
    refused_per_second: counts.refused / took,
    refused_ms: times.refused,
    failed,
    sent_per_second: (sent - sentBefore) / took,
  };
}

/** The status of an answer once all of it is there; 0 before. */
function completeStatus(text: string): number {
  const head = text.indexOf('\r\n\r\n');
  if (head < 0) return 0;
  const status = Number(text.slice(9, 12));
  if (status === 304 || status === 204) return status;
  const at = text.indexOf('content-length: ');
  if (at < 0 || at > head) throw new Error(`an answer came without Content-Length: ${text.slice(0, 300)}`);
  return text.length >= head + 4 + Number.parseInt(text.slice(at + 16, at + 24), 10) ? status : 0;
}

/** A call as it goes over the wire; one with a running number is made anew each time. */
function bytesOf({ headers }: Load, call: Load['calls'][number]): string | (() => string) {
  const format = ({ method, path, body }: typeof call): string => {
    const own: Record<string, string> = { host: '127.0.0.1', ...headers };
    if (body)
      Object.assign(own, { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) });
    const lines = Object.entries(own).map(([name, value]) => `${name}: ${value}\r\n`);
    return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body ?? ''}`;
  };
  return call.body?.includes('{N}') ? () => format(numbered(call)) : format(call);
}

// The feed as a stream of server-sent events (HTML Living Standard, section 9.2). Each client reads the log itself, from its
// own position, a page at a time and as fast as it takes them: a slow one costs no memory, and nobody misses anything.
import { setTimeout as sleep } from 'node:timers/promises';
import { openBell } from '../bell.ts';
import type { Database } from '../database.ts';
import { asProblem } from '../problem.ts';
import { inRequest } from '../request-context.ts';
import { readFeed } from './events.ts';
import { watchLog } from './watch.ts';

/** Events that are read at once: some hundred kilobytes at most. */
const PAGE = 100;
/** After how long without news a comment is sent, so that nothing in between takes the connection for dead. */
const HEARTBEAT_MS = 20_000;
/** How often is looked whether whoever asked may still read. */
const CHECK_MS = 3000;
/** When a client is to come back that lost its connection; and when those of a server that stops, not all at once. */
const RETRY_MS = 2000;
const LATER_MS = 5000;
/** After a fault of the database that may pass. */
const PAUSE_MS = 1000;

export type Listener = {
  /** Whether it may still read the log. */
  mayStill(): Promise<boolean>;
  /** Whether it has gone away. */
  isGone(): boolean;
  /** Hears when it goes away. */
  onGone(hear: () => void): void;
  /** Whether the server stops. */
  isDraining(): boolean;
  heartbeat_ms?: number;
};

/** All events after a position, and those to come, until the listener goes, may not read any more, or the server stops. */
export async function* followLog(
  database: Database,
  workspace_id: number,
  after: number,
  { mayStill, isGone, onGone, isDraining, heartbeat_ms = HEARTBEAT_MS }: Listener,
): AsyncGenerator<string | Buffer, void> {
  const bell = openBell();
  const watch = watchLog(database, workspace_id, bell.ring);
  onGone(bell.ring);
  let position = after;
  let isRead = false;
  let sent = performance.now();
  let checked = sent;
  try {
    // Whoever loses the connection before there was an event goes on from here as well.
    yield `retry: ${RETRY_MS}\nid: ${after}\n\n`;
    while (!isGone()) {
      const now = performance.now();
      if (isDraining()) {
        yield `retry: ${Math.round(RETRY_MS + Math.random() * (LATER_MS - RETRY_MS))}\n\n`;
        return;
      }
      if (now - checked >= CHECK_MS) {
        if (!(await inRequest(undefined, mayStill))) return;
        checked = now;
      }
      // What was written before anybody watched is known only when it has been looked for.
      if (!isRead || watch.position > position) {
        const page = await pageAfter(database, workspace_id, position);
        isRead = page !== undefined && page.count < PAGE;
        if (page && page.count > 0) {
          position = page.last;
          yield page.text;
          sent = performance.now();
          continue;
        }
      } else if (now - sent >= heartbeat_ms) {
        yield ':\n\n';
        sent = now;
      }
      await bell.rung();
    }
  } finally {
    watch.stop();
  }
}

type Page = { text: Buffer; count: number; last: number };

const pages = new WeakMap<Database, Map<string, Promise<Page | undefined>>>();

/** What stands after a position: those who ask at once share it. undefined where the database cannot be asked. */
function pageAfter(database: Database, workspace_id: number, after: number): Promise<Page | undefined> {
  let reading = pages.get(database);
  if (!reading) {
    reading = new Map();
    pages.set(database, reading);
  }
  const key = `${workspace_id} ${after}`;
  const turn = reading;
  let page = turn.get(key);
  if (!page) {
    page = inRequest(undefined, () => readPage(database, workspace_id, after)).finally(() => turn.delete(key));
    turn.set(key, page);
  }
  return page;
}

async function readPage(database: Database, workspace_id: number, after: number): Promise<Page | undefined> {
  try {
    const events = await readFeed(database, workspace_id, after, PAGE);
    const texts = events.map((event) => `id: ${event.position}\nevent: change\ndata: ${JSON.stringify(event)}\n\n`);
    return { text: Buffer.from(texts.join('')), count: events.length, last: events.at(-1)?.position ?? after };
  } catch (error) {
    if (asProblem(error).status !== 503) throw error;
    await sleep(PAUSE_MS);
  }
}

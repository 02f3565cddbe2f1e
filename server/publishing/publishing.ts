// The logs of all workspaces, published to NATS as CloudEvents: each by one process at a time, from where its stream ends.
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Workspace } from '#contract/access.ts';
import type { LogEvent } from '#contract/events.ts';
import { type Bell, openBell } from '../bell.ts';
import type { Database } from '../database.ts';
import { readFeed, readLedger, watchLog } from '../events/events.ts';
import { type Nats, type NatsMessage, reasonOf } from '../nats.ts';
import { inTransaction } from '../transaction.ts';
import { FIND_UNPUBLISHED, KEEP_PUBLICATION, LEAVE_PUBLICATION, TAKE_PUBLICATION } from './store.ts';

/** Events that are on their way at once. */
const PAGE = 256;
/** Workspaces that one process publishes at once. */
const AT_ONCE = 4;
/** How often is looked for workspaces with something to publish. */
const LOOK_MS = 1000;
/** How long whoever publishes a workspace waits for more before another may have it. */
const IDLE_MS = 5000;
/** How often a sign of life is given meanwhile. */
const ALIVE_MS = 3000;
/** After a failure, twice as long each time. */
const PAUSE_SECONDS = { least: 1, most: 30 };

/** Publishes what is in the logs and what comes, until it is stopped; then it ends with what is on its way. `source`: this installation, as a URI. */
export function startPublishing(
  database: Database,
  nats: Nats,
  { logger, source }: { logger: Logger; source: string },
): { stop(): Promise<void> } {
  const here = new Map<number, { ended: Promise<void>; wake(): void }>();
  let stopped = false;
  let looking: Promise<void> | undefined;
  let failures = 0;
  const timer = setInterval(() => {
    looking ??= look()
      .catch(fail)
      .finally(() => {
        looking = undefined;
      });
  }, LOOK_MS);
  timer.unref();

  async function look(): Promise<void> {
    if (here.size >= AT_ONCE) return;
    const rows = await database.read(FIND_UNPUBLISHED);
    for (const [id, slug, name, region, created_at] of rows) {
      if (here.size >= AT_ONCE || stopped) return;
      if (here.has(id)) continue;
      const bell = openBell();
      const ended = publish({ id, slug, name, region, created_at }, bell)
        .catch(fail)
        .finally(() => here.delete(id));
      here.set(id, { ended, wake: bell.ring });
    }
  }

  /** Publishes a workspace as long as there is something, if nobody else is at it. */
  async function publish(workspace: Workspace, bell: Bell): Promise<void> {
    const { id, slug } = workspace;
    const mark = randomUUID();
    const [[taken] = []] = await inTransaction(database, [[TAKE_PUBLICATION, [id, mark]]]);
    if (!taken) return;
    let pause = 0;
    try {
      await publishFrom(workspace, Number(taken[0]), mark, bell);
    } catch (error) {
      fail(error, slug);
      pause = Math.min(PAUSE_SECONDS.most, PAUSE_SECONDS.least * 2 ** (failures - 1));
    }
    await inTransaction(database, [[LEAVE_PUBLICATION, [id, mark, pause]]]);
  }

  async function publishFrom({ id, slug }: Workspace, noted: number, mark: string, bell: Bell): Promise<void> {
    const stream = await nats.open(slug);
    // The stream itself knows best; where it is empty, everything was taken out of it.
    let position = stream.last ?? noted;
    const ledger = await readLedger(database, id);
    if (position > ledger.position)
      throw new Error(
        `The stream is at ${position}, but the log ends at ${ledger.position}: the stream is of another time. Publish under another nats.prefix, or remove it.`,
      );
    const watch = watchLog(database, id, bell.ring);
    try {
      let active = performance.now();
      let alive = active;
      while (!stopped) {
        const events = await readFeed(database, id, position, PAGE);
        const now = performance.now();
        if (events.length > 0) {
          active = now;
          const { last, failure } = await stream.publish(events.map((event) => messageOf(event, slug)));
          position = last ?? position;
          if (failure !== undefined) {
            await keep(id, mark, position);
            throw failure;
          }
          if (failures > 0) logger.info('Events are published to NATS again');
          failures = 0;
        } else if (now - active >= IDLE_MS) return;
        if (events.length > 0 || now - alive >= ALIVE_MS) {
          if (!(await keep(id, mark, position))) return;
          alive = now;
        }
        if (events.length < PAGE) await bell.rung();
      }
    } finally {
      watch.stop();
    }
  }

  async function keep(workspace_id: number, mark: string, position: number): Promise<boolean> {
    const [kept] = await inTransaction(database, [[KEEP_PUBLICATION, [workspace_id, mark, position]]]);
    return kept!.length > 0;
  }

  function messageOf(event: LogEvent, slug: string): NatsMessage {
    const { position, type } = event;
    return { position, subject: type, body: JSON.stringify(cloudEventOf(event, slug, source)) };
  }

  /** Said once, until it works again. */
  function fail(error: unknown, workspace?: string): void {
    failures++;
    if (failures > 1) return;
    logger.warn({ workspace, reason: reasonOf(error) }, 'Events cannot be published to NATS; it is tried again');
  }

  return {
    async stop() {
      stopped = true;
      clearInterval(timer);
      await looking;
      for (const { wake } of here.values()) wake();
      await Promise.all([...here.values()].map(({ ended }) => ended));
      await nats.close();
    },
  };
}

/** An event of a workspace as CloudEvents 1.0 has it, in the JSON format; `sequence` is the extension of that name. */
export function cloudEventOf(event: LogEvent, slug: string, source: string) {
  return {
    specversion: '1.0',
    id: String(event.position),
    source: `${source}/workspaces/${slug}`,
    type: event.type,
    subject: event.customer_id ?? undefined,
    time: event.at,
    datacontenttype: 'application/json',
    sequence: String(event.position).padStart(16, '0'),
    data: event,
  };
}

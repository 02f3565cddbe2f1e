// Who delivers: every process looks for webhooks with something to deliver that nobody is at, and stays with those that it takes.
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Workspace } from '#contract/access.ts';
import type { Webhook } from '#contract/webhooks.ts';
import { logged, systemActor } from '../access/access.ts';
import type { Database, Row } from '../database.ts';
import type { Egress } from '../egress.ts';
import { loggable } from '../replies.ts';
import { openSecret } from '../secrets.ts';
import { inTransaction } from '../transaction.ts';
import { type Bounds, deliver, type Ending, type Sender, type Taken } from './delivering.ts';
import { FIND_WEBHOOKS_TO_DELIVER, LEAVE_WEBHOOK, READ_PARKED, TAKE_WEBHOOK } from './delivering-store.ts';
import { send, type Target } from './sending.ts';
import { DISABLE_WEBHOOK, READ_IF_TAKEN } from './store.ts';
import { messageOf, toldOf, webhookOf } from './webhook.ts';

/** Webhooks that one process is at. */
const MOST = 32;
const LOOK_MS = 1000;
/** After a fault that may pass. */
const PAUSE_SECONDS = 5;

export type CourierOptions = {
  logger: Logger;
  secrets_key: Buffer | null;
  /** Hears what became of each try. */
  onDelivery?(failure: string | null): void;
  bounds?: Bounds;
};

/** Delivers for all workspaces until it is stopped; then it ends with what is on its way. */
export function startCourier(database: Database, egress: Egress, options: CourierOptions): { stop(): Promise<void> } {
  const { logger, secrets_key, onDelivery, bounds } = options;
  const here = new Map<string, Promise<void>>();
  const stopping = new AbortController();
  let looking: Promise<void> | undefined;
  const timer = setInterval(() => {
    looking ??= look()
      .catch(warn)
      .finally(() => {
        looking = undefined;
      });
  }, LOOK_MS);
  timer.unref();

  const warn = (error: unknown) => logger.warn({ err: loggable(error) }, 'Webhooks could not be delivered');

  async function look(): Promise<void> {
    for (const [id, ...workspace] of await database.read(FIND_WEBHOOKS_TO_DELIVER)) {
      if (here.size >= MOST || stopping.signal.aborted) return;
      if (here.has(id)) continue;
      const being = serve(workspaceOf(workspace), id)
        .catch(warn)
        .finally(() => here.delete(id));
      here.set(id, being);
    }
  }

  async function serve(workspace: Workspace, id: string): Promise<void> {
    const mark = randomUUID();
    const [[row] = []] = await inTransaction(database, [[TAKE_WEBHOOK, [workspace.id, id, mark]]]);
    if (!row) return;
    let pause = 0;
    try {
      const { taken, sender } = await take(workspace, id, mark, row);
      await conclude(taken, await deliver(database, taken, sender, stopping.signal, bounds));
    } catch (error) {
      warn(error);
      pause = PAUSE_SECONDS;
    }
    await inTransaction(database, [[LEAVE_WEBHOOK, [workspace.id, id, mark, pause]]]);
  }

  async function take(workspace: Workspace, id: string, mark: string, row: Row) {
    const [position, event_types, failing_since, url, secret, former, former_until] = row;
    const rows = await database.read(READ_PARKED, [workspace.id, id]);
    const parked: Taken['parked'] = new Map(
      rows.map(([lane, position, attempts, since, next_at]) => [
        lane,
        { position, attempts, since: Date.parse(since), next_at: Date.parse(next_at) },
      ]),
    );
    const taken: Taken = {
      workspace,
      id,
      mark,
      position,
      event_types: event_types === null ? null : JSON.parse(event_types),
      failing_since: failing_since === null ? null : Date.parse(failing_since),
      parked,
    };
    const opened = (hex: string) => openSecret(Buffer.from(hex, 'hex'), id, secrets_key);
    const [present, before] = [opened(secret), former === null ? null : opened(former)];
    const sender: Sender = async (event, signal) => {
      const both = before !== null && Date.parse(former_until) > Date.now();
      const target: Target = { url, secrets: both ? [present, before] : [present] };
      const sent = await send(egress, target, messageOf(workspace, event), signal);
      if (!signal.aborted) onDelivery?.(sent.failure);
      return sent;
    };
    return { taken, sender };
  }

  /** Disables a webhook whose receiver is gone or takes nothing, unless somebody has changed it meanwhile. */
  async function conclude({ workspace, id, mark }: Taken, ending: Ending): Promise<void> {
    if (ending !== 'gone' && ending !== 'failing') return;
    const actor = systemActor(workspace, 'webhooks');
    await logged(
      database,
      actor,
      { request_id: null },
      200,
      [[READ_IF_TAKEN, [workspace.id, id, mark]]],
      (_now, [row]) => {
        if (!row) return { subject: {}, subject_id: id };
        const webhook: Webhook = { ...webhookOf(row), enabled: false, disabled_reason: ending };
        const asks = [[DISABLE_WEBHOOK, [workspace.id, id, ending]]] as [typeof DISABLE_WEBHOOK, unknown[]][];
        logger.warn({ workspace: workspace.slug, webhook: id, reason: ending }, 'A webhook was disabled');
        return {
          subject: toldOf(webhook),
          subject_id: id,
          change: { asks, type: 'webhook.disabled', before: { enabled: true, disabled_reason: null } },
        };
      },
    );
  }

  return {
    async stop() {
      clearInterval(timer);
      stopping.abort();
      await looking;
      await Promise.all(here.values());
    },
  };
}

function workspaceOf([id, slug, name, region, created_at]: Row): Workspace {
  return { id, slug, name, region, created_at };
}

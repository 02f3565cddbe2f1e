// Webhooks: where events are sent to, each a cursor over the log of its workspace.
import { randomUUID } from 'node:crypto';
import { checkInput } from '#contract/input.ts';
import {
  type Delivery,
  replayFields,
  type TestDelivery,
  WEBHOOKS_MOST,
  type Webhook,
  type WebhookInput,
  type WebhookWithSecret,
  webhookFields,
} from '#contract/webhooks.ts';
import { type Actor, logged, type WriteContext, type Written } from '../access/access.ts';
import type { Ask, Database, Row } from '../database.ts';
import type { Egress } from '../egress.ts';
import { readLedger } from '../events/events.ts';
import { invalid, notFound, Problem } from '../problem.ts';
import { openSecret, sealSecret } from '../secrets.ts';
import { inTransaction } from '../transaction.ts';
import { isUuid, uuidv7 } from '../uuid.ts';
import { ADD_DELIVERIES } from './delivering-store.ts';
import { send } from './sending.ts';
import { newSecret, textOfSecret } from './signing.ts';
import {
  COUNT_WEBHOOKS,
  DELETE_WEBHOOK,
  INSERT_WEBHOOK,
  LIST_DELIVERIES,
  LIST_FAILED_DELIVERIES,
  LIST_WEBHOOKS,
  READ_TARGET,
  READ_WEBHOOK,
  REPLAY_WEBHOOK,
  ROTATE_SECRET,
  UPDATE_WEBHOOK,
} from './store.ts';
import { toldOf, webhookOf } from './webhook.ts';

export { startCourier } from './courier.ts';

/** What webhooks need besides the database: the way out, and what encrypts their secrets. */
export type Outside = { egress: Egress; secrets_key: Buffer | null };

const FIELDS = ['url', 'description', 'event_types', 'enabled'] as const;
const READ_ONLY = [
  'id',
  'disabled_reason',
  'behind',
  'parked',
  'delivered_at',
  'failing_since',
  'created_at',
  'updated_at',
  'secret',
];

/** The workspace's webhooks, newest first. */
export async function listWebhooks(database: Database, actor: Actor): Promise<Webhook[]> {
  return (await database.read(LIST_WEBHOOKS, [actor.workspace.id])).map(webhookOf);
}

/** A webhook; 404 where the workspace has none such. */
export async function readWebhook(database: Database, actor: Actor, id: string): Promise<Webhook> {
  const [row] = isUuid(id) ? await database.read(READ_WEBHOOK, [actor.workspace.id, id]) : [];
  return found(row);
}

/** Adds a webhook, which gets the events from then on; its secret is told in the answer alone. 400 names what is wrong, 409 where there are too many. */
export async function createWebhook(
  database: Database,
  { egress, secrets_key }: Outside,
  actor: Actor,
  body: unknown,
  context: WriteContext,
): Promise<Written<WebhookWithSecret>> {
  const { url, description = '', event_types = null, enabled = true } = checked(egress, body, false) as WebhookInput;
  const id = uuidv7(Date.now(), 0);
  const secret = newSecret();
  const sealed = sealSecret(secret, id, secrets_key).toString('hex');
  const { position } = await readLedger(database, actor.workspace.id);
  const written = await logged(
    database,
    actor,
    context,
    201,
    [[COUNT_WEBHOOKS, [actor.workspace.id]]],
    (now, [counts]) => {
      if ((counts as [number])[0] >= WEBHOOKS_MOST)
        throw new Problem(
          409,
          'too_many_webhooks',
          `A workspace has ${WEBHOOKS_MOST} webhooks at most; delete one first.`,
        );
      const values = [actor.workspace.id, id, url, description, event_types, enabled, sealed, now, position];
      const told = { id, url, description, event_types, enabled, disabled_reason: null } as Webhook;
      const asks: Ask[] = [[INSERT_WEBHOOK, values]];
      return { subject: toldOf(told), subject_id: id, change: { asks, type: 'webhook.created', before: null } };
    },
  );
  const webhook = await readWebhook(database, actor, written.subject_id);
  return { ...written, subject: { ...webhook, secret: written.replayed ? null : textOfSecret(secret) } };
}

/** Changes a webhook; one that was disabled goes on where it stopped. */
export async function updateWebhook(
  database: Database,
  { egress }: Outside,
  actor: Actor,
  id: string,
  body: unknown,
  context: WriteContext,
): Promise<Written<Webhook>> {
  const fields = checked(egress, body, true);
  return change(database, actor, id, context, (now, former) => {
    const same = (field: (typeof FIELDS)[number]) => JSON.stringify(fields[field]) === JSON.stringify(former[field]);
    const changed = FIELDS.filter((field) => fields[field] !== undefined && !same(field));
    if (changed.length === 0) return undefined;
    const next: Webhook = { ...former, ...fields, disabled_reason: null };
    const values = [actor.workspace.id, id, next.url, next.description, next.event_types, next.enabled, now];
    return { next, asks: [[UPDATE_WEBHOOK, values]] };
  });
}

/** Gives a webhook a new secret; for 24 hours messages are signed with the former one as well. */
export async function rotateSecret(
  database: Database,
  { secrets_key }: Outside,
  actor: Actor,
  id: string,
  context: WriteContext,
): Promise<Written<WebhookWithSecret>> {
  const secret = newSecret();
  const sealed = isUuid(id) ? sealSecret(secret, id, secrets_key).toString('hex') : '';
  const written = await change(database, actor, id, context, (now, former) => ({
    next: former,
    asks: [[ROTATE_SECRET, [actor.workspace.id, id, sealed, now]]],
  }));
  return { ...written, subject: { ...written.subject, secret: written.replayed ? null : textOfSecret(secret) } };
}

/** Has a webhook go on behind a position of the log, earlier or later than where it is; 400 where that lies beyond the log. */
export async function replayWebhook(
  database: Database,
  actor: Actor,
  id: string,
  body: unknown,
  context: WriteContext,
): Promise<Written<Webhook>> {
  const { fields, errors } = checkInput(replayFields, body, { partial: false });
  if (errors.length > 0) throw invalid(errors);
  const after = fields.after!;
  const { position } = await readLedger(database, actor.workspace.id);
  if (after > position) {
    const detail = `after lies beyond the log, which ends at ${position}.`;
    throw invalid([{ pointer: '/after', code: 'beyond_log', detail }]);
  }
  return change(database, actor, id, context, (now, former) => ({
    next: former,
    asks: [[REPLAY_WEBHOOK, [actor.workspace.id, id, after, now]]],
  }));
}

/** Deletes a webhook, and what is kept of its deliveries. */
export async function deleteWebhook(
  database: Database,
  actor: Actor,
  id: string,
  context: WriteContext,
): Promise<Written<null>> {
  if (!isUuid(id)) throw notFound();
  const read: Ask = [READ_WEBHOOK, [actor.workspace.id, id]];
  const written = await logged(database, actor, context, 204, [read], (_now, [row]) => {
    const subject = toldOf(found(row));
    const asks: Ask[] = [[DELETE_WEBHOOK, [actor.workspace.id, id]]];
    return { subject, subject_id: id, change: { asks, type: 'webhook.deleted', before: null } };
  });
  return { ...written, subject: null };
}

/** Sends an event of the type `webhook.test` at once, and tells what became of it. */
export async function testWebhook(
  database: Database,
  { egress, secrets_key }: Outside,
  actor: Actor,
  id: string,
): Promise<TestDelivery> {
  const [row] = isUuid(id) ? await database.read(READ_TARGET, [actor.workspace.id, id]) : [];
  if (!row) throw notFound();
  const [url, ...kept] = row;
  const secrets = kept.filter((hex) => hex !== null).map((hex) => openSecret(Buffer.from(hex, 'hex'), id, secrets_key));
  const at = new Date().toISOString();
  const data = { workspace: actor.workspace.slug, webhook_id: id };
  const sent = await send(egress, { url, secrets }, { id: `test-${randomUUID()}`, type: 'webhook.test', at, data });
  const { ms, status, failure } = sent;
  const delivery: Delivery = {
    id: uuidv7(Date.now(), 0),
    position: null,
    type: 'webhook.test',
    customer_id: null,
    attempt: 1,
    at,
    ms,
    status,
    failure,
  };
  await inTransaction(database, [[ADD_DELIVERIES, [actor.workspace.id, id, JSON.stringify([delivery])]]]);
  return { ms, status, failure };
}

/** What became of deliveries before one of them, newest first; `failed`: of those that failed alone. */
export async function listDeliveries(
  database: Database,
  actor: Actor,
  id: string,
  failed: boolean,
  before: string | undefined,
  limit: number,
): Promise<Delivery[]> {
  const statement = failed ? LIST_FAILED_DELIVERIES : LIST_DELIVERIES;
  const rows = await database.read(statement, [actor.workspace.id, id, before ?? null, limit]);
  return rows.map(([id, position, type, customer_id, attempt, at, ms, status, failure]) => ({
    id,
    position,
    type,
    customer_id,
    attempt,
    at,
    ms,
    status,
    failure,
  }));
}

type Changed = { next: Webhook; asks: Ask[] } | undefined;

/** A change of a webhook that is there, with its event in the log. */
async function change(
  database: Database,
  actor: Actor,
  id: string,
  context: WriteContext,
  decide: (now: string, former: Webhook) => Changed,
): Promise<Written<Webhook>> {
  if (!isUuid(id)) throw notFound();
  const read: Ask = [READ_WEBHOOK, [actor.workspace.id, id]];
  const written = await logged(database, actor, context, 200, [read], (now, [row]) => {
    const former = found(row);
    const changed = decide(now, former);
    if (!changed) return { subject: toldOf(former), subject_id: id };
    const [told, before] = [toldOf(changed.next), toldOf(former)] as Record<string, unknown>[];
    const differing = Object.entries(before!).filter(
      ([name, value]) => JSON.stringify(value) !== JSON.stringify(told![name]),
    );
    const event = { type: 'webhook.updated', before: Object.fromEntries(differing) };
    return { subject: told!, subject_id: id, change: { asks: changed.asks, ...event } };
  });
  return { ...written, subject: await readWebhook(database, actor, id) };
}

function checked(egress: Egress, body: unknown, partial: boolean): Partial<WebhookInput> {
  const { fields, errors } = checkInput(webhookFields, body, { partial, readOnly: READ_ONLY });
  const refusal = fields.url === undefined ? null : egress.refusalOf(fields.url);
  if (refusal) errors.push({ pointer: '/url', code: 'address_refused', detail: `URL ${refusal}.` });
  if (errors.length > 0) throw invalid(errors);
  return fields;
}

function found(row: Row | undefined): Webhook {
  if (!row) throw notFound();
  return webhookOf(row);
}

// Webhooks: where events are sent to as they happen.
import { Type } from 'typebox';
import { IDEMPOTENCY_KEY, type Route } from './api.ts';
import { EVENT_TYPES } from './events.ts';
import { type FieldKind, flag } from './field.ts';

export type Webhook = {
  id: string;
  url: string;
  description: string;
  /** null: all. */
  event_types: string[] | null;
  enabled: boolean;
  /** Why the server has disabled it: its receiver said 410, or took nothing for three days. */
  disabled_reason: 'gone' | 'failing' | null;
  position: number;
  /** Events that it has still to get to. */
  behind: number;
  /** Customers of whom a delivery has failed, and is tried again. */
  parked: number;
  delivered_at: string | null;
  failing_since: string | null;
  created_at: string;
  updated_at: string;
};
/** `secret`: what it signs with, told this once; null where the reply is a replay. */
export type WebhookWithSecret = Webhook & { secret: string | null };
export type WebhookInput = Pick<Webhook, 'url'> & Partial<Pick<Webhook, 'description' | 'event_types' | 'enabled'>>;

export type Delivery = {
  id: string;
  position: number | null;
  type: string;
  customer_id: string | null;
  attempt: number;
  at: string;
  ms: number;
  status: number | null;
  failure: string | null;
};
export type TestDelivery = Pick<Delivery, 'ms' | 'status' | 'failure'>;

/** Webhooks of a workspace at most. */
export const WEBHOOKS_MOST = 50;
const URL_MOST = 2000;
const DESCRIPTION_MOST = 200;

/** What may be asked at all is for the server to know. */
const webhookUrl: FieldKind<string> = {
  schema: Type.String({ format: 'uri', maxLength: URL_MOST, examples: ['https://example.com/clientele'] }),
  normalise(value, label) {
    if (value === null || value === undefined)
      return { refusal: { code: 'required', detail: `${label} is required.` } };
    if (typeof value !== 'string') return { refusal: { code: 'wrong_type', detail: `${label} must be text.` } };
    if (value.length > URL_MOST)
      return { refusal: { code: 'too_long', detail: `${label} has at most ${URL_MOST} characters.` } };
    const url = URL.parse(value.trim());
    if (!url || !/^https?:$/.test(url.protocol))
      return { refusal: { code: 'invalid_url', detail: `${label} must be an https URL.` } };
    url.hash = '';
    return url.href.length > URL_MOST
      ? { refusal: { code: 'too_long', detail: `${label} has at most ${URL_MOST} characters.` } }
      : { value: url.href };
  },
};

const description: FieldKind<string> = {
  schema: Type.String({ maxLength: DESCRIPTION_MOST, description: 'What it is for, in your own words.' }),
  normalise(value, label) {
    if (value === null) return { value: '' };
    if (typeof value !== 'string') return { refusal: { code: 'wrong_type', detail: `${label} must be text.` } };
    const text = value.slice(0, 10 * DESCRIPTION_MOST).trim();
    if (text.length > DESCRIPTION_MOST)
      return { refusal: { code: 'too_long', detail: `${label} has at most ${DESCRIPTION_MOST} characters.` } };
    return !text.isWellFormed() || /\p{Cc}/u.test(text)
      ? { refusal: { code: 'invalid_characters', detail: `${label} contains invalid characters.` } }
      : { value: text };
  },
};

const eventTypes: FieldKind<string[] | null> = {
  schema: Type.Union([Type.Array(Type.String({ enum: [...EVENT_TYPES] }), { minItems: 1 }), Type.Null()], {
    description: 'The types of events that it gets; null for all.',
  }),
  normalise(value, label) {
    if (value === null) return { value: null };
    if (!Array.isArray(value) || value.length === 0)
      return {
        refusal: { code: 'wrong_type', detail: `${label} must be a list of types of events, or null for all.` },
      };
    const known = EVENT_TYPES.filter((type) => value.includes(type));
    return value.length <= EVENT_TYPES.length && value.every((type) => EVENT_TYPES.includes(type))
      ? { value: known }
      : { refusal: { code: 'unknown_event_type', detail: `${label} must be among ${EVENT_TYPES.join(', ')}.` } };
  },
};

const position: FieldKind<number> = {
  schema: Type.Integer({ minimum: 0 }),
  normalise(value, label) {
    return Number.isSafeInteger(value) && (value as number) >= 0
      ? { value: value as number }
      : { refusal: { code: 'wrong_type', detail: `${label} must be a position of the log, or 0 for all of it.` } };
  },
};

export const replayFields = { after: { kind: position, label: 'after', required: true } } as const;
export const webhookFields = {
  url: { kind: webhookUrl, label: 'URL', required: true },
  description: { kind: description, label: 'Description', required: false },
  event_types: { kind: eventTypes, label: 'Event types', required: false },
  enabled: { kind: flag, label: 'Enabled', required: false },
} as const;

// ---- Schemas --------------------------------------------------------------------------------------------------------

const id = Type.String({ format: 'uuid' });
const time = Type.String({ format: 'date-time' });
const count = Type.Integer({ minimum: 0 });
const orNull = <Schema extends Parameters<typeof Type.Union>[0][number]>(schema: Schema) =>
  Type.Union([schema, Type.Null()]);

const enabled = Type.Boolean({ description: 'Whether anything is sent. What happens meanwhile is sent afterwards.' });
const webhookProperties = {
  id,
  url: webhookUrl.schema,
  description: description.schema,
  event_types: eventTypes.schema,
  enabled,
  disabled_reason: orNull(
    Type.String({
      enum: ['gone', 'failing'],
      description: 'Why the server has disabled it: the receiver said 410, or took nothing for three days.',
    }),
  ),
  position: Type.Integer({ minimum: 0, description: 'The last position of the log that it has got to.' }),
  behind: Type.Integer({ minimum: 0, description: 'Events that it has still to get to.' }),
  parked: Type.Integer({
    minimum: 0,
    description:
      'Customers of whom a delivery has failed: theirs are tried again, in order, while those of others go on.',
  }),
  delivered_at: orNull(Type.String({ format: 'date-time', description: 'When the receiver last took something.' })),
  failing_since: orNull(
    Type.String({ format: 'date-time', description: 'Since when it has taken nothing, though it was tried.' }),
  ),
  created_at: time,
  updated_at: time,
};
export const webhookSchema = Type.Object(webhookProperties, { title: 'Webhook' });
const withSecretSchema = Type.Object(
  {
    ...webhookProperties,
    secret: orNull(
      Type.String({
        description: 'What it signs with (Standard Webhooks); told this once, and null when the reply is a replay.',
      }),
    ),
  },
  { title: 'WebhookWithSecret' },
);
const outcome = {
  ms: count,
  status: orNull(Type.Integer({ description: 'What the receiver answered, if it did.' })),
  failure: orNull(
    Type.String({
      description:
        'Why it was not delivered: `status`, `timeout`, `egress_refused` (not in the public Internet), a code of the network such as `ECONNREFUSED`, or `given_up` after three days.',
    }),
  ),
};
const deliverySchema = Type.Object(
  {
    id,
    position: orNull(Type.Integer({ description: 'Of which event; null for a test.' })),
    type: Type.String(),
    customer_id: orNull(Type.String({ format: 'uuid' })),
    attempt: Type.Integer({ minimum: 1 }),
    at: time,
    ...outcome,
  },
  { title: 'Delivery' },
);

// ---- Routes ---------------------------------------------------------------------------------------------------------

export const DELIVERIES_LIMIT = { minimum: 1, maximum: 200, default: 50 } as const;

const base = { permission: 'webhooks:manage', tag: 'Webhooks' } as const;
const one = { ...base, parameters: { id } } as const;
const closed = (properties: Parameters<typeof Type.Object>[0], title: string) => ({
  schema: Type.Object(properties, { title, additionalProperties: false }),
  types: ['application/json'],
});
const optional = {
  description: Type.Optional(description.schema),
  event_types: Type.Optional(eventTypes.schema),
  enabled: Type.Optional(enabled),
};

export const webhookRoutes = {
  list: {
    ...base,
    method: 'GET',
    path: '/api/webhooks',
    summary: 'List the webhooks',
    replies: {
      200: {
        description: 'All of the workspace, the newest first.',
        schema: Type.Object({ results: Type.Array(webhookSchema) }, { title: 'Webhooks' }),
      },
    },
  },
  create: {
    ...base,
    method: 'POST',
    path: '/api/webhooks',
    summary: 'Add a webhook',
    description: `Events from now on are sent to its URL, each as a POST that is signed as Standard Webhooks says, at least once, and in order for each customer. ${WEBHOOKS_MOST} in a workspace; 409 \`too_many_webhooks\` beyond.`,
    headers: IDEMPOTENCY_KEY,
    body: closed({ url: webhookUrl.schema, ...optional }, 'WebhookInput'),
    replies: { 201: { description: 'The webhook, with its secret.', schema: withSecretSchema } },
  },
  read: {
    ...one,
    method: 'GET',
    path: '/api/webhooks/{id}',
    summary: 'Read a webhook',
    replies: { 200: { description: 'The webhook, and how far it is.', schema: webhookSchema } },
  },
  update: {
    ...one,
    method: 'PATCH',
    path: '/api/webhooks/{id}',
    summary: 'Change a webhook',
    description: 'To enable one that was disabled goes on where it stopped; to begin later, replay it from there.',
    headers: IDEMPOTENCY_KEY,
    body: {
      schema: Type.Object(
        { url: Type.Optional(webhookUrl.schema), ...optional },
        { title: 'WebhookPatch', additionalProperties: false },
      ),
      types: ['application/json', 'application/merge-patch+json'],
    },
    replies: { 200: { description: 'The webhook as it is now.', schema: webhookSchema } },
  },
  delete: {
    ...one,
    method: 'DELETE',
    path: '/api/webhooks/{id}',
    summary: 'Delete a webhook',
    headers: IDEMPOTENCY_KEY,
    replies: { 204: { description: 'Deleted, and its deliveries with it.' } },
  },
  rotateSecret: {
    ...one,
    method: 'POST',
    path: '/api/webhooks/{id}/rotate-secret',
    summary: 'Give a webhook a new secret',
    description: 'For 24 hours everything is signed with the former one as well.',
    headers: IDEMPOTENCY_KEY,
    replies: { 200: { description: 'The webhook, with its new secret.', schema: withSecretSchema } },
  },
  deliveries: {
    ...one,
    method: 'GET',
    path: '/api/webhooks/{id}/deliveries',
    summary: 'List what was delivered',
    description: 'The last 10,000 tries, of seven days at most, the newest first.',
    query: {
      failed: Type.Boolean({ default: false, description: 'Those that failed alone.' }),
      limit: Type.Integer({ ...DELIVERIES_LIMIT, description: 'Deliveries per page.' }),
      cursor: Type.String({ description: 'Taken from `next` of a reply.' }),
    },
    replies: {
      200: {
        description: 'A page of them.',
        schema: Type.Object(
          { results: Type.Array(deliverySchema), next: orNull(Type.String()) },
          { title: 'Deliveries' },
        ),
      },
    },
  },
  replay: {
    ...one,
    method: 'POST',
    path: '/api/webhooks/{id}/replay',
    summary: 'Send events again, or leave some out',
    description:
      'It goes on behind a position of the log, earlier or later than where it is. Nobody is parked any more.',
    headers: IDEMPOTENCY_KEY,
    body: closed({ after: position.schema }, 'Replay'),
    replies: { 200: { description: 'The webhook as it is now.', schema: webhookSchema } },
  },
  test: {
    ...one,
    method: 'POST',
    path: '/api/webhooks/{id}/test',
    summary: 'Send a test',
    description: 'An event of the type `webhook.test`, at once and once, whether the webhook is enabled or not.',
    replies: {
      200: { description: 'What became of it.', schema: Type.Object(outcome, { title: 'TestDelivery' }) },
    },
  },
} as const satisfies Record<string, Route>;

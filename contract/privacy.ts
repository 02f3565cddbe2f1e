// What the law asks of whoever keeps data about people: to erase them, to tell them what is kept, and to keep it no longer than needed.
import { Type } from 'typebox';
import { IDEMPOTENCY_KEY, IF_MATCH, type Route } from './api.ts';
import type { Cause } from './causes.ts';
import { type Customer, customerSchema, inputFields } from './customers.ts';
import { actorSchema, type EventActor, eventSchema, type LogEvent } from './events.ts';
import type { FieldKind } from './field.ts';

/** The receipt of an erasure, as the log has it. */
export type Erasure = {
  customer_id: string;
  position: number;
  at: string;
  actor: EventActor;
  request_id: string | null;
  /** Events whose values were removed. */
  events: number;
  /** Whether the customer's emails and external ids are refused from now on. */
  suppressed: boolean;
};

/** All that is kept about a customer. */
export type Dossier = {
  customer: Customer | null;
  deleted_at: string | null;
  erasure: Erasure | null;
  /** Everything that happened to the customer, the last first. */
  events: LogEvent[];
  /** What these events belong to, such as an import. */
  causes: Pick<Cause, 'id' | 'kind' | 'at' | 'actor'>[];
};

export type RetentionRules = { erase_deleted_after_days: number | null; erase_inactive_after_days: number | null };

export const DAYS_MOST = 36_500;

const days = (description: string): FieldKind<number | null> => ({
  schema: Type.Union([Type.Integer({ minimum: 1, maximum: DAYS_MOST }), Type.Null()], { description }),
  normalise(value, label) {
    if (value === null) return { value: null };
    if (typeof value !== 'number')
      return { refusal: { code: 'wrong_type', detail: `${label} must be a number of days, or null.` } };
    if (!Number.isInteger(value) || value < 1 || value > DAYS_MOST)
      return {
        refusal: { code: 'invalid_number', detail: `${label} must be a whole number of 1 to ${DAYS_MOST} days.` },
      };
    return { value };
  },
});

export const retentionFields = {
  erase_deleted_after_days: {
    kind: days('Days after which a deleted customer is erased; null: never.'),
    label: 'Erase deleted after',
    required: false,
  },
  erase_inactive_after_days: {
    kind: days('Days without a change after which an inactive customer is erased; null: never.'),
    label: 'Erase inactive after',
    required: false,
  },
} as const;

const id = Type.String({ format: 'uuid' });
const orNull = <Schema extends Parameters<typeof Type.Union>[0][number]>(schema: Schema) =>
  Type.Union([schema, Type.Null()]);
const time = Type.String({ format: 'date-time' });

export const erasureSchema = Type.Object(
  {
    customer_id: id,
    position: Type.Integer({ minimum: 1, description: 'Of the event `customer.erased`.' }),
    at: time,
    actor: actorSchema,
    request_id: orNull(Type.String()),
    events: Type.Integer({ description: 'Events of the customer whose values were removed.' }),
    suppressed: Type.Boolean({
      description: 'Whether emails and external ids that the customer had are refused from now on.',
    }),
  },
  { title: 'Erasure' },
);

const dossierSchema = Type.Object(
  {
    customer: orNull(customerSchema),
    deleted_at: orNull(time),
    erasure: orNull(erasureSchema),
    events: Type.Array(eventSchema, { description: 'Everything that happened to the customer, the last first.' }),
    causes: Type.Array(Type.Object({ id, kind: Type.String(), at: time, actor: actorSchema }), {
      description: 'What these events belong to, such as an import.',
    }),
  },
  { title: 'Dossier' },
);

const rules = {
  erase_deleted_after_days: retentionFields.erase_deleted_after_days.kind.schema,
  erase_inactive_after_days: retentionFields.erase_inactive_after_days.kind.schema,
};
const rulesSchema = Type.Object(rules, { title: 'RetentionRules' });

export const DOSSIER_FORMATS = ['json', 'html'] as const;
export type DossierFormat = (typeof DOSSIER_FORMATS)[number];
export const DOSSIER_TYPES: Record<DossierFormat, string> = {
  json: 'application/json; charset=utf-8',
  html: 'text/html; charset=utf-8',
};

const base = { tag: 'Privacy' } as const;
const one = { ...base, parameters: { id } } as const;

export const privacyRoutes = {
  erase: {
    ...one,
    permission: 'customers:erase',
    method: 'POST',
    path: '/api/customers/{id}/erase',
    summary: 'Erase a customer for good',
    description:
      'The customer, deleted or not, is removed with all values that the log has of it; its events stay, without them, and nothing brings them back. Its emails and external ids are kept as keyed hashes, by which every later attempt to enter it again is refused (`suppressed`). The answer is a receipt.',
    query: {
      suppress: Type.Boolean({
        default: true,
        description: '`false`: the customer may be entered again.',
      }),
    },
    headers: { ...IDEMPOTENCY_KEY, ...IF_MATCH },
    replies: {
      200: {
        description: 'The receipt.',
        schema: erasureSchema,
        headers: { 'Clientele-Position': 'The position of the event.' },
      },
    },
  },
  erasure: {
    ...one,
    permission: 'customers:read',
    method: 'GET',
    path: '/api/customers/{id}/erasure',
    summary: 'Read the receipt of an erasure',
    description: '404 where the customer was not erased.',
    replies: { 200: { description: 'The receipt.', schema: erasureSchema } },
  },
  dossier: {
    ...one,
    permission: 'customers:read',
    method: 'GET',
    path: '/api/customers/{id}/dossier',
    summary: 'Read all that is kept about a customer',
    description:
      'To be handed to whoever asks what is kept about them: the customer, deleted or not, and everything that ever happened to it, with who did it.',
    query: {
      format: Type.String({
        enum: [...DOSSIER_FORMATS],
        default: 'json',
        description: '`html`: a page to read, print and send.',
      }),
    },
    replies: {
      200: {
        description: `All that is kept: as JSON the object \`Dossier\` (${Object.keys(dossierSchema.properties)
          .map((name) => `\`${name}\``)
          .join(', ')}).`,
        types: DOSSIER_FORMATS.map((format) => DOSSIER_TYPES[format]),
      },
    },
  },
  lift: {
    ...base,
    permission: 'customers:erase',
    method: 'POST',
    path: '/api/suppressions/lift',
    summary: 'Let an erased customer be entered again',
    description: 'Who had this email or external id, and was erased, may be entered again.',
    headers: IDEMPOTENCY_KEY,
    body: {
      schema: Type.Object(
        {
          email: Type.Optional(inputFields.email.kind.schema),
          external_id: Type.Optional(inputFields.external_id.kind.schema),
        },
        { title: 'SuppressedValues', additionalProperties: false },
      ),
      types: ['application/json'],
    },
    replies: {
      200: {
        description: 'Which of them were suppressed until now.',
        schema: Type.Object(
          { lifted: Type.Array(Type.String({ enum: ['email', 'external_id'] })) },
          { title: 'Lifted' },
        ),
      },
    },
  },
  retention: {
    ...base,
    permission: 'workspace:read',
    method: 'GET',
    path: '/api/retention',
    summary: 'Read how long customers are kept',
    replies: { 200: { description: 'The rules of the workspace.', schema: rulesSchema } },
  },
  updateRetention: {
    ...base,
    permission: 'customers:erase',
    method: 'PATCH',
    path: '/api/retention',
    summary: 'Change how long customers are kept',
    description:
      'Whoever is past their time is erased within an hour, and by themselves from then on. They may be entered again.',
    headers: IDEMPOTENCY_KEY,
    body: {
      schema: Type.Object(
        {
          erase_deleted_after_days: Type.Optional(rules.erase_deleted_after_days),
          erase_inactive_after_days: Type.Optional(rules.erase_inactive_after_days),
        },
        { title: 'RetentionPatch', additionalProperties: false },
      ),
      types: ['application/json', 'application/merge-patch+json'],
    },
    replies: { 200: { description: 'The rules as they are now.', schema: rulesSchema } },
  },
} as const satisfies Record<string, Route>;

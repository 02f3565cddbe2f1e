// Requests that a workspace makes, for every route of the contract: about things of its own, but for one value.
import type { Route } from '#contract/api.ts';
import { examples } from '#server/openapi-examples.ts';
import type { Sent } from './asked.ts';
import type { Furnished, Headers } from './furnish.ts';
import { headersOf } from './people.ts';
import { type Slot, withValue } from './slots.ts';

const customer = { first_name: 'Ada', last_name: 'Lovelace', email: '{email}', phone: null, external_id: '{word}' };
const range = (field: string) =>
  Object.fromEntries(['gte', 'gt', 'lte', 'lt'].map((bound) => [`${field}[${bound}]`, '2026-01-31T09:30:00Z']));
const proof = { password: '{password}', code: '123456' };
/** Bodies where an example would not do: taken as they are, and with every member between them. `{…}` is filled in. */
const BODIES: Record<string, unknown[]> = {
  CustomerInput: [customer],
  CustomerPatch: [customer],
  Batch: [
    { items: [{ action: 'create', customer }] },
    { items: [{ action: 'update', id: '{customer}', version: 1, customer }] },
    { items: [{ action: 'upsert', match: 'email', customer }] },
    { items: [{ action: 'upsert', match: 'external_id', customer }] },
    { items: [{ action: 'delete', id: '{customer}', version: 1 }] },
    { items: [{ action: 'restore', id: '{customer}', version: 1 }] },
  ],
  BulkEdit: [
    { ids: ['{customer}'], action: 'deactivate', dry_run: true },
    { ids: ['{customer}'], action: 'update', customer: { first_name: 'Ada', last_name: 'Byron', phone: null } },
    { ids: ['{customer}'], action: 'update', customer: { email: '{email}', external_id: '{word}' } },
    ...[{ search: 'x' }, { email: '{email}' }, { external_id: '{word}' }, range('created_at'), range('updated_at')].map(
      (filter) => ({ filter, action: 'deactivate', dry_run: true }),
    ),
  ],
  Replay: [{ after: 0 }],
  SuppressedValues: [{ email: '{email}', external_id: '{word}' }],
  RetentionPatch: [{ erase_deleted_after_days: 30, erase_inactive_after_days: 365 }],
  ViewInput: [{ name: 'x', query: 'search=x', shared: true }],
  ViewPatch: [{ name: 'x', query: 'search=x' }],
  WorkspacePatch: [{ name: 'x', region: 'GB' }],
  WebhookInput: [{ url: 'https://{word}.example', description: 'x', enabled: false }],
  WebhookPatch: [{ url: 'https://{word}.example', description: 'x', enabled: false }],
  ImportSettings: [{ columns: [{ name: 'email', field: 'email' }], keep_unmapped: true }],
  InvitationInput: [{ email: '{email}', role: 'viewer' }],
  SignIn: [{ email: '{owner}', ...proof }],
  PasswordChange: [{ current_password: '{password}', new_password: '{password}' }],
  PasswordResetRequest: [{ email: '{owner}' }],
  LinkAcceptance: [{ secret: 'x', email: '{email}', name: 'Ada', ...proof }],
  TotpBeginning: [{ password: '{password}' }],
  SecondFactorProof: [proof],
};
export const bodiesOf = (title: string) => BODIES[title] ?? [examples[title]];

/** A body with what it names put in. */
export function fill(at: Furnished, body: unknown, customer = ''): unknown {
  const text = JSON.stringify(body)
    .replaceAll('{email}', () => `${at.word()}@example.org`)
    .replaceAll('{word}', () => at.word())
    .replaceAll('{owner}', at.email)
    .replaceAll('{password}', at.password)
    .replaceAll('{customer}', customer);
  return JSON.parse(text);
}

/** Something of one's own of the kind that a route names in its path. */
export async function subjectOf(at: Furnished, { path }: Route): Promise<string> {
  if (path.split('{').length > 2) throw new Error(`${path} names two things: say how there comes to be the second.`);
  const kind = /\/(\w[\w-]*)\/\{/.exec(path)![1]!;
  const make = async (what: string) => {
    // There may not be any number of them.
    if (kind === 'webhooks')
      for (const { id } of (await at.send('GET', '/api/webhooks')).body.results.slice(10))
        await at.send('DELETE', `/api/webhooks/${id}`);
    const body = fill(at, bodiesOf(what)[0]);
    return (await at.send('POST', `/api/${kind}`, body)).body.id as string;
  };
  const makers: Record<string, () => Promise<string>> = {
    customers: async () => {
      const id = await at.newCustomer();
      if (path.endsWith('/erasure')) await at.send('POST', `/api/customers/${id}/erase`);
      return id;
    },
    keys: () => make('KeyInput'),
    invitations: () => make('InvitationInput'),
    views: () => make('ViewInput'),
    webhooks: () => make('WebhookInput'),
    imports: () => at.newImport(/undo|rejected|events/.test(path)),
    causes: () => at.newBatch(),
    members: async () => (await at.send('GET', '/api/members')).body.results[0].id,
    sessions: async () => (await at.person.call('GET', '/api/account/sessions')).body.results[0].id,
    workspaces: async () => at.slug,
    'by-external-id': async () => at.word(),
    events: async () =>
      (await at.send('POST', '/api/customers', fill(at, customer))).headers.get('clientele-position')!,
  };
  const maker = makers[kind];
  if (!maker) throw new Error(`${path}: say how there comes to be one.`);
  return maker();
}

/** A request that has a value at a place, and is otherwise right. */
export async function requestFor(
  at: Furnished,
  { route, place, name, pointer, body }: Slot,
  subject: string,
  value: string,
  as?: (at: Furnished) => Headers,
): Promise<Sent> {
  const { method } = route;
  let path = route.path.replace(/\{\w+\}/, encodeURIComponent(place === 'path' ? value : subject));
  if (place === 'query') path += `?${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
  const title = (route.body?.schema as { title?: string } | undefined)?.title;
  let sent: unknown;
  if (route.body?.stream) sent = `first_name,last_name,email\nAda,Lovelace,${at.word()}@example.org\n`;
  else if (title !== undefined) {
    const template = body ?? bodiesOf(title)[0];
    const kind = typeof pointed(template, pointer ?? []) === 'number' ? Number(value) : value;
    const named = pointer ? withValue(template, pointer, kind) : template;
    sent = fill(at, named, JSON.stringify(named).includes('{customer}') ? await at.newCustomer() : '');
    if (route.parameters?.external_id && pointer?.at(-1) !== 'external_id')
      delete (sent as { external_id?: string }).external_id;
  }
  const person = route.permission === null ? headersOf(at.person) : at.key;
  return {
    method,
    path,
    body: sent,
    headers: {
      ...(sent === undefined ? {} : { 'content-type': route.body!.types[0]! }),
      'x-request-id': 'same',
      ...(as ? as(at) : person),
      ...(place === 'header' ? { [name]: ofOwnKey(at, value) } : {}),
    },
  };
}

/** With parts of one's own key. */
function ofOwnKey(at: Furnished, value: string): string {
  const [, id, secret] = /clt_(.{32})\w*_(\w+)/.exec(at.key.authorization!)!;
  return value.replace('{id}', id!).replace('{secret}', secret!);
}

const pointed = (body: unknown, pointer: readonly (string | number)[]): unknown =>
  pointer.reduce((inner, step) => (inner as Record<string | number, unknown>)[step], body);

// What the documentation shows: one customer and what happens to it. A test holds every example against its schema.

const request_id = '7d3f9c52-0f0e-4c1b-8a55-2b6f5c1d9e04';

const customer = {
  id: '019c1363-49c0-7a5b-9d4b-3f6a1c2e8b90',
  first_name: 'Ada',
  last_name: 'Lovelace',
  full_name: 'Ada Lovelace',
  email: 'ada@example.com',
  phone: '+44 20 7946 0958',
  phone_e164: '+442079460958',
  is_active: true,
  external_id: 'crm-00042',
  version: 1,
  created_at: '2026-01-31T09:30:00.000000Z',
  updated_at: '2026-01-31T09:30:00.000000Z',
};
const { first_name, last_name, email, phone, external_id, created_at } = customer;

const key = {
  id: '019c1363-2a58-7c06-b7c3-51a0de94f1aa',
  name: 'Nightly import',
  role: 'editor',
  created_at,
  revoked_at: null,
};
const workspace = { slug: 'main', name: 'Main', region: 'GB', created_at };
const changed = {
  ...customer,
  phone: '+44 20 7946 0123',
  phone_e164: '+442079460123',
  version: 2,
  updated_at: '2026-02-03T16:12:45.318207Z',
};
const event = {
  position: 1815,
  at: changed.updated_at,
  type: 'customer.updated',
  customer_id: customer.id,
  customer_version: changed.version,
  actor: { type: 'key', id: key.id, name: key.name },
  request_id,
  cause_id: null,
  changes: { phone: [phone, changed.phone] },
  customer: changed,
};

const erasure = {
  customer_id: customer.id,
  position: 1816,
  at: changed.updated_at,
  actor: event.actor,
  request_id,
  events: 2,
  suppressed: true,
};

const cause = {
  id: '019c1363-5e10-7b4e-9c1f-0a8d7e6b5c43',
  kind: 'undo',
  state: 'done',
  actor: event.actor,
  at: '2026-02-03T16:20:00.104511Z',
  finished_at: '2026-02-03T16:20:00.161930Z',
  details: { cause_id: '019c1363-5d02-7c19-8f5e-6b7a8c9d0e1f', kind: 'batch', request_id },
  progress: { total: 240, done: 240, changed: 239, kept: 1 },
  failure: null,
  undoes: '019c1363-5d02-7c19-8f5e-6b7a8c9d0e1f',
  undone_by: null,
};
const kept = [{ field: 'phone', code: 'changed_since' }];

const found = {
  rows: 1204,
  create: 1180,
  update: 12,
  unchanged: 9,
  refuse: 3,
  reasons: [
    { codes: ['invalid_email'], reason: 'Email is not a valid email address.', rows: 3, lines: [17, 430, 911] },
  ],
};
const imported = {
  id: '019c1363-6a20-7d5e-8b3c-2f1e0d9c8b7a',
  state: 'done',
  filename: 'customers.csv',
  bytes: 96_320,
  format: { encoding: 'utf-8', delimiter: ',' },
  columns: [
    { name: 'First name', field: 'first_name', rule: 'overwrite' },
    { name: 'Last name', field: 'last_name', rule: 'overwrite' },
    { name: 'E-mail', field: 'email', rule: 'overwrite' },
    { name: 'Notes', field: null, rule: 'overwrite' },
  ],
  match: 'email',
  sample: [[first_name, last_name, email, 'met in London']],
  found,
  progress: { total: 1204, done: 1204, created: 1180, updated: 12, unchanged: 9, refused: 3, changed: 1192 },
  rows_per_second: 5980,
  seconds_left: null,
  actor: event.actor,
  at: '2026-02-03T16:30:00.412907Z',
  finished_at: '2026-02-03T16:30:02.020551Z',
  failure: null,
  undone_by: null,
};

const account = { id: '019c1363-1c07-7e2d-9a46-8b7c6d5e4f30', email: 'olive@example.org', name: 'Olive Owner' };
const signedIn = { account, workspaces: [{ slug: workspace.slug, name: workspace.name, role: 'owner' }] };
const session = {
  id: '019c1363-1d11-7b3f-8c59-0a1b2c3d4e5f',
  created_at,
  last_seen_at: '2026-02-03T16:10:31.902114Z',
  expires_at: '2026-03-05T16:10:31.902114Z',
  user_agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  address: '192.0.2.17',
  current: true,
};
const member = { ...account, role: 'owner', created_at };
const invitation = {
  id: '019c1363-7b30-7f6e-9d21-4c5b6a7f8e90',
  email: 'ed@example.org',
  role: 'editor',
  made_by: { type: 'person', id: account.id, name: account.name },
  created_at: '2026-02-03T16:40:00.250816Z',
  expires_at: '2026-02-10T16:40:00.250816Z',
};
const secret = 'i019c13637b307f6e9d214c5b6a7f8e901_Qm9yZWQgd2l0aCBhIHNlY3JldCBvZiA0MyBjaGFyYWM';
const password = 'seven white herons at noon';
const totp = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
/** Of 24 signs each, none of which ever let anybody in. */
const recovery_codes = Array.from({ length: 10 }, (_, index) => `${index}k7m-q2xz-9vbd-4hnp-c8rt-w5yg`);

const view = {
  id: '019c1363-8c40-7a1f-8e32-5d4c3b2a1f0e',
  name: 'New in Berlin',
  query: 'search=berlin&ordering=-created_at&columns=full_name,email',
  shared: false,
  made_by: event.actor,
  created_at: '2026-02-03T16:45:00.731902Z',
  updated_at: '2026-02-03T16:45:00.731902Z',
};

const webhook = {
  id: '019c1363-8d51-7b2e-9a43-6e5d4c3b2a1f',
  url: 'https://shop.example.com/clientele',
  description: 'The shop',
  event_types: ['customer.created', 'customer.updated'],
  enabled: true,
  disabled_reason: null,
  position: 1815,
  behind: 0,
  parked: 0,
  delivered_at: '2026-02-03T16:48:10.201000Z',
  failing_since: null,
  created_at: '2026-02-03T16:46:00.118204Z',
  updated_at: '2026-02-03T16:46:00.118204Z',
};
const outcome = { ms: 41, status: 204, failure: null };
const delivery = {
  id: '019c1363-8e62-7c3f-8b54-7f6e5d4c3b2a',
  position: event.position,
  type: event.type,
  customer_id: customer.id,
  attempt: 1,
  at: '2026-02-03T16:48:10.160000Z',
  ...outcome,
};

/** By the name of the schema of a body or reply. */
export const examples: Record<string, unknown> = {
  Anchors: {
    count: 1_000_000,
    is_exact: false,
    results: [
      { rank: 333_333, cursor: 'WyJqTk1mVU5SOSIsMSwiZ2FyY2lhIiwibWFyaWEiLCIwMTljMTM2My00OWMwLTdhNWIiXQ' },
      { rank: 666_667, cursor: 'WyJqTk1mVU5SOSIsMSwibmd1eWVuIiwibGluaCIsIjAxOWMxMzYzLTVkMDItN2MxOSJd' },
    ],
  },
  Customer: customer,
  CustomerInput: { first_name, last_name, email, phone, external_id },
  CustomerPatch: { phone: changed.phone },
  Batch: {
    items: [
      { action: 'create', customer: { first_name, last_name, email } },
      { action: 'update', id: customer.id, customer: { phone: changed.phone } },
    ],
  },
  BatchResults: {
    cause_id: '019c1363-5e10-7b4e-9c1f-0a8d7e6b5c43',
    results: [
      { status: 201, customer },
      { status: 200, customer: changed },
    ],
  },
  BulkEdit: { filter: { search: 'example.com', is_active: true }, action: 'deactivate' },
  BulkCount: { total: 1204 },
  CustomerMessage: { message: 'Customer activated.', customer },
  CustomerPage: { count: 1, count_is_exact: true, next: null, previous: null, results: [customer] },
  CustomerStats: { total_customers: 1_000_000, active_customers: 897_204, inactive_customers: 102_796 },
  CustomerTimeline: {
    from: '2026-01-30',
    to: '2026-02-01',
    by: 'day',
    before: 997_310,
    results: [
      { date: '2026-01-30', customers: 1204 },
      { date: '2026-01-31', customers: 1486 },
      { date: '2026-02-01', customers: 0 },
    ],
  },
  View: view,
  Views: { results: [view] },
  ViewInput: { name: view.name, query: view.query },
  Webhook: webhook,
  Webhooks: { results: [webhook] },
  WebhookInput: { url: webhook.url, description: webhook.description, event_types: webhook.event_types },
  WebhookPatch: { enabled: false },
  WebhookWithSecret: { ...webhook, secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw8pXVWvZkFqE=' },
  Replay: { after: 1800 },
  TestDelivery: outcome,
  Deliveries: { results: [delivery], next: null },
  ViewPatch: { name: 'New in Berlin and Potsdam' },
  Cause: cause,
  CausePage: { results: [cause], next: null },
  File: 'first_name,last_name,email\nAda,Lovelace,ada@example.com\n',
  Import: imported,
  ImportPage: { results: [imported], next: null },
  ImportSettings: { delimiter: ';', columns: [{ name: 'Kunde', field: 'last_name' }], match: 'email' },
  KeptPage: { results: [{ position: 1790, customer_id: customer.id, fields: kept }], next: null },
  Undone: { cause_id: cause.id, customer, deleted: false, kept: [] },
  EventPage: { results: [event] },
  History: { results: [event], next: null },
  Keys: { results: [key] },
  KeyInput: { name: key.name, role: key.role },
  NewKey: { ...key, key: `clt_019c13632a587c06b7c351a0de94f1aa1_${'5b0c7e'.repeat(10)}f29d` },
  Account: account,
  AccountPatch: { name: 'Olive O’Wner' },
  SignIn: { email: account.email, password },
  SignedIn: signedIn,
  PasswordChange: { current_password: password, new_password: 'eight black swans at dawn' },
  Sessions: { results: [session] },
  LinkSecret: { secret },
  Link: {
    kind: 'invitation',
    email: invitation.email,
    has_account: false,
    workspace: { slug: workspace.slug, name: workspace.name },
    role: invitation.role,
    expires_at: invitation.expires_at,
  },
  LinkAcceptance: { secret, name: 'Ed Editor', password },
  OwnAccount: { ...account, has_password: true, second_factor: true, recovery_codes_left: 9 },
  TotpBeginning: { password },
  TotpSetup: {
    secret: totp,
    uri: `otpauth://totp/Clientele:olive%40example.org?issuer=Clientele&secret=${totp}&algorithm=SHA1&digits=6&period=30`,
  },
  TotpConfirmation: { code: '123456' },
  RecoveryCodes: { recovery_codes },
  SecondFactorProof: { password, code: '123456' },
  SignInOptions: { openid: { name: 'Example' }, mail: true },
  PasswordResetRequest: { email: account.email },
  Member: member,
  Members: { results: [member] },
  MemberPatch: { role: 'viewer' },
  Invitations: { results: [invitation] },
  InvitationInput: { email: invitation.email, role: invitation.role },
  NewInvitation: { ...invitation, link: `/link#${secret}` },
  Erasure: erasure,
  SuppressedValues: { email: customer.email, external_id },
  Lifted: { lifted: ['email'] },
  RetentionRules: { erase_deleted_after_days: 30, erase_inactive_after_days: null },
  RetentionPatch: { erase_deleted_after_days: 30 },
  Workspaces: { results: [workspace] },
  WorkspacePatch: { region: 'GB' },
  Workspace: workspace,
  Status: { status: 'ok' },
  Problem: {
    type: '/api/docs#invalid',
    title: 'Bad Request',
    status: 400,
    detail: 'A customer with this email already exists.',
    instance: '/api/customers',
    code: 'invalid',
    request_id,
    errors: [
      {
        pointer: '/email',
        code: 'email_taken',
        detail: 'A customer with this email already exists.',
        conflict: { id: customer.id, href: `/api/customers/${customer.id}` },
      },
    ],
  },
};

const parameters: Record<string, Record<string, unknown>> = {
  customersList: { search: 'lovelace', limit: 10 },
  customersAnchors: { ordering: 'last_name', limit: 2 },
  customersTimeline: { from: '2026-01-30', to: '2026-02-01' },
  exportsCustomers: { format: 'csv', is_active: true },
  eventsFeed: { after: 1814, limit: 100 },
  accessRevokeKey: { id: key.id },
  peopleRevokeSession: { id: session.id },
  peopleUpdateMember: { id: account.id },
  peopleRemoveMember: { id: account.id },
  peopleRevokeInvitation: { id: invitation.id },
};
const inPaths: Record<string, string> = { id: customer.id, external_id, slug: workspace.slug };

/** What the example request of an operation gives for a parameter; undefined where it leaves it out. */
export function exampleOf(operationId: string, place: 'path' | 'query' | 'header', name: string): unknown {
  return parameters[operationId]?.[name] ?? (place === 'path' ? inPaths[name] : undefined);
}

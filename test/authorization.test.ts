// Who may do what: every route of the contract is tried by every role, by key and by session, without either, with a revoked
// one, and from another workspace. What is refused must have changed nothing at all.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { ROLES, type Role, type Route } from '#contract/api.ts';
import { createKey, createWorkspace, findWorkspace, revokeKey, systemActor } from '#server/access/access.ts';
import { routeTables } from '#server/openapi.ts';
import { examples } from '#server/openapi-examples.ts';
import { headersOf, signUp, type Visitor } from './support/people.ts';
import { startServer, type TestServer } from './support/server.ts';

/**
 * The least role that may use a route; null: anybody may; 'person': whoever is signed in, but no key; 'page': anybody, from
 * a page of the server's own; 'provider': anybody, by way of an OpenID provider, which sign-in-openid.test.ts tries. Written out here, so that a slip in the contract is seen.
 */
const LEAST: Record<string, Role | 'person' | 'page' | 'provider' | null> = {
  'GET /api/account': 'person',
  'POST /api/account/totp': 'person',
  'PUT /api/account/totp': 'person',
  'DELETE /api/account/totp': 'person',
  'POST /api/account/recovery-codes': 'person',
  'GET /api/sign-in': null,
  'GET /api/sign-in/openid': 'provider',
  'GET /api/sign-in/openid/callback': 'provider',
  'GET /api/session': 'person',
  'POST /api/session': 'page',
  'DELETE /api/session': 'page',
  'PATCH /api/account': 'person',
  'PUT /api/account/password': 'person',
  'GET /api/account/sessions': 'person',
  'DELETE /api/account/sessions': 'person',
  'DELETE /api/account/sessions/{id}': 'person',
  'POST /api/links/read': 'page',
  'POST /api/links/accept': 'page',
  'POST /api/password-resets': 'page',
  'GET /api/members': 'viewer',
  'PATCH /api/members/{id}': 'admin',
  'DELETE /api/members/{id}': 'admin',
  'GET /api/invitations': 'admin',
  'POST /api/invitations': 'admin',
  'DELETE /api/invitations/{id}': 'admin',
  'GET /healthz': null,
  'GET /readyz': null,
  'GET /api/openapi.json': null,
  'GET /api/docs': null,
  'GET /api/docs.css': null,
  'GET /api/workspaces': 'viewer',
  'PATCH /api/workspaces/{slug}': 'admin',
  'GET /api/keys': 'admin',
  'POST /api/keys': 'admin',
  'DELETE /api/keys/{id}': 'admin',
  'GET /api/events': 'viewer',
  'GET /api/webhooks': 'admin',
  'POST /api/webhooks': 'admin',
  'GET /api/webhooks/{id}': 'admin',
  'PATCH /api/webhooks/{id}': 'admin',
  'DELETE /api/webhooks/{id}': 'admin',
  'POST /api/webhooks/{id}/rotate-secret': 'admin',
  'GET /api/webhooks/{id}/deliveries': 'admin',
  'POST /api/webhooks/{id}/replay': 'admin',
  'POST /api/webhooks/{id}/test': 'admin',
  'POST /api/customers/{id}/erase': 'admin',
  'GET /api/customers/{id}/erasure': 'viewer',
  'GET /api/customers/{id}/dossier': 'viewer',
  'POST /api/suppressions/lift': 'admin',
  'GET /api/retention': 'viewer',
  'PATCH /api/retention': 'admin',
  'GET /api/views': 'viewer',
  'POST /api/views': 'viewer',
  'PATCH /api/views/{id}': 'viewer',
  'DELETE /api/views/{id}': 'viewer',
  'GET /api/events/stream': 'viewer',
  'POST /api/events/{position}/undo': 'editor',
  'GET /api/causes': 'viewer',
  'GET /api/causes/{id}': 'viewer',
  'GET /api/causes/{id}/kept': 'viewer',
  'POST /api/causes/{id}/cancel': 'editor',
  'POST /api/causes/{id}/undo': 'editor',
  'POST /api/imports': 'editor',
  'GET /api/imports': 'viewer',
  'GET /api/imports/{id}': 'viewer',
  'PATCH /api/imports/{id}': 'editor',
  'POST /api/imports/{id}/run': 'editor',
  'POST /api/imports/{id}/cancel': 'editor',
  'POST /api/imports/{id}/undo': 'editor',
  'GET /api/imports/{id}/rejected.csv': 'viewer',
  'GET /api/imports/{id}/events': 'viewer',
  'GET /api/customers': 'viewer',
  'POST /api/customers': 'editor',
  'POST /api/customers/batch': 'editor',
  'POST /api/customers/bulk-edits': 'editor',
  'GET /api/customers/stats': 'viewer',
  'GET /api/customers/anchors': 'viewer',
  'GET /api/customers/stats/timeline': 'viewer',
  'GET /api/customers/export': 'viewer',
  'PUT /api/customers/by-external-id/{external_id}': 'editor',
  'GET /api/customers/{id}': 'viewer',
  'PUT /api/customers/{id}': 'editor',
  'PATCH /api/customers/{id}': 'editor',
  'DELETE /api/customers/{id}': 'editor',
  'POST /api/customers/{id}/restore': 'editor',
  'POST /api/customers/{id}/activate': 'editor',
  'POST /api/customers/{id}/deactivate': 'editor',
  'GET /api/customers/{id}/history': 'viewer',
};

// What keeps /metrics has a test of its own: it takes a token, not a key.
const routes = Object.values(routeTables)
  .flatMap((table) => Object.values(table) as Route[])
  .filter(({ path }) => path !== '/metrics');
const nameOf = ({ method, path }: Route) => `${method} ${path}`;

let server: TestServer;
let inspector: pg.Client;
let revoked: string;
let foreigner: string;
const people = {} as Record<Role, Visitor & { email: string }>;
before(async () => {
  server = await startServer();
  inspector = new pg.Client(server.connection);
  await inspector.connect();
  const gone = (await newKey('viewer')).subject;
  await revokeKey(server.database, server.actor, gone.id, { request_id: null });
  revoked = gone.key!;
  await createWorkspace(server.database, 'next', 'Next door');
  const owner = systemActor((await findWorkspace(server.database, 'next'))!, 'test');
  const made = await createKey(server.database, owner, { name: 'next', role: 'owner' }, { request_id: null });
  foreigner = made.subject.key!;
  for (const role of ROLES) people[role] = await signUp(server, role);
});
after(async () => {
  await inspector.end();
  await server.stop();
});

const newKey = (role: Role) =>
  createKey(server.database, server.actor, { name: 'subject', role }, { request_id: null });

let made = 0;
const newEmail = () => `someone${++made}@example.org`;
async function newCustomer(): Promise<string> {
  const { body } = await server.call('POST', '/api/customers', { ...customer(), external_id: `ext-${made}` });
  return body.id;
}
const invitation = () => ({ email: newEmail(), role: 'viewer' });
const customer = () => ({ first_name: 'Ada', last_name: 'Lovelace', email: newEmail() });

/** Something of the kind that the path names by its id or position. */
async function subjectOf(path: string, who: Headers): Promise<string> {
  if (path.startsWith('/api/keys')) return (await newKey('viewer')).subject.id;
  if (path.startsWith('/api/members')) return (await signUp(server, 'viewer')).id;
  if (path.startsWith('/api/invitations'))
    return (await server.call('POST', '/api/invitations', invitation(), headersOf(people.owner))).body.id;
  if (path.startsWith('/api/views')) {
    // One's own, if one can have any: others cannot be told from what is not there.
    const { body } = await server.call('POST', '/api/views', examples.ViewInput, who);
    return body.id ?? (await server.call('POST', '/api/views', examples.ViewInput)).body.id;
  }
  if (path.startsWith('/api/webhooks')) {
    const owner = headersOf(people.owner);
    // There may not be any number of them.
    for (const { id } of (await server.call('GET', '/api/webhooks', undefined, owner)).body.results)
      await server.call('DELETE', `/api/webhooks/${id}`, undefined, owner);
    return (await server.call('POST', '/api/webhooks', examples.WebhookInput, owner)).body.id;
  }
  if (path.startsWith('/api/causes')) {
    const items = [{ action: 'create', customer: customer() }];
    return (await server.call('POST', '/api/customers/batch', { items })).body.cause_id;
  }
  if (path.startsWith('/api/imports')) return newImport(/undo|rejected|events/.test(path));
  if (path.endsWith('/erasure')) {
    const id = await newCustomer();
    await server.call('POST', `/api/customers/${id}/erase`, undefined, headersOf(people.owner));
    return id;
  }
  if (!path.startsWith('/api/events')) return newCustomer();
  return (await server.call('POST', '/api/customers', customer())).headers.get('clientele-position')!;
}

/** What is sent where an example would be refused the second time, or names what is not there. */
const BODIES: Record<string, () => object> = {
  CustomerInput: customer,
  InvitationInput: invitation,
  MemberPatch: () => ({ role: 'editor' }),
  CustomerPatch: () => ({ phone: null }),
  Replay: () => ({ after: 0 }),
  ImportSettings: () => ({ match: 'email' }),
};

/** An import that is checked, or that has ended and refused a row. */
async function newImport(run: boolean): Promise<string> {
  const file = `first_name,last_name,email\nAda,Lovelace,${newEmail()}\nAda,Lovelace,nobody\n`;
  const { id } = (await server.call('POST', '/api/imports', file, CSV)).body;
  await ended();
  if (run) await server.call('POST', `/api/imports/${id}/run`);
  await ended();
  return id;
}
const CSV = { 'content-type': 'text/csv' };

/** Waits until no work is under way. */
async function ended(): Promise<void> {
  while ((await inspector.query(`SELECT 1 FROM causes WHERE state = 'running'`)).rowCount !== 0)
    await new Promise((resolve) => setTimeout(resolve, 10));
}

/** A path, body and headers with which the route succeeds for whoever may use it. */
async function attemptOn({ path, body }: Route, who: Headers = {}) {
  const subject = await subjectOf(path, who);
  const title = (body?.schema as { title?: string } | undefined)?.title;
  const example = title === undefined ? undefined : (examples[title] as object);
  return {
    path: path
      .replace(/\{(id|position)\}/, subject)
      .replace('{slug}', 'main')
      .replace('{external_id}', `ext-${++made}`),
    body: title !== undefined && title in BODIES ? BODIES[title]!() : example,
    headers: body?.stream ? CSV : {},
  };
}

/** Every row of every table: whatever a refused request left behind would show. Work that was allowed ends first. */
async function everything(): Promise<string> {
  await ended();
  const { rows: tables } = await inspector.query(
    `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1`,
  );
  const texts = [];
  for (const { name } of tables) {
    const { rows } = await inspector.query(`SELECT row::text AS text FROM "${name}" AS row ORDER BY 1`);
    texts.push(name, ...rows.map(({ text }) => text));
  }
  return texts.join('\n');
}

test('the table names every route of the contract, and no other', () => {
  assert.deepEqual(routes.map(nameOf).sort(), Object.keys(LEAST).sort());
});

type Headers = Record<string, string | null>;
type Caller = [name: string, headers: Headers];

const byKey = (key: string | undefined): Headers => ({ authorization: key === undefined ? '' : `Bearer ${key}` });
const STRANGERS = (): Caller[] => [
  ['nobody', byKey(undefined)],
  ['a revoked key', byKey(revoked)],
  ['a session that there is not', { ...headersOf(people.owner), cookie: `clientele=${'x'.repeat(43)}` }],
];
const KEYS = (): Caller[] => ROLES.map((role) => [`the key of ${role}`, byKey(server.keys[role])]);
const PEOPLE = (): Caller[] => ROLES.map((role) => [`a person, ${role}`, headersOf(people[role])]);

/** Tries a route; what is refused must leave everything as it was. */
async function attempt(route: Route, [caller, who]: Caller, expected: number | 'passes'): Promise<void> {
  for (const method of route.method === 'GET' ? ['GET', 'HEAD'] : [route.method]) {
    const { path, body, headers } = await attemptOn(route, who);
    const before = expected === 'passes' ? undefined : await everything();
    const { status } = await server.call(method, path, body, {
      ...headers,
      'idempotency-key': `${caller} ${path}`,
      ...who,
    });
    if (expected === 'passes') assert.ok(status >= 200 && status < 300, `${caller}: ${method} gave ${status}`);
    else {
      assert.equal(status, expected, `${caller}: ${method}`);
      assert.ok(before === (await everything()), `${caller}: ${method} was refused and changed something`);
    }
  }
}

describe('every route, tried by everybody:', () => {
  for (const route of routes) {
    const least = LEAST[nameOf(route)] ?? null;
    if (least === 'person' || least === 'page' || least === 'provider') continue;
    test(`${nameOf(route)} is for ${least ?? 'anybody'}${least === 'owner' || least === null ? '' : ' and above'}`, async () => {
      const isEnough = (role: Role) => least === null || ROLES.indexOf(role) >= ROLES.indexOf(least);
      for (const callers of [KEYS(), PEOPLE()])
        for (const [at, role] of ROLES.entries()) await attempt(route, callers[at]!, isEnough(role) ? 'passes' : 403);
      for (const stranger of STRANGERS()) await attempt(route, stranger, least === null ? 'passes' : 401);
    });
  }
});

describe('a route for people takes no key:', () => {
  for (const route of routes.filter((one) => LEAST[nameOf(one)] === 'person'))
    test(nameOf(route), async () => {
      for (const caller of KEYS()) await attempt(route, caller, 403);
      for (const stranger of STRANGERS()) await attempt(route, stranger, 401);
      if (route.method !== 'GET')
        for (const site of ['cross-site', 'same-site', 'none'])
          await attempt(route, [site, { ...headersOf(people.owner), 'sec-fetch-site': site }], 403);
    });
});

describe('a route that signs in or out takes a page of ours:', () => {
  for (const route of routes.filter((one) => LEAST[nameOf(one)] === 'page'))
    test(nameOf(route), async () => {
      for (const caller of [...KEYS(), ...STRANGERS().slice(0, 2)]) await attempt(route, caller, 403);
      for (const site of ['cross-site', 'same-site', 'none'])
        await attempt(route, [site, { ...headersOf(people.owner), 'sec-fetch-site': site }], 403);
    });
});

describe('from another workspace, what is there looks like what is not:', () => {
  const withSubject = routes.filter(({ path, permission }) => permission && /\{(id|slug)\}/.test(path));
  const nobodys = '01890000-0000-7000-8000-000000000000';
  const variants: Record<string, string>[] = [{}, { 'if-match': '"1"' }, { 'idempotency-key': 'k' }];

  for (const route of withSubject)
    test(nameOf(route), async () => {
      const { path, body } = await attemptOn(route);
      const theirs = path.includes('main') ? 'main' : path.split('/')[3]!;
      const unknown = theirs === 'main' ? ['none', '%20%2f'] : [nobodys, 'z'.repeat(36)];
      const before = await everything();
      for (const headers of variants)
        for (const sent of route.body ? [body, { nonsense: true }, []] : [body]) {
          const replies = [];
          for (const id of [theirs, ...unknown]) {
            const reply = await server.call(route.method, path.replace(theirs, id), sent, {
              authorization: `Bearer ${foreigner}`,
              'x-request-id': 'same',
              ...headers,
            });
            const shown = [...reply.headers].filter(([name]) => name !== 'date' && name !== 'content-length');
            replies.push([reply.status, reply.text.replace(id, '…'), shown]);
          }
          assert.deepEqual(replies[1], replies[0]);
          assert.deepEqual(replies[2], replies[0]);
          if (sent === body) assert.equal(replies[0]![0], 404);
        }
      assert.ok(before === (await everything()), 'a refusal changed something');
    });

  test('an external id belongs to each workspace by itself', async () => {
    const id = await newCustomer();
    const mine = await server.call('GET', `/api/customers/${id}`);
    const path = `/api/customers/by-external-id/${mine.body.external_id}`;
    const theirs = await server.call('PUT', path, customer(), { authorization: `Bearer ${foreigner}` });
    assert.equal(theirs.status, 201);
    assert.notEqual(theirs.body.id, id);
    assert.equal((await server.call('GET', `/api/customers/${id}`)).text, mine.text);
  });
});

test('a session of somebody else cannot be ended, nor told from one that there is not', async () => {
  const theirs = (await people.owner.call('GET', '/api/account/sessions')).body.results[0].id;
  const before = await everything();
  for (const id of [theirs, '01890000-0000-7000-8000-000000000000', 'x']) {
    const { status, body } = await people.viewer.call('DELETE', `/api/account/sessions/${id}`);
    assert.deepEqual([status, body.code], [404, 'not_found']);
  }
  assert.ok(before === (await everything()));
});

test('nobody makes or revokes a key above their own role', async () => {
  const admin = { authorization: `Bearer ${server.keys.admin}` };
  const owners = (await newKey('owner')).subject;
  const before = await everything();
  const attempts = [
    server.call('POST', '/api/keys', { name: 'mine', role: 'owner' }, admin),
    server.call('DELETE', `/api/keys/${owners.id}`, undefined, admin),
  ];
  for (const { status, body } of await Promise.all(attempts))
    assert.deepEqual([status, body.code], [403, 'role_too_high']);
  assert.ok(before === (await everything()));
});

// Nothing of another workspace can be had, changed or found out, by whatever name it is called. Generated from the contract:
// each place of each route at which a request can name something is given each thing that a foreign workspace has, and a
// twin of it that exists nowhere. Two workspaces of ours ask, one for the things and one for their twins; they have had the
// same requests before, so their replies must be the same too. A route whose ids are not among what the foreign workspace
// was furnished with fails.
import assert from 'node:assert/strict';
import type { LookupFunction } from 'node:net';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import type { Route } from '#contract/api.ts';
import { openEgress } from '#server/egress.ts';
import { ask, compared, type Sent, type Shown } from './support/asked.ts';
import { type Furnished, furnish, type Headers, openFurnished, untilIdle } from './support/furnish.ts';
import { openTestLog } from './support/log.ts';
import { headersOf, openVisitor, type Visitor } from './support/people.ts';
import { bodiesOf, fill, requestFor, subjectOf } from './support/requests.ts';
import { startServer, type TestServer } from './support/server.ts';
import { nameOf, questionsOf, routes, type Slot, slotsOf } from './support/slots.ts';
import {
  type Belongings,
  belongingsOf,
  everythingOf,
  FOREIGN,
  idsIn,
  twinOf,
  twinOfCursor,
  twinOfEtag,
  twinOfValues,
  withScope,
  wordsIn,
} from './support/twins.ts';

/** Columns that say of nobody who they are: of few values, of numbers, or empty save while there is work. */
const MUTE = `accounts.password_hash bulk_edit_targets.cause_id causes.failure causes.kind causes.place causes.progress
  causes.runs_at causes.state customers.starts deliveries.failure deliveries.type
  events.type idempotency_keys.actor_id idempotency_keys.fingerprint idempotency_keys.reply imports.file_format imports.found
  imports.match_field invitations.role kept_changes.fields keys.role members.role publications.taken_by sessions.address suppressions.hash suppressions.key_id
  views.owner webhooks.disabled_reason webhooks.taken_by workspaces.region`;

const METRICS = 'metrics-token-of-this-test';
const log = openTestLog();
/** Whatever a host is called, it lies inside, where webhooks may not go. */
const inside: LookupFunction = (_host, options, done) =>
  options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4);
const egress = openEgress([], { lookup: inside });

let server: TestServer;
let sql: pg.Client;
let foreign: Furnished;
let ours: [Furnished, Furnished];
let guest: Visitor;
let theirs: Belongings & {
  position: number;
  cursors: Map<string, string>;
  etags: string[];
  keys: string[];
  request_id: string;
};
let scopes: [Map<string, string>, Map<string, string>];
let untouched: string[];
let logged: number;
let measured: string;

before(async () => {
  server = await startServer({ egress, logger: log.logger, metrics_token: METRICS });
  sql = new pg.Client(server.connection);
  await sql.connect();
  guest = openVisitor(server.base);
  foreign = await openFurnished(server, sql, FOREIGN);
  await foreign.newBatch(1000);
  await foreign.invite(guest, 'editor');
  await furnish(server, sql, foreign, egress);
  ours = [await openFurnished(server, sql, 'numbata'), await openFurnished(server, sql, 'numbatb')];
  for (const one of ours) {
    await furnish(server, sql, one);
    await one.invite(guest);
  }
  const key = foreign.word();
  await foreign.send('POST', '/api/customers', fill(foreign, bodiesOf('CustomerInput')[0]), {
    ...actingAs(guest, foreign),
    'idempotency-key': key,
  });
  const { rows } = await sql.query('SELECT key FROM idempotency_keys WHERE workspace_id = $1 AND actor_id LIKE $2', [
    foreign.id,
    'key:%',
  ]);
  const { rows: requests } = await sql.query(
    'SELECT request_id FROM events WHERE workspace_id = $1 AND request_id IS NOT NULL LIMIT 1',
    [foreign.id],
  );
  const [{ position }] = (await sql.query('SELECT position FROM ledgers WHERE workspace_id = $1', [foreign.id])).rows;
  theirs = {
    ...(await belongingsOf(sql, foreign.id)),
    ...(await harvest(foreign)),
    position: Number(position),
    keys: [key, rows[0].key],
    request_id: requests[0].request_id,
  };
  scopes = [(await harvest(ours[0])).cursors, (await harvest(ours[1])).cursors];
  untouched = await everythingOf(sql, foreign.id);
  logged = log.text().length;
  measured = await readMetrics();
});
after(async () => {
  egress.close();
  await sql.end();
  await server.stop();
});

const actingAs = (visitor: Visitor, { slug }: Furnished): Headers => ({
  ...headersOf(visitor),
  'clientele-workspace': slug,
});

// ---- Requests -------------------------------------------------------------------------------------------------------

/** The pages and ETags that a workspace gets: cursors by the question that gave them. */
async function harvest(at: Furnished): Promise<{ cursors: Map<string, string>; etags: string[] }> {
  const { some } = await belongingsOf(sql, at.id);
  const cursors = new Map<string, string>();
  const etags = new Set<string>(['"9"']);
  for (const route of routes.filter(({ method, permission }) => method === 'GET' && permission !== null))
    for (const question of questionsOf(route))
      for (const id of question.includes('{') ? some : ['']) {
        const limited = question.includes('?') ? `${question}&limit=1` : `${question}?limit=1`;
        const path = (route.query?.cursor && !question.includes('limit=') ? limited : question).replace(/\{\w+\}/, id);
        if (path.includes('/stream')) continue;
        const { status, headers, text } = await ask(server.base, { method: 'GET', path, headers: at.key });
        if (status !== 200) continue;
        const etag = headers.find(([name]) => name === 'etag');
        // The version of a customer is a number, and may be that of any other.
        if (etag?.[1].startsWith('W/')) etags.add(etag[1]);
        const [, cursor] = /(?:cursor=|"cursor":")([\w-]+)/.exec(text) ?? [];
        if (cursor) cursors.set(question, cursor);
      }
  return { cursors, etags: [...etags] };
}

// ---- Trying ---------------------------------------------------------------------------------------------------------

/** A thing of theirs and its twin; a caller other than the usual one; of ours, either may depend on who asks. */
type Try = { theirs: string; twin: string; as?: (at: Furnished) => Headers };

const tail = () => foreign.id.toString(36);
const secrets = () => theirs.some.map((id) => `i${id.replaceAll('-', '')}${tail()}_${'x'.repeat(43)}`);
const pair = (value: string): Try => ({ theirs: value, twin: twinOf(value) });

function triesOf({ kind, name, place, route, pointer }: Slot): Try[] {
  const asGuest = (at: Furnished) => actingAs(guest, at);
  const both = (all: Try[]) =>
    route.permission === null ? all : [...all, ...all.map((one) => ({ ...one, as: asGuest }))];
  if (kind === 'id') return both(theirs.some.map(pair));
  // A number that both have tells nothing of itself.
  if (kind === 'number')
    return both([pair('1'), { theirs: String(theirs.position), twin: String(theirs.position + 5000) }]);
  if (kind === 'key') return both(theirs.keys.map(pair));
  // What is for everybody is large, and the same for everybody; and of a write the others are no versions.
  if (kind === 'etag')
    return theirs.etags
      .slice(0, route.permission === null || route.method !== 'GET' ? 3 : undefined)
      .map((etag) => ({ theirs: etag, twin: twinOfEtag(etag) }));
  if (kind === 'cursor') return [...theirs.cursors.values()].map((one) => ({ theirs: one, twin: twinOfCursor(one) }));
  const all = theirs.texts.map(({ text }) => text);
  if (route.method === 'GET' || place === 'path') return all.map(pair);
  // To write takes longer: what could be looked up there, and some of the others.
  const leaf = String(pointer?.at(-1) ?? name);
  const named = theirs.texts.filter(({ column }) => column === leaf).map(({ text }) => text);
  return [...new Set([...named, ...all.slice(0, 2), ...(leaf === 'secret' ? secrets() : [])])].map(pair);
}

const found: string[] = [];
/** Words that our own requests have brought to a workspace of ours. */
const sentWords = new Set<string>();

/** One of ours asks for a thing of theirs, the other for its twin; what differs, or tells anything, is `found`. */
async function attempt(
  label: string,
  one: Try,
  requestOf: (at: Furnished, side: number) => Sent | Promise<Sent>,
): Promise<Shown[]> {
  const replies = await Promise.all(
    ours.map(async (at, side) => {
      const sent = await requestOf(at, side);
      const shown = await ask(server.base, sent);
      const { new_password } = (sent.body ?? {}) as { new_password?: string };
      if (new_password !== undefined && shown.status < 300) at.password = new_password;
      return { at, sent, shown };
    }),
  );
  const [{ sent, shown }] = replies as [(typeof replies)[0]];
  if (sent.method !== 'GET' && shown.status < 300) await untilIdle(sql);
  if (shown.status >= 500) found.push(`${label}: ${one.theirs}\n  ${shown.text}`);
  // How far work has come is a matter of time, too.
  if (sent.method !== 'GET' && replies.some(({ shown }) => /"state":"(checking|running)"/.test(shown.text)))
    for (const { shown } of replies) shown.isPart = true;
  const [got, expected] = replies.map(({ at, shown }) => compared(at, shown, [one.theirs, one.twin]));
  const longer = got!.length > expected!.length ? got! : expected!;
  const differs = longer.findIndex((_, index) => got![index] !== expected![index]);
  if (differs >= 0) {
    const [line, other] = [got![differs] ?? '', expected![differs] ?? ''];
    const from = Math.max(0, [...line].findIndex((sign, index) => sign !== other[index]) - 100);
    found.push(`${label}: ${one.theirs}\n  …${line.slice(from, from + 400)}\n  …${other.slice(from, from + 400)}`);
  }
  const request = JSON.stringify(sent).toLowerCase();
  for (const word of wordsIn(request + one.theirs)) sentWords.add(word);
  const reply = JSON.stringify([shown.headers, shown.text]);
  const told = [
    ...wordsIn(reply).filter((word) => !sentWords.has(word)),
    ...idsIn(reply).filter((id) => theirs.ids.has(id) && !request.includes(id)),
  ];
  if (told.length > 0) found.push(`${label}: ${one.theirs}\n  told ${told[0]}: ${reply}`);
  return replies.map((reply) => reply.shown);
}

/** Signs in again whoever was signed out. */
async function stayIn(): Promise<void> {
  for (const { person, email, password } of ours)
    if ((await person.call('GET', '/api/session')).status !== 200)
      await person.call('POST', '/api/session', { email, password });
}

const abouts = new Map<Route, Promise<string[]>>();
/** What a route is about, for each of us: one thing, unless it may be gone after the first request. */
function aboutOf(route: Route): Promise<string[]> {
  if (!route.path.includes('{')) return Promise.resolve([]);
  const make = () => Promise.all(ours.map((at) => subjectOf(at, route)));
  if (!/GET|PUT|PATCH/.test(route.method)) return make();
  if (!abouts.has(route)) abouts.set(route, make());
  return abouts.get(route)!;
}

/** Requests under way at once, of each workspace. */
const AT_ONCE = 10;

/** Tries a place with everything. */
async function tryAll(slot: Slot, tries: Try[], about: string[]): Promise<void> {
  const { route, place, kind } = slot;
  const tryOne = (one: Try) =>
    attempt(nameOf(slot), one, (at, side) =>
      requestFor(at, slot, about[side] ?? '', side === 0 ? one.theirs : one.twin, one.as),
    );
  // What is there for nobody is there whatever is asked for beside.
  if (place === 'path' && kind === 'id') {
    for (let at = 0; at < tries.length; at += AT_ONCE) await Promise.all(tries.slice(at, at + AT_ONCE).map(tryOne));
    return;
  }
  for (const one of tries) {
    await tryOne(one);
    if (route.permission === null && route.method !== 'GET') await stayIn();
  }
}

const slots = routes.flatMap((route) => slotsOf(route, bodiesOf));

/** What every route takes: a name of a workspace, of a request, and of whoever asks. */
function everywhere(route: Route): [Slot, Try[]][] {
  const slot = (place: 'header' | 'query', name: string): Slot => ({ route, place, name, kind: 'text' });
  const named = [{ ...pair(foreign.slug), as: (at: Furnished) => headersOf(at.person) }];
  const [, id] = /clt_(.{32})/.exec(foreign.key.authorization!)!;
  const keys = [
    pair(`Bearer clt_${id}${tail()}_${'0'.repeat(64)}`),
    { theirs: `Bearer clt_{id}${tail()}_{secret}`, twin: 'Bearer clt_{id}zz_{secret}' },
  ];
  return [
    [slot('header', 'clientele-workspace'), named],
    [slot('header', 'authorization'), keys],
    ...(route.method === 'GET' && route.permission ? [[slot('query', 'workspace'), named] as [Slot, Try[]]] : []),
    // The one that does something.
    [slot('header', 'x-request-id'), [pair(theirs.request_id)]],
  ];
}

const isFound = () => assert.equal(found.splice(0).slice(0, 5).join('\n'), '');

test('the foreign workspace has something in every column that could tell of it', () => {
  assert.deepEqual(theirs.mute, MUTE.split(/\s+/));
});

test('it gives a cursor of every list that has any', () => {
  const given = [...theirs.cursors.keys()].map((question) => question.split('?')[0]);
  const without = routes.filter(({ query, path }) => query?.cursor && !given.includes(path));
  assert.deepEqual(
    without.map(({ path }) => path),
    [],
  );
});

describe('what is asked for by what a foreign workspace has is answered as if that were nowhere:', () => {
  for (const kind of ['id', 'number', 'cursor', 'etag', 'key', 'text'] as const)
    test(`${kind}s`, async () => {
      for (const slot of slots.filter((one) => one.kind === kind))
        await tryAll(slot, triesOf(slot), slot.place === 'path' ? [] : await aboutOf(slot.route));
      isFound();
    });

  test('names of workspaces and requests, and keys, on every route', async () => {
    for (const route of routes) {
      const about = await aboutOf(route);
      for (const [slot, tries] of everywhere(route)) await tryAll(slot, tries, about);
    }
    isFound();
  });

  test('places of theirs in a cursor of ours', async () => {
    for (const [question, cursor] of theirs.cursors) {
      if (question.includes('{')) continue;
      const one = { theirs: cursor, twin: twinOfValues(cursor) };
      await attempt(question, one, (at, side) => {
        const forged = withScope(side === 0 ? one.theirs : one.twin, scopes[side]!.get(question)!);
        const path = `${question}${question.includes('?') ? '&' : '?'}cursor=${forged}`;
        return { method: 'GET', path, headers: { ...at.key, 'x-request-id': 'same' } };
      });
    }
    isFound();
  });
});

test('a file that has rows of theirs does what one does that has their twins', async () => {
  const asked =
    'SELECT first_name, last_name, email, phone, external_id FROM customers WHERE workspace_id = $1 LIMIT 5';
  const { rows } = await sql.query({ text: asked, values: [foreign.id], rowMode: 'array' });
  const file = ['first_name,last_name,email,phone,external_id', ...rows.map((row) => row.join())].join('\n');
  const one = pair(file);
  for (const match of ['email', 'external_id']) {
    const made = await Promise.all(
      ours.map(async (at, side) => (await at.upload(side === 0 ? one.theirs : one.twin, `match=${match}`)).id),
    );
    for (const step of ['', '/run', '', '/rejected.csv'])
      await attempt(`/api/imports/…${step} by ${match}`, one, (at, side) => ({
        method: step === '/run' ? 'POST' : 'GET',
        path: `/api/imports/${made[side]}${step}`,
        headers: { ...at.key, 'x-request-id': 'same' },
      }));
  }
  isFound();
});

test('what came of it later, in the background too, is the same for both of ours', async () => {
  const lists = routes.filter(({ method, path, permission }) => method === 'GET' && permission && !path.includes('{'));
  for (const route of lists.filter(({ path }) => !path.endsWith('/stream')))
    for (const question of questionsOf(route)) await comparePages(question);
  for (let after = 0; after < theirs.position; after += 1000)
    await comparePages(`/api/events?limit=1000&after=${after}`);
  isFound();
});

/** Compares a list page by page, each of ours following its own. */
async function comparePages(question: string): Promise<void> {
  for (let paths: (string | null)[] = [question, question]; paths[0]; ) {
    const replies = await attempt(question, pair(''), (at, side) => ({
      method: 'GET',
      path: paths[side] ?? question,
      headers: { ...at.key, 'x-request-id': 'same' },
    }));
    paths = question.includes('limit=1')
      ? [null]
      : replies.map(({ text }) => /"next":"([^"]+)"/.exec(text)?.[1] ?? null);
  }
}

test('neither log nor metrics tell of it', async () => {
  const text = log.text().slice(logged);
  assert.deepEqual(
    wordsIn(text).filter((word) => word !== theirs.request_id),
    [],
  );
  assert.deepEqual(
    idsIn(text).filter((id) => theirs.ids.has(id)),
    [],
  );
  const metrics = await readMetrics();
  assert.deepEqual([...wordsIn(metrics), ...idsIn(metrics)], []);
  assert.match(metrics, /route="\/api\/customers\/:id"/);
  assert.deepEqual(seriesOf(metrics), seriesOf(measured));
  assert.ok(text.length > 1_000_000 && seriesOf(measured).length > 0, 'Where are they?');
});

test('nothing of it has changed', async () => {
  const now = await everythingOf(sql, foreign.id);
  const without = (rows: string[], others: Set<string>) => rows.filter((row) => !others.has(row));
  assert.deepEqual([without(untouched, new Set(now)), without(now, new Set(untouched))], [[], []]);
});

test('every id and name in a path or body was one that its own people get another answer for', async () => {
  const order = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
  // Whoever asks by a key asks no more when it is revoked.
  const placeOf = ({ route: { method, path } }: Slot) => order.indexOf(method) + (/keys|sessions/.test(path) ? 5 : 0);
  const naming = slots.filter(({ kind, place }) => kind === 'id' || place === 'path');
  const known = new Set<string>();
  for (const slot of naming.toSorted((a, b) => placeOf(a) - placeOf(b)))
    if (!known.has(nameOf(slot)) && (await isKnown(slot))) known.add(nameOf(slot));
  const unknown = naming.map(nameOf).filter((name) => !known.has(name));
  assert.deepEqual(unknown, [], 'Furnish the workspace with what these name.');
});

/** Whether its own workspace answers something of what is tried at a place otherwise than a twin of that. */
async function isKnown(slot: Slot): Promise<boolean> {
  for (const { theirs: value, twin } of triesOf(slot)) {
    const lines = [];
    for (const one of [value, twin])
      lines.push(
        compared(foreign, await ask(server.base, await requestFor(foreign, slot, '', one)), [value, twin]).join(),
      );
    if (slot.route.method !== 'GET') await untilIdle(sql);
    if (lines[0] !== lines[1]) return true;
  }
  return false;
}

const seriesOf = (metrics: string) => metrics.split('\n').filter((line) => line.includes(`workspace="${foreign.id}"`));
const readMetrics = async () =>
  (await ask(server.base, { method: 'GET', path: '/metrics', headers: { authorization: `Bearer ${METRICS}` } })).text;

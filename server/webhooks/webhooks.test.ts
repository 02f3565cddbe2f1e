// Webhooks, through the real server and a real receiver: signed, at least once, in order for each customer, whatever fails.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { Webhook as Verifier } from 'standardwebhooks';
import type { LogEvent } from '#contract/events.ts';
import type { Webhook, WebhookWithSecret } from '#contract/webhooks.ts';
import { ada } from '../../test/support/customers.ts';
import { openTestLog } from '../../test/support/log.ts';
import { until } from '../../test/support/process.ts';
import { openTestConnections, startServer, type TestServer } from '../../test/support/server.ts';
import { openEgress } from '../egress.ts';
import { readLedger } from '../events/events.ts';
import type { Bounds } from './delivering.ts';
import { startCourier } from './webhooks.ts';

type Message = { path: string; headers: Record<string, string>; body: string; event: LogEvent; type: string };
type Answer = (message: Message, response: ServerResponse) => void | Promise<void>;

const secrets_key = randomBytes(32);
const log = openTestLog();
const egress = openEgress(['127.0.0.1']);
let server: TestServer;
let sql: pg.Client;
let receiver: Server;
let base: string;
/** All that the receiver has taken, and how it answers. */
let taken: Message[];
let answer: Answer;
const couriers: { stop(): Promise<void> }[] = [];

before(async () => {
  server = await startServer({ egress, secrets_key, logger: log.logger });
  sql = new pg.Client(server.connection);
  await sql.connect();
  receiver = createServer(receive).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  base = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
});
after(async () => {
  await Promise.all(couriers.map((courier) => courier.stop()));
  egress.close();
  receiver.close();
  await sql.end();
  await server.stop();
});
beforeEach(async () => {
  await Promise.all(couriers.splice(0).map((courier) => courier.stop()));
  for (const { id } of (await admin('GET', '/api/webhooks')).body.results) await admin('DELETE', `/api/webhooks/${id}`);
  taken = [];
  answer = (_message, response) => void response.writeHead(204).end();
});

async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = '';
  for await (const chunk of request) body += chunk;
  const { data: event, type } = JSON.parse(body);
  const message = { path: request.url!, headers: request.headers as Record<string, string>, body, event, type };
  await answer(message, response);
  if (response.statusCode < 300 && response.writableEnded) taken.push(message);
}

const admin = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  server.call(method, path, body, { authorization: `Bearer ${server.keys.admin}`, ...headers });
const create = async (): Promise<string> => (await server.call('POST', '/api/customers', ada())).body.id;
const change = (id: string, phone: string) => server.call('PATCH', `/api/customers/${id}`, { phone });
const position = async () => (await readLedger(server.database, 1)).position;

async function add(input: object = {}): Promise<WebhookWithSecret> {
  const { status, body, text } = await admin('POST', '/api/webhooks', { url: `${base}/hook`, ...input });
  assert.equal(status, 201, text);
  return body;
}
const read = async (id: string): Promise<Webhook> => (await admin('GET', `/api/webhooks/${id}`)).body;

/** Another process that delivers, with connections of its own. */
function deliver(bounds: Bounds = {}) {
  const database = openTestConnections(server.connection);
  const courier = startCourier(database, egress, { logger: log.logger, secrets_key, bounds });
  let stopped: Promise<void> | undefined;
  const own = {
    stop() {
      stopped ??= courier.stop().then(() => database.close());
      return stopped;
    },
  };
  couriers.push(own);
  return own;
}

const level = (id: string) =>
  until(async () => {
    const { behind, parked } = await read(id);
    return behind === 0 && parked === 0;
  }, 'that all is delivered');

/** Of each customer the positions in the order in which they were taken for the first time. */
function firstsOf(messages: Message[]): Map<string, number[]> {
  const lanes = new Map<string, number[]>();
  for (const { event } of messages) {
    const lane = lanes.get(event.customer_id ?? '') ?? [];
    if (!lane.includes(event.position)) lane.push(event.position);
    lanes.set(event.customer_id ?? '', lane);
  }
  return lanes;
}
function assertInOrder(messages: Message[]): void {
  for (const [lane, positions] of firstsOf(messages))
    assert.deepEqual(
      positions,
      positions.toSorted((a, b) => a - b),
      lane,
    );
}
const positionsOf = (messages: Message[]) =>
  [...new Set(messages.map(({ event }) => event.position))].sort((a, b) => a - b);
const span = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + 1 + at);

describe('a webhook', () => {
  test('gets each event of its workspace from when it was added, signed as Standard Webhooks says', async () => {
    await create();
    const { secret, id } = await add();
    const from = await position();
    deliver();
    const customer = await create();
    await change(customer, '+44 20 7946 0958');
    await level(id);
    // Its own event is the first that it gets.
    assert.deepEqual(positionsOf(taken), span(from - 1, await position()));
    const { results } = (await server.call('GET', `/api/events?after=${from - 1}`)).body;
    for (const { headers, body, event, type, path } of taken) {
      const payload = new Verifier(secret!).verify(body, headers) as {
        type: string;
        timestamp: string;
        data: LogEvent;
      };
      assert.deepEqual(
        payload.data,
        results.find((one: LogEvent) => one.position === event.position),
      );
      assert.deepEqual([payload.type, payload.timestamp, path], [type, event.at, '/hook']);
      assert.equal(headers['webhook-id'], `main-${event.position}`);
      assert.throws(() => new Verifier(`whsec_${randomBytes(32).toString('base64')}`).verify(body, headers));
      assert.throws(() => new Verifier(secret!).verify(`${body} `, headers));
    }
    const { results: deliveries } = (await admin('GET', `/api/webhooks/${id}/deliveries`)).body;
    assert.deepEqual(positionsOf(deliveries.map((one: object) => ({ event: one }))), positionsOf(taken));
    assert.ok(deliveries.every((one: { status: number; attempt: number }) => one.status === 204 && one.attempt === 1));
  });

  test('gets the types of events that it wants, and no others', async () => {
    const { id } = await add({ event_types: ['customer.deleted'] });
    deliver();
    const gone = await create();
    await create();
    await server.call('DELETE', `/api/customers/${gone}`);
    await level(id);
    assert.deepEqual(
      taken.map(({ type, event }) => [type, event.customer_id]),
      [['customer.deleted', gone]],
    );
  });

  test('shows its secret once, keeps it encrypted, and tells the log and viewers nothing that lets anybody in', async () => {
    const url = `${base}/services/T0KEN?key=s3cret`;
    const { id, secret } = await add({ url });
    assert.match(secret!, /^whsec_[A-Za-z0-9+/]{43}=$/);
    const { text } = await admin('GET', `/api/webhooks/${id}`);
    assert.doesNotMatch(text, /whsec_/);
    const { rows } = await sql.query('SELECT secret FROM webhooks WHERE id = $1', [id]);
    assert.equal(rows[0].secret.includes(Buffer.from(secret!.slice(6), 'base64')), false);
    const feed = await server.call('GET', '/api/events?newest_first=true&limit=1');
    assert.equal(feed.body.results[0].type, 'webhook.created');
    assert.doesNotMatch(feed.text, /whsec|T0KEN|s3cret/);
    assert.equal((await server.call('GET', '/api/webhooks')).status, 403);
  });

  test('signs with the former secret too for a day after it was given a new one', async () => {
    const { id, secret } = await add();
    deliver();
    const rotated = (await admin('POST', `/api/webhooks/${id}/rotate-secret`)).body;
    assert.notEqual(rotated.secret, secret);
    await level(id);
    const { headers, body } = taken.at(-1)!;
    for (const one of [secret, rotated.secret]) new Verifier(one).verify(body, headers);
    await sql.query(
      "UPDATE webhooks SET former_secret_until = now() - interval '1 second', taken_by = NULL, taken_until = NULL",
    );
    await create();
    await level(id);
    const last = taken.at(-1)!;
    new Verifier(rotated.secret).verify(last.body, last.headers);
    assert.throws(() => new Verifier(secret!).verify(last.body, last.headers));
  });

  test('is refused with what is wrong with it, and nothing is changed', async () => {
    const from = await position();
    for (const [input, pointer, code] of [
      [{}, '/url', 'required'],
      [{ url: 'nonsense' }, '/url', 'invalid_url'],
      [{ url: 'http://example.com' }, '/url', 'address_refused'],
      [{ url: 'https://169.254.169.254/' }, '/url', 'address_refused'],
      [{ url: 'https://user:secret@example.com' }, '/url', 'address_refused'],
      [{ url: 'https://example.com', event_types: [] }, '/event_types', 'wrong_type'],
      [{ url: 'https://example.com', event_types: ['customer.eaten'] }, '/event_types', 'unknown_event_type'],
      [{ url: 'https://example.com', id: 1 }, '/id', 'read_only'],
      [{ url: 'https://example.com', colour: 1 }, '/colour', 'unknown_field'],
    ] as const) {
      const { status, body } = await admin('POST', '/api/webhooks', input);
      assert.deepEqual([status, body.errors[0].pointer, body.errors[0].code], [400, pointer, code]);
    }
    const { id } = await add();
    for (const after of [-1, 1.5, '1', null, 10_000_000])
      assert.equal((await admin('POST', `/api/webhooks/${id}/replay`, { after })).status, 400);
    assert.equal(await position(), from + 1);
  });

  test('is added once, however often that is asked for with one key', async () => {
    const key = { 'idempotency-key': 'hook' };
    const first = await admin('POST', '/api/webhooks', { url: `${base}/once` }, key);
    const again = await admin('POST', '/api/webhooks', { url: `${base}/once` }, key);
    assert.equal(again.body.id, first.body.id);
    assert.equal(again.body.secret, null);
    assert.equal((await admin('GET', '/api/webhooks')).body.results.length, 1);
  });

  test('that is tried out tells at once what the receiver says, and why it was not reached', async () => {
    const { id, secret } = await add({ enabled: false });
    const tryOut = async () => (await admin('POST', `/api/webhooks/${id}/test`)).body;
    const { ms, ...outcome } = await tryOut();
    assert.deepEqual(outcome, { status: 204, failure: null });
    assert.ok(ms >= 0);
    assert.equal(taken[0]!.type, 'webhook.test');
    new Verifier(secret!).verify(taken[0]!.body, taken[0]!.headers);
    answer = (_message, response) => void response.writeHead(302, { location: `${base}/elsewhere` }).end();
    assert.deepEqual({ ...(await tryOut()), ms: 0 }, { ms: 0, status: 302, failure: 'status' });
    answer = (_message, response) => void response.destroy();
    assert.deepEqual({ ...(await tryOut()), ms: 0 }, { ms: 0, status: null, failure: 'ECONNRESET' });
    const page = (await admin('GET', `/api/webhooks/${id}/deliveries?limit=2`)).body;
    const rest = (await server.call('GET', page.next, undefined, { authorization: `Bearer ${server.keys.admin}` }))
      .body;
    assert.deepEqual(
      [...page.results, ...rest.results].map(({ failure }) => failure),
      ['ECONNRESET', 'status', null],
    );
    const failed = (await admin('GET', `/api/webhooks/${id}/deliveries?failed=true`)).body;
    assert.equal(failed.results.length, 2);
  });
});

describe('delivery', () => {
  test('is in order for each customer, and complete, while the receiver fails at random', async () => {
    const { id } = await add();
    const from = await position();
    const failed = new Map<number, number>();
    answer = ({ event: { position } }, response) => {
      const times = failed.get(position) ?? 0;
      // After each failure it is waited for longer.
      const fails = times < 4 && Math.random() < 0.3;
      if (fails) failed.set(position, times + 1);
      response.writeHead(fails ? 500 : 200).end();
    };
    deliver();
    const customers = await Promise.all(Array.from({ length: 12 }, create));
    for (let round = 0; round < 6; round++)
      await Promise.all(
        customers.map((customer, at) => change(customer, `+44 20 7946 0${round}${String(at).padStart(2, '0')}`)),
      );
    await level(id);
    assert.deepEqual(positionsOf(taken), span(from - 1, await position()));
    assertInOrder(taken);
    assert.ok((await admin('GET', `/api/webhooks/${id}/deliveries?failed=true`)).body.results.length > 5);
  });

  test('of one customer that always fails stops nobody else’s; theirs follow in order once it is taken', async () => {
    const [stuck, other] = [await create(), await create()];
    const { id } = await add();
    let isStuck = true;
    answer = ({ event }, response) => void response.writeHead(isStuck && event.customer_id === stuck ? 422 : 200).end();
    deliver();
    for (const phone of ['+44 20 7946 0001', '+44 20 7946 0002', '+44 20 7946 0003']) {
      await change(stuck, phone);
      await change(other, phone);
    }
    await until(async () => (await read(id)).behind === 0, 'that the others are delivered');
    assert.equal((await read(id)).parked, 1);
    assert.equal(taken.filter(({ event }) => event.customer_id === other).length, 3);
    assert.equal(taken.filter(({ event }) => event.customer_id === stuck).length, 0);
    isStuck = false;
    await change(stuck, '+44 20 7946 0004');
    await level(id);
    assert.equal(taken.filter(({ event }) => event.customer_id === stuck).length, 4);
    assertInOrder(taken);
  });

  test('goes on where it was when one who delivered is gone, however they went', async () => {
    const { id } = await add();
    const from = await position();
    answer = async (_message, response) => {
      await sleep(20);
      response.writeHead(Math.random() < 0.2 ? 503 : 200).end();
    };
    const customers = await Promise.all(Array.from({ length: 8 }, create));
    for (let round = 0; round < 4; round++) {
      const courier = deliver();
      await Promise.all(
        customers.map((customer, at) => change(customer, `+44 20 7946 1${round}${String(at).padStart(2, '0')}`)),
      );
      await sleep(round % 2 === 0 ? 300 : 1200);
      // Somebody else takes it, as from one who is dead but does not know it.
      await sql.query('UPDATE webhooks SET taken_by = NULL, taken_until = NULL');
      deliver();
      await sleep(200);
      await courier.stop();
    }
    await level(id);
    assert.deepEqual(positionsOf(taken), span(from - 1, await position()));
    assertInOrder(taken);
  });

  test('waits with the cursor where too many are parked, and goes on when they are fewer', async () => {
    const customers = await Promise.all(Array.from({ length: 6 }, create));
    const { id } = await add();
    const from = await position();
    let isDown = true;
    answer = (_message, response) => void response.writeHead(isDown ? 500 : 200).end();
    deliver({ parked_most: 3, at_once: 1 });
    for (const phone of ['+44 20 7946 2001', '+44 20 7946 2002'])
      for (const customer of customers) await change(customer, phone);
    await until(
      async () => (await admin('GET', `/api/webhooks/${id}/deliveries`)).body.results.length > 3,
      'some tries',
    );
    assert.ok((await read(id)).behind > 0);
    isDown = false;
    await level(id);
    assert.deepEqual(positionsOf(taken), span(from - 1, await position()));
    assertInOrder(taken);
  });

  test('leaves a receiver alone that takes nothing, and is soon there when it does', async () => {
    const customers = await Promise.all(Array.from({ length: 30 }, create));
    const { id } = await add();
    let tries = 0;
    let isDown = true;
    answer = (_message, response) => {
      tries++;
      response.writeHead(isDown ? 503 : 200).end();
    };
    deliver();
    await Promise.all(customers.map((customer, at) => change(customer, `+44 20 7946 3${String(at).padStart(3, '0')}`)));
    await until(async () => (await read(id)).failing_since !== null, 'that it is known to fail');
    await sleep(1500);
    const first = tries;
    await sleep(2000);
    assert.ok(tries - first <= 4, `${tries - first} tries`);
    isDown = false;
    await level(id);
    const { failing_since, delivered_at } = await read(id);
    assert.equal(failing_since, null);
    assert.ok(Date.now() - Date.parse(delivered_at!) < 60_000);
    assertInOrder(taken);
  });

  test('ends with 410, and after three days of nothing else, and the log says so; enabled again, nothing is missing', async () => {
    for (const [status, reason] of [
      [410, 'gone'],
      [500, 'failing'],
    ] as const) {
      const { id } = await add();
      const from = await position();
      answer = (_message, response) => void response.writeHead(status).end();
      if (reason === 'failing') {
        await create();
        await sql.query("UPDATE webhooks SET failing_since = now() - interval '73 hours' WHERE id = $1", [id]);
      }
      const courier = deliver();
      await until(async () => !(await read(id)).enabled, 'that it is disabled');
      assert.equal((await read(id)).disabled_reason, reason);
      const [newest] = (await server.call('GET', '/api/events?newest_first=true&limit=1')).body.results;
      assert.deepEqual([newest.type, newest.subject.disabled_reason], ['webhook.disabled', reason]);
      await create();
      answer = (_message, response) => void response.writeHead(200).end();
      taken = [];
      const patched = await admin('PATCH', `/api/webhooks/${id}`, { enabled: true });
      assert.deepEqual([patched.body.enabled, patched.body.disabled_reason], [true, null]);
      await level(id);
      assert.deepEqual(positionsOf(taken), span(from - 1, await position()));
      await courier.stop();
      await admin('DELETE', `/api/webhooks/${id}`);
    }
  });

  test('of an event that was not taken for three days is given up, and the next of that customer goes on', async () => {
    const customer = await create();
    const { id } = await add();
    await change(customer, '+44 20 7946 4001');
    const poison = await position();
    answer = ({ event }, response) => void response.writeHead(event.position === poison ? 400 : 200).end();
    deliver();
    await until(async () => (await read(id)).parked === 1, 'that it is parked');
    await change(customer, '+44 20 7946 4002');
    await sql.query("UPDATE parked_lanes SET since = now() - interval '73 hours', next_at = now()");
    await sql.query('UPDATE webhooks SET taken_by = NULL, taken_until = NULL');
    await level(id);
    assert.equal(taken.at(-1)!.event.position, poison + 1);
    const { results } = (await admin('GET', `/api/webhooks/${id}/deliveries?failed=true`)).body;
    assert.equal(results[0].failure, 'given_up');
    assert.equal(results[0].position, poison);
  });

  test('is done again from where one says, and left out up to where one says', async () => {
    const { id } = await add();
    const courier = deliver();
    await Promise.all(Array.from({ length: 5 }, create));
    await level(id);
    const from = (await position()) - 3;
    taken = [];
    const replayed = await admin('POST', `/api/webhooks/${id}/replay`, { after: from });
    assert.equal(replayed.body.position, from);
    await level(id);
    assert.deepEqual(positionsOf(taken), span(from, await position()));
    await admin('PATCH', `/api/webhooks/${id}`, { enabled: false });
    await courier.stop(); // it may not have heard of that yet
    taken = [];
    await create();
    await admin('POST', `/api/webhooks/${id}/replay`, { after: await position() });
    await admin('PATCH', `/api/webhooks/${id}`, { enabled: true });
    deliver();
    await level(id);
    assert.ok(taken.every(({ type }) => type === 'webhook.updated'));
  });

  test('tells the log of the server nothing of whom it is about', () => {
    assert.doesNotMatch(log.text(), /Lovelace|@example|\+44 20|whsec/);
  });
});

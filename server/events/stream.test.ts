// The stream of the feed: whatever happens to connections, keys and servers, each client gets the log, whole and in order.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { createClient } from '../../client/clientele.ts';
import { appOptions } from '../../test/support/app.ts';
import { ada } from '../../test/support/customers.ts';
import { signUp } from '../../test/support/people.ts';
import { openTestConnections, startServer, type TestServer } from '../../test/support/server.ts';
import { createKey, createWorkspace, findWorkspace, revokeKey, systemActor } from '../access/access.ts';
import { createApp } from '../app.ts';
import { openMetrics } from '../metrics.ts';
import { type LogEvent, readFeed, readLedger } from './events.ts';
import { followLog, type Listener } from './stream.ts';

let server: TestServer;
let draining = false;
before(async () => {
  server = await startServer({ isDraining: () => draining, metrics: openMetrics(), metrics_token: 'm' });
});
after(() => server.stop());

const create = () => server.call('POST', '/api/customers', ada());
const position = async () => (await readLedger(server.database, 1)).position;

type Message = { id?: number; event?: string; data?: LogEvent; retry?: number; comment?: true };

/** Opens a stream; gives its reply, and its messages as they come. */
async function open(
  query = '',
  headers: Record<string, string> = {},
  method = 'GET',
  key: string | null = server.keys.viewer,
) {
  const leaving = new AbortController();
  const reply = await fetch(`${server.base}/api/events/stream${query}`, {
    method,
    signal: leaving.signal,
    headers: { ...(key === null ? {} : { authorization: `Bearer ${key}` }), ...headers },
  });
  async function* messages(): AsyncGenerator<Message, void> {
    let text = '';
    const decoder = new TextDecoder();
    for await (const part of reply.body!) {
      const blocks = (text + decoder.decode(part, { stream: true })).split('\n\n');
      text = blocks.pop()!;
      for (const block of blocks) {
        const message: Message = block.startsWith(':') ? { comment: true } : {};
        for (const [, name, value] of block.matchAll(/^(id|event|data|retry): (.*)$/gm))
          Object.assign(message, { [name!]: name === 'event' ? value : JSON.parse(value!) });
        yield message;
      }
    }
    assert.equal(text, '', 'what ends, ends behind a whole message');
  }
  return { reply, messages: messages(), leave: () => leaving.abort() };
}

/** The next `count` messages that have data. */
async function take(messages: AsyncGenerator<Message, void>, count: number): Promise<Message[]> {
  const taken: Message[] = [];
  while (taken.length < count) {
    const { value, done } = await messages.next();
    if (done) break;
    if (value.data) taken.push(value);
  }
  return taken;
}

async function rest(messages: AsyncGenerator<Message, void>): Promise<Message[]> {
  const all: Message[] = [];
  for await (const message of messages) all.push(message);
  return all;
}

const openStreams = async () => {
  const { text } = await server.call('GET', '/metrics', undefined, { authorization: 'Bearer m' });
  return Number(/^clientele_event_streams (\d+)$/m.exec(text)?.[1]);
};
async function settled(count: number): Promise<void> {
  while ((await openStreams()) !== count) await sleep(10);
}

describe('a stream', () => {
  test('gives what happens from now on, each event as the feed has it', async () => {
    const { reply, messages, leave } = await open();
    assert.equal(reply.headers.get('content-type'), 'text/event-stream');
    assert.equal(reply.headers.get('cache-control'), 'no-store');
    const before = await position();
    assert.deepEqual((await messages.next()).value, { retry: 2000, id: before });
    for (let time = 0; time < 3; time++) await create();
    const taken = await take(messages, 3);
    const { results } = (await server.call('GET', `/api/events?after=${before}`)).body;
    assert.deepEqual(
      taken.map(({ data }) => data),
      results,
    );
    assert.deepEqual(
      taken.map(({ id, event }) => [id, event]),
      results.map((event: LogEvent) => [event.position, 'change']),
    );
    leave();
    await settled(0);
  });

  test('goes on behind the last event that the client had, and the header wins over the address', async () => {
    const last = await position();
    for (const [query, headers] of [
      [`?after=${last - 2}`, {}],
      ['', { 'last-event-id': String(last - 2) }],
      ['?after=0', { 'last-event-id': String(last - 2) }],
    ] as const) {
      const { messages, leave } = await open(query, headers);
      assert.deepEqual(
        (await take(messages, 2)).map(({ id }) => id),
        [last - 1, last],
      );
      leave();
    }
  });

  test('is the feed, whole and once, for clients that lose their connections anywhere while many write', async () => {
    const start = await position();
    let writing = true;
    const writers = Array.from({ length: 4 }, async () => {
      while (writing) {
        await create();
        const items = Array.from({ length: 37 }, () => ({ action: 'create', customer: ada() }));
        await server.call('POST', '/api/customers/batch', { items });
      }
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 260 }), { minLength: 1, maxLength: 4 }), async (lengths) => {
        const seen: number[] = [];
        for (const length of lengths) {
          const headers = seen.length > 0 ? { 'last-event-id': String(seen.at(-1)) } : undefined;
          const { messages, leave } = await open(`?after=${start}`, headers);
          seen.push(...(await take(messages, length)).map(({ data }) => data!.position));
          leave();
        }
        const total = lengths.reduce((sum, length) => sum + length, 0);
        assert.deepEqual(
          seen,
          Array.from({ length: total }, (_, index) => start + 1 + index),
        );
      }),
      { numRuns: 12 },
    );
    writing = false;
    await Promise.all(writers);
  });

  test('hears of what another server writes', async () => {
    const elsewhere = openTestConnections(server.connection);
    const other = createApp(elsewhere, appOptions());
    const base = await other.listen({ host: '127.0.0.1', port: 0 });
    const { messages, leave } = await open();
    try {
      await messages.next();
      const sent = await fetch(`${base}/api/customers`, {
        method: 'POST',
        headers: { authorization: `Bearer ${server.keys.editor}`, 'content-type': 'application/json' },
        body: JSON.stringify(ada()),
      });
      assert.equal(sent.status, 201);
      const [heard] = await take(messages, 1);
      assert.equal(heard!.id, Number(sent.headers.get('clientele-position')));
    } finally {
      leave();
      other.server.closeAllConnections();
      await other.close();
      await elsewhere.close();
    }
  });

  test('is of one’s own workspace', async () => {
    await createWorkspace(server.database, 'other', 'Other');
    const owner = systemActor((await findWorkspace(server.database, 'other'))!, 'test');
    const { subject } = await createKey(server.database, owner, { name: 'x', role: 'viewer' }, { request_id: null });
    const { messages, leave } = await open('?after=0', { authorization: `Bearer ${subject.key}` });
    await create();
    assert.equal((await take(messages, 1))[0]!.data!.type, 'key.created');
    await createKey(server.database, owner, { name: 'y', role: 'viewer' }, { request_id: null });
    assert.deepEqual((await take(messages, 1))[0]!.data!.position, 2);
    leave();
  });

  test('ends when the key is revoked, and does not begin again', async () => {
    const { subject } = await createKey(
      server.database,
      server.actor,
      { name: 'x', role: 'viewer' },
      { request_id: null },
    );
    const authorization = `Bearer ${subject.key}`;
    const { messages } = await open('', { authorization });
    await messages.next();
    await revokeKey(server.database, server.actor, subject.id, { request_id: null });
    const told = await rest(messages);
    assert.ok(told.length <= 1, 'the revocation itself at most');
    assert.equal((await open('', { authorization })).reply.status, 401);
  });

  test('of somebody who is signed in ends with the session, and with the membership', async () => {
    const gone = await signUp(server, 'viewer');
    const removed = await signUp(server, 'editor');
    const remaining = await signUp(server, 'viewer');
    const streams = await Promise.all(
      [gone, removed, remaining].map(({ cookie }) => open('', { cookie }, 'GET', null)),
    );
    for (const { reply, messages } of streams) {
      assert.equal(reply.status, 200);
      await messages.next();
    }
    assert.equal((await gone.call('DELETE', '/api/session')).status, 204);
    const admin = { authorization: `Bearer ${server.keys.admin}` };
    assert.equal((await server.call('DELETE', `/api/members/${removed.id}`, undefined, admin)).status, 204);
    await Promise.all(streams.slice(0, 2).map(({ messages }) => rest(messages)));
    assert.equal((await open('', { cookie: removed.cookie }, 'GET', null)).reply.status, 400);
    await create();
    while ((await take(streams[2]!.messages, 1))[0]!.data!.type !== 'customer.created');
    streams[2]!.leave();
  });

  test('ends when the server stops, and tells when to come back', async () => {
    const { messages } = await open();
    await create();
    assert.equal((await take(messages, 1)).length, 1);
    draining = true;
    const [last, ...others] = await rest(messages);
    draining = false;
    assert.ok(last!.retry! >= 2000 && last!.retry! <= 5000 && others.length === 0);
    await settled(0);
  });

  test('that is asked for by its head alone has one, and nothing stays open', async () => {
    const { reply } = await open('', {}, 'HEAD');
    assert.deepEqual([reply.status, reply.headers.get('content-type')], [200, 'text/event-stream']);
    await settled(0);
  });

  test('is one of twenty of a key', async () => {
    const streams = await Promise.all(Array.from({ length: 20 }, () => open()));
    assert.deepEqual(new Set(streams.map(({ reply }) => reply.status)), new Set([200]));
    assert.equal(await openStreams(), 20);
    const refused = await open();
    assert.equal(refused.reply.status, 429);
    assert.equal(((await refused.reply.json()) as { code: string }).code, 'too_many_streams');
    const others = await open('', { authorization: `Bearer ${server.keys.editor}` });
    assert.equal(others.reply.status, 200);
    streams[0]!.leave();
    await settled(20);
    const again = await open();
    assert.equal(again.reply.status, 200);
    for (const { leave } of [...streams, others, again]) leave();
    await settled(0);
  });

  test('is refused behind the end of the log, and from what is no position', async () => {
    for (const [query, headers, pointer, code] of [
      ['?after=99999999', {}, 'after', 'beyond_log'],
      ['', { 'last-event-id': '99999999' }, 'Last-Event-ID', 'beyond_log'],
      ['', { 'last-event-id': 'x' }, 'Last-Event-ID', 'invalid_number'],
      ['?after=-1', {}, 'after', 'invalid_number'],
    ] as const) {
      const { reply } = await open(query, headers);
      const { errors } = (await reply.json()) as { errors: { pointer: string; code: string }[] };
      assert.deepEqual([reply.status, errors[0]!.pointer, errors[0]!.code], [400, pointer, code]);
    }
  });
});

describe('behind a stream', () => {
  const listener: Listener = {
    mayStill: async () => true,
    isGone: () => false,
    onGone: () => {},
    isDraining: () => false,
  };

  test('nothing is read that is not taken', async () => {
    const start = await position();
    const items = Array.from({ length: 1000 }, () => ({ action: 'create', customer: ada() }));
    await server.call('POST', '/api/customers/batch', { items });
    const stream = followLog(server.database, 1, start, listener);
    await stream.next();
    const before = server.statements();
    const { value } = await stream.next();
    assert.match(String(value), new RegExp(`^id: ${start + 1}\n`));
    await sleep(50);
    const read = server.statements() - before;
    assert.ok(read < 5, `one of ten pages and a look or two at the position, not ${read} statements`);
    await stream.return();
  });

  test('those who stand at the same place share what is read, and a comment breaks a long silence', async () => {
    const start = await position();
    const streams = Array.from({ length: 50 }, () => followLog(server.database, 1, start, listener));
    await Promise.all(streams.map((stream) => stream.next()));
    const parts = streams.map((stream) => stream.next());
    const before = server.statements();
    await create();
    const texts = (await Promise.all(parts)).map(({ value }) => String(value));
    assert.equal(new Set(texts).size, 1);
    assert.match(texts[0]!, /^id: \d+\nevent: change\ndata: {/);
    // The write takes 6, and its look-ups; the first page of each, before there was anything, is one.
    assert.ok(server.statements() - before < 15, `${server.statements() - before}`);
    assert.deepEqual(await readFeed(server.database, 1, start + 1, 1), []);
    const silent = followLog(server.database, 1, start + 1, { ...listener, heartbeat_ms: 500 });
    await silent.next(); // the head
    assert.equal(String((await silent.next()).value), ':\n\n');
    await Promise.all([silent, ...streams].map((stream) => stream.return()));
  });
});

describe('the typed client', () => {
  test('goes on by itself when connections are lost, and misses nothing', async () => {
    const client = createClient({ url: server.base, key: server.keys.viewer });
    const stopping = new AbortController();
    const start = await position();
    const seen: number[] = [];
    const reading = (async () => {
      for await (const event of client.events.stream({ after: start, signal: stopping.signal })) {
        seen.push(event.position);
        if (seen.length === 30) break;
      }
    })();
    for (let time = 0; time < 30; time++) {
      await create();
      if (time % 10 === 5) draining = true; // its streams end
      if (time % 10 === 7) {
        await settled(0);
        draining = false;
      }
    }
    await reading;
    assert.deepEqual(
      seen,
      Array.from({ length: 30 }, (_, index) => start + 1 + index),
    );
    await settled(0);
  });

  test('stops when it is told to, and where it may not read', async () => {
    const stopping = new AbortController();
    const client = createClient({ url: server.base, key: server.keys.viewer });
    const waiting = client.events.stream({ signal: stopping.signal }).next();
    await settled(1);
    stopping.abort();
    await assert.rejects(waiting, { name: 'AbortError' });
    const stranger = createClient({ url: server.base, key: `${server.keys.viewer.slice(0, -1)}x` });
    await assert.rejects(stranger.events.stream().next(), { status: 401 });
    await assert.rejects(client.events.stream({ after: 99_999_999 }).next(), { status: 400 });
    await settled(0);
  });
});

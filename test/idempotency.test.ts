// One key, one effect, one answer: whoever asks, however often, wherever, and whatever breaks meanwhile.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { createKey, findWorkspace, systemActor } from '#server/access/access.ts';
import { openProxy, postgresAt, type TestProxy } from './support/proxy.ts';
import { openTestDatabase, type TestDatabase } from './support/server.ts';
import { type ServerProcess, startProcess } from './support/server-process.ts';

let opened: TestDatabase;
let admin: pg.Client;
/** Two servers on one database, each reached through a proxy and reaching the database through another. */
let servers: { process: ServerProcess; front: TestProxy; back: TestProxy }[];
let keys: string[];
before(async () => {
  opened = await openTestDatabase();
  admin = new pg.Client(opened.connection);
  await admin.connect();
  const actor = systemActor((await findWorkspace(opened.database, 'main'))!, 'test');
  keys = [];
  for (const name of ['one', 'other'])
    keys.push((await createKey(opened.database, actor, { name, role: 'editor' }, { request_id: null })).subject.key!);
  servers = await Promise.all([1, 2].map(start));
});
after(async () => {
  for (const { process, front, back } of servers ?? []) {
    await process.end('SIGKILL');
    await front.close();
    await back.close();
  }
  await admin.end();
  await opened?.drop();
});

async function start() {
  const back = await openProxy(postgresAt(opened.connection as { host: string; port: number }));
  const url = `postgresql://${opened.connection.user}@127.0.0.1:${back.port}/${opened.connection.database}`;
  const process = await startProcess({ DATABASE_URL: url });
  const front = await openProxy({ host: '127.0.0.1', port: Number(new URL(process.url).port) });
  return { process, front, back };
}

type Asked = { method: string; path: string; body?: object };
type Answer = { status: number; headers: Record<string, string | null>; replayed: boolean; text: string };

async function ask(
  server: number,
  { method, path, body }: Asked,
  idempotency_key: string,
  key = keys[0],
): Promise<Answer> {
  const reply = await fetch(`http://127.0.0.1:${servers[server % servers.length]!.front.port}${path}`, {
    method,
    body: body && JSON.stringify(body),
    headers: {
      authorization: `Bearer ${key}`,
      'idempotency-key': idempotency_key,
      ...(body && { 'content-type': 'application/json' }),
    },
    signal: AbortSignal.timeout(30_000),
  });
  const headers = Object.fromEntries(
    ['content-type', 'etag', 'location', 'clientele-position', 'retry-after'].map((name) => [
      name,
      reply.headers.get(name),
    ]),
  );
  const replayed = reply.headers.get('idempotency-replayed') === 'true';
  return { status: reply.status, headers, replayed, text: await reply.text() };
}

/** What a client does that does not give up: asks again with its key until it is told what became of its request. */
async function insist(server: number, asked: Asked, idempotency_key: string, onRetry: () => void): Promise<Answer> {
  for (const deadline = Date.now() + 30_000; ; onRetry(), await sleep(20)) {
    const answer = await ask(server++, asked, idempotency_key).catch(() => undefined);
    if (answer && answer.status !== 503) return answer;
    assert.ok(Date.now() < deadline, 'there was never an answer');
  }
}

let serial = 0;
const ada = () => ({ first_name: 'Ada', last_name: 'Lovelace', email: `ada${++serial}@example.com` });
const create = (): Asked => ({ method: 'POST', path: '/api/customers', body: ada() });
const position = async () =>
  Number((await admin.query('SELECT max(position) AS position FROM events')).rows[0].position);
/** Throws where there are two. */
async function exists({ body }: Asked): Promise<boolean> {
  const { rows } = await admin.query('SELECT FROM events WHERE after::json->>$1 = $2', [
    'email',
    (body as { email: string }).email,
  ]);
  assert.ok(rows.length < 2, 'one effect');
  return rows.length === 1;
}

/** A hundred answers are one answer, and the log holds one event more. */
async function assertOne(answers: Answer[], before: number): Promise<void> {
  assert.equal(answers.length, 100);
  assert.equal(new Set(answers.map(({ replayed, ...rest }) => JSON.stringify(rest))).size, 1);
  assert.ok(answers[0]!.status < 300, answers[0]!.text);
  assert.equal(answers[0]!.headers['clientele-position'], String(before + 1));
  assert.equal(await position(), before + 1);
}

describe('a hundred requests at once with one key, half on each of two servers', () => {
  const hundred = (asked: Asked, key: string) =>
    Promise.all(Array.from({ length: 100 }, (_, index) => ask(index, asked, key)));

  test('have one effect and a hundred equal answers, of which one is no repetition', async () => {
    const asked = create();
    let at = await position();
    const created = await hundred(asked, 'create');
    await assertOne(created, at++);
    const [{ text, headers }] = created as [Answer];
    assert.equal(created[0]!.status, 201);
    assert.equal(headers.etag, '"1"');
    assert.equal(headers.location, `/api/customers/${JSON.parse(text).id}`);
    const path = headers.location!;
    for (const [name, change] of Object.entries<Asked>({
      update: { method: 'PATCH', path, body: { phone: '+1 202 555 0147' } },
      replace: { method: 'PUT', path, body: { ...ada(), first_name: 'Augusta' } },
      deactivate: { method: 'POST', path: `${path}/deactivate` },
      upsert: { method: 'PUT', path: '/api/customers/by-external-id/crm-7', body: ada() },
      delete: { method: 'DELETE', path },
      restore: { method: 'POST', path: `${path}/restore` },
    })) {
      const answers = await hundred(change, name);
      await assertOne(answers, at++);
      assert.equal(answers.filter(({ replayed }) => !replayed).length, 1, name);
    }
    assert.equal(created.filter(({ replayed }) => !replayed).length, 1);
    // Long after, when the customer has changed, the first answer is still the answer.
    const again = await ask(1, asked, 'create');
    assert.deepEqual(again, { ...created[0], replayed: true });
  });

  test('have one effect although connections on both sides are cut under them', async () => {
    const at = await position();
    let retries = 0;
    let done = 0;
    const asked = create();
    for (const { front, back } of servers) {
      front.delay(5);
      back.delay(5);
    }
    const asking = Array.from({ length: 100 }, async (_, index) => {
      const answer = await insist(index, asked, 'cut', () => retries++);
      done++;
      return answer;
    });
    // The database's connections first, so that the very request that has the effect is among those hit.
    for (let cuts = 0; cuts < 10 && done < 100; cuts++) {
      await sleep(cuts * 5);
      for (const { back } of servers) back.cut();
      await sleep(cuts * 5);
      for (const { front } of servers) front.cut();
    }
    const answers = await Promise.all(asking);
    for (const { front, back } of servers) {
      front.delay(0);
      back.delay(0);
    }
    assert.ok(retries > 0, 'something was cut');
    await assertOne(answers, at);
    assert.ok(answers.filter(({ replayed }) => !replayed).length <= 1);
  });
});

test('a server killed between the COMMIT and its answer: the repetition elsewhere is told what happened', async () => {
  const at = await position();
  const asked = create();
  const [first] = servers as [(typeof servers)[number]];
  const held = first.back.hold('server', 'COMMIT');
  const lost = ask(0, asked, 'killed').then(
    () => assert.fail('there was an answer'),
    () => {},
  );
  await held;
  await first.process.end('SIGKILL');
  await lost;
  assert.equal(await position(), at + 1);
  const answers = await Promise.all(Array.from({ length: 100 }, () => ask(1, asked, 'killed')));
  await assertOne(answers, at);
  assert.ok(answers.every(({ status, replayed }) => status === 201 && replayed));
  await first.front.close();
  await first.back.close();
  servers[0] = await start();
});

/** What holds back the COMMIT on its way to PostgreSQL, or PostgreSQL's answer to it. */
const HOLDS = [
  ['client', 'commit'],
  ['server', 'COMMIT'],
] as const;

test('an answer to COMMIT that is lost is looked up, and the request hears what happened', async () => {
  for (const [from, text] of HOLDS) {
    const asked = create();
    const { back } = servers[0]!;
    const held = back.hold(from, text);
    const answering = ask(0, asked, `looked up ${from}`);
    await held;
    back.cut();
    const answer = await answering;
    assert.equal(answer.status, from === 'server' ? 201 : 503, answer.text);
    if (from === 'client') assert.equal(JSON.parse(answer.text).code, 'database_unavailable');
    assert.equal(await exists(asked), from === 'server');
    const again = await insist(0, asked, `looked up ${from}`, () => {});
    assert.equal(again.status, 201);
    assert.equal(again.replayed, from === 'server');
  }
});

test('where it cannot be looked up either, the outcome is unknown, and the key makes sure of it', async () => {
  await Promise.all(
    HOLDS.map(async ([from, text], server) => {
      const asked = create();
      const { back } = servers[server]!;
      const held = back.hold(from, text);
      const answering = ask(server, asked, `unknown ${from}`);
      await held;
      back.refuse(true);
      back.cut();
      const answer = await answering;
      back.refuse(false);
      assert.equal(answer.status, 503);
      assert.equal(JSON.parse(answer.text).code, 'outcome_unknown');
      assert.equal(answer.headers['retry-after'], '1');
      assert.equal(await exists(asked), from === 'server');
      const again = await insist(server, asked, `unknown ${from}`, () => {});
      assert.equal(again.status, 201);
      assert.equal(again.replayed, from === 'server');
      assert.equal(await exists(asked), true);
    }),
  );
});

test('a key belongs to one request of one actor', async () => {
  const asked = create();
  assert.equal((await ask(0, asked, 'mine')).status, 201);
  const at = await position();
  for (const other of [
    { ...asked, body: ada() },
    { ...asked, method: 'PUT', path: '/api/customers/by-external-id/mine' },
  ]) {
    const refused = await ask(1, other, 'mine');
    assert.equal(refused.status, 422);
    assert.equal(JSON.parse(refused.text).code, 'idempotency_key_reused');
  }
  assert.equal(await position(), at);
  const body = ada();
  const [another, actor] = [
    await ask(1, { ...asked, body }, 'another'),
    await ask(1, { ...asked, body: ada() }, 'mine', keys[1]),
  ];
  for (const answer of [another, actor]) {
    assert.equal(answer.status, 201, answer.text);
    assert.equal(answer.replayed, false);
  }
  assert.equal(await position(), at + 2);
});

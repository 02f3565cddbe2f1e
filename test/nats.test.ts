// The log at NATS: whole, in order, each event once, whatever fails between the two.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Customer } from '#contract/customers.ts';
import { createKey, createWorkspace, systemActor } from '#server/access/access.ts';
import { readFeed, readLedger } from '#server/events/events.ts';
import { connectNats } from '#server/nats.ts';
import { startPublishing } from '#server/publishing/publishing.ts';
import { ada } from './support/customers.ts';
import { openTestLog } from './support/log.ts';
import { natsMissing, type Stored, startNats, type TestNats } from './support/nats.ts';
import { startClientele, until } from './support/process.ts';
import { openTestConnections, startServer, type TestServer } from './support/server.ts';

describe('the log at NATS', { skip: natsMissing, timeout: 180_000 }, () => {
  let server: TestServer;
  let nats: TestNats;
  before(async () => {
    server = await startServer();
    nats = await startNats();
  });
  // Each test begins as if nothing had ever been published.
  beforeEach(async () => {
    const sql = new pg.Client(server.connection);
    await sql.connect();
    await sql.query('DELETE FROM publications');
    await sql.end();
  });
  after(async () => {
    await nats.stop();
    await server.stop();
  });

  const create = async (): Promise<Customer> => (await server.call('POST', '/api/customers', ada())).body;
  const logged = async () => (await readLedger(server.database, 1)).position;

  /** A publisher with connections of its own, as another process has them. */
  async function publish(prefix: string) {
    const log = openTestLog();
    const database = openTestConnections(server.connection);
    const connected = await connectNats({ url: nats.url, prefix, replicas: 1 }, log.logger);
    const publishing = startPublishing(database, connected, { logger: log.logger, source: 'https://crm.example.com' });
    return {
      log,
      async stop() {
        await publishing.stop();
        await database.close();
      },
    };
  }

  /** What a stream has once all that is logged is there. */
  async function whole(stream: string): Promise<Stored[]> {
    const count = await logged();
    let stored: Stored[] = [];
    await until(async () => {
      stored = await nats.read(stream).catch(() => []);
      return stored.length >= count;
    }, `all of ${stream}`);
    assert.deepEqual(
      stored.map(({ id }) => id),
      Array.from({ length: count }, (_, at) => `main:${at + 1}`),
    );
    return stored;
  }

  test('holds each event as a CloudEvent, under a subject that says what it is about', async () => {
    const { id } = await create();
    await server.call('PATCH', `/api/customers/${id}`, { first_name: 'Augusta' });
    await server.call('DELETE', `/api/customers/${id}`);
    const publisher = await publish('kinds');
    const stored = await whole('kinds-main');
    const events = await readFeed(server.database, 1, 0, 1000);
    for (const [at, { subject, type, event }] of stored.entries()) {
      const logged = events[at]!;
      assert.equal(subject, `kinds.main.${logged.type}`);
      assert.equal(type, 'application/cloudevents+json');
      const { data, ...envelope } = event;
      assert.deepEqual(data, JSON.parse(JSON.stringify(logged)));
      assert.deepEqual(envelope, {
        specversion: '1.0',
        id: String(logged.position),
        source: 'https://crm.example.com/workspaces/main',
        type: logged.type,
        ...(logged.customer_id === null ? {} : { subject: logged.customer_id }),
        time: logged.at,
        datacontenttype: 'application/json',
        sequence: String(logged.position).padStart(16, '0'),
      });
    }
    assert.deepEqual(
      stored.slice(-3).map(({ event }) => event.type),
      ['customer.created', 'customer.updated', 'customer.deleted'],
    );
    await publisher.stop();
  });

  test('hears of what comes, of each workspace in a stream of its own', async () => {
    const publisher = await publish('news');
    await create();
    await whole('news-main');
    await create();
    await whole('news-main');
    const shop = (await createWorkspace(server.database, 'shop', 'Shop'))!;
    const actor = systemActor(shop, 'test');
    const { subject } = await createKey(server.database, actor, { name: 'CI', role: 'editor' }, { request_id: null });
    const reply = await server.call('POST', '/api/customers', ada(), { authorization: `Bearer ${subject.key}` });
    assert.equal(reply.status, 201);
    await until(async () => (await nats.read('news-shop').catch(() => [])).length === 2, 'the shop’s stream');
    const main = await whole('news-main');
    assert.ok(main.every(({ event }) => event.source.endsWith('/main')));
    await publisher.stop();
  });

  test('is published by one of many who try, and by another when that one is gone', async () => {
    const publishers = [await publish('many'), await publish('many'), await publish('many')];
    for (let time = 0; time < 20; time++) await create();
    await whole('many-main');
    await publishers.shift()!.stop();
    for (let time = 0; time < 20; time++) await create();
    await whole('many-main');
    await publishers.shift()!.stop();
    await create();
    await whole('many-main');
    await publishers.shift()!.stop();
  });

  test('goes on where it was when NATS was away, and says so once', async () => {
    const publisher = await publish('away');
    await create();
    await whole('away-main');
    let writing = true;
    const writes = (async () => {
      while (writing) await create();
    })();
    for (let time = 0; time < 3; time++) {
      await sleep(300);
      await nats.kill();
      await sleep(700);
      await nats.start();
    }
    await sleep(500);
    writing = false;
    await writes;
    await whole('away-main');
    const said = publisher.log.lines().map(({ msg }) => msg);
    assert.ok(said.includes('Events cannot be published to NATS; it is tried again'));
    assert.ok(said.includes('Events are published to NATS again'));
    assert.doesNotMatch(publisher.log.text(), /secret|Lovelace|@example/);
    await publisher.stop();
  });

  test('goes on behind what a stream had when that was emptied, and anew when it was removed', async () => {
    const publisher = await publish('purged');
    await whole('purged-main');
    await publisher.stop();
    await nats.manage((manager) => manager.streams.purge('purged-main'));
    const from = await logged();
    await create();
    const next = await publish('purged');
    await until(async () => (await nats.read('purged-main')).length > 0, 'the next event');
    assert.deepEqual(
      (await nats.read('purged-main')).map(({ id }) => id),
      [`main:${from + 1}`],
    );
    await next.stop();
  });

  test('is not mixed with that of another time', async () => {
    await nats.manage((manager) => manager.streams.add({ name: 'older-main', subjects: ['older.main.>'] }));
    await nats.write('older.main.customer.created', 'main:999999');
    const publisher = await publish('older');
    await until(() => publisher.log.text().includes('of another time'), 'the refusal');
    assert.equal((await nats.read('older-main')).length, 1);
    await publisher.stop();
  });

  test('loses nothing, and has nothing twice, when servers are killed', async () => {
    const env = { DATABASE_URL: server.url, PORT: '0', NATS_URL: nats.url, CLIENTELE_ENV: 'production' };
    let writing = true;
    const writes = (async () => {
      while (writing) await create();
    })();
    for (let time = 0; time < 3; time++) {
      const clientele = await startClientele(env);
      await sleep(1500);
      clientele.process.kill('SIGKILL');
      await clientele.ended;
    }
    writing = false;
    await writes;
    const last = await startClientele(env);
    await whole('clientele-main');
    last.process.kill('SIGTERM');
    assert.equal(await last.ended, 0);
  });
});

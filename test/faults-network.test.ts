// The network between the server and PostgreSQL cuts, refuses, delays and swallows, under load: requests are answered in
// time, every promise is kept, and when the fault is over all is well by itself.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createKey, findWorkspace, systemActor } from '#server/access/access.ts';
import { type Load, underLoad } from './support/load.ts';
import { until } from './support/process.ts';
import { openProxy, postgresAt, type TestProxy } from './support/proxy.ts';
import { openTestDatabase, type TestDatabase } from './support/server.ts';
import { type ServerProcess, startProcess } from './support/server-process.ts';

let opened: TestDatabase;
let proxy: TestProxy;
let server: ServerProcess;
let key: string;
before(async () => {
  opened = await openTestDatabase();
  const { connection, database } = opened;
  const actor = systemActor((await findWorkspace(database, 'main'))!, 'test');
  key = (await createKey(database, actor, { name: 'k', role: 'editor' }, { request_id: null })).subject.key!;
  proxy = await openProxy(postgresAt(connection as { host: string; port: number }));
  server = await startProcess(
    { DATABASE_URL: `postgresql://${connection.user}@127.0.0.1:${proxy.port}/${connection.database}` },
    { database: { statement_timeout_ms: 500, connect_timeout_ms: 1000 } },
  );
});
after(async () => {
  await server?.end('SIGKILL');
  await proxy?.close();
  await opened?.drop();
});

const under = (fault: (load: Load) => Promise<void>) => underLoad(server, key, fault);

const get = (path: string) =>
  fetch(server.url + path, { headers: { authorization: `Bearer ${key}` }, signal: AbortSignal.timeout(30_000) });

test('connections are cut, over and over: reads never notice', async () => {
  await under(async ({ more }) => {
    for (let cut = 0; cut < 5; cut++) {
      proxy.cut();
      assert.equal((await get('/api/customers')).status, 200);
      assert.equal((await get(`/api/customers?search=load${cut}`)).status, 200);
      await more('acknowledged', 5);
    }
  });
});

test('connections are cut and refused: 503 at once', async () => {
  await under(async ({ more }) => {
    proxy.refuse(true);
    proxy.cut();
    await more('refused', 20);
    await until(async () => (await get('/readyz')).status === 503, 'that it is not ready');
    for (const path of ['/api/customers', '/api/customers?search=load'])
      assert.equal((await get(path)).status, 503, path);
    assert.equal((await get('/healthz')).status, 200);
    proxy.refuse(false);
  });
});

test('everything takes its time: it is slow, and nothing else', async () => {
  await under(async ({ more, refused, unknown }) => {
    const told = refused.length + unknown.length;
    proxy.delay(20);
    await more('acknowledged', 50);
    assert.equal((await get('/api/customers')).status, 200);
    assert.equal(refused.length + unknown.length, told);
    proxy.delay(0);
  });
});

test('bytes vanish without a word: 503 in time, and new connections afterwards', async () => {
  await under(async (load) => {
    const told = load.refused.length + load.unknown.length;
    proxy.blackHole(true);
    await until(() => load.refused.length + load.unknown.length > told, 'a refusal');
    await until(async () => (await get('/readyz')).status === 503, 'that it is not ready');
    for (const path of ['/api/customers', '/api/customers?search=load'])
      assert.equal((await get(path)).status, 503, path);
    assert.equal((await get('/healthz')).status, 200);
    proxy.blackHole(false);
  });
});

test('open connections go silent while new ones work, as behind a firewall that forgot them: reads are answered', async () => {
  await under(async () => {
    proxy.blackHole(true);
    proxy.blackHole(false);
    const replies = await Promise.all(
      ['/api/customers', '/api/customers?search=load', '/api/customers/stats'].map(get),
    );
    assert.deepEqual(
      replies.map(({ status }) => status),
      [200, 200, 200],
    );
  });
});

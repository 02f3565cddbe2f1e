// Kept answers are never stale: whoever has saved, on whichever server, sees it in the next list on every server.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createApp } from '#server/app.ts';
import { openResultCache } from '#server/result-cache.ts';
import { appOptions } from './support/app.ts';
import { openTestConnections, startServer, type TestServer } from './support/server.ts';

const cache = openResultCache(1_000_000);
let server: TestServer;
before(async () => {
  server = await startServer({ cache });
});
after(() => server.stop());

const PATHS = ['/api/customers?ordering=email', '/api/customers?search=example', '/api/customers?is_active=false'];

let number = 0;
const create = (is_active = true) =>
  server.call('POST', '/api/customers', {
    first_name: 'Ada',
    last_name: 'Lovelace',
    email: `ada${++number}@example.org`,
    is_active,
  });

test('an unchanged list is answered from what was kept, byte for byte', async () => {
  await create();
  for (const path of PATHS) {
    const first = await server.call('GET', path);
    const hits = cache.counts.hit;
    const again = await server.call('GET', path);
    assert.equal(cache.counts.hit, hits + 1);
    assert.equal(again.text, first.text);
    for (const name of ['etag', 'link', 'content-type'])
      assert.equal(again.headers.get(name), first.headers.get(name), name);
  }
});

test('another server sees what this one saved at once, and the other way round', async () => {
  const database = openTestConnections(server.connection);
  const app = createApp(database, appOptions());
  const other = await app.listen({ host: '127.0.0.1', port: 0 });
  const headers = { authorization: `Bearer ${server.keys.editor}` };
  try {
    for (let round = 0; round < 20; round++) {
      const made = await create(round % 2 === 0);
      for (const path of PATHS) {
        const [here, there] = await Promise.all([
          server.call('GET', path),
          fetch(other + path, { headers }).then((response) => response.json()) as Promise<{ count: number }>,
        ]);
        assert.deepEqual(here.body, there);
        if (!path.includes('is_active')) assert.equal(here.body.count, number);
      }
      const id = made.body.id;
      const renamed = await fetch(`${other}/api/customers/${id}`, {
        method: 'PATCH',
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify({ last_name: `Byron${'x'.repeat(round)}` }),
      });
      assert.equal(renamed.status, 200);
      const { body } = await server.call('GET', PATHS[0]!);
      assert.equal(body.results.find((one: { id: string }) => one.id === id).last_name, `Byron${'x'.repeat(round)}`);
    }
  } finally {
    await app.close();
    await database.close();
  }
});

test('workspaces and roles never share an answer', async () => {
  const first = await server.call('GET', PATHS[0]!);
  const asViewer = await server.call('GET', PATHS[0]!, undefined, { authorization: `Bearer ${server.keys.viewer}` });
  assert.equal(asViewer.text, first.text);
  assert.notEqual(asViewer.headers.get('etag'), first.headers.get('etag'));
});

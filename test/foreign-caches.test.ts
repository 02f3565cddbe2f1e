// Two workspaces with equally many changes ask the same questions one after the other: nothing that was kept for one, by
// the server or by a browser, is ever the answer to the other. Generated from the contract: every list there is.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createKey, createWorkspace, findWorkspace, systemActor } from '#server/access/access.ts';
import { startServer, type TestServer } from './support/server.ts';
import { questionsOf, routes } from './support/slots.ts';

type Headers = Record<string, string>;
const SLUGS = ['west', 'east'] as const;

let server: TestServer;
const keyOf = {} as Record<(typeof SLUGS)[number], Headers>;
before(async () => {
  server = await startServer();
  for (const slug of SLUGS) keyOf[slug] = await furnish(slug);
});
after(() => server.stop());

/** A workspace with customers and a view, after as many changes as any other; all that it holds says its slug. */
async function furnish(slug: string): Promise<Headers> {
  await createWorkspace(server.database, slug, slug);
  const owner = systemActor((await findWorkspace(server.database, slug))!, slug);
  const { subject } = await createKey(server.database, owner, { name: slug, role: 'owner' }, { request_id: null });
  const headers = { authorization: `Bearer ${subject.key}` };
  const items = Array.from({ length: 6 }, (_, index) => ({
    action: 'create',
    customer: { first_name: slug, last_name: slug, email: `${index}@${slug}.example`, is_active: index % 2 === 0 },
  }));
  for (const [path, body] of [
    ['/api/customers/batch', { items }],
    ['/api/views', { name: slug, query: `search=${slug}`, shared: true }],
  ] as const)
    assert.ok((await server.call('POST', path, body, headers)).status < 300);
  return headers;
}

const lists = routes.filter(
  ({ method, permission, path }) => method === 'GET' && permission !== null && !path.includes('{'),
);

test('two workspaces after as many changes share no answer and no ETag', async () => {
  const ends = await Promise.all(
    SLUGS.map((slug) => server.call('GET', '/api/events?newest_first=true&limit=1', undefined, keyOf[slug])),
  );
  assert.equal(ends[0]!.body.results[0].position, ends[1]!.body.results[0].position);
  let tags = 0;
  for (const route of lists)
    for (const path of questionsOf(route)) {
      const ask = (slug: (typeof SLUGS)[number], headers: Headers = {}) =>
        server.call('GET', path, undefined, { ...keyOf[slug], ...headers });
      const first = await ask('west');
      const other = await ask('east');
      assert.deepEqual([first.status, other.status], [200, 200], path);
      assert.doesNotMatch(first.text, /east/i, path);
      assert.doesNotMatch(other.text, /west/i, path);
      assert.equal((await ask('west')).text, first.text, path);
      const etag = first.headers.get('etag');
      assert.equal(etag !== null, route.headers !== undefined && 'If-None-Match' in route.headers, path);
      if (etag === null) continue;
      tags++;
      assert.notEqual(other.headers.get('etag'), etag, `${path}: an ETag that both workspaces have`);
      const asked = await ask('east', { 'if-none-match': etag });
      assert.deepEqual([asked.status, asked.text], [200, other.text], path);
      assert.equal((await ask('west', { 'if-none-match': etag })).status, 304, path);
    }
  assert.ok(lists.length > 10 && tags > 20, 'Where are they?');
});

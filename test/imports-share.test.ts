// Imports of several workspaces at once, and people who save meanwhile: nobody waits until another's is through.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Clientele, createClient } from '#client/clientele.ts';
import { createKey, createWorkspace, findWorkspace, systemActor } from '#server/access/access.ts';
import { startServer, type TestServer } from './support/server.ts';

let server: TestServer;
before(async () => {
  server = await startServer();
});
after(() => server.stop());

async function open(slug: string): Promise<Clientele> {
  await createWorkspace(server.database, slug, slug);
  const actor = systemActor((await findWorkspace(server.database, slug))!, 'test');
  const { subject } = await createKey(server.database, actor, { name: 'test', role: 'editor' }, { request_id: null });
  return createClient({ url: server.base, key: subject.key! });
}
const fileOf = (name: string, rows: number) =>
  `first_name,last_name,email\n${Array.from({ length: rows }, (_, index) => `Ada,Lovelace,${name}${index}@example.com\n`).join('')}`;

test('one workspace’s huge imports leave another’s small one, and everybody’s saves, their turn', async () => {
  const [greedy, modest] = [await open('greedy'), await open('modest')];
  const huge = await Promise.all(['a', 'b', 'c', 'd'].map((name) => greedy.imports.create(fileOf(name, 50_000))));
  for (const { id } of huge) await greedy.imports.checked(id);
  for (const { id } of huge) await greedy.imports.run(id);
  const small = await modest.imports.create(fileOf('small', 10));
  await modest.imports.checked(small.id);
  await modest.imports.run(small.id);
  const ada = await greedy.customers.create({ first_name: 'Ada', last_name: 'Byron', email: 'ada@example.org' });
  assert.equal((await modest.imports.ended(small.id)).progress!.created, 10);
  assert.equal((await greedy.customers.update(ada.id, { last_name: 'King' })).version, 2);
  const under = await Promise.all(huge.map(({ id }) => greedy.imports.get(id)));
  assert.ok(
    under.every(({ state }) => state === 'running'),
    'the huge ones were through already: this shows nothing',
  );
  await Promise.all(huge.map(({ id }) => greedy.imports.cancel(id)));
});

// A backup of tables is of one moment, whatever goes on while it is read.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { ada } from '../../test/support/customers.ts';
import {
  openTestConnections,
  openTestDatabase,
  startServer,
  type TestDatabase,
  type TestServer,
} from '../../test/support/server.ts';
import { findWorkspace } from '../access/access.ts';
import { checkCounts, checkCustomers } from '../customers/customers.ts';
import { checkLog, checkSeals, sealBlock } from '../events/events.ts';
import type { Finding } from '../finding.ts';
import { PROJECT } from '../project.ts';
import { restoreTables } from './backup.ts';
import type { Entry } from './container.ts';
import { copyTables } from './logical.ts';
import { READ_LAST_MIGRATION } from './store.ts';

let server: TestServer;
let target: TestDatabase;
before(async () => {
  server = await startServer();
  target = await openTestDatabase();
});
after(async () => {
  await target.drop();
  await server.stop();
});

const create = async () => (await server.call('POST', '/api/customers', ada())).body.id;
const seal = async () => {
  while (await sealBlock(server.database, server.actor.workspace.id, 0));
};

test('what is created and sealed behind its back is no part of it, and what is restored holds together', async () => {
  for (let made = 0; made < 5; made++) await create();
  await seal();
  await create();
  /** Each table as it is read. What was there before is sealed when the salts have been read, and then more happens. */
  async function* entries(): AsyncGenerator<Required<Entry>, void> {
    for await (const { about, content = [] } of copyTables(server.connection)) {
      const pieces: Buffer[] = [];
      for await (const piece of content) pieces.push(Buffer.from(piece));
      yield { about, content: pieces };
      if (about.table !== 'customer_salts') continue;
      await seal();
      await create();
      await seal();
    }
  }
  const client = new pg.Client(server.connection);
  await client.connect();
  const { rows } = await client.query(READ_LAST_MIGRATION);
  await client.end();
  const head = { kind: 'logical', clientele: '', migration: rows[0].number, made_at: '' } as const;
  const made = await restoreTables(head, entries(), {
    connection: target.connection,
    migrations: join(PROJECT, 'migrations'),
    open: () => openTestConnections(target.connection),
  });

  const database = openTestConnections(target.connection);
  const workspace = (await findWorkspace(database, 'main'))!;
  const found: Finding[] = [];
  const look = { report: (finding: Finding) => void found.push(finding), again_ms: 10 };
  await checkLog(database, workspace, look);
  await checkSeals(database, workspace, [], look);
  await checkCustomers(database, workspace, look);
  await checkCounts(database, workspace, look);
  await database.close();
  assert.deepEqual(
    found.filter(({ status }) => status === 'wrong').map(({ message }) => message),
    [],
  );
  assert.ok(made >= 6, String(made));
});

// A server killed, or stopped, in the middle of an import, over and over: the import goes on where it was, every row once.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import pg from 'pg';
import { createClient } from '#client/clientele.ts';
import { createKey, findWorkspace, systemActor } from '#server/access/access.ts';
import { openTestDatabase } from './support/server.ts';
import { type ServerProcess, startProcess } from './support/server-process.ts';

const ROWS = 30_000;
/** A kill is noticed after some seconds; who is asked to stop gives the work back. */
const SIGNALS = ['SIGKILL', 'SIGTERM', 'SIGKILL'] as const;
/** Every so many rows one is wrong. */
const WRONG = 100;

test('an import goes on after each kill where it was, every row once', async () => {
  const opened = await openTestDatabase();
  const data = await mkdtemp(join(tmpdir(), 'clientele-imports-kill-'));
  const inspector = new pg.Client(opened.connection);
  await inspector.connect();
  const actor = systemActor((await findWorkspace(opened.database, 'main'))!, 'test');
  const key = (await createKey(opened.database, actor, { name: 'load', role: 'editor' }, { request_id: null })).subject
    .key!;
  const start = () => startProcess({ DATABASE_URL: opened.url, CLIENTELE_DATA: data });
  let server: ServerProcess = await start();
  try {
    const file = Array.from({ length: ROWS }, (_, index) =>
      index % WRONG === 0 ? `Ada,L0velace,${index}\n` : `Ada,Lovelace,row${index}@example.com\n`,
    );
    const client = () => createClient({ url: server.url, key });
    const { id } = await client().imports.create(`first_name,last_name,email\n${file.join('')}`, {
      filename: 'many.csv',
    });
    await client().imports.checked(id);
    await client().imports.run(id);
    for (const [index, signal] of SIGNALS.entries()) {
      const far = (ROWS / (SIGNALS.length + 2)) * (index + 1);
      while ((await client().imports.get(id)).progress!.done! < far)
        await new Promise((resolve) => setTimeout(resolve, 20));
      await server.end(signal);
      server = await start();
    }
    const { state, progress } = await client().imports.ended(id);
    const refused = ROWS / WRONG;
    assert.deepEqual(
      [state, progress!.done, progress!.created, progress!.refused],
      ['done', ROWS, ROWS - refused, refused],
    );
    const { rows } = await inspector.query(
      'SELECT count(*)::integer AS events, count(DISTINCT customer_id)::integer AS customers FROM events WHERE cause_id = $1',
      [id],
    );
    assert.deepEqual(rows[0], { events: ROWS - refused, customers: ROWS - refused });
    let rejected = '';
    for await (const part of await client().imports.rejected(id)) rejected += Buffer.from(part).toString();
    const lines = rejected.trimEnd().split('\n').slice(1);
    assert.deepEqual(
      lines.map((line) => line.split(',')[2]),
      Array.from({ length: refused }, (_, index) => String(index * WRONG)),
    );
  } finally {
    await server.end();
    await inspector.end();
    await opened.drop();
    await rm(data, { recursive: true, force: true });
  }
});

test('a server that is stopped while it looks through a file leaves that to the next one, which begins anew', async () => {
  const opened = await openTestDatabase();
  const data = await mkdtemp(join(tmpdir(), 'clientele-imports-stop-'));
  const actor = systemActor((await findWorkspace(opened.database, 'main'))!, 'test');
  const key = (await createKey(opened.database, actor, { name: 'load', role: 'editor' }, { request_id: null })).subject
    .key!;
  const start = () => startProcess({ DATABASE_URL: opened.url, CLIENTELE_DATA: data });
  let server: ServerProcess = await start();
  try {
    const rows = 300_000;
    const file = Array.from({ length: rows }, (_, index) => `Ada,Lovelace,row${index}@example.com\n`).join('');
    const client = () => createClient({ url: server.url, key });
    const { id } = await client().imports.create(`first_name,last_name,email\n${file}`, { filename: 'many.csv' });
    while (((await client().imports.get(id)).progress?.done ?? 0) === 0)
      await new Promise((resolve) => setTimeout(resolve, 20));
    await server.end('SIGTERM');
    server = await start();
    assert.equal((await client().imports.get(id)).state, 'checking', 'It was not in the middle any more.');
    const { state, found } = await client().imports.checked(id);
    assert.deepEqual([state, found!.rows, found!.create], ['checked', rows, rows]);
  } finally {
    await server.end();
    await opened.drop();
    await rm(data, { recursive: true, force: true });
  }
});

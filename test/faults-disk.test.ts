// The disk of the embedded PostgreSQL is full: writes are refused with a reason, reads go on, and with space writes do too.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { openEmbedded } from '#server/embedded.ts';
import { underLoad } from './support/load.ts';
import { makeKey, type ServerProcess, startProcess } from './support/server-process.ts';

/** Why no small disk can be had here, if so. */
let skip: string | false = false;
let data: string;
let server: ServerProcess;
let key: string;
before(async () => {
  data = await mkdtemp(join(tmpdir(), 'clientele-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=192m,mode=755', 'tmpfs', data], { stdio: 'pipe' });
  } catch (error) {
    skip = `no file system of its own can be mounted here: ${(error as Error).message.trim().split('\n').at(-1)}`;
    return;
  }
  server = await startProcess({ CLIENTELE_DATA: data });
  key = await makeKey(data);
});
after(async () => {
  if (!skip) {
    await server?.end();
    execFileSync('umount', [data]);
  }
  await rm(data, { recursive: true, force: true });
});

const get = (path: string) => fetch(server.url + path, { headers: { authorization: `Bearer ${key}` } });

/** Takes the space that is left. */
async function fill(): Promise<string> {
  const path = join(data, 'ballast');
  const file = await open(path, 'w');
  const block = Buffer.alloc(65_536);
  try {
    for (;;) await file.write(block);
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
  }
  await file.close();
  return path;
}

test('a full disk refuses writes and lets reads pass, and with space again all is well by itself', async (t) => {
  if (skip) return t.skip(skip);
  const embedded = await openEmbedded({ directory: data, role: 'tool' });
  const session = new pg.Client(embedded.connection);
  await session.connect();
  try {
    await underLoad(server, key, async ({ more, codes }) => {
      // A fresh segment gives the write-ahead log 16 MB. Without any, PostgreSQL cuts its sessions and recovers instead of saying why.
      await session.query('SELECT pg_switch_wal()');
      await more('acknowledged', 10);
      const ballast = await fill();
      await more('refused', 20);
      assert.ok(codes.has('storage_full'), `heard: ${[...codes].join()}`);
      for (const path of ['/healthz', '/readyz', '/api/customers', '/api/customers?search=load', '/api/events'])
        assert.equal((await get(path)).status, 200, path);
      await rm(ballast);
    });
    const { rows } = await session.query('SELECT true AS alive');
    assert.equal(rows[0].alive, true, 'PostgreSQL went on throughout');
  } finally {
    await session.end();
    await embedded.release();
  }
});

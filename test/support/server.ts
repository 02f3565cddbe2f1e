// A server of its own for each test file: a fresh database in one PostgreSQL that all test files share.
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { Logger } from 'pino';
import type { Role } from '#contract/api.ts';
import { type Actor, createKey, createWorkspace, findWorkspace, systemActor } from '#server/access/access.ts';
import { type AppOptions, createApp, workersFor } from '#server/app.ts';
import { startWorking } from '#server/causes/causes.ts';
import { type Database, type DatabaseOptions, openDatabase } from '#server/database.ts';
import { openEmbedded } from '#server/embedded.ts';
import type { Metrics } from '#server/metrics.ts';
import { migrate } from '#server/migrate.ts';
import { PROJECT } from '#server/project.ts';
import { appOptions } from './app.ts';

export type TestDatabase = {
  connection: pg.ClientConfig;
  database: Database;
  url: string;
  /** How many statements over `database` have ended: of some kinds, or of all that requests ask for. */
  statements(...kinds: string[]): number;
  drop(): Promise<void>;
};

/** What no request asks for: work is looked for every two seconds, a key looked up anew after one; what begins, ends or cancels others. */
const UNASKED = ['find_workspaces_with_work', 'find_key', 'begin', 'commit', 'cancel'];

/** A fresh, migrated database with the workspace `main`. */
export async function openTestDatabase(metrics?: Metrics): Promise<TestDatabase> {
  const directory = join(tmpdir(), `clientele-test-${process.getuid?.() ?? 0}`);
  const embedded = await openEmbedded({ directory, role: 'tool' });
  const name = `test_${process.pid}_${Date.now().toString(36)}_${Math.random().toString(36).slice(2, 8)}`;
  const admin = new pg.Client(embedded.connection);
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name}`);
  const connection = { ...embedded.connection, database: name };
  await migrate(connection, join(PROJECT, 'migrations'));
  const ended: string[] = [];
  const database = openTestConnections(connection, {
    onStatement(kind, ms) {
      ended.push(kind);
      metrics?.onStatement(kind, ms);
    },
    onBatch: metrics?.onBatch,
  });
  await createWorkspace(database, 'main', 'Main');
  return {
    connection,
    database,
    url: `postgresql://${connection.user}@${encodeURIComponent(connection.host)}:${connection.port}/${name}`,
    statements: (...kinds) =>
      ended.filter((kind) => (kinds.length > 0 ? kinds.includes(kind) : !UNASKED.includes(kind))).length,
    async drop() {
      await database.close();
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await admin.end();
      await embedded.release();
    },
  };
}

export type TestSql = TestDatabase & { sql: pg.Client };

/** The same, and a connection of the test's own, which ends with it. */
export async function openTestSql(): Promise<TestSql> {
  const opened = await openTestDatabase();
  const sql = new pg.Client(opened.connection);
  await sql.connect();
  return {
    ...opened,
    sql,
    async drop() {
      await sql.end();
      await opened.drop();
    },
  };
}

const SUPPRESSION_KEY = randomBytes(32);

export function openTestConnections(
  connection: pg.ClientConfig,
  hearing: Pick<DatabaseOptions, 'onStatement' | 'onBatch'> = {},
): Database {
  return openDatabase({
    connection,
    read_connections: 2,
    search_connections: 2,
    write_connections: 4,
    statement_timeout_ms: 10_000,
    connect_timeout_ms: 5000,
    suppression_key: SUPPRESSION_KEY,
    ...hearing,
  });
}

export type TestServer = TestDatabase & {
  base: string;
  /** A key of each role in `main`. */
  keys: Record<Role, string>;
  actor: Actor;
  /** Where uploaded files lie. */
  imports: AppOptions['imports'];
  /**
   * A request with the editor's key, unless another is named; a body that is no text is sent as JSON, and a header of null
   * is not sent.
   */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string | null>): Promise<TestReply>;
  stop(): Promise<void>;
};
// biome-ignore lint/suspicious/noExplicitAny: what a reply holds is what the tests are about
export type TestReply = { status: number; headers: Headers; text: string; body: any };

export async function startServer(overrides: Partial<AppOptions> = {}, port = 0): Promise<TestServer> {
  const options = appOptions(overrides);
  const opened = await openTestDatabase(options.metrics);
  const { database } = opened;
  const app = createApp(database, options);
  const working = startWorking(database, workersFor(options.imports), {
    logger: options.logger as Logger,
    runs_at: options.imports.id,
  });
  const base = await app.listen({ host: '127.0.0.1', port });
  const actor = systemActor((await findWorkspace(database, 'main'))!, 'test');
  const keys = {} as Record<Role, string>;
  for (const role of ['viewer', 'editor', 'admin', 'owner'] as const)
    keys[role] = (await createKey(database, actor, { name: role, role }, { request_id: null })).subject.key!;

  async function call(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string | null> = {},
  ): Promise<TestReply> {
    const all = {
      authorization: `Bearer ${keys.editor}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    };
    const given = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== null);
    const sent =
      body === undefined || typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
    const response = await fetch(base + path, {
      method,
      body: sent as RequestInit['body'],
      headers: Object.fromEntries(given),
    });
    // A stream of the feed has no end.
    const isEndless = response.ok && path.startsWith('/api/events/stream');
    if (isEndless) await response.body?.cancel();
    const text = isEndless ? '' : await response.text();
    const isJson = /json\b/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: isJson && text !== '' ? JSON.parse(text) : undefined,
    };
  }

  return {
    ...opened,
    base,
    keys,
    actor,
    imports: options.imports,
    call,
    async stop() {
      app.server.closeAllConnections();
      await app.close();
      await working.stop();
      await rm(options.imports.path, { recursive: true, force: true });
      await opened.drop();
    },
  };
}

// What a collector of traces gets: the way of each request through the server, and nothing about people; and that a
// collector, dead or alive, is nobody's trouble.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { loadConfig } from '#server/config.ts';
import { PROJECT } from '#server/project.ts';
import { openTracing, type Tracing } from '#server/tracing.ts';
import { type Collector, openCollector } from './support/collector.ts';
import { openTestLog } from './support/log.ts';
import { startServer, type TestServer } from './support/server.ts';

// Time enough for a machine that has other things to do.
const defaults = { ...loadConfig({}, PROJECT).tracing, timeout_ms: 600_000 };
const openWith = async (settings: Partial<typeof defaults>, log = openTestLog()) =>
  (await openTracing({ ...defaults, ...settings }, '1.2.3', log.logger))!;

describe('the trace of a request', () => {
  const log = openTestLog();
  const caller = { trace_id: '4bf92f3577b34da6a3ce929d0e0e4736', span_id: '00f067aa0ba902b7' };
  const traceparent = `00-${caller.trace_id}-${caller.span_id}-01`;
  const together = 20;
  let began = 0;
  let collector: Collector;
  let secrets: string[];
  const requests = new Map<string, string>();

  before(async () => {
    collector = await openCollector();
    const tracing = await openWith({ endpoint: collector.endpoint });
    const counting: Tracing = {
      ...tracing,
      begin(...request) {
        began++;
        return tracing.begin(...request);
      },
    };
    const server = await startServer({ tracing: counting, logger: log.logger });
    try {
      const make = async (name: string, ...[method, path, body, headers]: Parameters<TestServer['call']>) => {
        const reply = await server.call(method, path, body, headers);
        requests.set(name, reply.headers.get('x-request-id')!);
        return reply;
      };
      const person = {
        first_name: 'Grace',
        last_name: 'Hopper',
        email: 'grace@navy.example',
        phone: '+1 202 555 0147',
      };
      const { id } = (await make('create', 'POST', '/api/customers', person, { traceparent })).body;
      await make('search', 'GET', '/api/customers?search=hopper&email=grace@navy.example');
      await make('read', 'GET', `/api/customers/${id}`);
      await make('read as asked for', 'GET', '/api/customers/by-external-id/seven');
      await make('nothing there', 'GET', '/nothing/hopper?q=hopper');
      await make('not traced', 'GET', `/api/customers/${id}`, undefined, {
        traceparent: traceparent.replace(/1$/, '0'),
      });
      await make('no traceparent', 'GET', `/api/customers/${id}`, undefined, { traceparent: `${traceparent}-x` });
      await make('probe', 'GET', '/readyz');
      secrets = ['grace', 'hopper', 'navy', '555', 'seven', id, ...Object.values(server.keys)];
      await createTogether(server);
      await makeFail(server);
      await make('failing', 'POST', '/api/customers', { ...person, email: 'other@navy.example' });
    } finally {
      await server.stop();
      await tracing.close();
    }
  });
  after(() => collector.close());

  /** Twenty at once, of which the first holds the turn until all are there. */
  async function createTogether(server: TestServer): Promise<void> {
    const blocker = new pg.Client(server.connection);
    await blocker.connect();
    try {
      await blocker.query('BEGIN');
      await blocker.query('SELECT FROM ledgers FOR UPDATE');
      const before = began;
      const creating = Array.from({ length: together }, (_, index) =>
        server.call('POST', '/api/customers', { first_name: 'A', last_name: 'B', email: `together${index}@x.example` }),
      );
      while (began < before + together) await new Promise((resolve) => setTimeout(resolve, 5));
      await server.call('GET', '/api/workspaces');
      await blocker.query('ROLLBACK');
      for (const { status } of await Promise.all(creating)) assert.equal(status, 201);
    } finally {
      await blocker.end();
    }
  }

  async function makeFail(server: TestServer): Promise<void> {
    const client = new pg.Client(server.connection);
    await client.connect();
    await client.query(`ALTER TABLE customers ADD CONSTRAINT no_others CHECK (email NOT LIKE 'other%')`);
    await client.end();
  }

  const traceOf = (name: string) => {
    const line = log.lines().find((entry) => entry.request_id === requests.get(name) && 'status' in entry);
    assert.ok(line, name);
    const spans = collector.spans.filter(({ trace_id }) => trace_id === line.trace_id);
    return { line, spans, root: spans.find(({ kind }) => kind === 2)! };
  };
  const byName = (name: string) => collector.spans.filter((span) => span.name === name);

  test('goes on with the one of its caller, and holds the batch it waited for and that one’s statements', () => {
    const { line, spans, root } = traceOf('create');
    assert.equal(line.trace_id, caller.trace_id);
    assert.equal(root.parent_id, caller.span_id);
    assert.equal(root.name, 'POST /api/customers');
    assert.deepEqual(root.attributes, {
      'http.request.method': 'POST',
      'http.route': '/api/customers',
      'http.response.status_code': 201,
    });
    assert.equal(root.failed, false);
    assert.equal(root.service, 'clientele');
    const batch = spans.find(({ name }) => name === 'write batch')!;
    assert.equal(batch.parent_id, root.span_id);
    assert.deepEqual(batch.links, []);
    const statements = spans.filter(({ parent_id }) => parent_id === batch.span_id);
    const names = statements.map(({ name }) => name);
    for (const name of ['begin', 'lock_ledger', 'append_events', 'commit']) assert.ok(names.includes(name), name);
    for (const { kind, name, attributes } of statements) {
      assert.equal(kind, 3);
      assert.deepEqual(attributes, { 'db.system.name': 'postgresql', 'db.query.summary': name });
    }
    assert.ok(spans.some(({ name, parent_id }) => name === 'find_key' && parent_id === root.span_id));
    assert.equal(spans.length, 2 + statements.length + 1);
  });

  test('begins and ends in time: each part within its whole', () => {
    const byId = new Map(collector.spans.map((span) => [span.span_id, span]));
    let parts = 0;
    for (const span of collector.spans) {
      assert.ok(span.start > 0n && span.start <= span.end, span.name);
      const whole = byId.get(span.parent_id);
      if (!whole) continue;
      parts++;
      assert.ok(whole.start <= span.start, `${span.name} in ${whole.name}`);
      // A batch that fails does not wait for the statements sent behind the one that did.
      assert.ok(span.end <= whole.end || whole.failed, `${span.name} in ${whole.name}`);
    }
    assert.ok(parts > 20);
  });

  test('begins anew without a caller’s, or with one that makes no sense', () => {
    for (const name of ['search', 'no traceparent']) {
      const { spans, root } = traceOf(name);
      assert.notEqual(root.trace_id, caller.trace_id);
      assert.equal(root.parent_id, '');
      assert.ok(spans.length >= 2);
    }
  });

  test('names the route where there is one, and nothing of the path', () => {
    assert.equal(traceOf('read').root.name, 'GET /api/customers/:id');
    const { attributes, name } = traceOf('nothing there').root;
    assert.equal(name, 'GET');
    assert.deepEqual(attributes, { 'http.request.method': 'GET', 'http.response.status_code': 404 });
  });

  test('is not made for a caller who wants none, nor for probes', () => {
    const line = log.lines().find(({ request_id }) => request_id === requests.get('not traced'));
    assert.equal(line.status, 200);
    assert.equal(line.trace_id, undefined);
    assert.deepEqual(
      collector.spans.filter(({ name }) => name.includes('readyz')),
      [],
    );
  });

  test('of writes that went together: the batch is part of one, and linked with all others', () => {
    const batches = byName('write batch').filter(({ links }) => links.length > 0);
    assert.ok(batches.length > 0);
    const roots = byName('POST /api/customers').filter(
      ({ attributes }) => attributes['http.response.status_code'] === 201,
    );
    assert.equal(roots.length, together + 1);
    for (const { trace_id, span_id, links } of batches)
      for (const link of links) {
        const other = roots.find((root) => root.span_id === link.span_id)!;
        assert.equal(other.trace_id, link.trace_id);
        assert.notEqual(other.trace_id, trace_id);
        assert.deepEqual(other.links, [{ trace_id, span_id }]);
      }
    const waited = byName('write batch').reduce((sum, { links }) => sum + 1 + links.length, 0);
    assert.equal(waited, together + 2, 'each write in one batch, with the first and the one that fails');
  });

  test('that failed on our side is marked, and so is the statement that did; by codes alone', () => {
    const { spans, root } = traceOf('failing');
    assert.equal(root.failed, true);
    assert.equal(root.attributes['http.response.status_code'], 500);
    assert.equal(root.attributes['error.type'], '500');
    const failed = spans.filter((span) => span.failed && span.kind === 3);
    assert.ok(failed.some(({ attributes }) => attributes['error.type'] === '23514'));
    assert.deepEqual(
      collector.spans.filter((span) => span.failed && span.trace_id !== root.trace_id),
      [],
      'a 404 and a 400 are no failures',
    );
  });

  test('holds nothing personal', () => {
    assert.match(collector.text(), /lock_ledger/);
    const text = collector.text().toLowerCase();
    for (const secret of secrets) assert.ok(!text.includes(secret.toLowerCase()), secret);
  });
});

describe('a collector', () => {
  const span = (tracing: Tracing) => tracing.begin('GET', '/api/customers', undefined)?.end(false, 200);

  test('is sent to where the settings say, by the name they say, as much as they say', async () => {
    const collector = await openCollector();
    const named = await openWith({ endpoint: `${collector.endpoint}/otlp/`, service_name: 'crm' });
    span(named);
    await named.close();
    const whole = await openWith({ endpoint: 'http://nobody.invalid', traces_endpoint: `${collector.endpoint}/in` });
    span(whole);
    await whole.close();
    const few = await openWith({ endpoint: collector.endpoint, sample_ratio: 0 });
    assert.equal(few.begin('GET', '/', undefined), undefined);
    await few.close();
    await collector.close();
    assert.deepEqual(
      collector.posts.map(({ url }) => url),
      ['/otlp/v1/traces', '/in'],
    );
    assert.equal(collector.posts[0]!.headers['content-type'], 'application/x-protobuf');
    assert.deepEqual(
      collector.spans.map(({ service }) => service),
      ['crm', 'clientele'],
    );
  });

  test('that refuses is told of once, and once more when it takes traces again', async () => {
    let status = 400;
    const collector = await openCollector(async () => status);
    const log = openTestLog();
    const tracing = await openWith({ endpoint: collector.endpoint }, log);
    const full = async (posts: number) => {
      for (let index = 0; index < 512; index++) span(tracing);
      while (collector.posts.length < posts) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    await full(1);
    await full(2);
    status = 200;
    await full(3);
    await tracing.close();
    await collector.close();
    assert.deepEqual(
      log.lines().map(({ level, msg }) => [level, msg]),
      [
        [40, 'The collector does not take traces'],
        [30, 'The collector takes traces again'],
      ],
    );
  });

  test('that hangs costs no request anything, and no more memory than a bound', async () => {
    let answer!: (status: number) => void;
    const answered = new Promise<number>((resolve) => {
      answer = resolve;
    });
    const collector = await openCollector(() => answered);
    const log = openTestLog();
    const tracing = await openWith({ endpoint: collector.endpoint }, log);
    const server = await startServer({ tracing });
    for (let index = 0; index < 20_000; index++) span(tracing);
    while (collector.posts.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal((await server.call('GET', '/api/customers')).status, 200);
    assert.equal(
      (await server.call('POST', '/api/customers', { first_name: 'A', last_name: 'B', email: 'a@b.example' })).status,
      201,
    );
    await server.stop();
    assert.equal(collector.spans.length, 0);
    answer(200);
    await tracing.close();
    await collector.close();
    assert.ok(collector.spans.length >= 2048 && collector.spans.length <= 2048 + 512, `${collector.spans.length}`);
    assert.deepEqual(log.lines(), []);
  });

  for (const kind of ['is not there', 'never answers'] as const)
    test(`that ${kind} keeps no server from stopping, and is told of at most once`, async () => {
      const sockets: Socket[] = [];
      const silent = createServer((socket) => sockets.push(socket));
      silent.listen(0, '127.0.0.1');
      await once(silent, 'listening');
      const { port } = silent.address() as { port: number };
      if (kind === 'is not there') silent.close();
      const log = openTestLog();
      const tracing = await openWith({ endpoint: `http://127.0.0.1:${port}`, timeout_ms: 200 }, log);
      for (let index = 0; index < 2000; index++) span(tracing);
      await tracing.close();
      assert.ok(log.lines().length <= 1);
      for (const socket of sockets) socket.destroy();
      silent.close();
    });
});

describe('a server', () => {
  const SERVES = `
    import { registerHooks } from 'node:module';
    const loaded = new Set();
    registerHooks({ load(url, context, next) {
      const [name] = /@opentelemetry\\/[\\w-]+/.exec(url) ?? [];
      if (name) loaded.add(name);
      return next(url, context);
    } });
    const { serve } = await import('#server/main.ts');
    const { loadConfig } = await import('#server/config.ts');
    const serving = await serve(loadConfig(process.env, process.cwd()), () => {});
    const { status } = await fetch(serving.url + '/api/customers');
    await serving.close();
    console.log(JSON.stringify({ status, loaded: [...loaded].sort() }));
  `;
  let database: TestServer;
  before(async () => {
    database = await startServer();
  });
  after(() => database.stop());

  async function run(env: NodeJS.ProcessEnv): Promise<{ status: number; loaded: string[] }> {
    const child = spawn(process.execPath, ['--input-type=module', '-e', SERVES], {
      cwd: PROJECT,
      env: { ...process.env, DATABASE_URL: database.url, PORT: '0', CLIENTELE_LOG_LEVEL: 'silent', ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (chunk) => (said += chunk));
    const [code] = await once(child, 'close');
    assert.equal(code, 0);
    return JSON.parse(said);
  }

  test('without a collector loads nothing that makes or sends traces', async () => {
    const { status, loaded } = await run({ OTEL_EXPORTER_OTLP_ENDPOINT: '' });
    assert.equal(status, 401);
    assert.deepEqual(loaded, ['@opentelemetry/api'], 'which the metrics’ library brings along');
  });

  test('with one sends what is left when it stops', async () => {
    const collector = await openCollector();
    const { status, loaded } = await run({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
      OTEL_SERVICE_NAME: 'from a variable',
      OTEL_EXPORTER_OTLP_HEADERS: 'x-api-key=of the collector',
      OTEL_EXPORTER_OTLP_TIMEOUT: '600000',
    });
    await collector.close();
    assert.equal(status, 401);
    assert.ok(loaded.includes('@opentelemetry/sdk-trace'));
    assert.equal(collector.posts[0]!.headers['x-api-key'], 'of the collector');
    assert.deepEqual(
      collector.spans.map(({ name, service }) => [name, service]),
      [['GET /api/customers', 'from a variable']],
    );
  });
});

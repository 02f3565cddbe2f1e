// The limit target: what this language, this driver and this database can do at all for this API. node:http, named
// prepared statements, hand-written SQL and JSON; no keys, no validation beyond types, no events, no log.
//
//   DATABASE_URL=… PORT=5472 node bench/limit/server.ts
//
// Lists follow a keyset cursor; unfiltered counts come from a table of counters; a search of three letters or more
// counts exactly, of fewer up to 10,001.
import { createServer, type IncomingMessage } from 'node:http';
import pg from 'pg';

const asText = (value: string) => value;
pg.types.setTypeParser(20, Number); // bigint
pg.types.setTypeParser(1184, asText); // timestamptz
pg.types.setTypeParser(16, asText); // boolean
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: Number(process.env.POOL ?? 8) });
pool.on('connect', (client) =>
  client.query("SET TimeZone = 'UTC'; SET plan_cache_mode = force_generic_plan; SET jit = off"),
);
pool.on('error', (error) => console.error(error));

createServer((request, response) => {
  handle(request)
    .catch((error): Reply => [statusOf(error), JSON.stringify({ error: error.message })])
    .then(([status, body]) => {
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      response.writeHead(status, headers).end(body);
    });
}).listen(Number(process.env.PORT ?? 5472), '127.0.0.1', () => console.log('listening', process.version));

type Reply = [status: number, body: string];

async function handle(request: IncomingMessage): Promise<Reply> {
  const url = request.url!;
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  if (path === '/api/customers') {
    if (request.method === 'GET')
      return [200, await listCustomers(new URLSearchParams(mark < 0 ? '' : url.slice(mark)))];
    return [201, await createCustomer(JSON.parse(await readBody(request)))];
  }
  if (path === '/api/customers/stats') return [200, await stats()];
  if (path === '/healthz') return [200, '{}'];
  const id = path.startsWith('/api/customers/') ? Number(path.slice('/api/customers/'.length)) : Number.NaN;
  if (!Number.isInteger(id)) return [404, '{}'];
  const found =
    request.method === 'PATCH'
      ? await patchCustomer(id, JSON.parse(await readBody(request)))
      : (await query('get', `SELECT ${columns} FROM customers WHERE id = $1`, [id]))[0];
  return found ? [200, toJson(found)] : [404, '{}'];
}

async function createCustomer(body: Body) {
  const sql = `WITH created AS (
      INSERT INTO customers (first_name, last_name, email, phone) VALUES ($1, $2, $3, $4) RETURNING ${columns}),
    counted AS (UPDATE customer_counts SET n = n + 1 WHERE slot = $5 AND is_active)
    SELECT * FROM created`;
  const slot = (Math.random() * 16) | 0;
  const email = string(body.email, 254).toLowerCase();
  const names = [string(body.first_name, 50), string(body.last_name, 50)];
  return toJson((await query('create', sql, [...names, email, string(body.phone, 15), slot]))[0]!);
}

async function patchCustomer(id: number, body: Body) {
  const values: unknown[] = [id];
  const fields = ['first_name', 'last_name', 'email', 'phone'].filter((field) => field in body);
  const set = fields.map((field) => `${field} = $${values.push(string(body[field], 254))}, `).join('');
  const sql = `UPDATE customers SET ${set} updated_at = now() WHERE id = $1 RETURNING ${columns}`;
  return (await query(`patch ${fields}`, sql, values))[0];
}

async function stats() {
  const { active, inactive } = await countAll();
  return `{"total_customers":${active + inactive},"active_customers":${active},"inactive_customers":${inactive}}`;
}

async function listCustomers(parameters: URLSearchParams) {
  const limit = Math.min(200, Number(parameters.get('limit') ?? 25));
  const key = parameters.get('ordering') ?? 'last_name';
  const ordering = orderings[key] ?? orderings.last_name!;
  const cursor = parameters.get('cursor');
  const asked = {
    key,
    ordering,
    limit,
    search: parameters.get('search')?.toLowerCase() ?? '',
    active: parameters.has('is_active') ? parameters.get('is_active') === 'true' : null,
    after: cursor ? (JSON.parse(Buffer.from(cursor, 'base64url').toString()) as string[]) : null,
  };
  const { rows, total } = asked.search.length >= 3 ? await gather(asked) : await walk(asked);
  let next = 'null';
  if (rows.length > limit) {
    const last = ordering.keys.map((name) => rows[limit - 1]![columnNames.indexOf(name)]);
    parameters.set('cursor', Buffer.from(JSON.stringify(last)).toString('base64url'));
    next = JSON.stringify(`/api/customers?${parameters}`);
  }
  return `{"count":${total},"next":${next},"previous":null,"results":[${rows.slice(0, limit).map(toJson).join(',')}]}`;
}

type Asked = {
  key: string;
  ordering: Ordering;
  limit: number;
  search: string;
  active: boolean | null;
  after: string[] | null;
};

/** By the trigram index: all matches once, which give the count and the page. */
async function gather(asked: Asked) {
  const { keys, direction } = asked.ordering;
  const values: unknown[] = [pattern(asked.search)];
  const order = keys.map((name) => `c.${name}${direction}`).join(', ');
  const sql = `WITH matching AS MATERIALIZED (
      SELECT ${[...new Set([...keys, 'id'])]} FROM customers WHERE ${ofState(asked)} AND search_text LIKE $1),
    page AS (
      SELECT id FROM matching WHERE ${afterCursor(asked, values)}
      ORDER BY ${keys.map((name) => name + direction)} LIMIT $${values.push(asked.limit + 1)}::int)
    SELECT ${columnNames.map((name) => `c.${name}`)}, (SELECT count(*) FROM matching)
    FROM page JOIN customers c USING (id) ORDER BY ${order}`;
  const rows = await query(`gather ${nameOf(asked)}`, sql, values);
  return { rows, total: rows[0]?.[columnNames.length] ?? 0 };
}

/** By the ordering's index. The trigram index is no help below three letters: `|| ''` keeps the planner off it. */
async function walk(asked: Asked) {
  const { keys, direction } = asked.ordering;
  const values: unknown[] = asked.search ? [pattern(asked.search)] : [];
  const matching = asked.search ? "search_text || '' LIKE $1" : 'true';
  const sql = `SELECT ${columns} FROM customers
    WHERE ${ofState(asked)} AND ${matching} AND ${afterCursor(asked, values)}
    ORDER BY ${keys.map((name) => name + direction)} LIMIT $${values.push(asked.limit + 1)}::int`;
  const counted = `SELECT count(*) FROM (
    SELECT FROM customers WHERE ${ofState(asked)} AND search_text || '' LIKE $1 LIMIT 10001) matching`;
  const [rows, total] = await Promise.all([
    query(`walk ${nameOf(asked)}`, sql, values),
    asked.search
      ? query(`count ${asked.active}`, counted, [pattern(asked.search)]).then((found) => found[0]![0])
      : countAll().then(({ active, inactive }) => {
          if (asked.active === null) return active + inactive;
          return asked.active ? active : inactive;
        }),
  ]);
  return { rows, total };
}

type Ordering = { keys: string[]; types: string[]; direction: '' | ' DESC' };

const orderings: Record<string, Ordering> = {
  last_name: { keys: ['last_name', 'first_name', 'id'], types: ['text', 'text', 'bigint'], direction: '' },
  created_at: { keys: ['created_at', 'id'], types: ['timestamptz', 'bigint'], direction: '' },
  '-created_at': { keys: ['created_at', 'id'], types: ['timestamptz', 'bigint'], direction: ' DESC' },
  email: { keys: ['email'], types: ['text'], direction: '' },
  '-email': { keys: ['email'], types: ['text'], direction: ' DESC' },
};

const nameOf = (asked: Asked) => `${asked.key} ${asked.active} ${asked.search !== ''} ${asked.after !== null}`;
const ofState = (asked: Asked) => (asked.active === null ? 'true' : `is_active = ${asked.active}`);
const pattern = (search: string) => `%${search.replace(/[\\%_]/g, '\\$&')}%`;

function afterCursor({ ordering, after }: Asked, values: unknown[]) {
  if (!after) return 'true';
  const from = ordering.types.map((type, i) => `$${values.push(after[i])}::${type}`);
  return `(${ordering.keys}) ${ordering.direction ? '<' : '>'} (${from})`;
}

async function countAll() {
  const found = await query('counts', 'SELECT is_active, sum(n)::bigint FROM customer_counts GROUP BY 1', []);
  const of = (state: string) => found.find(([is]) => is === state)?.[1] ?? 0;
  return { active: of('t'), inactive: of('f') };
}

// biome-ignore lint/suspicious/noExplicitAny: a row holds strings and, for int8, numbers; types cost nothing and say nothing here
type Values = any[];

function query(name: string, sql: string, values: unknown[]): Promise<Values[]> {
  return pool.query<Values>({ name, text: sql, values, rowMode: 'array' }).then(({ rows }) => rows);
}

const columnNames = ['id', 'first_name', 'last_name', 'email', 'phone', 'is_active', 'created_at', 'updated_at'];
const columns = columnNames.join();

function toJson([id, first, last, email, phone, active, created, updated]: Values) {
  return (
    `{"id":${id},"first_name":${quoted(first)},"last_name":${quoted(last)},"full_name":${quoted(`${first} ${last}`)}` +
    `,"email":${quoted(email)},"phone":${quoted(phone)},"is_active":${active === 't'}` +
    `,"created_at":"${time(created)}","updated_at":"${time(updated)}"}`
  );
}

const quoted = JSON.stringify;
const time = (value: string) => value.replace(' ', 'T').replace('+00', 'Z');

type Body = Record<string, unknown>;

/** By events: iterating over the request costs more. */
function readBody(request: IncomingMessage) {
  return new Promise<string>((resolve, reject) => {
    const parts: Buffer[] = [];
    request.on('data', (part) => parts.push(part)).on('error', reject);
    request.on('end', () => resolve(Buffer.concat(parts).toString()));
  });
}

function string(value: unknown, limit: number) {
  if (typeof value === 'string' && value && value.length <= limit) return value;
  throw Object.assign(new Error('invalid'), { status: 400 });
}

function statusOf(error: { status?: number; code?: string }) {
  return error.status ?? (error.code === '23505' ? 409 : 500);
}

// What is asked: each scenario gives the requests that are replayed in turn, and the statuses that count as right.
import { type Call, type Client, openClient } from './client.ts';
import { addressPart, terms } from './dataset.ts';
import { firstNames, lastNames } from './names.ts';
import { customers, getJson, type List, type Target } from './targets.ts';
import { type Load, numbered } from './wrk.ts';

export type Context = {
  target: Target;
  /** Customers that were loaded. */
  rows: number;
  /** Different for every run, and part of the emails made in it. */
  tag: string;
  random: () => number;
};

/** In the order they are run: reading first, since writing leaves traces. */
export const scenarios: Record<string, (context: Context) => Promise<Load>> = {
  retrieve: async ({ target, random }) =>
    load(
      target,
      shuffled(await target.ids(4000), random).map((id) => get(`${customers}/${id}`)),
    ),
  list_first: async ({ target }) => load(target, [get(`${customers}?limit=25`)]),
  list_deep: async ({ target }) => load(target, (await deepPages(target.client)).map(get)),
  list_filtered: async ({ target }) => load(target, [get(filtered)]),
  list_304: ({ target }) => unchangedList(target),
  stats: async ({ target }) => load(target, [get(`${customers}/stats`)]),
  patch: async ({ target, random }) => load(target, shuffled(await target.ids(2000), random).map(patch)),
  mixed,
  create: async ({ target, tag, random }) =>
    load(
      target,
      Array.from({ length: 500 }, () => create(tag, random)),
      [201],
    ),
};

/** Tries the last few calls and looks at the answers, so that nothing but right answers is timed. */
export async function tryOut(target: Target, name: string, { calls, headers, expect }: Load) {
  const client = openClient(target.port, headers);
  try {
    for (const call of calls.slice(-5)) {
      const answer = await client.send(numbered(call));
      const what = `${name}: ${call.method} ${call.path}`;
      if (!expect.includes(answer.status)) throw new Error(`${what}: ${answer.status} ${answer.body.slice(0, 300)}`);
      const page = call.path.startsWith(`${customers}?`) && answer.status === 200 ? JSON.parse(answer.body) : null;
      if (page && !call.path.includes('search') && page.results.length !== Math.min(25, page.count))
        throw new Error(`${what}: ${page.results.length} of ${page.count} customers`);
    }
  } finally {
    client.close();
  }
}

const filtered = `${customers}?is_active=true&ordering=-created_at&limit=25`;

/** 80 % reading, 15 % searching, 5 % writing. */
async function mixed({ target, rows, tag, random }: Context) {
  const ids = shuffled(await target.ids(2000), random);
  const { one, hundreds } = terms(rows);
  const calls = ids.map((id) => {
    const drawn = random();
    if (drawn < 0.5) return get(`${customers}/${id}`);
    if (drawn < 0.7) return get(`${customers}?limit=25`);
    if (drawn < 0.8) return get(filtered);
    if (drawn < 0.85) return search(pick(one, random));
    if (drawn < 0.95) return search(pick(hundreds, random));
    return drawn < 0.98 ? create(tag, random) : patch(id);
  });
  return load(target, calls, [200, 201]);
}

/** Two searches in three match hundreds, one a single customer. */
export async function searchCalls({ target, rows, random }: Context): Promise<Load> {
  const { one, hundreds } = terms(rows);
  const drawn = Array.from({ length: 500 }, () => search(pick(random() < 0.33 ? one : hundreds, random)));
  return load(target, drawn);
}

function search(term: string): Call {
  return get(`${customers}?limit=25&search=${encodeURIComponent(term)}`);
}

/** The limit server has no such answer: its cheapest one, the counts, stands beside it. */
async function unchangedList(target: Target): Promise<Load> {
  if (target.name === 'limit') return load(target, [get(`${customers}/stats`)]);
  const call = get(`${customers}?limit=25`);
  const { etag } = (await target.client.send(call)).headers;
  if (!etag) throw new Error('a list came without an ETag');
  const unchanged = load(target, [call], [304]);
  return { ...unchanged, headers: { ...unchanged.headers, 'if-none-match': etag } };
}

/** Follows `next` to page 1,000, or the end, and keeps the last 100. */
async function deepPages(client: Client) {
  const pages: string[] = [];
  let path: string | null = `${customers}?limit=25`;
  for (let page = 0; path && page < 1000; page++) {
    pages.push(path);
    path = (await getJson<List>(client, path)).next;
  }
  return pages.slice(-100);
}

function load({ headers }: Target, calls: Call[], expect = [200]): Load {
  return { calls, headers, expect };
}

function get(path: string): Call {
  return { method: 'GET', path };
}

/** The number runs, since a patch that changes nothing would cost nothing. */
function patch(id: string): Call {
  return { method: 'PATCH', path: `${customers}/${id}`, body: JSON.stringify({ phone: '+1628{N}' }) };
}

function create(tag: string, random: () => number): Call {
  const [first_name, last_name] = [pick(firstNames, random), pick(lastNames, random)];
  const email = `${addressPart(first_name)}.${addressPart(last_name)}.${tag}.{N}@load.example`;
  return {
    method: 'POST',
    path: customers,
    body: JSON.stringify({ first_name, last_name, email, phone: '+1415{N}' }),
  };
}

function pick<T>(items: T[], random: () => number) {
  return items[Math.floor(random() * items.length)]!;
}

function shuffled<T>(items: T[], random: () => number) {
  return items
    .map((item) => [random(), item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item);
}

// What the latency tables ask: pages of lists, by what is searched or filtered, in every ordering.
import { type Client, openClient } from './client.ts';
import { terms } from './dataset.ts';
import { customers, getJson, type List, type Target } from './targets.ts';

/** A place in a table, and the pages that are asked for in turn to fill it. */
export type Question = { table: string; row: string; column: string; paths: string[] };

export type Asking = { rows: number; orderings: string[]; states: string[]; classes: string[] };

export const searchClasses = {
  one: 'one match',
  hundreds: 'hundreds of matches',
  tensOfThousands: 'tens of thousands of matches',
  hundredsOfThousands: 'hundreds of thousands of matches',
  none: 'no match',
  oneLetter: 'one letter',
  twoLetters: 'two letters',
  words: 'several words',
} as const;

/** A first page, and the one after following `next` three times, of every class, ordering and state. */
export async function* searches(target: Target, asking: Asking): AsyncGenerator<Question> {
  const all = terms(asking.rows);
  for (const name of asking.classes as (keyof typeof searchClasses)[]) {
    for (const ordering of asking.orderings) {
      for (const state of asking.states) {
        const first = all[name].slice(0, 12).map((search) => listPath({ search, ordering, ...ofState(state) }));
        const place = { table: `Search: ${searchClasses[name]}`, row: ordering };
        const suffix = state === 'any' ? '' : `, is_active=${state}`;
        yield { ...place, column: `first page${suffix}`, paths: first };
        yield { ...place, column: `page 4${suffix}`, paths: await fourthPages(target.client, first) };
      }
    }
  }
}

/** Lists by state, and by ranges of time of many widths; first and fourth pages together. */
export async function* filters(target: Target, asking: Asking): AsyncGenerator<Question> {
  const states = ['true', 'false'].map((state) => ({ column: `is_active=${state}`, paths: [ofState(state)] }));
  yield* filterTable(target, 'Filter: state', asking.orderings, states);
  if (target.name === 'limit') return; // it knows no ranges
  for (const field of ['created_at', 'updated_at']) {
    const windows = await ranges(target.client, field);
    for (const state of ['any', 'true', 'false']) {
      const columns = windows.map(({ column, paths }) => ({
        column,
        paths: paths.map((range) => ({ ...range, ...ofState(state) })),
      }));
      const table = `Filter: ${field} ranges${state === 'any' ? '' : `, is_active=${state}`}`;
      yield* filterTable(target, table, asking.orderings, columns);
    }
  }
}

/** The path of the fourth page of each list that has one. */
async function fourthPages(client: Client, paths: string[]) {
  const found: string[] = [];
  for (const path of paths) {
    let page: string | null = path;
    for (let next = 0; page && next < 3; next++) page = (await getJson<List>(client, page)).next;
    if (page) found.push(page);
  }
  return found;
}

type Column = { column: string; paths: Record<string, string>[] };

async function* filterTable(target: Target, table: string, orderings: string[], columns: Column[]) {
  for (const row of orderings) {
    for (const { column, paths } of columns) {
      const first = paths.map((parameters) => listPath({ ordering: row, ...parameters }));
      yield { table, row, column, paths: [...first, ...(await fourthPages(target.client, first))] };
    }
  }
}

/** Windows by their share of the time between the oldest and the newest customer. */
async function ranges(client: Client, field: string): Promise<Column[]> {
  const end = async (ordering: string) => {
    const path = listPath({ ordering, limit: '1' });
    const { results } = await getJson<{ results: Record<string, string>[] }>(client, path);
    return Date.parse(results[0]![field]!);
  };
  const oldest = await end(field);
  const newest = (await end(`-${field}`)) + 1; // milliseconds cut off what the database holds beyond them
  const at = (share: number) => new Date(oldest + (newest - oldest) * share).toISOString();
  const from = (share: number) => ({ [`${field}[gte]`]: at(share) });
  const to = (share: number) => ({ [`${field}[lte]`]: at(share) });
  const within = [0.0001, 0.001, 0.01, 0.1, 0.5].map((width) => ({
    column: `${width * 100} %`,
    paths: [0.1, 0.5, 0.9].map((begin) => ({ ...from(begin * (1 - width)), ...to(begin * (1 - width) + width) })),
  }));
  return [
    ...within,
    { column: 'newest 1 %', paths: [from(0.99)] },
    { column: 'oldest 1 %', paths: [to(0.01)] },
    { column: 'all but the oldest 1 %', paths: [from(0.01)] },
    { column: 'all but the newest 1 %', paths: [to(0.99)] },
  ];
}

function ofState(state: string): Record<string, string> {
  return state === 'any' ? {} : { is_active: state };
}

function listPath(parameters: Record<string, string>) {
  return `${customers}?${new URLSearchParams({ limit: '25', ...parameters })}`;
}

/** Asks each page once, then all in turn until `requests` were timed or `seconds` have passed. */
export async function ask(target: Target, question: Question, requests: number, seconds: number) {
  const client = openClient(target.port, target.headers);
  const times: number[] = [];
  let slowest = { ms: 0, path: '' };
  try {
    for (const path of question.paths) await getJson(client, path);
    const until = performance.now() + seconds * 1000;
    for (let i = 0; question.paths.length > 0 && i < requests && performance.now() < until; i++) {
      const path = question.paths[i % question.paths.length]!;
      const { status, ms } = await client.send({ method: 'GET', path });
      if (status !== 200) throw new Error(`${path}: ${status}`);
      times.push(ms);
      if (ms > slowest.ms) slowest = { ms, path };
    }
  } finally {
    client.close();
  }
  return { times, slowest };
}

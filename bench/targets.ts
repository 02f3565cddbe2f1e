// The servers measured, side by side behind the same API.
import { join } from 'node:path';
import { startServer } from './children.ts';
import { type Call, type Client, openClient } from './client.ts';
import { authorize, clienteleEnv, serve } from './clientele.ts';
import type { TargetName } from './databases.ts';

export type Target = {
  name: TargetName;
  pid: number;
  port: number;
  /** Sent with every request. */
  headers: Record<string, string>;
  client: Client;
  /** The orderings it knows. */
  orderings: string[];
  /** That many ids of customers, in no order, from all over the table. */
  ids(count: number): Promise<string[]>;
  stop(): Promise<void>;
};

export type List = { count: number; next: string | null; results: { id: string | number }[] };

export const customers = '/api/customers';

export async function startTarget(name: TargetName, databaseUrl: string): Promise<Target> {
  return name === 'clientele' ? startClientele(databaseUrl) : startLimit(databaseUrl);
}

export async function startClientele(databaseUrl: string): Promise<Target> {
  const env = clienteleEnv(databaseUrl);
  const server = await startServer(serve, env, '/readyz');
  try {
    const headers = { ...(await authorize(env, 'main')), accept: 'application/json' };
    const client = openClient(server.port, headers);
    return {
      name: 'clientele',
      ...server,
      headers,
      client,
      orderings: ['last_name', 'first_name', 'email', 'created_at', 'updated_at'].flatMap((key) => [key, `-${key}`]),
      ids: (count) => walkIds(client, count),
      stop: () => {
        client.close();
        return server.stop();
      },
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function startLimit(databaseUrl: string): Promise<Target> {
  const script = join(import.meta.dirname, 'limit/server.ts');
  const server = await startServer(['--max-semi-space-size=16', script], { DATABASE_URL: databaseUrl }, '/healthz');
  const client = openClient(server.port, {});
  return {
    name: 'limit',
    ...server,
    headers: {},
    client,
    orderings: ['last_name', 'email', '-email', 'created_at', '-created_at'],
    ids: (count) => denseIds(client, count),
    stop: () => {
      client.close();
      return server.stop();
    },
  };
}

/** A GET that must answer 200. */
export async function getJson<T>(client: Client, path: string): Promise<T> {
  const call: Call = { method: 'GET', path };
  const answer = await client.send(call);
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.body.slice(0, 300)}`);
  return JSON.parse(answer.body);
}

/** By name, so that neighbours in the list are strangers in the table. */
async function walkIds(client: Client, count: number) {
  const ids: string[] = [];
  let path: string | null = `${customers}?limit=200&fields=id`;
  while (path && ids.length < count) {
    const page: List = await getJson(client, path);
    ids.push(...page.results.map(({ id }) => String(id)));
    path = page.next;
  }
  return ids.slice(0, count);
}

/** Of the limit server they are 1 to the number of rows, since it never deletes. */
async function denseIds(client: Client, count: number) {
  const { total_customers: total } = await getJson<{ total_customers: number }>(client, `${customers}/stats`);
  const step = Math.max(1, Math.floor(total / count));
  const ids = Array.from({ length: Math.min(count, total) }, (_, i) => String(1 + i * step));
  for (const id of ids.slice(-3)) await getJson(client, `${customers}/${id}`);
  return ids;
}

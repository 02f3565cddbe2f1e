// Requests and their replies as they are: what was sent, what came back, and what of it is compared.
import type { Furnished, Headers } from './furnish.ts';
import { comparable } from './twins.ts';

export type Sent = { method: string; path: string; body?: unknown; headers: Headers };
/** `isPart`: how much of the text there is, is a matter of time. */
export type Shown = { status: number; headers: [string, string][]; text: string; isPart?: true };

/** The reply as it came. Of a stream without an end, what comes at once. */
export async function ask(base: string, { method, path, body, headers }: Sent): Promise<Shown> {
  const given = Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== null);
  const leaving = new AbortController();
  const response = await fetch(base + path, {
    method,
    headers: Object.fromEntries(given),
    redirect: 'manual',
    signal: leaving.signal,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  let text = '';
  if (response.ok && path.startsWith('/api/events/stream')) {
    const timer = setTimeout(() => leaving.abort(), 50);
    const decoder = new TextDecoder();
    try {
      for await (const chunk of response.body!) text += decoder.decode(chunk, { stream: true });
    } catch {
      // Cut off by us.
    }
    clearTimeout(timer);
    return { status: response.status, headers: [...response.headers], text, isPart: true };
  } else text = await response.text();
  return { status: response.status, headers: [...response.headers], text };
}

/** What of a reply must be equal, in lines. */
export function compared(at: Furnished, { status, headers, text, isPart }: Shown, values: string[]): string[] {
  const made = ['date', 'keep-alive', 'connection', ...(status < 300 ? ['content-length'] : [])];
  const told = headers.filter(([name]) => !made.includes(name));
  const lines = [status, ...told.map((header) => header.join(': ')), isPart ? '' : text].join('\n');
  return comparable(lines, at.slug.slice(0, 7), values).split('\n');
}

// One call, however many requests it takes.
import type { Method } from '#contract/api.ts';
import { queryString, readUrl } from './address.ts';
import { noReply, type Problem, problemIn, readJson, unexpectedReply } from './problem.ts';
import { askedFor, delayBefore, isPassing, wait } from './retry.ts';

export type ClientOptions = {
  /** Where the server is, such as `https://crm.example.com`; a path in it is kept. */
  url: string;
  /** Left out in a browser, on a page of that server: it sends the cookie of whoever is signed in. */
  key?: string;
  /** The slug of the workspace that is meant, where whoever is signed in may open several. */
  workspace?: string;
  fetch?: typeof fetch;
  /** How often a request that got no reply, or 429, 502, 503 or 504, is sent again: 3 times unless said otherwise. */
  retries?: number;
  /** How long one request may take, its reply included: 30,000 ms unless said otherwise. Each retry has as long. */
  timeout_ms?: number;
  /** Where a `Retry-After` asks for more than this, the call fails at once; left out, a minute of it is waited. */
  patience_ms?: number;
  /** Called where a request was refused since nobody is signed in any more; it is sent again once this resolves to true. */
  onSignedOut?: () => Promise<boolean>;
};

export type CallOptions = { signal?: AbortSignal };

export type WriteOptions = CallOptions & {
  /** For a change that must happen once even when the whole call is made again; each call has its own otherwise. */
  idempotency_key?: string;
};

export type Call = {
  method: Method;
  /** With everything in it encoded. */
  path: string;
  query?: object;
  body?: object;
  /** Instead of a body: a file, which may take as long as it takes. */
  file?: File;
  options?: WriteOptions & { if_match?: number };
  /** Never sent again by itself: what it does works once. */
  once?: boolean;
  /** Its reply has no body, whatever its method. */
  empty?: boolean;
};

/** What can be sent again. Of a file in Node: `await openAsBlob(path)`. */
export type File = Blob | Uint8Array<ArrayBuffer> | string;

/** Throws a Problem, or the reason of the signal that stopped it. */
export type Send = {
  /** Resolves to the body of the reply. */
  <Reply>(call: Call): Promise<Reply>;
  /** Resolves when the reply begins, to what comes of it; the time that it may take counts anew with each part. */
  stream(call: Call): Promise<AsyncGenerator<Uint8Array, void>>;
};

type Outcome = { value: unknown } | { problem: Problem; passing: boolean; retry_after: string | null };

export function createSend(options: ClientOptions): Send {
  const { key, workspace, fetch = globalThis.fetch, retries = 3, timeout_ms = 30_000 } = options;
  const { patience_ms = Number.POSITIVE_INFINITY, onSignedOut } = options;
  const url = readUrl(options.url);
  // What is no header would be quoted by the error of whoever sends it.
  if (key !== undefined && !/^[\x21-\x7e]+$/.test(key))
    throw new TypeError('The key must be an API key of printable characters without spaces.');
  if (workspace !== undefined && !/^[a-z0-9-]+$/.test(workspace))
    throw new TypeError('The workspace must be a slug of lower-case letters, digits and hyphens.');
  return Object.assign((call: Call) => send(call, outcomeOf), {
    stream: (call: Call) => send(call, async (...reply) => streamOf(...reply) ?? outcomeOf(...reply)),
  }) as Send;

  async function send(call: Call, read: Reader): Promise<unknown> {
    const { method, path, query = {}, body, file } = call;
    const address = url + path + queryString(query);
    const signal = call.options?.signal;
    const init: Init = {
      method,
      headers: headersOf(call, key, workspace),
      body: file ?? (body && JSON.stringify(body)),
      credentials: key === undefined ? 'same-origin' : 'omit',
    };
    for (let retry = 0; ; retry++) {
      const outcome = await attempt(address, init, signal, read, call);
      if ('value' in outcome) return outcome.value;
      if (outcome.problem.code === 'unauthenticated' && (await onSignedOut?.())) continue;
      const gives_up = call.once || !(retry < retries) || askedFor(outcome.retry_after) > patience_ms;
      if (!outcome.passing || gives_up) throw outcome.problem;
      await wait(delayBefore(retry, outcome.retry_after), signal);
    }
  }

  async function attempt(
    address: string,
    init: Init,
    signal: AbortSignal | undefined,
    read: Reader,
    { file, empty = init.method === 'DELETE' }: Call,
  ): Promise<Outcome> {
    signal?.throwIfAborted();
    const uploads = file !== undefined;
    const watch = watchReply(signal, timeout_ms);
    if (uploads) watch.pause();
    const problemOf = (cause: unknown): Problem => {
      signal?.throwIfAborted();
      return noReply(url, watch.isLate() ? timeout_ms : null, cause);
    };
    try {
      // Not followed: a redirected POST may become a GET, and the key does not go along to another origin.
      const response = await fetch(address, { ...init, redirect: 'manual', signal: watch.signal });
      if (uploads) watch.restart();
      const outcome = await read(response, { ...watch, key, empty, problemOf });
      if (!('stream' in outcome)) watch.end();
      return 'stream' in outcome ? { value: outcome.stream } : outcome;
    } catch (cause) {
      watch.end();
      return { problem: problemOf(cause), passing: true, retry_after: null };
    }
  }
}

type Init = RequestInit & { method: Method };
type Reader = (response: Response, reply: Reply) => Promise<Outcome | { stream: AsyncGenerator<Uint8Array, void> }>;
type Reply = ReturnType<typeof watchReply> & {
  key: string | undefined;
  empty: boolean;
  problemOf(cause: unknown): Problem;
};

/** Ends a request that takes too long, counted from the last sign of life, or that is not wanted any more. */
function watchReply(signal: AbortSignal | undefined, timeout_ms: number) {
  const ended = new AbortController();
  const stop = () => ended.abort();
  let timer: ReturnType<typeof setTimeout>;
  const restart = () => {
    clearTimeout(timer);
    timer = setTimeout(stop, Math.min(timeout_ms, 2_147_483_647));
  };
  restart();
  signal?.addEventListener('abort', stop);
  return {
    signal: ended.signal,
    isLate: () => ended.signal.aborted,
    restart,
    pause: () => clearTimeout(timer),
    end() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
    },
  };
}

/** What comes of a reply that is no refusal. A reply that breaks off throws. */
function streamOf(response: Response, { restart, pause, end, problemOf }: Reply) {
  const isOurs =
    response.ok && /^(text\/(csv|event-stream)|application\/jsonl)\b/i.test(response.headers.get('content-type') ?? '');
  if (!isOurs || !response.body) return undefined;
  const reader = response.body.getReader();
  async function* parts(): AsyncGenerator<Uint8Array, void> {
    try {
      while (true) {
        restart();
        const { done, value } = await reader.read();
        if (done) return;
        pause(); // whoever deals with a part may take as long as they like
        yield value;
      }
    } catch (cause) {
      throw problemOf(cause);
    } finally {
      end();
      reader.cancel().catch(() => {});
    }
  }
  return { stream: parts() };
}

function headersOf(
  { method, body, file, options = {} }: Call,
  key: string | undefined,
  workspace: string | undefined,
): Headers {
  const headers = new Headers();
  if (key !== undefined) headers.set('authorization', `Bearer ${key}`);
  if (workspace !== undefined) headers.set('clientele-workspace', workspace);
  if (body) headers.set('content-type', 'application/json');
  if (file !== undefined) headers.set('content-type', 'text/csv');
  // Made once per call: the server does a request that is sent again with the same key only once.
  if (method !== 'GET') headers.set('idempotency-key', options.idempotency_key ?? randomKey());
  if (options.if_match !== undefined) headers.set('if-match', `"${options.if_match}"`);
  return headers;
}

// Browsers have crypto.randomUUID on pages served by HTTPS only.
const randomKey = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');

async function outcomeOf(response: Response, { empty, key }: Reply): Promise<Outcome> {
  const text = await response.text();
  const { ok, status, headers } = response;
  if (empty && (status === 204 || (status === 202 && text === ''))) return { value: undefined };
  const value = ok ? readJson(response, text) : undefined;
  if (value) return { value };
  // A server that echoes the request must not put the key into a log.
  const problem = ok
    ? unexpectedReply(response)
    : problemIn(response, key === undefined ? text : text.replaceAll(key, '[key]'));
  // It would take minutes, and whoever waits would rather know.
  const passing = isPassing(status) && problem.code !== 'too_many_attempts';
  return { problem, passing, retry_after: headers.get('retry-after') };
}

// What is known of the request on whose behalf something runs, for whoever runs it: deep inside, where no argument
// carries it.
import { AsyncLocalStorage } from 'node:async_hooks';
import type { ServerResponse } from 'node:http';

export type RequestContext = {
  request_id: string | null;
  /** The statement that took longest so far. */
  slowest: { statement: string; ms: number } | null;
  /** Its place in a trace; undefined where it is not traced. */
  span: Span | undefined;
  /** The reply that is waited for; null for a batch, which belongs to several requests or to none. */
  reply: ServerResponse | null;
};

/** A piece of work in a trace. Made in `tracing.ts`; here is what the work may tell of itself. */
export type Span = {
  readonly ids: SpanIds;
  link(ids: SpanIds): void;
  /** A statement has just ended. */
  onStatement(kind: string, ms: number, error: Error | null): void;
  /** Begins the span of a batch of writes that this and others wait for. It is part of this one and linked with them. */
  beginBatch(others: Span[]): Span;
  end(failed: boolean, status?: number): void;
};
type SpanIds = { traceId: string; spanId: string; traceFlags: number };

const storage = new AsyncLocalStorage<RequestContext | undefined>();

export const currentRequest = (): RequestContext | undefined => storage.getStore();

export const inRequest = <Result>(context: RequestContext | undefined, work: () => Result): Result =>
  storage.run(context, work);

/** Whether whoever asked has gone away. */
export const isGone = ({ reply }: RequestContext): boolean => reply?.closed ?? false;

/** Calls back once if whoever asked goes away before there is an answer. Gives a function that takes that back. */
export function whenGone({ reply }: RequestContext, callback: () => void): () => void {
  reply?.once('close', callback);
  return () => reply?.off('close', callback);
}

/** Runs a batch of writes. What it tells of its statements, it tells of each request that waits for it. */
export async function inBatch<Result>(
  requests: (RequestContext | undefined)[],
  work: () => Promise<Result>,
): Promise<Result> {
  const [first, ...others] = requests.flatMap((request) => request?.span ?? []);
  const span = first?.beginBatch(others);
  const batch: RequestContext = { request_id: null, slowest: null, span, reply: null };
  let failed = true;
  try {
    const result = await storage.run(batch, work);
    failed = false;
    return result;
  } finally {
    span?.end(failed);
    const { slowest } = batch;
    if (slowest) for (const request of requests) if (request) noteSlowest(request, slowest.statement, slowest.ms);
  }
}

export function noteStatement(context: RequestContext, statement: string, ms: number, error: Error | null): void {
  noteSlowest(context, statement, ms);
  context.span?.onStatement(statement, ms, error);
}

function noteSlowest(context: RequestContext, statement: string, ms: number): void {
  if (ms > (context.slowest?.ms ?? 0)) context.slowest = { statement, ms };
}

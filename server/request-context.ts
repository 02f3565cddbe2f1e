// What is known of the request on whose behalf something runs, for whoever runs it: deep inside, where no argument
// carries it.
import { AsyncLocalStorage } from 'node:async_hooks';
import type { ServerResponse } from 'node:http';

export type RequestContext = {
  request_id: string | null;
  /** The statement that took longest so far. */
  slowest: { statement: string; ms: number } | null;
  /** The reply that is waited for; null for work that belongs to several requests, or to none. */
  reply: ServerResponse | null;
};

const storage = new AsyncLocalStorage<RequestContext>();

export const currentRequest = (): RequestContext | undefined => storage.getStore();

export const inRequest = <Result>(context: RequestContext, work: () => Result): Result => storage.run(context, work);

/** For work that belongs to several requests, or to none: nobody is there to go away. */
export const sharedContext = (): RequestContext => ({ request_id: null, slowest: null, reply: null });

/** Whether whoever asked has gone away. */
export const isGone = ({ reply }: RequestContext): boolean => reply?.closed ?? false;

/** Calls back once if whoever asked goes away before there is an answer. Gives a function that takes that back. */
export function whenGone({ reply }: RequestContext, callback: () => void): () => void {
  reply?.once('close', callback);
  return () => reply?.off('close', callback);
}

export function noteStatement(context: RequestContext, statement: string, ms: number): void {
  if (ms > (context.slowest?.ms ?? 0)) context.slowest = { statement, ms };
}

// What is told of a request: a line in the log and a figure for the metrics when it is over, and a line of its own where
// something was refused that whoever watches over the server wants to know of. Nothing here names a person.
import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify';
import type { Actor, Person } from './access/access.ts';
import type { Problem } from './problem.ts';
import type { RequestContext } from './request-context.ts';
import type { Tracing } from './tracing.ts';
import type { UnreadReplies } from './unread-replies.ts';

export type TellingOptions = {
  logger: FastifyBaseLogger;
  /** Hears of each request when it has been answered: `route` is the pattern, never what a caller put in it. */
  onRequestDone?(method: string, route: string, status: number, ms: number): void;
  /** null: nobody collects traces. */
  tracing: Tracing | null;
};

/** From here on a request is slow: its line in the log is a warning that names the statement that took longest. */
const SLOW_MS = 500;

/** A request on its way: its route, once that is found; who makes it, and what is known of its work. */
export type Known = FastifyRequest & {
  route?: { url: string; probe: boolean };
  actor?: Actor;
  person?: Person;
  context?: RequestContext;
  /** Of a reply that is sent while it is being made: how long the request waited for its beginning. */
  begun_ms?: number;
  /** The status that such a reply would have had, if it could still have one when it failed. */
  failure?: number;
};

const NO_ROUTE = { url: 'none', probe: false };

/** Begins to keep what is known of a request, and tells it when there is an answer or whoever asked has gone away. */
export function note(options: TellingOptions, unread: UnreadReplies, request: Known, reply: FastifyReply): void {
  // A plain object: one with a getter or functions of its own would get a hidden class of its own, and what that holds
  // outlives the request by seconds.
  request.context = { request_id: request.id, slowest: null, span: undefined, reply: reply.raw };
  unread.add(reply.raw);
  reply.raw.once('close', () => {
    unread.remove(reply.raw);
    logRequest(options, request, reply);
  });
}

export function trace(tracing: Tracing | null, request: Known, route: string | undefined): void {
  if (tracing) request.context!.span = tracing.begin(request.method, route, request.headers.traceparent);
}

/** The status, in the log and the metrics, of a request whose caller went away before there was an answer. */
const GONE = 499;

function logRequest({ logger, onRequestDone }: TellingOptions, request: Known, reply: FastifyReply): void {
  const { url: route, probe } = request.route ?? NO_ROUTE;
  const status = reply.raw.writableFinished ? reply.statusCode : (request.failure ?? GONE);
  const ms = reply.elapsedTime;
  // Whoever reads slowly, or for as long as there is news, does not make the server slow.
  const waited_ms = request.begun_ms ?? ms;
  const { slowest, span } = request.context ?? {};
  onRequestDone?.(request.method, route, status, waited_ms);
  span?.end(status >= 500, status);
  const line = {
    request_id: request.id,
    trace_id: span?.ids.traceId,
    method: request.method,
    route,
    status,
    duration_ms: Math.round(ms * 10) / 10,
    ...callerOf(request),
  };
  if (waited_ms >= SLOW_MS)
    logger.warn(
      { ...line, slowest_statement: slowest?.statement, statement_ms: slowest && Math.round(slowest.ms) },
      'Slow request',
    );
  else if (probe) logger.debug(line, 'Request');
  else logger.info(line, 'Request');
}

/** Who asked: a key or a person, by id. */
const callerOf = ({ actor, person }: Known) => ({
  workspace: actor?.workspace.slug,
  key_id: actor?.type === 'key' ? actor.id : undefined,
  account_id: person?.account.id,
});

/** What whoever watches over the server wants to know: refused keys and roles, refused origins, callers beyond their quota. */
export function logSecurity(request: Known, event: keyof typeof SECURITY): void {
  request.log.warn(
    {
      security: event,
      request_id: request.id,
      method: request.method,
      route: (request.route ?? NO_ROUTE).url,
      address: request.ip,
      ...callerOf(request),
    },
    SECURITY[event],
  );
}

const SECURITY = {
  key_refused: 'A request with a wrong key or session, or none, was refused',
  sign_in_refused: 'An attempt to sign in was refused',
  second_factor_refused: 'A wrong code of a second factor was refused, after the right password',
  attempts_refused: 'Too many attempts to sign in were refused',
  cross_site_refused: 'A page of another site tried to act for somebody who is signed in',
  permission_refused: 'A request for what its role may not do was refused',
  origin_refused: 'A page of an origin that is not listed tried to call the API',
  rate_limited: 'A request beyond its quota was refused',
};

/** Problems that are told by their own name, wherever they were found. */
const REFUSED: Record<string, keyof typeof SECURITY> = {
  sign_in_refused: 'sign_in_refused',
  second_factor_required: 'second_factor_refused',
  too_many_attempts: 'attempts_refused',
  cross_site_request: 'cross_site_refused',
};

/** Tells of a refusal where it is one that whoever watches over the server wants to know of. */
export function logRefusal(request: Known, problem: Problem): void {
  const event = REFUSED[problem.code];
  if (event && !isQuestion(problem)) logSecurity(request, event);
  else if (problem.status === 403 && request.actor) logSecurity(request, 'permission_refused');
}

/** Whoever signs in without a code is asked for it; that is no refusal. */
const isQuestion = ({ code, errors }: Problem) => code === 'second_factor_required' && errors.length === 0;

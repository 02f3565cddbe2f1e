// Who is let in: by a key or as a person who is signed in, within their quota, and where their role may go.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Route } from '#contract/api.ts';
import { WORKSPACE_HEADER } from '#contract/people.ts';
import { type Actor, actorIn, forbidden, may, type Person } from './access/access.ts';
import { checkOwnPage, readCookie, setCookie, takeWorkspace } from './cookies.ts';
import { Problem } from './problem.ts';
import { callerOfAddress, type RateLimiter, type RatePolicy, rateHeaders, type Verdict } from './rate-limit.ts';
import { type Known, logSecurity } from './request-log.ts';

export type AdmissionOptions = {
  /** null: callers may make as many requests as they like. */
  rate_limiter: RateLimiter | null;
  onRateLimited?(): void;
  /** Where browsers find the server. */
  public_url: string | undefined;
  /** By a key. */
  authenticate: (authorization: string | undefined, onStranger: () => void | Promise<void>) => Actor | Promise<Actor>;
  /** By the secret of a session. */
  findPerson: (secret: string, onStranger: () => void | Promise<void>) => Person | Promise<Person>;
};

/**
 * Finds out who asks: by a key, or, without one, by the cookie of a session. Wrong ones draw on the quota of the address
 * they come from; when that is used up, only those that were right before are still looked up from there.
 */
export async function admit(
  options: AdmissionOptions,
  request: Known,
  reply: FastifyReply,
  route: Route,
): Promise<void> {
  const { rate_limiter, onRateLimited } = options;
  const onStranger = (): void | Promise<void> => {
    const refuse = (verdict: Verdict | undefined) => {
      if (verdict?.allowed === false) refuseRate(request, verdict.seconds, onRateLimited);
    };
    const verdict = rate_limiter?.look(callerOfAddress(request.ip));
    return verdict instanceof Promise ? verdict.then(refuse) : refuse(verdict);
  };
  const { authorization } = request.headers;
  const session = authorization === undefined ? readCookie(request) : undefined;
  // How a page finds out that nobody is signed in.
  const asksInVain = route.person && authorization === undefined && session === undefined;
  try {
    if (session !== undefined) await admitPerson(options, request, reply, session, onStranger);
    else if (asksInVain) throw new Problem(401, 'unauthenticated', 'You are not signed in.', WAY_IN);
    else request.actor = await options.authenticate(authorization, onStranger);
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 401) throw error;
    if (!asksInVain) logSecurity(request, 'key_refused');
    await takeQuota(rate_limiter, request, reply, callerOfAddress(request.ip), onRateLimited);
    throw error;
  }
  const { person } = request;
  const caller = person ? `person ${person.account.id}` : `${request.actor!.type} ${request.actor!.id}`;
  const taken = takeQuota(rate_limiter, request, reply, caller, onRateLimited);
  if (taken) await taken;
  const { permission } = route;
  if (permission === null) {
    if (!person) throw new Problem(403, 'person_required', 'This is for people who are signed in; a key will not do.');
    return;
  }
  if (person) {
    const named = workspaceNamed(request);
    if (named === undefined && route.any_workspace) return;
    request.actor = actorIn(person, named);
  }
  if (!may(request.actor!, permission)) throw forbidden(request.actor!, permission);
}

const WAY_IN = { headers: { 'www-authenticate': 'Bearer realm="Clientele"' } };

/** Finds out who is signed in. What changes something must come from a page of ours, since a browser sends cookies along whoever asks it to. */
async function admitPerson(
  { findPerson, public_url }: AdmissionOptions,
  request: Known,
  reply: FastifyReply,
  session: string,
  onStranger: () => void | Promise<void>,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') checkOwnPage(request, public_url);
  request.person = await findPerson(session, onStranger);
  if (request.person.prolonged) reply.header('set-cookie', setCookie(request, session));
}

/** The slug that somebody who is signed in has named: in the header, or, for what cannot have one, in the query. */
function workspaceNamed({ method, headers, query }: FastifyRequest): string | undefined {
  const inQuery = method === 'GET' || method === 'HEAD' ? takeWorkspace(query as { text: string }) : undefined;
  const header = headers[WORKSPACE_HEADER.toLowerCase()];
  return typeof header === 'string' ? header : inQuery;
}

// ---- Quotas ---------------------------------------------------------------------------------------------------------

/**
 * Takes a request from its caller's quota and tells it in the headers; 429 where there is none left. Gives a promise only
 * where servers share their quotas: a request that need not wait does not.
 */
export function takeQuota(
  limiter: RateLimiter | null,
  request: Known,
  reply: FastifyReply,
  caller: string,
  onRateLimited: AdmissionOptions['onRateLimited'],
): void | Promise<void> {
  if (!limiter) return;
  const { policy } = limiter;
  const verdict = limiter.take(caller);
  if (verdict instanceof Promise) return verdict.then((found) => heed(policy, found, request, reply, onRateLimited));
  heed(policy, verdict, request, reply, onRateLimited);
}

function heed(
  policy: RatePolicy,
  verdict: Verdict,
  request: Known,
  reply: FastifyReply,
  onRateLimited: AdmissionOptions['onRateLimited'],
): void {
  reply.headers(rateHeaders(policy, verdict));
  if (!verdict.allowed) refuseRate(request, verdict.seconds, onRateLimited);
}

function refuseRate(request: Known, seconds: number, onRateLimited: AdmissionOptions['onRateLimited']): never {
  onRateLimited?.();
  logSecurity(request, 'rate_limited');
  throw new Problem(429, 'rate_limited', `Too many requests: try again in ${seconds} s.`, {
    headers: { 'retry-after': String(seconds) },
  });
}

// How requests come in and replies go out: one shape of route for every slice, one place that turns errors into replies.
import { randomUUID } from 'node:crypto';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import type { Route } from '#contract/api.ts';
import { type Actor, may } from './access/access.ts';
import { parseJson } from './json.ts';
import { Problem } from './problem.ts';
import { parseQuery, type Query } from './query.ts';
import { callerOfAddress, type RateLimiter, type RatePolicy, rateHeaders, type Verdict } from './rate-limit.ts';
import { problemOf, refuseUnparsed, sendProblem } from './replies.ts';
import { inRequest, type RequestContext } from './request-context.ts';

/** A request as a handler sees it. `actor` is there on every route that asks for a permission. */
export type Call = {
  actor: Actor;
  params: Record<string, string>;
  query: Query;
  body: unknown;
  headers: FastifyRequest['headers'];
  request_id: string;
  method: string;
  path: string;
};

/** `body` is JSON, unless `type` says otherwise. */
export type Reply = { status: number; body?: string | Buffer; type?: string; headers?: Record<string, string> };
export type Handler = (call: Call) => Reply | Promise<Reply>;
export type RouteTable = [definition: Route, handler: Handler][];

export type HttpOptions = {
  body_limit: number;
  request_timeout_ms: number;
  trusted_proxies: readonly string[];
  /** Strict-Transport-Security, where replies go over HTTPS. */
  hsts: string | null;
  https_redirect: boolean;
  /** Where browsers find the server; a redirect goes there, never where a Host header says. */
  public_url: string | undefined;
  cors_origins: readonly string[];
  logger: FastifyBaseLogger;
  /** null: callers may make as many requests as they like. */
  rate_limiter: RateLimiter | null;
  /** Hears of each request when it has been answered: `route` is the pattern, never what a caller put in it. */
  onRequestDone?(method: string, route: string, status: number, ms: number): void;
  onRateLimited?(): void;
  authenticate: (authorization: string | undefined, onStranger: () => void | Promise<void>) => Actor | Promise<Actor>;
};

/** From here on a request is slow: its line in the log is a warning that names the statement that took longest. */
const SLOW_MS = 500;

const REQUEST_ID = /^[\w.:+/=-]{1,128}$/;
const JSON_TYPE = 'application/json; charset=utf-8';

export function securityHeaders(hsts: string | null): Record<string, string> {
  return {
    'content-security-policy':
      "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'strict-origin-when-cross-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=()',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    // The old filter is itself a hole.
    'x-xss-protection': '0',
    'cache-control': 'no-cache, private',
    ...(hsts ? { 'strict-transport-security': hsts } : {}),
  };
}

export function createHttp(options: HttpOptions): FastifyInstance {
  const headers = securityHeaders(options.hsts);
  const app = Fastify({
    loggerInstance: options.logger,
    logController: new LogController({ disableRequestLogging: true }),
    // One logger for all requests: a line names its request by itself, and most requests log none.
    childLoggerFactory: (logger) => logger,
    bodyLimit: options.body_limit,
    requestTimeout: options.request_timeout_ms,
    connectionTimeout: 0,
    keepAliveTimeout: 72_000,
    forceCloseConnections: 'idle',
    // While closing, what still arrives on a connection is served, and the connection closed behind it.
    return503OnClosing: false,
    trustProxy: options.trusted_proxies.length > 0 ? [...options.trusted_proxies] : false,
    genReqId: (request) => {
      const given = request.headers['x-request-id'];
      return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
    },
    routerOptions: {
      ignoreTrailingSlash: true,
      maxParamLength: 3200,
      // Read strictly, by parseQuery, once the route is known.
      querystringParser: (text) => ({ text }),
    },
    clientErrorHandler(error, socket) {
      refuseUnparsed(error, socket, headers);
    },
    frameworkErrors(error, request, reply) {
      const problem =
        error.code === 'FST_ERR_MAX_PARAM_LENGTH'
          ? new Problem(414, 'uri_too_long', 'The path is too long.')
          : new Problem(400, 'bad_url', 'The path is not valid percent-encoded UTF-8.');
      sendProblem(problem, request as FastifyRequest, reply.headers(headers) as FastifyReply);
    },
  });

  const routes: { method: string; pattern: RegExp }[] = [];
  app.addHook('onRoute', ({ method, url }) => {
    if (url === '*') return;
    const pattern = new RegExp(`^${url.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+')}/?$`);
    for (const one of [method].flat()) routes.push({ method: one, pattern });
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(headers).header('x-request-id', request.id);
    if (options.https_redirect && request.protocol === 'http' && !isLoopback(request))
      return refusePlain(request, reply, options.public_url);
    const { origin } = request.headers;
    if (request.method === 'OPTIONS' && origin !== undefined && !options.cors_origins.includes(origin))
      logSecurity(request, 'origin_refused');
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    logRequest(options, request, reply);
    done();
  });
  app.setErrorHandler((error, request, reply) => sendProblem(problemOf(error), request, reply));
  app.setNotFoundHandler(async (request, reply) => {
    const path = request.url.split('?', 1)[0]!;
    const methods = [...new Set(routes.filter((route) => route.pattern.test(path)).map((route) => route.method))];
    const problem =
      methods.length > 0
        ? new Problem(405, 'method_not_allowed', `${request.method} is not allowed here.`, {
            headers: { allow: methods.join(', ') },
          })
        : new Problem(404, 'not_found', 'There is nothing here.');
    await takeQuota(options.rate_limiter, request, reply, callerOfAddress(request.ip), options.onRateLimited);
    throw problem;
  });
  return app;
}

// ---- What is told of a request --------------------------------------------------------------------------------------

/** A request on its way: its route, once that is found; who makes it, and what is known of its work. */
type Known = FastifyRequest & { route?: { url: string; probe: boolean }; actor?: Actor; context?: RequestContext };

const NO_ROUTE = { url: 'none', probe: false };

function logRequest({ logger, onRequestDone }: HttpOptions, request: Known, reply: FastifyReply): void {
  const { url: route, probe } = request.route ?? NO_ROUTE;
  const ms = reply.elapsedTime;
  onRequestDone?.(request.method, route, reply.statusCode, ms);
  const line = {
    request_id: request.id,
    method: request.method,
    route,
    status: reply.statusCode,
    duration_ms: Math.round(ms * 10) / 10,
    workspace: request.actor?.workspace.slug,
    key_id: request.actor?.id,
  };
  const slowest = request.context?.slowest;
  if (ms >= SLOW_MS)
    logger.warn(
      { ...line, slowest_statement: slowest?.statement, statement_ms: slowest && Math.round(slowest.ms) },
      'Slow request',
    );
  else if (probe) logger.debug(line, 'Request');
  else logger.info(line, 'Request');
}

/** What whoever watches over the server wants to know: refused keys, refused origins, callers beyond their quota. */
function logSecurity(request: Known, event: 'key_refused' | 'origin_refused' | 'rate_limited'): void {
  request.log.warn(
    {
      security: event,
      request_id: request.id,
      method: request.method,
      route: (request.route ?? NO_ROUTE).url,
      address: request.ip,
      workspace: request.actor?.workspace.slug,
      key_id: request.actor?.id,
    },
    SECURITY[event],
  );
}

const SECURITY = {
  key_refused: 'A request with a wrong key, or none, was refused',
  origin_refused: 'A page of an origin that is not listed tried to call the API',
  rate_limited: 'A request beyond its quota was refused',
};

// ---- Quotas ---------------------------------------------------------------------------------------------------------

/**
 * Takes a request from its caller's quota and tells it in the headers; 429 where there is none left. Gives a promise only
 * where servers share their quotas: a request that need not wait does not.
 */
function takeQuota(
  limiter: RateLimiter | null,
  request: Known,
  reply: FastifyReply,
  caller: string,
  onRateLimited: HttpOptions['onRateLimited'],
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
  onRateLimited: HttpOptions['onRateLimited'],
): void {
  reply.headers(rateHeaders(policy, verdict));
  if (!verdict.allowed) refuseRate(request, verdict.seconds, onRateLimited);
}

function refuseRate(request: Known, seconds: number, onRateLimited: HttpOptions['onRateLimited']): never {
  onRateLimited?.();
  logSecurity(request, 'rate_limited');
  throw new Problem(429, 'rate_limited', `Too many requests: try again in ${seconds} s.`, {
    headers: { 'retry-after': String(seconds) },
  });
}

// ---- Routes ---------------------------------------------------------------------------------------------------------

/** Registers routes of a slice: permission, quota, body and query are seen to before the handler is called. */
export function addRoutes(app: FastifyInstance, options: HttpOptions, table: RouteTable): void {
  const { rate_limiter, onRateLimited } = options;
  for (const [definition, handler] of table) {
    const { method, path, permission, body, query = {}, probe = false } = definition;
    const url = path.replaceAll(/\{(\w+)\}/g, ':$1');
    const route = { url, probe };
    app.route({
      method,
      url,
      // The key is checked before a body is read: who may not write need not be listened to.
      onRequest: permission
        ? (request, reply, done) => {
            (request as Known).route = route;
            admit(options, request, reply, permission).then(() => done(), done);
          }
        : async (request, reply) => {
            (request as Known).route = route;
            if (!probe) await takeQuota(rate_limiter, request, reply, callerOfAddress(request.ip), onRateLimited);
          },
      handler: (request, reply) => {
        // A plain object: one with a getter or functions of its own would get a hidden class of its own, and what that holds
        // outlives the request by seconds.
        const context: RequestContext = { request_id: request.id, slowest: null, reply: reply.raw };
        (request as Known).context = context;
        return inRequest(context, async () => {
          const call: Call = {
            actor: (request as Known).actor!,
            params: request.params as Record<string, string>,
            query: parseQuery((request.query as { text: string }).text, query),
            body: bodyOf(request, body),
            headers: request.headers,
            request_id: request.id,
            method,
            path: request.url,
          };
          const answer = await handler(call);
          if (answer.headers) reply.headers(answer.headers);
          reply.code(answer.status);
          if (answer.body !== undefined) reply.header('content-type', answer.type ?? JSON_TYPE);
          return reply.send(answer.body);
        });
      },
    });
  }
}

/**
 * Finds out who asks. Wrong keys draw on the quota of the address they come from; when that is used up, only keys that
 * were right before are still looked up from there.
 */
async function admit(
  { authenticate, rate_limiter, onRateLimited }: HttpOptions,
  request: Known,
  reply: FastifyReply,
  permission: NonNullable<Route['permission']>,
): Promise<void> {
  const onStranger = (): void | Promise<void> => {
    const refuse = (verdict: Verdict | undefined) => {
      if (verdict?.allowed === false) refuseRate(request, verdict.seconds, onRateLimited);
    };
    const verdict = rate_limiter?.look(callerOfAddress(request.ip));
    return verdict instanceof Promise ? verdict.then(refuse) : refuse(verdict);
  };
  let actor: Actor;
  try {
    actor = await authenticate(request.headers.authorization, onStranger);
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 401) throw error;
    logSecurity(request, 'key_refused');
    await takeQuota(rate_limiter, request, reply, callerOfAddress(request.ip), onRateLimited);
    throw error;
  }
  request.actor = actor;
  const taken = takeQuota(rate_limiter, request, reply, `${actor.type} ${actor.id}`, onRateLimited);
  if (taken) await taken;
  if (!may(actor, permission))
    throw new Problem(
      403,
      'forbidden',
      `The role ${actor.role} may not do this; it takes the permission ${permission}.`,
    );
}

function bodyOf(request: FastifyRequest, body: Route['body']): unknown {
  const bytes = request.body as Buffer | undefined;
  if (!body) {
    if (bytes && bytes.length > 0) throw new Problem(400, 'unexpected_body', 'This request takes no body.');
    return undefined;
  }
  const [type = '', ...parameters] = (request.headers['content-type'] ?? '')
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  const charset = parameters.find((parameter) => parameter.startsWith('charset='));
  if (!body.types.includes(type) || (charset !== undefined && !/^charset="?utf-8"?$/.test(charset)))
    throw new Problem(415, 'unsupported_media_type', `Send the body as ${body.types.join(' or ')} in UTF-8.`);
  if (request.headers['content-encoding'] !== undefined && request.headers['content-encoding'] !== 'identity')
    throw new Problem(415, 'unsupported_encoding', 'Send the body without a content encoding.');
  if (!bytes || bytes.length === 0) throw new Problem(400, 'malformed_json', 'The body is empty.');
  return parseJson(bytes);
}

// ---- HTTPS ----------------------------------------------------------------------------------------------------------

const isLoopback = (request: FastifyRequest) => /^(127\.|::1$|::ffff:127\.)/.test(request.ip);

/** Pages are sent on to HTTPS; an API call is refused, since its key has already crossed the network in the clear. */
function refusePlain(request: FastifyRequest, reply: FastifyReply, public_url: string | undefined): void {
  if (request.url.startsWith('/api/') || request.method !== 'GET' || !public_url)
    sendProblem(new Problem(403, 'https_required', 'Use HTTPS.'), request, reply);
  else reply.code(308).header('location', `${public_url}${request.url}`).send();
}

// How requests come in and replies go out: one shape of route for every slice, one place that turns errors into replies.
import { randomUUID } from 'node:crypto';
import type { OutgoingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import type { Route } from '#contract/api.ts';
import { WORKSPACE_HEADER } from '#contract/people.ts';
import { type Actor, actorIn, forbidden, may, type Person } from './access/access.ts';
import { checkOwnPage, checkPrivate, readCookie, setCookie, takeWorkspace } from './cookies.ts';
import { parseJson } from './json.ts';
import { Problem } from './problem.ts';
import { parseQuery, type Query } from './query.ts';
import { callerOfAddress, type RateLimiter, type RatePolicy, rateHeaders, type Verdict } from './rate-limit.ts';
import { loggable, problemOf, refuseUnparsed, sendProblem } from './replies.ts';
import { inRequest, type RequestContext } from './request-context.ts';
import { breakOff, dropStream, isStream, type Stream, sendStream } from './streams.ts';
import type { Tracing } from './tracing.ts';
import { checkForm, dropHost, isPlain, refusePlain } from './transport.ts';
import { expectProgress, type UnreadReplies, watchUnreadReplies } from './unread-replies.ts';
import { expectUpload, isUploading, uploadFrom } from './uploads.ts';

/**
 * A request as a handler sees it. `actor` is there on every route that asks for a permission, save where somebody who is
 * signed in need not name a workspace; `person` is whoever is signed in, and `session` the secret of their cookie.
 */
export type Call = {
  actor: Actor;
  person: Person | undefined;
  session: string | undefined;
  /** What the browser keeps of a way over an OpenID provider. */
  flow: string | undefined;
  address: string;
  params: Record<string, string>;
  query: Query;
  body: unknown;
  headers: FastifyRequest['headers'];
  request_id: string;
  method: string;
  path: string;
};

/** `body` is JSON, unless `type` says otherwise. What a stream throws before it is given as a body can still be answered. */
export type Reply = {
  status: number;
  body?: string | Buffer | Stream;
  type?: string;
  headers?: Record<string, string>;
  /** The secret of a session for the browser to keep, or null: the browser is to forget its own. */
  session?: string | null;
  /** The same of what it keeps of a way over an OpenID provider. */
  flow?: string | null;
};
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
  /** null: nobody collects traces. */
  tracing: Tracing | null;
  /** While the server stops, every reply is the last of its connection. */
  isDraining?(): boolean;
  /** By a key. */
  authenticate: (authorization: string | undefined, onStranger: () => void | Promise<void>) => Actor | Promise<Actor>;
  /** By the secret of a session. */
  findPerson: (secret: string, onStranger: () => void | Promise<void>) => Person | Promise<Person>;
};

/** From here on a request is slow: its line in the log is a warning that names the statement that took longest. */
const SLOW_MS = 500;

/** How long headers may take to arrive, and how often is looked for requests that take too long, at most. */
const HEADERS_MS = 60_000;
const LOOK_MS = 30_000;

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
  const plain = securityHeaders(null);
  const secure = securityHeaders(options.hsts);
  // Over plain HTTP anybody could have put Strict-Transport-Security there (RFC 6797, section 7.2).
  const headersFor = (request: FastifyRequest) => (options.hsts && request.protocol === 'https' ? secure : plain);
  const unread = watchUnreadReplies(options.request_timeout_ms);
  const app = Fastify({
    loggerInstance: options.logger,
    logController: new LogController({ disableRequestLogging: true }),
    // One logger for all requests: a line names its request by itself, and most requests log none.
    childLoggerFactory: (logger) => logger,
    bodyLimit: options.body_limit,
    requestTimeout: options.request_timeout_ms,
    http: {
      // Node swaps the two where the first is the shorter.
      requestTimeout: options.request_timeout_ms,
      headersTimeout: Math.min(options.request_timeout_ms, HEADERS_MS),
      connectionsCheckingInterval: Math.min(options.request_timeout_ms, LOOK_MS),
      // Answered by checkForm, in the shape of every error.
      requireHostHeader: false,
    },
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
      if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && isUploading(socket)) return;
      refuseUnparsed(error, socket, plain);
    },
    frameworkErrors(error, request, reply) {
      const problem =
        error.code === 'FST_ERR_MAX_PARAM_LENGTH'
          ? new Problem(414, 'uri_too_long', 'The path is too long.')
          : new Problem(400, 'bad_url', 'The path is not valid percent-encoded UTF-8.');
      dropHost(request as FastifyRequest);
      reply.headers(plain).header('x-request-id', request.id);
      note(options, unread, request as FastifyRequest, reply as FastifyReply);
      sendProblem(problem, request as FastifyRequest, reply as FastifyReply);
    },
  });
  // Without these Node answers by itself: with nothing, and with a bare 417 where what is expected need not be understood.
  app.server.on('connect', (_request, socket) => refuseUnparsed(new Error('CONNECT'), socket, plain));
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response));

  const routes: { method: string; pattern: RegExp }[] = [];
  app.addHook('onRoute', ({ method, url }) => {
    if (url === '*') return;
    const pattern = new RegExp(`^${url.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+')}/?$`);
    for (const one of [method].flat()) routes.push({ method: one, pattern });
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.addHook('onClose', async () => unread.close());
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(headersFor(request)).header('x-request-id', request.id);
    dropHost(request);
    note(options, unread, request, reply);
    checkForm(request);
    if (options.https_redirect && isPlain(request)) return refusePlain(request, reply, options.public_url);
    const { origin } = request.headers;
    if (request.method === 'OPTIONS' && origin !== undefined && !options.cors_origins.includes(origin))
      logSecurity(request, 'origin_refused');
    done();
  });
  const { isDraining } = options;
  if (isDraining)
    app.addHook('onSend', (_request, reply, payload, done) => {
      if (isDraining()) reply.header('connection', 'close');
      done(null, payload);
    });
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error);
    if (problem.code in REFUSED && !isQuestion(problem)) logSecurity(request, REFUSED[problem.code]!);
    else if (problem.status === 403 && (request as Known).actor) logSecurity(request, 'permission_refused');
    sendProblem(problem, request, reply);
  });
  app.setNotFoundHandler(async (request, reply) => {
    trace(options.tracing, request, undefined);
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
type Known = FastifyRequest & {
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
function note(options: HttpOptions, unread: UnreadReplies, request: Known, reply: FastifyReply): void {
  // A plain object: one with a getter or functions of its own would get a hidden class of its own, and what that holds
  // outlives the request by seconds.
  request.context = { request_id: request.id, slowest: null, span: undefined, reply: reply.raw };
  unread.add(reply.raw);
  reply.raw.once('close', () => {
    unread.remove(reply.raw);
    logRequest(options, request, reply);
  });
}

function trace(tracing: Tracing | null, request: Known, route: string | undefined): void {
  if (tracing) request.context!.span = tracing.begin(request.method, route, request.headers.traceparent);
}

/** The status, in the log and the metrics, of a request whose caller went away before there was an answer. */
const GONE = 499;

function logRequest({ logger, onRequestDone }: HttpOptions, request: Known, reply: FastifyReply): void {
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
function logSecurity(request: Known, event: keyof typeof SECURITY): void {
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

/** Whoever signs in without a code is asked for it; that is no refusal. */
const isQuestion = ({ code, errors }: Problem) => code === 'second_factor_required' && errors.length === 0;

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
  const { rate_limiter, onRateLimited, request_timeout_ms } = options;
  for (const [definition, handler] of table) {
    const { method, path, permission, person = false, body, query = {}, probe = false, replies } = definition;
    const { signs_in = false, query_of_page, further_query } = definition;
    const url = path.replaceAll(/\{(\w+)\}/g, ':$1');
    const route = { url, probe };
    const add = (scope: FastifyInstance) =>
      scope.route({
        method,
        url,
        bodyLimit: body?.limit && Math.max(body.limit, options.body_limit),
        config: { probe, page: replies[200]?.type === 'text/html' },
        // The key is checked before a body is read: who may not write need not be listened to.
        onRequest:
          permission || person
            ? (request: Known, reply, done) => {
                request.route = route;
                trace(options.tracing, request, url);
                if (body?.stream) expectUpload(reply.raw);
                inRequest(request.context, () => admit(options, request, reply, definition)).then(() => done(), done);
              }
            : async (request: Known, reply) => {
                request.route = route;
                if (probe) return; // they come every few seconds, and tell nothing
                trace(options.tracing, request, url);
                await takeQuota(rate_limiter, request, reply, callerOfAddress(request.ip), onRateLimited);
                if (method === 'GET' && !signs_in) return;
                // It signs somebody in or out.
                checkPrivate(request);
                if (method !== 'GET') checkOwnPage(request, options.public_url);
              },
        handler: (request: Known, reply) =>
          inRequest(request.context, async () => {
            const call: Call = {
              actor: request.actor!,
              person: request.person,
              session: readCookie(request),
              flow: readCookie(request, 'flow'),
              address: request.ip,
              params: request.params as Record<string, string>,
              query: query_of_page ? {} : parseQuery((request.query as { text: string }).text, query, further_query),
              body: bodyOf(request, body, request_timeout_ms),
              headers: request.headers,
              request_id: request.id,
              method,
              path: request.url,
            };
            const answer = await handler(call);
            if (answer.headers) reply.headers(answer.headers);
            if (answer.flow !== undefined) reply.header('set-cookie', setCookie(request, answer.flow, 'flow'));
            if (answer.session !== undefined) reply.header('set-cookie', setCookie(request, answer.session));
            reply.code(answer.status);
            if (answer.body !== undefined) reply.header('content-type', answer.type ?? JSON_TYPE);
            if (isStream(answer.body)) return stream(options, request, reply, answer.body);
            return reply.send(answer.body);
          }),
      });
    if (body?.stream) app.register(async (scope) => add(withoutParsing(scope)));
    else add(app);
  }
}

/** Where bodies are not read before the handler is called. */
function withoutParsing(scope: FastifyInstance): FastifyInstance {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  return scope;
}

/** Answers with a stream, past Fastify, which would log an error as it is, with what PostgreSQL tells of people. */
async function stream({ isDraining }: HttpOptions, request: Known, reply: FastifyReply, body: Stream): Promise<void> {
  const { raw } = reply;
  if (isDraining?.()) reply.header('connection', 'close');
  reply.hijack();
  request.begun_ms = reply.elapsedTime;
  try {
    raw.writeHead(reply.statusCode, reply.getHeaders() as OutgoingHttpHeaders);
    if (request.method === 'HEAD') {
      raw.end();
      return await dropStream(body);
    }
    raw.flushHeaders();
    expectProgress(raw);
    await sendStream(raw, body);
    // Its head may have been sent before there was any thought of stopping. Others may be bringing a request.
    if (isDraining?.()) raw.once('close', () => request.raw.socket.end());
  } catch (error) {
    if (raw.closed) return; // what was under way for a caller who has gone away is cancelled
    const problem = problemOf(error);
    request.failure = problem.status;
    request.log.error(
      { request_id: request.id, route: request.route?.url, err: loggable(problem.cause ?? problem) },
      'A reply that had begun was broken off',
    );
    breakOff(request.raw.socket);
  }
}

/**
 * Finds out who asks: by a key, or, without one, by the cookie of a session. Wrong ones draw on the quota of the address
 * they come from; when that is used up, only those that were right before are still looked up from there.
 */
async function admit(options: HttpOptions, request: Known, reply: FastifyReply, route: Route): Promise<void> {
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
  { findPerson, public_url }: HttpOptions,
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

function bodyOf(request: FastifyRequest, body: Route['body'], idle_ms: number): unknown {
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
  if (!body.types.includes(type) || (!body.stream && charset !== undefined && !/^charset="?utf-8"?$/.test(charset)))
    throw new Problem(
      415,
      'unsupported_media_type',
      `Send the body as ${body.types.join(' or ')}${body.stream ? '' : ' in UTF-8'}.`,
    );
  if (request.headers['content-encoding'] !== undefined && request.headers['content-encoding'] !== 'identity')
    throw new Problem(415, 'unsupported_encoding', 'Send the body without a content encoding.');
  if (body.stream) return uploadFrom(request.body as Readable, idle_ms);
  if (!bytes || bytes.length === 0) throw new Problem(400, 'malformed_json', 'The body is empty.');
  return parseJson(bytes);
}

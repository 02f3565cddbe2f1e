// How requests come in and replies go out: one shape of route for every slice, one place that turns errors into replies.
import { randomUUID } from 'node:crypto';
import type { OutgoingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest, LogController } from 'fastify';
import type { Route } from '#contract/api.ts';
import type { Actor, Person } from './access/access.ts';
import { type AdmissionOptions, admit, takeQuota } from './admission.ts';
import { checkOwnPage, checkPrivate, readCookie, setCookie } from './cookies.ts';
import { parseJson } from './json.ts';
import { Problem } from './problem.ts';
import { parseQuery, type Query } from './query.ts';
import { callerOfAddress } from './rate-limit.ts';
import { loggable, problemOf, refuseUnparsed, sendProblem } from './replies.ts';
import { inRequest } from './request-context.ts';
import { type Known, logRefusal, logSecurity, note, type TellingOptions, trace } from './request-log.ts';
import { breakOff, dropStream, isStream, type Stream, sendStream } from './streams.ts';
import { checkForm, dropHost, isPlain, refusePlain } from './transport.ts';
import { expectProgress, watchUnreadReplies } from './unread-replies.ts';
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

export type HttpOptions = AdmissionOptions &
  TellingOptions & {
    body_limit: number;
    request_timeout_ms: number;
    trusted_proxies: readonly string[];
    /** Strict-Transport-Security, where replies go over HTTPS. */
    hsts: string | null;
    https_redirect: boolean;
    cors_origins: readonly string[];
    /** While the server stops, every reply is the last of its connection. */
    isDraining?(): boolean;
  };

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
    logRefusal(request, problem);
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

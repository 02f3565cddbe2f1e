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
import { problemOf, refuseUnparsed, sendProblem } from './replies.ts';

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
  authenticate: (authorization: string | undefined) => Actor | Promise<Actor>;
};

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
    done();
  });
  app.setErrorHandler((error, request, reply) => sendProblem(problemOf(error), request, reply));
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0]!;
    const methods = [...new Set(routes.filter((route) => route.pattern.test(path)).map((route) => route.method))];
    const problem =
      methods.length > 0
        ? new Problem(405, 'method_not_allowed', `${request.method} is not allowed here.`, {
            headers: { allow: methods.join(', ') },
          })
        : new Problem(404, 'not_found', 'There is nothing here.');
    sendProblem(problem, request, reply);
  });
  return app;
}

/** Registers routes of a slice: permission, body and query are seen to before the handler is called. */
export function addRoutes(app: FastifyInstance, options: Pick<HttpOptions, 'authenticate'>, table: RouteTable): void {
  for (const [definition, handler] of table) {
    const { method, path, permission, body, query = {} } = definition;
    app.route({
      method,
      url: path.replaceAll(/\{(\w+)\}/g, ':$1'),
      // The key is checked before a body is read: who may not write need not be listened to.
      onRequest: permission
        ? (request, _reply, done) => {
            admit(options, request, permission).then(() => done(), done);
          }
        : undefined,
      handler: async (request, reply) => {
        const call: Call = {
          actor: (request as Admitted).actor!,
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
      },
    });
  }
}

type Admitted = FastifyRequest & { actor?: Actor };

async function admit(
  options: Pick<HttpOptions, 'authenticate'>,
  request: FastifyRequest,
  permission: Route['permission'],
): Promise<void> {
  const actor = await options.authenticate(request.headers.authorization);
  if (!may(actor, permission!))
    throw new Problem(
      403,
      'forbidden',
      `The role ${actor.role} may not do this; it takes the permission ${permission}.`,
    );
  (request as Admitted).actor = actor;
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

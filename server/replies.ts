// How errors are answered: problems of our own, of the framework, and of the parser beneath it, all in one shape.
import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ProblemBody } from '#contract/problem.ts';
import { asProblem, Problem } from './problem.ts';

/** How long a connection that was refused stays, so that the refusal can be read. */
const LINGER_MS = 2000;

const FASTIFY_ERRORS: Record<string, () => Problem> = {
  FST_ERR_CTP_BODY_TOO_LARGE: () => new Problem(413, 'body_too_large', 'The body is too large.'),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () =>
    new Problem(415, 'unsupported_media_type', 'The body has a type that is not taken here.'),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () =>
    new Problem(400, 'bad_request', 'The body is not as long as Content-Length says.'),
};

export function problemOf(error: unknown): Problem {
  const { code = '', statusCode } = error as { code?: string; statusCode?: number };
  const known = FASTIFY_ERRORS[code];
  if (known) return known();
  if (code.startsWith('FST_') && statusCode && statusCode < 500)
    return new Problem(statusCode, 'bad_request', 'The request is not valid.');
  if (code === 'ECONNRESET' || code === 'ECONNABORTED')
    return new Problem(400, 'bad_request', 'The request was cut off.');
  return asProblem(error);
}

/** 503s that are meant: the request's own line tells of them. */
const REFUSALS = new Set(['draining', 'overloaded']);

export function sendProblem(problem: Problem, request: FastifyRequest, reply: FastifyReply): void {
  // Work that was cancelled because nobody waits for it any more is no failure; nor is what the server refuses by itself.
  if (problem.status >= 500 && !REFUSALS.has(problem.code) && !reply.raw.closed)
    request.log.error(
      { request_id: request.id, route: request.routeOptions.url, err: loggable(problem.cause ?? problem) },
      problem.message,
    );
  reply
    .code(problem.status)
    .headers(problem.headers)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .header('cache-control', 'no-store')
    .send(JSON.stringify(bodyOfProblem(problem, request.url.split('?', 1)[0]!, request.id)));
}

function bodyOfProblem(problem: Problem, instance: string, request_id: string): ProblemBody {
  const { type, title, status, detail, code, errors } = resultOfProblem(problem);
  return { type, title, status, detail, instance: instance.slice(0, 500), code, request_id, errors };
}

/** A problem of one item among many that a reply is about. */
export function resultOfProblem({ status, code, message: detail, errors }: Problem) {
  return { type: `/api/docs#${code}`, title: STATUS_CODES[status] ?? 'Error', status, detail, code, errors };
}

/** What may stand in a log: PostgreSQL's detail, where and parameters hold people's data. */
export function loggable(error: unknown): object {
  const { name, message, stack, code } = error as Error & { code?: string };
  const fromDatabase = code !== undefined && /^[0-9A-Z]{5}$/.test(code);
  return {
    type: name,
    code,
    message: fromDatabase ? 'PostgreSQL refused a statement' : message,
    stack: fromDatabase ? stack?.replace(message, '') : stack,
  };
}

/** What Node's own parser refuses has no request yet; it is answered on the bare socket, in the same shape. */
export function refuseUnparsed(
  error: Error & { code?: string },
  socket: Duplex,
  headers: Record<string, string>,
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const [status, code, detail] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? ([431, 'headers_too_large', 'The headers are too large.'] as const)
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ([408, 'request_timeout', 'The request took too long to arrive.'] as const)
        : ([400, 'malformed_request', 'This is not a valid HTTP request.'] as const);
  const request_id = randomUUID();
  const body = JSON.stringify(bodyOfProblem(new Problem(status, code, detail), '', request_id));
  const all = {
    ...headers,
    'cache-control': 'no-store',
    'x-request-id': request_id,
    'content-type': 'application/problem+json; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`);
  // Nobody else looks after it any more: it may be cut off, or held open for ever.
  socket.on('error', () => socket.destroy());
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
}

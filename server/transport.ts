// What came between a caller and the server: proxies, and HTTPS or none.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from './problem.ts';
import { sendProblem } from './replies.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    probe?: boolean;
    /** Made for people to open in a browser. */
    page?: boolean;
  }
}

/** A request may name the whole URL (RFC 9112, section 3.2.2); the host that it names is nothing to go by. */
export function dropHost({ raw }: FastifyRequest): void {
  if (raw.url!.startsWith('/')) return;
  const path = raw.url!.replace(/^\w+:\/\/[^/?]*/, '');
  raw.url = path.startsWith('/') ? path : `/${path}`;
}

/** 400 where a proxy before us may have gone by another Host or another key than we would. */
export function checkForm({ raw }: FastifyRequest): void {
  const hosts = countOf('host', raw.rawHeaders);
  if (hosts > 1 || (hosts === 0 && raw.httpVersion !== '1.0') || countOf('authorization', raw.rawHeaders) > 1)
    throw new Problem(400, 'malformed_request', 'A request has one Host, and one Authorization at most.');
}

function countOf(name: string, rawHeaders: string[]): number {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const given = rawHeaders[at]!;
    if (given.length === name.length && given.toLowerCase() === name) count++;
  }
  return count;
}

/** Whether somebody could have listened; between programs of this machine nobody can. */
export const isPlain = (request: FastifyRequest) =>
  request.protocol !== 'https' && !isLoopback(request) && !isProbe(request);

const isLoopback = (request: FastifyRequest) => /^(127\.|::1$|::ffff:127\.)/.test(request.ip);

/** Machines that ask whether the server lives ask it directly; they send nothing that must not be overheard. */
const isProbe = ({ routeOptions, headers }: FastifyRequest) =>
  routeOptions.config.probe === true && headers.authorization === undefined;

/** Pages are sent on to HTTPS; an API call is refused, since its key has already crossed the network in the clear. */
export function refusePlain(request: FastifyRequest, reply: FastifyReply, public_url: string | undefined): void {
  const { method, url, headers, routeOptions } = request;
  const isPage = routeOptions.url === undefined ? !url.startsWith('/api/') : routeOptions.config.page;
  const isRead = method === 'GET' || method === 'HEAD';
  if (isPage && isRead && headers.authorization === undefined && public_url)
    reply.code(308).header('location', `${public_url}${url}`).send();
  else sendProblem(new Problem(403, 'https_required', 'Use HTTPS.'), request, reply);
}

// The cookie of a session, that of somebody on the way over an OpenID provider, and from whose pages a request that goes by one may come.
import type { FastifyRequest } from 'fastify';
import { Problem } from './problem.ts';

/** How long a browser keeps each, in seconds. */
const LIVES = { session: 30 * 24 * 3600, flow: 600 };
type Cookie = keyof typeof LIVES;

/**
 * Over HTTPS a name that browsers give no other host, path or plain HTTP a way to set (RFC 6265bis, section 4.1.3.2). On
 * this machine, where people try the server out over plain HTTP, the plain name; elsewhere none.
 */
function nameOf(request: FastifyRequest, cookie: Cookie): string | null {
  const name = cookie === 'session' ? 'clientele' : 'clientele-openid';
  if (request.protocol === 'https') return `__Host-${name}`;
  return isLoopbackHost(request) ? name : null;
}

/** Whether the browser is on this machine, by the name that it knows the server under. */
const isLoopbackHost = ({ headers }: FastifyRequest) =>
  /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i.test(headers.host ?? '');

/** What the browser has sent: the secret of a session, unless another is asked for. */
export function readCookie(request: FastifyRequest, which: Cookie = 'session'): string | undefined {
  const { cookie } = request.headers;
  const name = cookie && nameOf(request, which);
  if (!name) return undefined;
  for (const part of cookie.split(';')) {
    const at = part.indexOf('=');
    if (at > 0 && part.slice(0, at).trim() === name) return part.slice(at + 1).trim();
  }
  return undefined;
}

/** What makes the browser keep a secret; null: forget it. */
export function setCookie(request: FastifyRequest, secret: string | null, which: Cookie = 'session'): string {
  const name = nameOf(request, which) ?? 'clientele';
  const life = secret === null ? 0 : LIVES[which];
  const secure = request.protocol === 'https' ? '; Secure' : '';
  return `${name}=${secret ?? ''}; Path=/; Max-Age=${life}; HttpOnly; SameSite=Lax${secure}`;
}

/** 403 where a session would cross a network in the clear. */
export function checkPrivate(request: FastifyRequest): void {
  if (nameOf(request, 'session') === null)
    throw new Problem(
      403,
      'https_required',
      'People sign in over HTTPS. Where a proxy provides it, server.trusted_proxies must name that proxy.',
    );
}

/**
 * 403 unless the request comes from a page of this server. Browsers say so in Sec-Fetch-Site (Fetch Metadata Request
 * Headers, section 2.3); those that do not, and plain HTTP, in Origin, which is compared with where people find the server.
 */
export function checkOwnPage(request: FastifyRequest, public_url: string | undefined): void {
  const { origin, host, 'sec-fetch-site': site } = request.headers;
  if (site !== undefined ? site === 'same-origin' : origin !== undefined && isOwn(origin)) return;
  throw new Problem(403, 'cross_site_request', 'This takes a page of this server: another site seems to have sent it.');

  function isOwn(given: string): boolean {
    if (public_url !== undefined && given === new URL(public_url).origin) return true;
    return request.protocol === 'http' && isLoopbackHost(request) && given === `http://${host}`.toLowerCase();
  }
}

/** Takes `workspace` out of a query, which routes need not know of. */
export function takeWorkspace(query: { text: string }): string | undefined {
  const parts = query.text.split('&');
  const at = parts.findIndex((part) => part.startsWith('workspace='));
  if (at < 0) return undefined;
  const [taken] = parts.splice(at, 1);
  query.text = parts.join('&');
  return taken!.slice('workspace='.length);
}

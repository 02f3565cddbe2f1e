// The console over HTTP: the files that Vite built, as they are, each with the encodings that were made beside it.
import { hash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { CONSOLE_PAGES, consoleRoute } from '#contract/console.ts';
import { html } from './html.ts';
import type { Call, Handler, Reply, RouteTable } from './http.ts';
import { hasAlready } from './preconditions.ts';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};
/** In the order in which they are preferred. */
const ENCODINGS = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const;

/** Scripts and styles of our own alone, and requests to nobody else; what a page shows of customers is text, never markup. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types default',
].join('; ');

const NOT_BUILT = html`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Clientele</title>
<p>The console is not built. Run <code>npm ci &amp;&amp; npm run build</code> where Clientele is installed, then start it anew.</p>
<p>The API works without it: <a href="/api/docs">its documentation</a>.</p>`.html;

/** The routes of the console that lies in a folder; its pages say how it is built where it is not there. */
export function consoleTable(folder: string): RouteTable {
  const index = join(folder, 'index.html');
  const page = existsSync(index) ? serve(index, 'no-cache') : notBuilt;
  const pages = CONSOLE_PAGES.map((path): RouteTable[number] => [consoleRoute(path, 'text/html'), page]);
  if (page === notBuilt) return pages;
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && TYPES[extname(entry.name)] && entry.name !== 'index.html')
    .map((entry): RouteTable[number] => {
      const file = join(entry.parentPath, entry.name);
      const path = `/${relative(folder, file).replaceAll(sep, '/')}`;
      // The name of what lies in assets/ has a hash of its content: a new content has a new name.
      const caching = path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'public, no-cache';
      return [consoleRoute(path, TYPES[extname(file)]!), serve(file, caching)];
    });
  return [...pages, ...files];
}

const notBuilt: Handler = () => ({ status: 503, type: TYPES['.html'], body: NOT_BUILT });

function serve(file: string, caching: string): Handler {
  const type = TYPES[extname(file)]!;
  const plain = readFileSync(file);
  const encoded = ENCODINGS.filter(([, ending]) => existsSync(file + ending)).map(
    ([encoding, ending]) => [encoding, readFileSync(file + ending)] as const,
  );
  const etag = `"${hash('sha256', plain, 'base64url').slice(0, 22)}"`;
  const headers = {
    etag,
    vary: 'accept-encoding',
    'cache-control': caching,
    ...(extname(file) === '.html' ? { 'content-security-policy': POLICY } : {}),
  };
  return (call): Reply => {
    if (hasAlready(call.headers['if-none-match'], etag)) return { status: 304, headers };
    const [encoding, body] = encoded.find(([encoding]) => accepts(call, encoding)) ?? [undefined, plain];
    return {
      status: 200,
      type,
      body,
      headers: encoding ? { ...headers, 'content-encoding': encoding } : headers,
    };
  };
}

/** Whether Accept-Encoding lists an encoding and does not rule it out (RFC 9110, section 12.5.3). */
function accepts({ headers }: Call, encoding: string): boolean {
  const given = String(headers['accept-encoding'] ?? '').toLowerCase();
  return given.split(',').some((part) => {
    const [name, ...parameters] = part.split(';').map((word) => word.trim());
    return name === encoding && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  });
}

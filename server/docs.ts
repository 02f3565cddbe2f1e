// The documentation over HTTP: the OpenAPI document, and the same as a page to read.
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Route } from '#contract/api.ts';
import { docsRoutes } from '#contract/docs.ts';
import { renderDocs } from './docs-page.ts';
import type { Handler, RouteTable } from './http.ts';
import { openapiDocument, openapiText } from './openapi.ts';
import { hasAlready } from './preconditions.ts';

export function docsTable(): RouteTable {
  return [
    serve(docsRoutes.openapi, 'application/json; charset=utf-8', openapiText()),
    serve(docsRoutes.page, 'text/html; charset=utf-8', renderDocs(openapiDocument())),
    serve(
      docsRoutes.stylesheet,
      'text/css; charset=utf-8',
      readFileSync(new URL('./docs.css', import.meta.url), 'utf8'),
    ),
  ];
}

/** A text that stays the same while the server runs. It is public, and asked for anew each time: an upgrade shows at once. */
function serve(route: Route, type: string, body: string): [Route, Handler] {
  const etag = `"${hash('sha256', body, 'base64url').slice(0, 22)}"`;
  const headers = { etag, 'cache-control': 'public, no-cache' };
  return [
    route,
    (call) =>
      hasAlready(call.headers['if-none-match'], etag) ? { status: 304, headers } : { status: 200, type, body, headers },
  ];
}

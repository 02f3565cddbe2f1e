// One route for readers: what it takes, what it answers, and a request to try.
import { PERMISSIONS, ROLES } from '#contract/api.ts';
import { fieldOf, fieldsOf, typeOf } from './docs-schema.ts';
import { type Html, html, prose } from './html.ts';
import type { OpenApi, Operation, Parameter, Response } from './openapi.ts';
import { nameOf, type Schema } from './openapi-schema.ts';

export type Endpoint = { method: string; path: string; operation: Operation };

/** Every operation of the document, in its order. */
export function endpointsOf(document: OpenApi): Endpoint[] {
  return Object.entries(document.paths).flatMap(([path, { parameters: _, ...operations }]) =>
    Object.entries(operations as Record<string, Operation>).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      operation,
    })),
  );
}

export const methodBadge = (method: string): Html =>
  html`<span class="method ${method.toLowerCase()}">${method}</span>`;

/** The section of one route. */
export function operationSection(endpoint: Endpoint, schemas: Record<string, Schema>): Html {
  const { method, path, operation } = endpoint;
  const { operationId, summary, description, parameters = [], responses } = operation;
  const of = (place: Parameter['in']) => parameters.filter((parameter) => parameter.in === place);
  return html`<section class="operation" aria-labelledby="${operationId}">
<div class="words">
<h3 id="${operationId}"><a href="#${operationId}">${summary}</a></h3>
<p class="endpoint">${methodBadge(method)} <code>${path}</code></p>
${description && html`<p>${prose(description)}</p>`}
${permissionOf(operation)}
${parameterList('Path', of('path'))}
${parameterList('Query', of('query'))}
${headerList(of('header'))}
${bodyOf(operation, schemas)}
<h4>Replies</h4>
<dl class="replies">${Object.entries(responses).map(([status, response]) => replyOf(status, response))}</dl>
</div>
<div class="example">
<h4>Example</h4>
<pre class="copy"><code>${curlOf(endpoint)}</code></pre>
${exampleReply(responses)}
</div>
</section>
`;
}

function permissionOf({ 'x-permission': permission, security }: Operation): Html {
  if (!permission && security.length > 0)
    return html`<p class="permission">For people who are <a href="#peopleSignIn">signed in</a>; takes no key.</p>`;
  if (!permission) return html`<p class="permission">Takes no key.</p>`;
  const roles = ROLES.filter((role) => PERMISSIONS[role].some((one) => one === permission));
  return html`<p class="permission">Takes the permission <a href="#permissions"><code>${permission}</code></a>: ${roles.join(', ')}.</p>`;
}

function parameterList(title: string, parameters: Parameter[]): Html | undefined {
  if (parameters.length === 0) return undefined;
  const fields = parameters.map(({ name, schema, required, description }) =>
    fieldOf(name, { ...schema, description }, 'request', required),
  );
  return html`<h4>${title}</h4><dl class="fields">${fields}</dl>`;
}

/** Headers that many routes take have a chapter of their own. */
const CHAPTERS: Record<string, string> = {
  'Idempotency-Key': 'idempotency',
  'If-Match': 'conditional-requests',
  'If-None-Match': 'conditional-requests',
};

function headerList(headers: Parameter[]): Html | undefined {
  const other = headers.filter(({ name }) => !CHAPTERS[name]);
  const known = headers.flatMap(({ name }) =>
    CHAPTERS[name] ? [html`<a href="#${CHAPTERS[name]}"><code>${name}</code></a>`] : [],
  );
  return html`${known.length > 0 && html`<p class="headers">May have the header${known.length > 1 && 's'} ${known.map((link, index) => [index > 0 && ' and ', link])}.</p>`}
${parameterList('Headers', other)}`;
}

function bodyOf({ requestBody }: Operation, schemas: Record<string, Schema>): Html | undefined {
  if (!requestBody) return undefined;
  const [media] = Object.values(requestBody.content);
  const schema = schemas[nameOf(media!.schema)!]!;
  const types = Object.keys(requestBody.content).map((type, index) => [
    index > 0 && ' or ',
    html`<code>${type}</code>`,
  ]);
  if (schema.format === 'binary') return html`<h4>Body</h4><p>A file, sent as ${types}.</p>`;
  return html`<h4>Body</h4><p>JSON, sent as ${types}.</p>${fieldsOf(schema, 'request')}`;
}

function replyOf(status: string, { $ref, description, headers = {}, content = {} }: Response): Html {
  if ($ref) return html`<div><dt>4xx, 5xx</dt><dd><a href="#errors">Problem</a></dd></div>`;
  const [media] = Object.values(content);
  const own = Object.entries(headers).filter(([, header]) => 'description' in header);
  return html`<div>
<dt>${status}</dt>
<dd>${prose(description!)}${media && nameOf(media.schema) && html` ${typeOf(media.schema)}`}${own.map(
    ([name, header]) => html`<br><code>${name}</code> ${'description' in header && prose(header.description)}`,
  )}</dd>
</div>`;
}

function exampleReply(responses: Record<string, Response>): Html | undefined {
  for (const [status, { content }] of Object.entries(responses)) {
    const example = content && Object.values(content)[0]!.example;
    if (example !== undefined)
      return html`<p class="caption">${status}</p><pre><code>${JSON.stringify(example, null, 2)}</code></pre>`;
  }
}

/** The operation's example as a command for a shell. */
export function curlOf({ method, path, operation }: Endpoint): string {
  const given = (operation.parameters ?? []).filter(({ example }) => example !== undefined);
  const ofPath = (name: string) =>
    encodeURIComponent(String(given.find((one) => one.in === 'path' && one.name === name)?.example));
  const query = new URLSearchParams();
  for (const one of given) if (one.in === 'query') query.set(one.name, String(one.example));
  const address = path.replaceAll(/\{(\w+)\}/g, (_, name) => ofPath(name)) + (query.size > 0 ? `?${query}` : '');
  const lines = [`curl ${method === 'GET' ? '' : `-X ${method} `}"$CLIENTELE_URL${address}"`];
  if (operation['x-permission']) lines.push('-H "Authorization: Bearer $CLIENTELE_KEY"');
  else if (operation.tags.includes('People')) {
    lines.push('-b cookies.txt -c cookies.txt');
    if (method !== 'GET') lines.push(`-H 'Sec-Fetch-Site: same-origin'`);
  }
  const [type, media] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
  if (media)
    lines.push(
      `-H ${quoted(`Content-Type: ${type}`)}`,
      typeof media.example === 'string'
        ? '--data-binary @customers.csv'
        : `-d ${quoted(JSON.stringify(media.example, null, 2))}`,
    );
  return lines.join(' \\\n  ');
}

/** In single quotes, as every shell of the POSIX kind reads it. */
const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

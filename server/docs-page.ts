// The documentation as one page: no script, no style of its own, all of it made from the OpenAPI document and the guide.
import { chapters, codeList } from './docs-guide.ts';
import { type Endpoint, endpointsOf, methodBadge, operationSection } from './docs-operation.ts';
import { fieldsOf } from './docs-schema.ts';
import { type Html, html, prose } from './html.ts';
import type { OpenApi } from './openapi.ts';
import type { Schema } from './openapi-schema.ts';

/** The whole page. Every word that comes from the document is escaped. */
export function renderDocs(document: OpenApi): string {
  const { info, tags, components } = document;
  const endpoints = endpointsOf(document);
  const groups = tags.map((tag) => ({
    ...tag,
    id: tag.name.toLowerCase(),
    endpoints: endpoints.filter(({ operation }) => operation.tags.includes(tag.name)),
  }));
  return html`<!doctype html>
<html lang="en" id="top">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${info.title} API</title>
<link rel="stylesheet" href="/api/docs.css">
<link rel="icon" href="data:,">
</head>
<body>
<a class="skip" href="#main">Skip to the text</a>
<header>
<a class="name" href="#top">${info.title} API</a> <span class="version">${info.version}</span>
<a class="open-contents" href="#contents">Contents</a>
</header>
${contents(groups)}
<main id="main" tabindex="-1">
<h1>${info.title} API</h1>
${chapters.map(({ id, title, text }) => html`<section aria-labelledby="${id}">${heading(id, title)}${text}</section>\n`)}
${groups.map(
  (group) => html`${heading(group.id, group.name)}<p>${prose(group.description)}</p>
${group.endpoints.map((endpoint) => operationSection(endpoint, components.schemas))}`,
)}
<section aria-labelledby="objects">${heading('objects', 'Objects')}${objectsOf(document).map(objectOf)}</section>
<section class="codes" aria-labelledby="codes">${heading('codes', 'Codes')}${codeList()}</section>
</main>
</body>
</html>
`.html;
}

const heading = (id: string, title: string): Html => html`<h2 id="${id}"><a href="#${id}">${title}</a></h2>`;

function contents(groups: { id: string; name: string; endpoints: Endpoint[] }[]): Html {
  const link = (id: string, text: Html | string) => html`<li><a href="#${id}">${text}</a></li>`;
  return html`<nav id="contents" aria-label="Contents">
<a class="close-contents" href="#top">Close</a>
<h2>Guide</h2>
<ul>${chapters.map(({ id, title }) => link(id, title))}</ul>
${groups.map(
  ({ id, name, endpoints }) => html`<h2><a href="#${id}">${name}</a></h2>
<ul>${endpoints.map(({ method, operation }) => link(operation.operationId, html`${operation.summary} ${methodBadge(method)}`))}</ul>
`,
)}
<h2>Reference</h2>
<ul>${link('objects', 'Objects')}${link('codes', 'Codes')}</ul>
</nav>`;
}

/** What replies are made of. The fields of a body stand with its routes. */
function objectsOf(document: OpenApi): [string, Schema][] {
  const replies = JSON.stringify(document, (key, value) => (key === 'requestBody' ? undefined : value));
  return Object.entries(document.components.schemas).filter(([name]) => replies.includes(`/schemas/${name}"`));
}

function objectOf([name, schema]: [string, Schema]): Html {
  return html`<h3 id="${name}"><a href="#${name}">${name}</a></h3>${schema.description && html`<p>${prose(schema.description)}</p>`}${fieldsOf(schema, 'reply')}`;
}

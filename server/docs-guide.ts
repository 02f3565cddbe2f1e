// What holds for every route, told once: the chapters of the documentation that stand before the routes.
import { PERMISSIONS, type Permission, ROLES } from '#contract/api.ts';
import { COUNT_CAP, LIMIT } from '#contract/customers.ts';
import { FEED_LIMIT } from '#contract/events.ts';
import { type ProblemCode, problemCodes } from '#contract/problem-codes.ts';
import { type Html, html, prose } from './html.ts';
import { examples } from './openapi-examples.ts';

export type Chapter = { id: string; title: string; text: Html };

const number = (value: number) => value.toLocaleString('en');
const shell = (text: string) => html`<pre class="copy"><code>${text}</code></pre>`;
const AUTHORIZATION = '-H "Authorization: Bearer $CLIENTELE_KEY"';

const start = html`
<p>Clientele answers JSON over HTTP. Every route that reads or writes data takes an API key, which belongs to one workspace and has one role. Whoever runs the server makes the first key on its machine:</p>
${shell('npx clientele keys create --workspace main --role admin --name "My key"')}
<p>The key is printed this once: only its hash is kept. More keys are made and revoked on the command line or <a href="#accessCreateKey">over the API</a>. The examples on this page read the server's address and the key from the environment, so that each can be pasted into a shell as it is; one click selects it whole.</p>
${shell(`export CLIENTELE_URL=http://127.0.0.1:4000
export CLIENTELE_KEY=clt_…

curl "$CLIENTELE_URL/api/customers?limit=3" \\
  ${AUTHORIZATION}`)}
<p>People sign in with email and password and have a <a href="#peopleSignIn">session</a> in place of a key, as a cookie of their browser. Since a person may be a member of several workspaces, their requests name one: <code>Clientele-Workspace: main</code>, or, on GET, <code>?workspace=main</code>.</p>
<p>The same description for programs is the OpenAPI 3.1 document <a href="/api/openapi.json"><code>/api/openapi.json</code></a>.</p>`;

const permissions = html`
<p>A role is a set of permissions, and each route below names the one it takes. A key or person of too low a role gets 403, code <a href="#forbidden"><code>forbidden</code></a>. Nobody grants a role above their own, or touches a key, a member or an invitation that has one.</p>
<table>
<thead><tr><th scope="col">Permission</th>${ROLES.map((role) => html`<th scope="col">${role}</th>`)}</tr></thead>
<tbody>${[...new Set(Object.values(PERMISSIONS).flat())].map(permissionRow)}</tbody>
</table>`;

function permissionRow(permission: Permission): Html {
  const cells = ROLES.map((role) => html`<td>${PERMISSIONS[role].includes(permission) ? 'yes' : '–'}</td>`);
  return html`<tr><th scope="row"><code>${permission}</code></th>${cells}</tr>`;
}

const requests = html`
<ul>
<li>Bodies are JSON in UTF-8, without compression, sent with <code>Content-Type: application/json</code>.</li>
<li>Nothing is guessed. An unknown field or query parameter, a value of another type (<code>"5"</code> is no number), a name given twice in one object: each is refused with 400, never dropped or converted.</li>
<li>Text is kept as it was typed, trimmed, in every script; the fields say what else is done to them.</li>
<li>Times are RFC 3339, in replies always UTC with six decimals. Whole numbers are JSON numbers.</li>
<li>Addresses in replies (<code>next</code>, <code>Location</code>, <code>href</code>) are paths without a host.</li>
<li>A slash at the end of a path means the same as none.</li>
<li>Every reply has an <code>X-Request-Id</code>: yours if you send one, else a new one. It stands in the log and in the event of a change.</li>
</ul>`;

const errors = html`
<p>Every reply with a status of 400 or more is <code>application/problem+json</code> as RFC 9457 has it, with a stable <code>code</code> for programs and a <code>detail</code> for people. Where values are wrong, <code>errors</code> names all of them at once; <code>pointer</code> is a JSON pointer into the body, or the bare name of the query parameter or header. A request that is refused has changed nothing.</p>
<pre><code>${JSON.stringify(examples.Problem, null, 2)}</code></pre>
<p>A record of another workspace and one that does not exist answer the same 404. The <a href="#codes">codes</a> are explained at the end of this page, each under its own name: <code>type</code> links there.</p>`;

const conditional = html`
<p>The <code>ETag</code> of a customer is its version. Send it back in <code>If-Match</code> with a write, and the write is done only if nobody has changed the customer since; otherwise it is refused with 412, code <a href="#version_mismatch"><code>version_mismatch</code></a>.</p>
${shell(`curl -X PATCH "$CLIENTELE_URL/api/customers/019c1363-49c0-7a5b-9d4b-3f6a1c2e8b90" \\
  ${AUTHORIZATION} \\
  -H 'If-Match: "1"' \\
  -H 'Content-Type: application/json' \\
  -d '{ "phone": null }'`)}
<p>On reads, <code>If-None-Match</code> answers 304 without a body when nothing has changed. It works for one customer and for lists; asking again whether a list has changed costs the server next to nothing, however long the list.</p>`;

const idempotency = html`
<p>A connection that breaks leaves open whether the request was carried out. Send an <code>Idempotency-Key</code> of 1 to 255 printable characters, new for each change and the same for each attempt at it, and the change is made once, however often it is sent.</p>
${shell(`curl -X POST "$CLIENTELE_URL/api/customers" \\
  ${AUTHORIZATION} \\
  -H 'Idempotency-Key: order-1815-customer' \\
  -H 'Content-Type: application/json' \\
  -d '{ "first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.com" }'`)}
<p>A repetition is answered as the first request was, with <code>Idempotency-Replayed: true</code>; a new API key is not shown again. The same key with another method, path or body is refused with 422, code <a href="#idempotency_key_reused"><code>idempotency_key_reused</code></a>. Keys are kept for 24 hours and belong to the API key or person that sent them. A refusal is not kept: correct the request and send it with the same key.</p>`;

const pages = html`
<p>A list answers <code>next</code> and <code>previous</code>, the paths of the pages beside it, or null; the <code>Link</code> header has them too. Follow them as they are. A cursor belongs to its ordering and filter: only <code>limit</code> (${LIMIT.minimum}–${LIMIT.maximum}, ${LIMIT.default} when left out) and <code>fields</code> may change under it, anything else is refused with 400, code <a href="#invalid_cursor"><code>invalid_cursor</code></a>. The last page costs what the first one does, and customers that are added or deleted meanwhile make no other customer appear twice or be left out.</p>
${shell(`next="/api/customers?limit=${LIMIT.maximum}"
while [ "$next" != null ]; do
  page=$(curl -sf "$CLIENTELE_URL$next" ${AUTHORIZATION}) || break
  printf '%s' "$page" | jq -c '.results[]'
  next=$(printf '%s' "$page" | jq -r .next)
done`)}
<p><code>count</code> is exact for a list without a search or a range of times. With one it is exact up to ${number(COUNT_CAP)}; beyond that it is ${number(COUNT_CAP)} and <code>count_is_exact</code> is false. For the sum of all customers at any size, ask for the <a href="#customersStats">counts</a>.</p>`;

const feed = html`
<p>Every change is an event, kept in the same transaction as the change. The events of a workspace are numbered from 1 without a gap, in the order in which they happened. Whoever keeps a copy of the data remembers the last <code>position</code> it has dealt with and asks the <a href="#eventsFeed">feed</a> for what came after; nothing is missed, nothing comes twice, whenever it asks.</p>
${shell(`position=0
while sleep 1; do
  events=$(curl -sf "$CLIENTELE_URL/api/events?after=$position&limit=${FEED_LIMIT.maximum}" ${AUTHORIZATION}) || continue
  printf '%s' "$events" | jq -c '.results[] | [.position, .type, .customer.email]'
  position=$(printf '%s' "$events" | jq -r ".results[-1].position // $position")
done`)}
<p>To hear of changes as they happen, open a <a href="#eventsStream">stream</a> of the feed: server-sent events, which browsers and <code>curl</code> understand. After a lost connection it goes on behind the <code>Last-Event-ID</code>.</p>
${shell(`curl -N "$CLIENTELE_URL/api/events/stream" ${AUTHORIZATION}`)}
<p>An event has the former and new value of each field that changed, the whole customer as it was afterwards, who did it and in which request. A write answers with <code>Clientele-Position</code>: a reader that has come so far has seen it.</p>`;

/** The chapters, in the order in which they are read. */
export const chapters: Chapter[] = [
  { id: 'start', title: 'Get a key', text: start },
  { id: 'permissions', title: 'Roles and permissions', text: permissions },
  { id: 'requests', title: 'Requests and replies', text: requests },
  { id: 'errors', title: 'Errors', text: errors },
  { id: 'conditional-requests', title: 'Conditional requests', text: conditional },
  { id: 'idempotency', title: 'Repeating safely', text: idempotency },
  { id: 'pages', title: 'Pages and cursors', text: pages },
  { id: 'feed', title: 'The feed', text: feed },
];

/** Every code of a problem, each under its own name. */
export function codeList(): Html {
  const of = (shown: (code: ProblemCode) => boolean) =>
    Object.entries(problemCodes as Record<string, ProblemCode>).filter(([, code]) => shown(code));
  return html`
<h3 id="reply-codes">As the <code>code</code> of a reply</h3>
<dl class="fields">${of(({ statuses }) => statuses.length > 0).map(codeEntry)}</dl>
<h3 id="error-codes">In <code>errors</code>, of one value</h3>
<dl class="fields">${of(({ statuses }) => statuses.length === 0).map(codeEntry)}</dl>`;
}

function codeEntry([name, { statuses, meaning }]: [string, ProblemCode]): Html {
  return html`<div id="${name}"><dt><a href="#${name}"><code>${name}</code></a>${statuses.length > 0 && html` <span class="type">${statuses.join(', ')}</span>`}</dt><dd><p>${prose(meaning)}</p></dd></div>`;
}

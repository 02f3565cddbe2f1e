// All that is kept about a customer, in one reply of any size: as JSON, or as a page for the person who asked.
import type { Cause } from '#contract/causes.ts';
import { CUSTOMER_FIELDS, type Customer, inputFields } from '#contract/customers.ts';
import type { LogEvent } from '#contract/events.ts';
import type { Dossier, DossierFormat, Erasure } from '#contract/privacy.ts';
import type { Actor } from '../access/access.ts';
import { getCause } from '../causes/causes.ts';
import { customerHistory } from '../customers/customers.ts';
import type { Database } from '../database.ts';
import { type Html, html } from '../html.ts';
import { readErasure } from './erasing.ts';

const PAGE = 200;

/** The dossier, made while it is read; 404 where there never was such a customer. */
export async function dossierOf(
  database: Database,
  actor: Actor,
  id: string,
  format: DossierFormat,
): Promise<AsyncIterable<string>> {
  const first = await customerHistory(database, actor, id, Number.MAX_SAFE_INTEGER, PAGE);
  const newest = first[0]!;
  const erasure = newest.type === 'customer.erased' ? await readErasure(database, actor, id) : null;
  const head: Head = {
    customer: newest.customer ?? null,
    deleted_at: newest.type === 'customer.deleted' ? newest.at : null,
    erasure,
  };
  return (format === 'html' ? pageOf : jsonOf)(head, eventsFrom(first), causesOf);

  async function* eventsFrom(page: LogEvent[]): AsyncGenerator<LogEvent, void> {
    for (let events = page; events.length > 0; ) {
      yield* events;
      if (events.length < PAGE) return;
      events = await customerHistory(database, actor, id, events.at(-1)!.position, PAGE);
    }
  }

  async function causesOf(ids: Set<string>): Promise<Dossier['causes']> {
    const causes: Dossier['causes'] = [];
    for (const cause_id of ids) {
      const { kind, at, actor: by } = await getCause(database, actor, cause_id);
      causes.push({ id: cause_id, kind, at, actor: by });
    }
    return causes;
  }
}

type Head = Pick<Dossier, 'customer' | 'deleted_at' | 'erasure'>;
type CausesOf = (ids: Set<string>) => Promise<Dossier['causes']>;
type Events = AsyncIterable<LogEvent>;

async function* jsonOf(head: Head, events: Events, causesOf: CausesOf): AsyncGenerator<string, void> {
  yield `${JSON.stringify(head).slice(0, -1)},"events":[`;
  const causes = new Set<string>();
  let between = '';
  for await (const event of events) {
    if (event.cause_id !== null) causes.add(event.cause_id);
    yield between + JSON.stringify(event);
    between = ',';
  }
  yield `],"causes":${JSON.stringify(await causesOf(causes))}}`;
}

// ---- The page -------------------------------------------------------------------------------------------------------

async function* pageOf(head: Head, events: Events, causesOf: CausesOf): AsyncGenerator<string, void> {
  const { customer, deleted_at, erasure } = head;
  const made = new Date().toISOString();
  yield html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Customer dossier</title>
<link rel="stylesheet" href="/api/docs.css">
<link rel="icon" href="data:,">
</head>
<body>
<main id="main">
<h1>What is kept about ${customer ? customer.full_name : 'this customer'}</h1>
<p>As of ${timeTag(made)}.${deleted_at === null ? '' : html` The customer was deleted on ${timeTag(deleted_at)}.`}</p>
${erasure && erasureOf(erasure)}
${customer && recordOf(customer)}
<h2>Everything that happened</h2>
<table>
<thead><tr><th scope="col">When</th><th scope="col">What</th><th scope="col">By whom</th><th scope="col">Values</th></tr></thead>
<tbody>
`.html;
  const causes = new Set<string>();
  for await (const event of events) {
    if (event.cause_id !== null) causes.add(event.cause_id);
    yield rowOf(event).html;
  }
  yield '</tbody>\n</table>\n';
  const found = await causesOf(causes);
  if (found.length > 0) yield causeTable(found).html;
  yield '</main>\n</body>\n</html>\n';
}

const timeTag = (time: string) => html`<time datetime="${time}">${time.slice(0, 19).replace('T', ' ')} UTC</time>`;

const erasureOf = ({ at, actor, events }: Erasure) =>
  html`<p>The customer was erased on ${timeTag(at)} by ${actor.name}; the values of ${String(events)} events were removed.</p>`;

function recordOf(customer: Customer): Html {
  const rows = CUSTOMER_FIELDS.filter((field) => field !== 'full_name').map(
    (field) =>
      html`<tr><th scope="row">${labelOf(field)}</th><td>${TIMES.includes(field) ? timeTag(String(customer[field])) : textOf(customer[field])}</td></tr>\n`,
  );
  return html`<h2>The customer</h2>\n<table>\n<tbody>\n${rows}</tbody>\n</table>`;
}

function rowOf({ at, type, actor, changes }: LogEvent): Html {
  const values = Object.entries(changes).map(([field, [before, after]]) => {
    const name = labelOf(field as keyof Customer);
    return before === null || type === 'customer.created'
      ? html`${name}: ${textOf(after)}<br>`
      : html`${name}: ${textOf(before)} → ${textOf(after)}<br>`;
  });
  const what = type.slice(type.indexOf('.') + 1);
  return html`<tr><td>${timeTag(at)}</td><td>${what}</td><td>${actor.name}</td><td>${values}</td></tr>\n`;
}

function causeTable(causes: Pick<Cause, 'id' | 'kind' | 'at' | 'actor'>[]): Html {
  const rows = causes.map(
    ({ kind, at, actor }) =>
      html`<tr><td>${kind.replace('_', ' ')}</td><td>${timeTag(at)}</td><td>${actor.name}</td></tr>\n`,
  );
  return html`<h2>What it was part of</h2>
<table>
<thead><tr><th scope="col">What</th><th scope="col">When</th><th scope="col">By whom</th></tr></thead>
<tbody>
${rows}</tbody>
</table>
`;
}

const TIMES: readonly string[] = ['created_at', 'updated_at'];
const LABELS: Record<string, string> = {
  ...Object.fromEntries(Object.entries(inputFields).map(([field, { label }]) => [field, label])),
  id: 'Id',
  phone_e164: 'Phone, E.164',
  version: 'Version',
  created_at: 'Created',
  updated_at: 'Changed',
};
const labelOf = (field: keyof Customer) => LABELS[field] ?? field;
const textOf = (value: unknown) =>
  value === null ? 'none' : value === true ? 'yes' : value === false ? 'no' : String(value);

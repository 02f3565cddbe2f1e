// The customer routes: what each answers with.

import { hash } from 'node:crypto';
import { ANCHOR_LIMIT, anchorRoutes } from '#contract/anchors.ts';
import { batchRoutes } from '#contract/batch.ts';
import {
  CUSTOMER_FIELDS,
  type Customer,
  type CustomerStats,
  customerRoutes,
  filterKinds,
} from '#contract/customers.ts';
import { eventRoutes, FEED_LIMIT } from '#contract/events.ts';
import { FOLD_VERSION } from '#contract/fold.ts';
import { type CustomerTimeline, timelineRoutes } from '#contract/timeline.ts';
import type { Database } from '../database.ts';
import { readLedger } from '../events/events.ts';
import type { Call, Reply, RouteTable } from '../http.ts';
import { readIdempotency } from '../idempotency/idempotency.ts';
import { pathWithCursor, readCursor, writeCursor } from '../page.ts';
import { hasAlready, readIfMatch } from '../preconditions.ts';
import { invalid } from '../problem.ts';
import { names, wholeNumber } from '../query.ts';
import type { Result, ResultCache } from '../result-cache.ts';
import { findAnchors } from './anchors.ts';
import { runBatch } from './batch.ts';
import type { Outcome } from './change.ts';
import {
  countCustomers,
  createCustomer,
  customerHistory,
  deleteCustomer,
  getCustomer,
  getCustomerThen,
  replaceCustomer,
  restoreCustomer,
  updateCustomer,
  upsertCustomer,
  type WriteContext,
} from './customers.ts';
import { listPage, type Page } from './list.ts';
import { type ListRequest, readListQuery } from './list-query.ts';
import { jsonOf } from './record.ts';
import { customerTimeline, readTimelineQuery } from './timeline.ts';

/** Part of every list's ETag and of what answers are kept by: a reply's form may change with the program. */
const BUILD = hash('sha256', JSON.stringify([1, FOLD_VERSION, CUSTOMER_FIELDS]), 'base64url').slice(0, 8);

export function customerTable(database: Database, cache: ResultCache): RouteTable {
  return [
    [customerRoutes.list, (call) => list(database, cache, call)],
    [
      customerRoutes.create,
      async (call) => written(await createCustomer(database, call.actor, call.body, contextOf(call))),
    ],
    [customerRoutes.stats, (call) => stats(database, call)],
    [anchorRoutes.anchors, (call) => anchors(database, cache, call)],
    [timelineRoutes.timeline, (call) => timeline(database, call)],
    [
      customerRoutes.upsert,
      async (call) =>
        written(await upsertCustomer(database, call.actor, call.params.external_id!, call.body, contextOf(call))),
    ],
    [batchRoutes.batch, (call) => batch(database, call)],
    [customerRoutes.get, (call) => get(database, call)],
    [
      customerRoutes.replace,
      async (call) => written(await replaceCustomer(database, call.actor, call.params.id!, call.body, contextOf(call))),
    ],
    [
      customerRoutes.update,
      async (call) => written(await updateCustomer(database, call.actor, call.params.id!, call.body, contextOf(call))),
    ],
    [
      customerRoutes.delete,
      async (call) => written(await deleteCustomer(database, call.actor, call.params.id!, contextOf(call))),
    ],
    [
      customerRoutes.restore,
      async (call) => written(await restoreCustomer(database, call.actor, call.params.id!, contextOf(call))),
    ],
    [customerRoutes.activate, (call) => setActive(database, call, true)],
    [customerRoutes.deactivate, (call) => setActive(database, call, false)],
    [eventRoutes.history, (call) => history(database, call)],
  ];
}

async function list(database: Database, cache: ResultCache, call: Call): Promise<Reply> {
  const { actor, query, headers } = call;
  const workspace_id = actor.workspace.id;
  const key = keyOf('list', call);
  const kept = cache.find(key);
  // What has been answered before can be asked for.
  const checked = kept ? undefined : readListQuery(workspace_id, query);
  const { shared } = cache;
  const tags = headers['if-none-match'];
  // Where there is something to compare with, an unchanged list costs one look-up.
  const ledger = kept || shared || tags !== undefined ? await readLedger(database, workspace_id) : undefined;
  const isCurrent = kept !== undefined && kept.position === ledger?.position;
  if (ledger && tags !== undefined) {
    const etag = isCurrent ? kept.headers.etag! : etagOf(ledger.position, key);
    if (hasAlready(tags, etag)) return { status: 304, headers: { etag } };
  }
  if (isCurrent) {
    cache.count('hit');
    return { status: 200, body: kept.body, headers: kept.headers };
  }
  const asked = ledger && shared?.find(key, ledger.position);
  const found = asked && (await asked);
  if (found) {
    cache.count('shared');
    cache.keep(key, found);
    return { status: 200, body: found.body, headers: found.headers };
  }
  cache.count(kept ? 'outdated' : 'miss');
  const request = checked ?? readListQuery(workspace_id, query);
  const result = resultOf(call, request, await listPage(database, workspace_id, request, ledger), key);
  cache.keep(key, result);
  shared?.keep(key, result);
  return { status: 200, body: result.body, headers: result.headers };
}

/** A page as it goes out, and is kept. */
function resultOf(call: Call, request: ListRequest, page: Page, key: string): Result {
  const { fields } = request;
  const { count, count_is_exact, position, records } = page;
  const { next, previous } = neighbours(call, request, page);
  const links = [next && `<${next}>; rel="next"`, previous && `<${previous}>; rel="prev"`].filter(Boolean).join(', ');
  const results = records.map((record) => (fields ? pick(jsonOf(record), fields) : jsonOf(record))).join(',');
  const json = `{"count":${count},"count_is_exact":${count_is_exact},"next":${JSON.stringify(next)},"previous":${JSON.stringify(previous)},"results":[${results}]}`;
  const etag = etagOf(position, key);
  return { position, body: Buffer.from(json), headers: links ? { etag, link: links } : { etag } };
}

/** What an answer is kept by. */
function keyOf(kind: string, { actor, query }: Call): string {
  const { workspace, role } = actor;
  // With the time of the workspace: another database that shares the Redis has a workspace 1 as well.
  return `${BUILD} ${kind} ${workspace.id} ${workspace.created_at} ${role} ${JSON.stringify(query)}`;
}

/** The ETag at a position of an answer that is kept by this key. */
const etagOf = (position: number, key: string) => `W/"${position}-${hash('sha256', key, 'base64url').slice(0, 16)}"`;

/** Anchors hold for a while: what a few changes move is less than what a sample knows. */
async function anchors(database: Database, cache: ResultCache, call: Call): Promise<Reply> {
  const { actor, query, headers } = call;
  const workspace_id = actor.workspace.id;
  const limit = wholeNumber(query, 'limit', ANCHOR_LIMIT);
  const request = readListQuery(workspace_id, { ...query, limit: '1' });
  const key = keyOf('anchors', call);
  const ledger = await readLedger(database, workspace_id);
  let result = cache.find(key);
  const changes = ledger.position - (result?.position ?? 0);
  const isNear = changes === 0 || (result?.is_near && changes <= ledger.total_customers / 1000);
  cache.count(result && isNear ? 'hit' : result ? 'outdated' : 'miss');
  if (!result || !isNear) {
    const found = await findAnchors(database, workspace_id, request, limit, ledger);
    const etag = etagOf(ledger.position, key);
    const body = Buffer.from(JSON.stringify(found));
    result = { position: ledger.position, body, headers: { etag }, is_near: !found.is_exact };
    cache.keep(key, result);
  }
  if (hasAlready(headers['if-none-match'], result.headers.etag!)) return { status: 304, headers: result.headers };
  return { status: 200, body: result.body, headers: result.headers };
}

function neighbours(call: Call, request: ListRequest, page: Page): { next: string | null; previous: string | null } {
  const { cursor, scope } = request;
  const path = (direction: 'after' | 'before', values: string[]) =>
    pathWithCursor('/api/customers', call.query, writeCursor(scope, { direction, values }));
  const { first = cursor?.values, last = cursor?.values } = page;
  const backwards = cursor?.direction === 'before';
  // Going back, what lies after the page is known to be there: that is where the reader came from.
  return {
    next: last && (backwards || page.more) ? path('after', last) : null,
    previous: first && (backwards ? page.more : cursor !== null) ? path('before', first) : null,
  };
}

async function get(database: Database, { actor, params, query, headers }: Call): Promise<Reply> {
  const fields = names(query, 'fields', CUSTOMER_FIELDS);
  const then = readAsOf(query.as_of);
  const { json, version } = await (then === undefined
    ? getCustomer(database, actor, params.id!)
    : getCustomerThen(database, actor, params.id!, then));
  const etag = `"${version}"`;
  if (hasAlready(headers['if-none-match'], etag)) return { status: 304, headers: { etag } };
  return { status: 200, body: fields ? pick(json, fields) : json, headers: { etag } };
}

/** A position, or a time; undefined for the present. */
function readAsOf(text: string | undefined): number | string | undefined {
  if (text === undefined) return undefined;
  if (/^(0|[1-9]\d{0,15})$/.test(text)) return Number(text);
  const outcome = filterKinds.time.normalise(text, 'as_of');
  if (!outcome.refusal) return outcome.value;
  const detail = 'as_of must be a position, such as 42, or a time, such as 2026-01-31T09:30:00Z.';
  throw invalid([{ pointer: 'as_of', code: outcome.refusal.code, detail }]);
}

async function stats(database: Database, { actor, headers }: Call): Promise<Reply> {
  const { position, ...counts } = await countCustomers(database, actor);
  // A browser keeps replies by address, whatever workspace their requests named.
  const etag = `W/"${position}-${actor.workspace.id}-stats"`;
  if (hasAlready(headers['if-none-match'], etag)) return { status: 304, headers: { etag } };
  return { status: 200, body: JSON.stringify(counts satisfies CustomerStats), headers: { etag } };
}

async function timeline(database: Database, { actor, query, headers }: Call): Promise<Reply> {
  const request = readTimelineQuery(query);
  const { position, ...counts } = await customerTimeline(database, actor, request);
  const etag = `W/"${position}-${actor.workspace.id}-${request.from}-${request.to}-${request.by}"`;
  if (hasAlready(headers['if-none-match'], etag)) return { status: 304, headers: { etag } };
  return { status: 200, body: JSON.stringify(counts satisfies CustomerTimeline), headers: { etag } };
}

async function setActive(database: Database, call: Call, is_active: boolean): Promise<Reply> {
  const outcome = await updateCustomer(database, call.actor, call.params.id!, { is_active }, contextOf(call));
  const message = `Customer ${is_active ? 'activated' : 'deactivated'}.`;
  return written(outcome, `{"message":"${message}","customer":${outcome.json}}`);
}

async function history(database: Database, { actor, params, query }: Call): Promise<Reply> {
  const limit = wholeNumber(query, 'limit', FEED_LIMIT);
  const id = params.id!;
  const cursor = readCursor(query.cursor, id, [(text) => /^[1-9]\d{0,15}$/.test(text)]);
  const before = cursor ? Number(cursor.values[0]) : Number.MAX_SAFE_INTEGER;
  const events = await customerHistory(database, actor, id, before, limit + 1);
  const more = events.length > limit;
  if (more) events.pop();
  const last = events.at(-1);
  const next =
    more && last
      ? pathWithCursor(
          `/api/customers/${id}/history`,
          query,
          writeCursor(id, { direction: 'after', values: [String(last.position)] }),
        )
      : null;
  return { status: 200, body: JSON.stringify({ results: events, next }) };
}

async function batch(database: Database, call: Call): Promise<Reply> {
  const { request_id, idempotency } = contextOf(call);
  const { json, position, replayed } = await runBatch(database, call.actor, call.body, { request_id, idempotency });
  const headers: Record<string, string> = { 'clientele-position': String(position) };
  if (replayed) headers['idempotency-replayed'] = 'true';
  return { status: 200, headers, body: json };
}

function written({ status, customer, json, position, replayed }: Outcome, body = json): Reply {
  const headers: Record<string, string> = { 'clientele-position': String(position) };
  if (replayed) headers['idempotency-replayed'] = 'true';
  if (status === 204) return { status, headers };
  headers.etag = `"${customer.version}"`;
  if (status === 201) headers.location = `/api/customers/${customer.id}`;
  return { status, headers, body };
}

function contextOf(call: Call): WriteContext {
  const idempotency = readIdempotency(call);
  return { request_id: call.request_id, if_match: readIfMatch(call.headers['if-match']), idempotency };
}

function pick(json: string, fields: (keyof Customer)[]): string {
  const customer: Customer = JSON.parse(json);
  return JSON.stringify(Object.fromEntries(fields.map((field) => [field, customer[field]])));
}

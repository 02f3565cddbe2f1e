// Customers: the rules, and the door for everyone else.

import { type CustomerStats, externalIdField } from '#contract/customers.ts';
import type { Actor } from '../access/access.ts';
import type { Database } from '../database.ts';
import { type LogEvent, readHistory, readLedger, readThen } from '../events/events.ts';
import type { Idempotency } from '../idempotency/idempotency.ts';
import { invalid, notFound } from '../problem.ts';
import type { Change, Outcome } from './change.ts';
import { knownId, partialInput, wholeInput } from './input.ts';
import { fieldOf, jsonOf } from './record.ts';
import { GET_CUSTOMER } from './store.ts';
import { writeCustomer } from './write.ts';

/** What a request says about its write besides the change itself. */
export type WriteContext = {
  request_id: string | null;
  cause_id?: string;
  if_match?: number[];
  idempotency?: Idempotency;
};

/** Creates a customer. 400 names every field that is refused, or the customer that holds the email or external id. */
export function createCustomer(
  database: Database,
  actor: Actor,
  body: unknown,
  context: WriteContext,
): Promise<Outcome> {
  return write(database, actor, { kind: 'create', input: wholeInput(actor, body) }, context);
}

/** Makes the customer what the body says, optional fields left out taking their defaults. */
export function replaceCustomer(
  database: Database,
  actor: Actor,
  id: string,
  body: unknown,
  context: WriteContext,
): Promise<Outcome> {
  const input = wholeInput(actor, body);
  return write(database, actor, { kind: 'replace', id: knownId(id), input }, context);
}

/** Changes the fields in the body, a JSON merge patch (RFC 7396). */
export function updateCustomer(
  database: Database,
  actor: Actor,
  id: string,
  body: unknown,
  context: WriteContext,
): Promise<Outcome> {
  const input = partialInput(actor, body);
  return write(database, actor, { kind: 'update', id: knownId(id), input }, context);
}

/** Creates the customer with this external id, or makes the one there is what the body says. */
export function upsertCustomer(
  database: Database,
  actor: Actor,
  external_id: string,
  body: unknown,
  context: WriteContext,
): Promise<Outcome> {
  const outcome = externalIdField.kind.normalise(external_id, externalIdField.label);
  if (outcome.refusal) throw invalid([{ pointer: 'external_id', ...outcome.refusal }]);
  const input = wholeInput(actor, body, (fields) => {
    if (fields.external_id !== undefined && fields.external_id !== external_id)
      throw invalid([
        {
          pointer: '/external_id',
          code: 'external_id_differs',
          detail: 'External id differs from the one in the path.',
        },
      ]);
    fields.external_id = external_id;
  });
  return write(database, actor, { kind: 'upsert', by: 'external_id', value: external_id, input }, context);
}

/** Deletes a customer; its email and external id become free, and it can be restored. */
export function deleteCustomer(database: Database, actor: Actor, id: string, context: WriteContext): Promise<Outcome> {
  return write(database, actor, { kind: 'delete', id: knownId(id) }, context);
}

/** Brings a deleted customer back; 400 when its email or external id was taken meanwhile. */
export function restoreCustomer(database: Database, actor: Actor, id: string, context: WriteContext): Promise<Outcome> {
  return write(database, actor, { kind: 'restore', id: knownId(id) }, context);
}

function write(database: Database, actor: Actor, change: Change, context: WriteContext): Promise<Outcome> {
  const { type, id, name } = actor;
  return writeCustomer(database, actor.workspace.id, {
    change,
    actor: { type, id, name },
    request_id: context.request_id,
    cause_id: context.cause_id ?? null,
    if_match: context.if_match,
    idempotency: context.idempotency,
  });
}

/** The customer as the JSON to answer with, and its version. 404 when there is none, or it is deleted, or another workspace's. */
export async function getCustomer(
  database: Database,
  actor: Actor,
  id: string,
): Promise<{ json: string; version: number }> {
  const [row] = await database.read(GET_CUSTOMER, [actor.workspace.id, knownId(id)]);
  if (!row) throw notFound();
  return { json: jsonOf(row[0]), version: Number(fieldOf(row[0], 'version')) };
}

/** The customer as it was after a position of the log, or at a time; 404 when there was none, or it was deleted then. */
export async function getCustomerThen(
  database: Database,
  actor: Actor,
  id: string,
  then: number | string,
): Promise<{ json: string; version: number }> {
  const json = await readThen(database, actor.workspace.id, knownId(id), then);
  if (json === null) throw notFound();
  return { json, version: JSON.parse(json).version };
}

/** Exact counts, from the ledger. */
export async function countCustomers(database: Database, actor: Actor): Promise<CustomerStats & { position: number }> {
  const { position, total_customers, active_customers } = await readLedger(database, actor.workspace.id);
  return { position, total_customers, active_customers, inactive_customers: total_customers - active_customers };
}

/** A customer's events before a position, newest first; 404 when there never was such a customer. */
export async function customerHistory(
  database: Database,
  actor: Actor,
  id: string,
  before: number,
  limit: number,
): Promise<LogEvent[]> {
  const events = await readHistory(database, actor.workspace.id, knownId(id), before, limit);
  if (events.length === 0 && before === Number.MAX_SAFE_INTEGER) throw notFound();
  return events;
}

export type { Change, Write } from './change.ts';
export { checkCounts, checkCustomers, checkLostCustomers, checkSuppressions } from './check.ts';
export { fileWork } from './file-work.ts';
export { foresee } from './foresee.ts';
export { givenInput, knownId, partialInput, undoOf } from './input.ts';
export { askOfMatching, listPage } from './list.ts';
export { type ListRequest, readListQuery } from './list-query.ts';
export { findLongAgo } from './long-ago.ts';
export { openPace, type Pace } from './pace.ts';
export { rebuildCustomers } from './rebuild.ts';
export { fieldOf, quoted } from './record.ts';
export { keepingSearchClean, keepSearchClean, settleSearch } from './search-upkeep.ts';
export { readSlices, type Slice } from './slices.ts';
export { suppress, suppressionOf, type UniqueValue } from './suppression.ts';
export { type GroupDecision, type GroupOutcome, writeGroup } from './write.ts';

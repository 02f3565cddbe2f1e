// Bulk edits: one change to all customers who match a filter when it is asked for, done in the background.
import { BULK_ACTIONS, BULK_IDS, type BulkAction, SINGLE_FIELDS } from '#contract/bulk-edits.ts';
import type { Cause } from '#contract/causes.ts';
import { type CustomerInput, filterQuery, inputFields } from '#contract/customers.ts';
import { pointerTo } from '#contract/input.ts';
import type { Actor } from '../access/access.ts';
import { checkMembers, isObject, refuse } from '../body.ts';
import { guardOf, moved, type NewCause, type Work } from '../causes/causes.ts';
import {
  askOfMatching,
  type Change,
  countCustomers,
  fieldOf,
  fileWork,
  knownId,
  type ListRequest,
  listPage,
  openPace,
  partialInput,
  readListQuery,
  writeGroup,
} from '../customers/customers.ts';
import type { Ask, Database } from '../database.ts';
import type { Idempotency } from '../idempotency/idempotency.ts';
import { invalid, Problem } from '../problem.ts';
import { inTransaction } from '../transaction.ts';
import { isUuid, uuidv7 } from '../uuid.ts';
import {
  ALLOW_TIME,
  COUNT_NAMED,
  COUNT_TARGETS,
  countMatching,
  FORGET_TARGETS,
  READ_TARGETS,
  RECORD_NAMED,
  recordMatching,
  TARGETS_PER_ROW,
} from './store.ts';

type Targets = { ids: string[] } | { request: ListRequest };
type Details = {
  action: BulkAction;
  filter?: Record<string, unknown>;
  ids?: number;
  customer?: Partial<CustomerInput>;
  request_id: string | null;
};
type Edit = { targets: Targets; details: Details; dry_run: boolean };

/**
 * Files a bulk edit for those who match now; or counts them, for a dry run. Throws a Problem (400) that names each member
 * of the body that is wrong.
 */
export async function fileBulkEdit(
  database: Database,
  actor: Actor,
  body: unknown,
  { request_id, idempotency }: { request_id: string | null; idempotency?: Idempotency },
): Promise<{ total: number } | { cause: Cause }> {
  const { targets, details, dry_run } = readEdit(actor, body, request_id);
  const workspace_id = actor.workspace.id;
  const found = await resolve(database, actor, targets);
  if (dry_run) return { total: await countTargets(database, actor, found) };
  const { type, id, name } = actor;
  const cause: NewCause = {
    id: uuidv7(Date.now(), 0),
    kind: 'bulk_edit',
    actor: { type, id, name },
    state: 'running',
    details,
    progress: { done: 0, changed: 0, unchanged: 0, refused: 0 },
  };
  const record: Ask =
    'ids' in found
      ? [RECORD_NAMED, [workspace_id, cause.id, found.ids]]
      : askOfMatching(workspace_id, found.request, 'bulk edit', recordMatching, cause.id);
  // The names of those who match are set down before the bulk edit is filed: it holds nobody up. Without it, nobody asks for them.
  await inTransaction(database, [[ALLOW_TIME, []], record]);
  const [[total]] = (await database.search(COUNT_TARGETS, [workspace_id, cause.id])) as [[number]];
  const filed = await fileWork(database, actor, { ...cause, progress: { total, ...cause.progress } }, idempotency);
  if (filed.id !== cause.id) await inTransaction(database, [[FORGET_TARGETS, [workspace_id, cause.id]]]);
  return { cause: filed };
}

/** An email or external id names one customer at most. */
async function resolve(database: Database, { workspace }: Actor, targets: Targets): Promise<Targets> {
  if ('ids' in targets) return targets;
  const { email, external_id } = targets.request;
  if (email === undefined && external_id === undefined) return targets;
  const { records } = await listPage(database, workspace.id, targets.request);
  return { ids: records.map((record) => fieldOf(record, 'id')) };
}

async function countTargets(database: Database, actor: Actor, targets: Targets): Promise<number> {
  const workspace_id = actor.workspace.id;
  if ('ids' in targets) {
    const [[count]] = (await database.search(COUNT_NAMED, [workspace_id, targets.ids])) as [[number]];
    return count;
  }
  const { words, is_active, created_at, updated_at } = targets.request;
  if (words.length === 0 && !created_at && !updated_at) {
    const counts = await countCustomers(database, actor);
    if (is_active === undefined) return counts.total_customers;
    return is_active ? counts.active_customers : counts.inactive_customers;
  }
  const ask = askOfMatching(workspace_id, targets.request, 'count matching', countMatching);
  const [[count]] = (await database.search(...ask)) as [[number]];
  return count;
}

/** Gives the change to those who were set down, some rows of them at a time. */
export async function workOnBulkEdit(
  database: Database,
  work: Work<Details, number>,
  turn: AbortSignal,
): Promise<void> {
  const { workspace, details, id: cause_id } = work;
  const progress = { ...work.progress };
  const changeFor = changeOf({ ...work.actor, role: 'owner', workspace }, details);
  const pace = openPace();
  let asked = 0;
  const read = (number: number) => {
    asked = pace.size() / TARGETS_PER_ROW;
    return database.read(READ_TARGETS, [workspace.id, cause_id, number, asked]);
  };
  let number = work.place ?? 0;
  let next = read(number);
  for (;;) {
    const rows = await next;
    const done = rows.length < asked;
    number += rows.length;
    // They are read on while the change is made: they were set down for good.
    if (!done) next = read(number);
    next.catch(() => {}); // heard above
    const outcome = await writeGroup(database, workspace.id, {
      writes: rows.flatMap(([ids]) =>
        ids.split(' ').map((id: string) => ({
          change: changeFor(id),
          actor: work.actor,
          request_id: details.request_id,
          cause_id,
        })),
      ),
      guard: guardOf(work),
      pace,
      alongside(decisions) {
        for (const decision of decisions) {
          progress.done!++;
          if ('refused' in decision) progress.refused!++;
          else if (decision.type === 'unchanged') progress.unchanged!++;
          else progress.changed!++;
        }
        const statements = [moved(work, progress, number, done)];
        if (done) statements.push([FORGET_TARGETS, [workspace.id, cause_id]]);
        return statements;
      },
    });
    if ('stopped' in outcome || done || turn.aborted) return;
  }
}

function changeOf(actor: Actor, { action, customer }: Details): (id: string) => Change {
  if (action === 'delete') return (id) => ({ kind: 'delete', id });
  const fields = action === 'update' ? customer! : { is_active: action === 'activate' };
  const input = partialInput(actor, fields);
  return (id) => ({ kind: 'update', id, input });
}

// ---- Reading what is asked for --------------------------------------------------------------------------------------

const MEMBERS = ['filter', 'ids', 'action', 'customer', 'dry_run'];

function readEdit(actor: Actor, body: unknown, request_id: string | null): Edit {
  if (!isObject(body)) throw refuse('wrong_type', '', 'The body must be a JSON object.');
  checkMembers(body, MEMBERS);
  const { filter, ids, customer, dry_run = false } = body;
  const action = BULK_ACTIONS.find((one) => one === body.action);
  if (!action) throw refuse('invalid_choice', '/action', `action must be one of ${BULK_ACTIONS.join(', ')}.`);
  if (typeof dry_run !== 'boolean') throw refuse('wrong_type', '/dry_run', 'dry_run must be true or false.');
  if ((filter === undefined) === (ids === undefined))
    throw refuse('required', '/filter', 'Either filter or ids is required; a filter of {} means all customers.');
  if (action === 'update' && customer === undefined)
    throw refuse('required', '/customer', 'customer is required to update.');
  if (action !== 'update' && customer !== undefined)
    throw refuse('unknown_field', '/customer', 'customer goes with the action update only.');
  const details: Details = { action, request_id };
  if (customer !== undefined) details.customer = readChange(actor, customer);
  if (ids !== undefined) {
    const known = readIds(ids);
    return { targets: { ids: known }, details: { ...details, ids: known.length }, dry_run };
  }
  const request = readFilter(actor, filter);
  return { targets: { request }, details: { ...details, filter: filter as Record<string, unknown> }, dry_run };
}

function readChange(actor: Actor, customer: unknown): Partial<CustomerInput> {
  const { fields } = within('/customer', () => partialInput(actor, customer));
  const single = SINGLE_FIELDS.filter((field) => fields[field] !== undefined && fields[field] !== null);
  if (single.length > 0)
    throw invalid(
      single.map((field) => ({
        pointer: `/customer/${field}`,
        code: 'not_in_bulk',
        detail: `${inputFields[field].label} cannot be given to many customers.`,
      })),
    );
  if (Object.keys(fields).length === 0) throw refuse('required', '/customer', 'customer must have a field to change.');
  return fields;
}

function readIds(ids: unknown): string[] {
  if (!Array.isArray(ids)) throw refuse('wrong_type', '/ids', 'ids must be an array.');
  if (ids.length === 0 || ids.length > BULK_IDS)
    throw refuse('invalid_length', '/ids', `ids must have 1 to ${BULK_IDS} entries.`);
  const wrong = ids.findIndex((id) => typeof id !== 'string');
  if (wrong >= 0) throw refuse('wrong_type', `/ids/${wrong}`, 'An id must be a text.');
  // What is no id is nobody's.
  return ids.filter(isUuid).map(knownId);
}

/** A filter has the names and values of the list's parameters; true and false may be written as JSON has them. */
function readFilter(actor: Actor, filter: unknown): ListRequest {
  if (!isObject(filter)) throw refuse('wrong_type', '/filter', 'filter must be a JSON object.');
  checkMembers(filter, Object.keys(filterQuery), '/filter');
  const query: Record<string, string> = {};
  for (const [name, value] of Object.entries(filter)) {
    if (typeof value !== 'string' && !(name === 'is_active' && typeof value === 'boolean'))
      throw refuse('wrong_type', `/filter${pointerTo(name)}`, `${name} must be a text, as in the list's parameters.`);
    query[name] = String(value);
  }
  return within('/filter/', () => readListQuery(actor.workspace.id, query));
}

/** Has the pointers of a problem lead into a member of the body. */
function within<Result>(member: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 400) throw error;
    throw invalid(error.errors.map((one) => ({ ...one, pointer: member + one.pointer })));
  }
}

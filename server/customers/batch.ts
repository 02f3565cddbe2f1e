// Many changes in one request: done in their order, in one transaction.
import { BATCH_ITEMS, type BatchItem, MATCH_FIELDS, type MatchField } from '#contract/batch.ts';
import { inputFields } from '#contract/customers.ts';
import type { Actor } from '../access/access.ts';
import { checkMembers, isObject, refuse } from '../body.ts';
import { causeToRecord } from '../causes/causes.ts';
import type { Database } from '../database.ts';
import { readRecords } from '../events/events.ts';
import type { Idempotency } from '../idempotency/idempotency.ts';
import { Problem, type ProblemError } from '../problem.ts';
import { resultOfProblem } from '../replies.ts';
import { uuidv7 } from '../uuid.ts';
import type { Change, Write } from './change.ts';
import { knownId, partialInput, wholeInput, withColumns } from './input.ts';
import { type GroupDecision, writeGroup } from './write.ts';

export type BatchOutcome = { json: string; position: number; replayed: boolean };

/** What is stored of a result, to answer the request again: a customer as it was after a position, or the problem. */
type Stored = [status: number, position: number, id: string] | { problem: object };

/** Items after which whoever else waits for this process has a turn. */
const SLICE = 50;

/**
 * Does the items of a batch. Those that are refused do not hinder the others, unless it is `atomic`: then a Problem (400
 * `batch_refused`) names each, and nothing has changed. Pointers in problems lead into the item, or into the batch.
 */
export async function runBatch(
  database: Database,
  actor: Actor,
  body: unknown,
  { request_id, idempotency }: { request_id: string | null; idempotency?: Idempotency },
): Promise<BatchOutcome> {
  const { items, atomic } = readBatch(body);
  const { type, id, name, workspace } = actor;
  const cause = { id: uuidv7(Date.now(), 0), kind: 'batch' as const, actor: { type, id, name } };
  const problems = new Map<number, Problem>();
  const writes: Write[] = [];
  const places: number[] = [];
  for (const [index, item] of items.entries()) {
    if (index % SLICE === SLICE - 1) await new Promise(setImmediate);
    try {
      const { change, if_match } = readItem(actor, item);
      writes.push({ change, actor: cause.actor, request_id, cause_id: cause.id, if_match });
      places.push(index);
    } catch (error) {
      problems.set(index, asRefusal(error));
    }
  }
  if (atomic && problems.size > 0) throw refusedWhole(problems);

  const storedOf = (decisions: GroupDecision[]): Stored[] =>
    inPlace(items, problems, places, decisions).map((one) =>
      'refused' in one ? { problem: resultOfProblem(one.refused) } : [one.status, one.position, one.customer.id],
    );
  const outcome = await writeGroup(database, workspace.id, {
    writes,
    atomic,
    idempotency,
    replyOf: (decisions) => ({ cause_id: isChanged(decisions) ? cause.id : null, results: storedOf(decisions) }),
    alongside(decisions) {
      const changed = decisions.filter((one) => 'type' in one && one.type !== 'unchanged').length;
      return changed > 0 ? [causeToRecord(workspace.id, { ...cause, progress: { changed } })] : [];
    },
  });
  if ('stopped' in outcome) throw new Error('A batch has no guard.');
  if ('refused' in outcome) throw outcome.refused;
  if ('replay' in outcome) {
    const { cause_id, results } = JSON.parse(outcome.replay.reply!) as { cause_id: string | null; results: Stored[] };
    const json = replyOf(cause_id, await replayed(database, workspace.id, results));
    return { json, position: outcome.replay.position, replayed: true };
  }
  const { decisions, position } = outcome;
  const results = inPlace(items, problems, places, decisions);
  if (atomic) {
    const refused = results.flatMap((one, index): [number, Problem][] =>
      'refused' in one ? [[index, one.refused]] : [],
    );
    if (refused.length > 0) throw refusedWhole(new Map(refused));
  }
  const parts = results.map((one) =>
    'refused' in one
      ? `{"status":${one.refused.status},"problem":${JSON.stringify(resultOfProblem(one.refused))}}`
      : resultOf(one.status, one.json),
  );
  return { json: replyOf(isChanged(decisions) ? cause.id : null, parts), position, replayed: false };
}

const isChanged = (decisions: GroupDecision[]) => decisions.some((one) => 'type' in one && one.type !== 'unchanged');
const replyOf = (cause_id: string | null, results: string[]) =>
  `{"cause_id":${JSON.stringify(cause_id)},"results":[${results.join(',')}]}`;
const resultOf = (status: number, json: string) =>
  status === 204 ? '{"status":204}' : `{"status":${status},"customer":${json}}`;

/** What became of each item, in the order of the items; pointers as seen from the item. */
function inPlace(
  items: unknown[],
  problems: Map<number, Problem>,
  places: number[],
  decisions: GroupDecision[],
): GroupDecision[] {
  const results = items.map((_, index): GroupDecision => ({ refused: problems.get(index)! }));
  for (const [index, decision] of decisions.entries())
    results[places[index]!] = 'refused' in decision ? { refused: withinItem(decision.refused) } : decision;
  return results;
}

/** The results of a batch that was done before, from the log. */
async function replayed(database: Database, workspace_id: number, results: Stored[]): Promise<string[]> {
  const done = results.filter((result) => Array.isArray(result));
  const asked = done.map(([, position, id]) => ({ customer_id: id, position }));
  const records = await readRecords(database, workspace_id, asked);
  let next = 0;
  return results.map((result) => {
    if (Array.isArray(result)) return resultOf(result[0], records[next++]!);
    const { problem } = result as { problem: { status: number } };
    return `{"status":${problem.status},"problem":${JSON.stringify(problem)}}`;
  });
}

// ---- Reading a batch ------------------------------------------------------------------------------------------------

function readBatch(body: unknown): { items: unknown[]; atomic: boolean } {
  if (!isObject(body)) throw refuse('wrong_type', '', 'The body must be a JSON object.');
  checkMembers(body, ['items', 'atomic']);
  const { items, atomic = false } = body;
  if (typeof atomic !== 'boolean') throw refuse('wrong_type', '/atomic', 'atomic must be true or false.');
  if (items === undefined) throw refuse('required', '/items', 'items is required.');
  if (!Array.isArray(items)) throw refuse('wrong_type', '/items', 'items must be an array.');
  if (items.length === 0 || items.length > BATCH_ITEMS)
    throw refuse('invalid_length', '/items', `items must have 1 to ${BATCH_ITEMS} entries.`);
  return { items, atomic };
}

const MEMBERS: Record<BatchItem['action'], string[]> = {
  create: ['action', 'customer'],
  update: ['action', 'id', 'version', 'customer'],
  upsert: ['action', 'match', 'customer'],
  delete: ['action', 'id', 'version'],
  restore: ['action', 'id', 'version'],
};

function readItem(actor: Actor, item: unknown): { change: Change; if_match: number[] | undefined } {
  if (!isObject(item)) throw refuse('wrong_type', '', 'An item must be a JSON object.');
  const { id, version, match, customer } = item;
  const action = Object.keys(MEMBERS).find((name) => name === item.action) as BatchItem['action'] | undefined;
  if (!action) throw refuse('invalid_choice', '/action', `action must be one of ${Object.keys(MEMBERS).join(', ')}.`);
  const members = MEMBERS[action];
  checkMembers(item, members);
  if (members.includes('id') && typeof id !== 'string') throw refuse('required', '/id', 'id is required, as a text.');
  if (version !== undefined && !(Number.isInteger(version) && (version as number) >= 1))
    throw refuse('invalid_number', '/version', 'version must be a whole number of 1 or more.');
  const by = MATCH_FIELDS.find((field) => field === match);
  if (members.includes('match') && !by)
    throw refuse('invalid_choice', '/match', `match must be one of ${MATCH_FIELDS.join(', ')}.`);
  if (members.includes('customer') && customer === undefined)
    throw refuse('required', '/customer', 'customer is required.');
  const if_match = version === undefined ? undefined : [version as number];
  try {
    if (action === 'create') return { change: { kind: 'create', input: wholeInput(actor, customer) }, if_match };
    if (action === 'upsert') return { change: readUpsert(actor, by!, customer), if_match };
    const known = knownId(id as string);
    if (action !== 'update') return { change: { kind: action, id: known }, if_match };
    return { change: { kind: 'update', id: known, input: partialInput(actor, customer) }, if_match };
  } catch (error) {
    throw withinItem(asRefusal(error));
  }
}

function readUpsert(actor: Actor, by: MatchField, customer: unknown): Change {
  const input = partialInput(actor, customer);
  const value = input.fields[by];
  if (typeof value === 'string') return { kind: 'merge', by, value, input: withColumns(input) };
  throw refuse('required', `/${by}`, `${inputFields[by].label} is required, to match by.`);
}

// ---- What is refused ------------------------------------------------------------------------------------------------

/** An item's own fault; anything else fails the whole batch. */
function asRefusal(error: unknown): Problem {
  if (error instanceof Problem && error.status < 500) return error;
  throw error;
}

/** A problem of a customer as one of its item. */
const withinItem = (problem: Problem) =>
  pointed(problem, (pointer) => (pointer === 'If-Match' ? '/version' : `/customer${pointer}`));

function pointed({ status, code, message, errors }: Problem, place: (pointer: string) => string): Problem {
  return new Problem(status, code, message, {
    errors: errors.map((error) => ({ ...error, pointer: place(error.pointer) })),
  });
}

/** Why a batch of all or nothing is refused: all that is wrong with its items, as far as a reply may go. */
function refusedWhole(problems: Map<number, Problem>): Problem {
  const errors = [...problems].flatMap(([index, { code, message, errors }]): ProblemError[] => {
    const item = `/items/${index}`;
    if (errors.length === 0) return [{ pointer: item, code, detail: message }];
    return errors.map((error) => ({ ...error, pointer: item + error.pointer }));
  });
  const many = problems.size === 1 ? 'One item is' : `${problems.size} items are`;
  return new Problem(400, 'batch_refused', `${many} refused, so nothing was done.`, { errors: errors.slice(0, 1000) });
}

// What a batch of writes leads to, worked out while the ledger is locked: with no other writer about, what was read is
// what is. Pure: rows in, statements and decisions out.
import { CUSTOMER_FIELDS, type Customer, type CustomerInput, INPUT_FIELDS, inputFields } from '#contract/customers.ts';
import { digitsOf } from '#contract/field.ts';
import { fold } from '#contract/fold.ts';
import { startsOf } from '#contract/search.ts';
import type { Ask, Database, Row } from '../database.ts';
import type { EventDraft, Ledger, Plan } from '../events/events.ts';
import { checkReplay, idempotencyId, replaysOf, storeKeys } from '../idempotency/idempotency.ts';
import { invalid, notFound, Problem, type ProblemError } from '../problem.ts';
import { microTime, uuidv7 } from '../uuid.ts';
import { openErasing } from './erase.ts';
import { REMOVE_CUSTOMERS } from './erase-store.ts';
import { customerOf } from './record.ts';
import { INSERT_CUSTOMERS, UPDATE_CUSTOMERS } from './store.ts';
import type { Change, CheckedInput, Decision, Found, Kept, PastEvent, Write } from './write.ts';

export type Known = { customer: Customer; deleted: boolean };
type Unique = 'email' | 'external_id';
type StoredKey = Parameters<typeof storeKeys>[2][number];

const UNIQUE: { field: Unique; code: string; detail: string }[] = [
  { field: 'email', code: 'email_taken', detail: 'A customer with this email already exists.' },
  { field: 'external_id', code: 'external_id_taken', detail: 'A customer with this external id already exists.' },
];

type Type = 'created' | 'updated' | 'unchanged' | 'deleted' | 'restored' | 'erased';

/** What a change comes to: the customer before (absent: there was none) and after it. */
export type Settled = {
  type: Type;
  known: Known | undefined;
  next: Customer;
  changed: (keyof CustomerInput)[];
  /** What an undo had to leave as it is. */
  kept: Kept[];
};

/** Decides on each write in turn, as if those before it were done already; see `Decision`. */
export function decide(
  { suppression_key }: Pick<Database, 'suppression_key'>,
  workspace_id: number,
  ledger: Ledger,
  writes: Write[],
  found: Partial<Record<Found, Row[]>>,
): Plan<Decision[]> {
  const present = presentOf(found);
  const replays = replaysOf(found.replays ?? []);
  const rows = openRows(workspace_id);
  const erasing = openErasing(suppression_key, workspace_id, found.histories ?? []);
  const events: EventDraft[] = [];
  const keys: StoredKey[] = [];
  const days = new Map<string, number>();
  let total = 0;
  let active = 0;

  const decisions = writes.map((write, index): Decision => {
    try {
      return decideOne(write, index);
    } catch (error) {
      if (error instanceof Problem) return { refused: error };
      throw error;
    }
  });
  const statements = [...rows.statements(), ...erasing.statements()];
  if (keys.length > 0) statements.push(storeKeys(workspace_id, ledger.now, keys));
  return { statements, events, total, active, days, answer: decisions };

  function decideOne(write: Write, index: number): Decision {
    const { change, idempotency } = write;
    const replay = idempotency && replays.get(idempotencyId(idempotency));
    if (replay) {
      checkReplay(replay, idempotency);
      return { replay };
    }
    const { type, known, next, changed, kept } = settle(present, change, ledger.now, index, write.if_match);
    const status = type === 'deleted' && change.kind === 'delete' ? 204 : known ? 200 : 201;
    if (known && type !== 'unchanged') {
      next.version = known.customer.version + 1;
      next.updated_at = ledger.now;
    }
    const json = JSON.stringify(next);
    const erased = change.kind === 'erase' ? erasing.erase(change) : undefined;
    const deleted = type === 'deleted' || type === 'erased' || (type === 'unchanged' && known!.deleted);
    if (erased) {
      // What this very batch did to the customer before is not told either.
      for (const event of events.filter(({ customer_id }) => customer_id === next.id))
        Object.assign(event, { before: null, after: 'null' });
      for (const key of keys.filter(({ subject_id }) => subject_id === next.id)) key.fingerprint = '';
      rows.remove(next.id);
      forget(present, next);
    } else if (type !== 'unchanged') {
      rows.put(known, next, json, deleted ? ledger.now : null, columnsOf(change, next));
      remember(present, known, next, deleted);
    }
    if (type !== 'unchanged') {
      const before = known && !known.deleted;
      const more = Number(!deleted) - Number(Boolean(before));
      const day = next.created_at.slice(0, 10);
      if (more !== 0) days.set(day, (days.get(day) ?? 0) + more);
      total += more;
      active += Number(!deleted && next.is_active) - Number(Boolean(before && known.customer.is_active));
      events.push({
        type: `customer.${type}`,
        customer_id: next.id,
        customer_version: next.version,
        actor: write.actor,
        request_id: write.request_id,
        cause_id: write.cause_id,
        before: erased
          ? { events: erased.events, suppressed: erased.suppressed.length > 0 }
          : type === 'updated'
            ? Object.fromEntries(changed.map((field) => [field, known!.customer[field]]))
            : null,
        after: erased ? 'null' : json,
      });
    }
    const position = ledger.position + events.length;
    if (idempotency) {
      const key = { ...idempotency, status, position, subject_id: next.id };
      keys.push(key);
      replays.set(idempotencyId(idempotency), key); // a twin in this very batch is answered from the log as well
    }
    return { status, type, customer: next, json, position, deleted, kept, erased };
  }
}

// ---- The present ----------------------------------------------------------------------------------------------------

/** What is known of the customers and unique values that a batch is about. */
export type Present = { byId: Map<string, Known>; holders: Map<string, string>; suppressed: Set<string> };

export function presentOf(found: Partial<Record<Found, Row[]>>): Present {
  const present: Present = { byId: new Map(), holders: new Map(), suppressed: new Set() };
  for (const [field, value, id] of [...(found.holders ?? []), ...(found.holders_of_deleted ?? [])])
    if (id === null) present.suppressed.add(`${field} ${value}`);
    else present.holders.set(`${field} ${value}`, id);
  for (const [record, deleted] of [...(found.ids ?? []), ...(found.matches ?? [])])
    remember(present, undefined, customerOf(record), deleted);
  return present;
}

function remember({ byId, holders }: Present, before: Known | undefined, customer: Customer, deleted: boolean): void {
  for (const { field } of UNIQUE) {
    const former = `${field} ${before?.customer[field]}`;
    if (before && holders.get(former) === customer.id) holders.delete(former);
    if (!deleted && customer[field] !== null) holders.set(`${field} ${customer[field]}`, customer.id);
  }
  byId.set(customer.id, { customer, deleted });
}

function forget({ byId, holders }: Present, customer: Customer): void {
  for (const { field } of UNIQUE) {
    const value = `${field} ${customer[field]}`;
    if (holders.get(value) === customer.id) holders.delete(value);
  }
  byId.delete(customer.id);
}

// ---- What a change comes to -----------------------------------------------------------------------------------------

/** Works out a change and leaves the present as it is. Throws a Problem where it is refused. */
export function settle(present: Present, change: Change, now: string, index: number, if_match?: number[]): Settled {
  const known = targetOf(present, change);
  if (change.kind === 'undo') return settleUndo(present, change.event, known);
  if ('id' in change && (!known || (known.deleted && !OF_DELETED.includes(change.kind)))) throw notFound();
  checkVersion(if_match, known);
  if (change.kind === 'erase') return { type: 'erased', known, next: { ...known!.customer }, changed: [], kept: [] };
  const next = nextOf(change, known, now, index);
  const changed = known ? changedFields(known.customer, next) : [];
  const type =
    change.kind === 'delete'
      ? 'deleted'
      : !known
        ? 'created'
        : known.deleted
          ? 'restored'
          : changed.length > 0
            ? 'updated'
            : 'unchanged';
  if (type === 'unchanged') return { type, known, next: known!.customer, changed, kept: [] };
  if (type !== 'deleted') {
    const errors = clashes(present, next, type === 'updated' ? changed : INPUT_FIELDS);
    if (errors.length > 0) throw invalid(errors);
  }
  return { type, known, next, changed, kept: [] };
}

/** What can be done to a customer who is deleted. */
const OF_DELETED: Change['kind'][] = ['restore', 'erase'];

function targetOf({ byId, holders }: Present, change: Change): Known | undefined {
  if (change.kind === 'create') return;
  if (change.kind === 'undo') return byId.get(change.event.customer_id);
  const id = 'id' in change ? change.id : holders.get(`${change.by} ${change.value}`);
  return id === undefined ? undefined : byId.get(id);
}

function checkVersion(if_match: number[] | undefined, known: Known | undefined): void {
  if (!if_match || (known && if_match.includes(known.customer.version))) return;
  throw new Problem(412, 'version_mismatch', 'The customer has been changed since the version that If-Match names.', {
    errors: [
      {
        pointer: 'If-Match',
        code: 'version_mismatch',
        detail: known ? `The current version is ${known.customer.version}.` : 'There is no such customer.',
      },
    ],
  });
}

/** Which of the fields given hold a value that is another customer's, or one's who was erased. */
function clashes(
  { holders, suppressed }: Present,
  next: Customer,
  fields: readonly (keyof CustomerInput)[],
): ProblemError[] {
  const errors: ProblemError[] = [];
  for (const { field, code, detail } of UNIQUE) {
    if (next[field] === null || !fields.includes(field)) continue;
    const value = `${field} ${next[field]}`;
    const holder = holders.get(value);
    if (holder !== undefined && holder !== next.id)
      errors.push({ pointer: `/${field}`, code, detail, conflict: { id: holder, href: `/api/customers/${holder}` } });
    else if (suppressed.has(value))
      errors.push({
        pointer: `/${field}`,
        code: 'suppressed',
        detail: `A customer with this ${inputFields[field].label.toLowerCase()} was erased, and is not to be entered again.`,
      });
  }
  return errors;
}

const EMPTY = Object.fromEntries(CUSTOMER_FIELDS.map((field) => [field, null])) as unknown as Customer;

type PlainChange = Exclude<Change, { kind: 'undo' | 'erase' }>;

/** The customer as it will be, version and time of change aside. */
function nextOf(change: PlainChange, known: Known | undefined, now: string, index: number): Customer {
  if (change.kind === 'delete' || change.kind === 'restore') return { ...known!.customer };
  const { fields, phone_e164 } = fieldsFor(change, known);
  const base: Customer = known?.customer ?? {
    ...EMPTY,
    id: uuidv7(microTime(now), index),
    version: 1,
    created_at: ('created_at' in change && change.created_at) || now,
    updated_at: now,
  };
  const next: Customer = { ...base, ...fields };
  next.full_name = `${next.first_name} ${next.last_name}`;
  if (fields.phone !== undefined) next.phone_e164 = phone_e164 ?? null;
  return next;
}

/** The fields that a change gives to this customer, or to a new one. */
function fieldsFor(
  change: Extract<Change, { input: unknown }>,
  known: Known | undefined,
): CheckedInput<Partial<CustomerInput>> {
  if (change.kind !== 'merge') return change.input;
  const { input, rules } = change;
  if (!known) {
    const missing = INPUT_FIELDS.filter((field) => inputFields[field].required && input.fields[field] === undefined);
    if (missing.length > 0)
      throw invalid(
        missing.map((field) => ({
          pointer: `/${field}`,
          code: 'required',
          detail: `${inputFields[field].label} is required.`,
        })),
      );
    return { ...input, fields: withDefaults(input.fields) };
  }
  if (!rules) return input;
  const fields = Object.fromEntries(
    Object.entries(input.fields).filter(([field]) => {
      const rule = rules[field as keyof CustomerInput];
      return rule === 'only_if_empty' ? known.customer[field as keyof CustomerInput] === null : rule !== 'leave';
    }),
  );
  return { ...input, fields };
}

/**
 * What takes an event back. A field is put back where it still is as the event left it; a customer is taken back out, or
 * in, where it still is as the event left it as a whole.
 */
function settleUndo(
  present: Present,
  { type, before, after, phone_e164 }: PastEvent,
  known: Known | undefined,
): Settled {
  if (!known) throw notFound();
  const { customer, deleted } = known;
  const stay = (kept: Kept[]): Settled => ({ type: 'unchanged', known, next: customer, changed: [], kept });
  if (type === 'customer.created' || type === 'customer.restored') {
    if (deleted) return stay([]);
    const edited = changedFields(after, customer);
    if (edited.length > 0) return stay(edited.map((field) => ({ field, code: 'changed_since' })));
    return { type: 'deleted', known, next: { ...customer }, changed: [], kept: [] };
  }
  if (type === 'customer.deleted') {
    if (!deleted) return stay([]);
    const taken = clashes(present, customer, INPUT_FIELDS);
    if (taken.length > 0) return stay(taken.map(keptOf));
    return { type: 'restored', known, next: { ...customer }, changed: [], kept: [] };
  }
  const fields = Object.keys(before ?? {}) as (keyof CustomerInput)[];
  if (deleted) return stay(fields.map((field) => ({ field, code: 'deleted_since' })));
  const kept: Kept[] = [];
  const next = { ...customer };
  for (const field of fields) {
    if (customer[field] === before![field]) continue;
    if (customer[field] === after[field]) Object.assign(next, { [field]: before![field] });
    else kept.push({ field, code: 'changed_since' });
  }
  for (const taken of clashes(present, next, changedFields(customer, next)).map(keptOf)) {
    Object.assign(next, { [taken.field]: customer[taken.field] });
    kept.push(taken);
  }
  next.full_name = `${next.first_name} ${next.last_name}`;
  const changed = changedFields(customer, next);
  if (changed.includes('phone')) next.phone_e164 = phone_e164;
  return changed.length > 0 ? { type: 'updated', known, next, changed, kept } : stay(kept);
}

const keptOf = ({ pointer, code }: ProblemError): Kept => ({ field: pointer.slice(1) as keyof CustomerInput, code });

function changedFields(before: Customer, after: Customer): (keyof CustomerInput)[] {
  return INPUT_FIELDS.filter((field) => before[field] !== after[field]);
}

/** The whole record that an input with optional fields left out stands for. */
export function withDefaults(fields: Partial<CustomerInput>): CustomerInput {
  return { ...DEFAULTS, ...fields } as CustomerInput;
}

const DEFAULTS = Object.fromEntries(
  INPUT_FIELDS.filter((field) => !inputFields[field].required).map((field) => [field, inputFields[field].default]),
);

// ---- What is written ------------------------------------------------------------------------------------------------

/**
 * Gathers rows into statements. A statement holds a customer once, as it is in the end, and never a unique value that the
 * same statement gives up elsewhere, for which it would have to be a row earlier than another: that begins a new one.
 */
function openRows(workspace_id: number) {
  const statements: Ask[] = [];
  const inserts = new Map<string, string>();
  const updates = new Map<string, { former_version: number; row: string }>();
  const givenUp = new Set<string>();

  function cut(): void {
    if (updates.size > 0) {
      const rows = [...updates.values()].map(
        ({ former_version, row }) => `${row.slice(0, -1)},"former_version":${former_version}}`,
      );
      statements.push([UPDATE_CUSTOMERS, [workspace_id, `[${rows.join(',')}]`]]);
    }
    if (inserts.size > 0) statements.push([INSERT_CUSTOMERS, [workspace_id, `[${[...inserts.values()].join(',')}]`]]);
    inserts.clear();
    updates.clear();
    givenUp.clear();
  }

  return {
    put(known: Known | undefined, next: Customer, json: string, deleted_at: string | null, columns: string): void {
      if (givenUp.size > 0 && deleted_at === null && UNIQUE.some(({ field }) => givenUp.has(`${field} ${next[field]}`)))
        cut();
      if (known && !known.deleted)
        for (const { field } of UNIQUE)
          if (deleted_at !== null || known.customer[field] !== next[field])
            givenUp.add(`${field} ${known.customer[field]}`);
      const row = `${json.slice(0, -1)},"deleted_at":${JSON.stringify(deleted_at)},${columns.slice(1)}`;
      if (!known || inserts.has(next.id)) inserts.set(next.id, row);
      else {
        const former_version = updates.get(next.id)?.former_version ?? known.customer.version;
        updates.set(next.id, { former_version, row });
      }
    },
    remove(id: string): void {
      cut();
      statements.push([REMOVE_CUSTOMERS, [workspace_id, [id]]]);
    },
    statements(): Ask[] {
      cut();
      return statements;
    },
  };
}

/** The columns by which a customer is found, made before the lock was taken where its input is all of it. */
function columnsOf(change: Change, next: Customer): string {
  if (!('input' in change) || change.input.columns === undefined) return searchColumns(next);
  const { fields, phone_e164 = null, columns } = change.input;
  const same = next.phone_e164 === phone_e164 && SEARCHED.every((field) => next[field] === (fields[field] ?? null));
  return same ? columns : searchColumns(next);
}

const SEARCHED = ['first_name', 'last_name', 'email', 'phone'] as const;

type Searched = Pick<Customer, 'first_name' | 'last_name' | 'email' | 'phone' | 'phone_e164'>;

/** The columns by which a customer is ordered and found. */
export function derive({ first_name, last_name, email, phone, phone_e164 }: Searched) {
  const first_key = fold(first_name);
  const last_key = fold(last_name);
  const numbers = [...new Set([phone, phone_e164].map((number) => (number ? digitsOf(number) : '')))];
  return {
    first_key,
    last_key,
    search: `${first_key} ${last_key}\n${email}\n${numbers.join(' ')}`,
    starts: startsOf(first_key, last_key, email, numbers),
  };
}

/** The same as JSON. */
export const searchColumns = (customer: Searched): string => JSON.stringify(derive(customer));

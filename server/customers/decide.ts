// What a batch of writes leads to, worked out while the ledger is locked: with no other writer about, what was read is
// what is. Pure: rows in, statements and decisions out.
import { CUSTOMER_FIELDS, type Customer, type CustomerInput, INPUT_FIELDS, inputFields } from '#contract/customers.ts';
import { digitsOf } from '#contract/field.ts';
import { fold } from '#contract/fold.ts';
import { startsOf } from '#contract/search.ts';
import type { Row } from '../database.ts';
import type { EventDraft, Ledger, Plan } from '../events/events.ts';
import { checkReplay, idempotencyId, replaysOf, storeKeys } from '../idempotency/idempotency.ts';
import { invalid, notFound, Problem, type ProblemError } from '../problem.ts';
import { uuidv7 } from '../uuid.ts';
import { customerOf } from './record.ts';
import { INSERT_CUSTOMERS, UPDATE_CUSTOMERS } from './store.ts';
import type { Change, CheckedInput, Decision, Found, Write } from './write.ts';

type Known = { customer: Customer; deleted: boolean };
type Unique = 'email' | 'external_id';
type StoredKey = Parameters<typeof storeKeys>[2][number];

const UNIQUE: { field: Unique; code: string; detail: string }[] = [
  { field: 'email', code: 'email_taken', detail: 'A customer with this email already exists.' },
  { field: 'external_id', code: 'external_id_taken', detail: 'A customer with this external id already exists.' },
];

/** Decides on each write in turn; see `Decision`. A batch holds at most one change per customer and unique value. */
export function decide(
  workspace_id: number,
  ledger: Ledger,
  writes: Write[],
  found: Partial<Record<Found, Row[]>>,
): Plan<Decision[]> {
  const byId = new Map<string, Known>();
  const byExternalId = new Map<string, Known>();
  for (const row of found.ids ?? []) remember(row);
  for (const row of found.external_ids ?? []) {
    const known = remember(row);
    byExternalId.set(known.customer.external_id!, known);
  }
  const holders = new Map<string, string>();
  for (const [field, value, id] of [...(found.holders ?? []), ...(found.holders_of_deleted ?? [])])
    holders.set(`${field} ${value}`, id);
  const replays = replaysOf(found.replays ?? []);

  // What this batch has already spoken for: customers, unique values, idempotency keys.
  const taken = new Set<string>();
  const events: EventDraft[] = [];
  const keys: StoredKey[] = [];
  const inserts: string[] = [];
  const updates: string[] = [];
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
  const statements: Plan<Decision[]>['statements'] = [];
  if (inserts.length > 0) statements.push([INSERT_CUSTOMERS, [workspace_id, `[${inserts.join(',')}]`]]);
  if (updates.length > 0) statements.push([UPDATE_CUSTOMERS, [workspace_id, `[${updates.join(',')}]`]]);
  if (keys.length > 0) statements.push(storeKeys(workspace_id, ledger.now, keys));
  return { statements, events, total, active, answer: decisions };

  function remember([record, deleted]: Row): Known {
    const customer = customerOf(record);
    const known = { customer, deleted };
    byId.set(customer.id, known);
    return known;
  }

  function decideOne(write: Write, index: number): Decision {
    const { change, idempotency } = write;
    if (idempotency) {
      const replay = replays.get(idempotencyId(idempotency));
      if (replay) {
        checkReplay(replay, idempotency);
        return { replay };
      }
      if (!take(`key ${idempotencyId(idempotency)}`)) return { deferred: true };
    }
    const target = targetOf(change);
    if (target && !take(target)) return { deferred: true };
    const known =
      change.kind === 'upsert'
        ? byExternalId.get(change.external_id)
        : 'id' in change
          ? byId.get(change.id)
          : undefined;
    if (change.kind === 'upsert' && known && !take(`id ${known.customer.id}`)) return { deferred: true };
    if ('id' in change && (!known || (known.deleted && change.kind !== 'restore'))) throw notFound();
    checkVersion(write, known);

    const next = nextOf(change, known, ledger, index);
    const deletes = change.kind === 'delete';
    const changed = known ? changedFields(known.customer, next) : [];
    const type = !known ? 'created' : deletes ? 'deleted' : known.deleted ? 'restored' : 'updated';
    const unchanged = type === 'updated' && changed.length === 0;
    if (!deletes && !unchanged) {
      const claims = UNIQUE.filter(
        ({ field }) => next[field] !== null && (type !== 'updated' || changed.includes(field)),
      );
      if (clash(claims, next) === 'later') return { deferred: true };
      // What is given up is spoken for as well: whoever wants it must see it given up first.
      for (const { field } of UNIQUE)
        if (known && known.customer[field] !== null) taken.add(`${field} ${known.customer[field]}`);
      for (const { field } of claims) taken.add(`${field} ${next[field]}`);
    }
    const status = deletes ? 204 : known ? 200 : 201;
    if (known && !unchanged) {
      next.version = known.customer.version + 1;
      next.updated_at = ledger.now;
    }
    const customer = unchanged ? known!.customer : next;
    const json = JSON.stringify(customer);
    if (!unchanged) {
      const columns = ('input' in change && change.input.columns) || searchColumns(next);
      const deleted_at = JSON.stringify(deletes ? ledger.now : null);
      (known ? updates : inserts).push(`${json.slice(0, -1)},"deleted_at":${deleted_at},${columns.slice(1)}`);
      const before = known && !known.deleted;
      total += Number(!deletes) - Number(Boolean(before));
      active += Number(!deletes && next.is_active) - Number(Boolean(before && known.customer.is_active));
      events.push({
        type: `customer.${type}`,
        customer_id: next.id,
        customer_version: next.version,
        actor: write.actor,
        request_id: write.request_id,
        cause_id: write.cause_id,
        before: type === 'updated' ? Object.fromEntries(changed.map((field) => [field, known!.customer[field]])) : null,
        after: json,
      });
    }
    const position = ledger.position + events.length;
    if (idempotency) keys.push({ ...idempotency, status, position, subject_id: next.id });
    return { status, customer, json, position };
  }

  function take(name: string): boolean {
    if (taken.has(name)) return false;
    taken.add(name);
    return true;
  }

  /** Throws where another customer holds a value; `later` where that may change with this very batch. */
  function clash(claims: typeof UNIQUE, next: Customer): 'later' | undefined {
    const errors: ProblemError[] = [];
    for (const { field, code, detail } of claims) {
      const value = `${field} ${next[field]}`;
      const holder = holders.get(value);
      if (taken.has(value) || (holder && holder !== next.id && taken.has(`id ${holder}`))) return 'later';
      if (holder && holder !== next.id)
        errors.push({ pointer: `/${field}`, code, detail, conflict: { id: holder, href: `/api/customers/${holder}` } });
    }
    if (errors.length > 0) throw invalid(errors);
  }
}

const targetOf = (change: Change) =>
  change.kind === 'upsert' ? `upsert ${change.external_id}` : 'id' in change ? `id ${change.id}` : null;

function checkVersion(write: Write, known: Known | undefined): void {
  if (!write.if_match || (known && write.if_match.includes(known.customer.version))) return;
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

const EMPTY = Object.fromEntries(CUSTOMER_FIELDS.map((field) => [field, null])) as unknown as Customer;

/** The customer as it will be, version and time of change aside. */
function nextOf(change: Change, known: Known | undefined, ledger: Ledger, index: number): Customer {
  if (change.kind === 'delete' || change.kind === 'restore') return { ...known!.customer };
  const { fields, phone_e164 } = change.input as CheckedInput<Partial<CustomerInput>>;
  const base: Customer = known?.customer ?? {
    ...EMPTY,
    id: uuidv7(Date.parse(ledger.now), index),
    version: 1,
    created_at: (change.kind === 'create' && change.created_at) || ledger.now,
    updated_at: ledger.now,
  };
  const next: Customer = { ...base, ...fields };
  next.full_name = `${next.first_name} ${next.last_name}`;
  if (fields.phone !== undefined) next.phone_e164 = phone_e164 ?? null;
  return next;
}

/** The columns by which a customer is ordered and found, as JSON. */
export function searchColumns({
  first_name,
  last_name,
  email,
  phone,
  phone_e164,
}: Pick<Customer, 'first_name' | 'last_name' | 'email' | 'phone' | 'phone_e164'>): string {
  const first_key = fold(first_name);
  const last_key = fold(last_name);
  const numbers = [...new Set([phone, phone_e164].map((number) => (number ? digitsOf(number) : '')))];
  return JSON.stringify({
    first_key,
    last_key,
    search: `${first_key} ${last_key}\n${email}\n${numbers.join(' ')}`,
    starts: startsOf(first_key, last_key, email, numbers),
  });
}

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

// What a change comes to, or why it is refused. Pure.
import { CUSTOMER_FIELDS, type Customer, type CustomerInput, INPUT_FIELDS, inputFields } from '#contract/customers.ts';
import { invalid, notFound, Problem, type ProblemError } from '../problem.ts';
import { microTime, uuidv7 } from '../uuid.ts';
import type { Change, CheckedInput, Kept, PastEvent } from './change.ts';
import { type Known, type Present, UNIQUE } from './present.ts';

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
  const id = 'id' in change ? change.id : change.value === null ? undefined : holders[change.by].get(change.value);
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
    const value = next[field];
    if (value === null || !fields.includes(field)) continue;
    const holder = holders[field].get(value);
    if (holder !== undefined && holder !== next.id)
      errors.push({ pointer: `/${field}`, code, detail, conflict: { id: holder, href: `/api/customers/${holder}` } });
    else if (suppressed[field].has(value))
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

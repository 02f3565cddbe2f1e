// What is known of the customers that a batch is about, as if the writes decided so far were done.
import type { Customer } from '#contract/customers.ts';
import type { Row } from '../database.ts';
import type { Found } from './reads.ts';
import { customerOf } from './record.ts';

export type Known = { customer: Customer; deleted: boolean };
type Unique = 'email' | 'external_id';

/** Fields of which no two customers have the same. */
export const UNIQUE: { field: Unique; code: string; detail: string }[] = [
  { field: 'email', code: 'email_taken', detail: 'A customer with this email already exists.' },
  { field: 'external_id', code: 'external_id_taken', detail: 'A customer with this external id already exists.' },
];

/** What is known of the customers and unique values that a batch is about: who holds a value, and which are suppressed. */
export type Present = {
  byId: Map<string, Known>;
  holders: Record<Unique, Map<string, string>>;
  suppressed: Record<Unique, Set<string>>;
};

export function presentOf(found: Partial<Record<Found, Row[]>>): Present {
  const present: Present = {
    byId: new Map(),
    holders: { email: new Map(), external_id: new Map() },
    suppressed: { email: new Set(), external_id: new Set() },
  };
  for (const [field, value, id] of [...(found.holders ?? []), ...(found.holders_of_deleted ?? [])] as [
    Unique,
    string,
    string | null,
  ][])
    if (id === null) present.suppressed[field].add(value);
    else present.holders[field].set(value, id);
  for (const [record, deleted] of [...(found.ids ?? []), ...(found.matches ?? [])])
    remember(present, undefined, customerOf(record), deleted);
  return present;
}

export function remember(present: Present, before: Known | undefined, customer: Customer, deleted: boolean): void {
  if (before) release(present, before.customer, customer.id);
  if (!deleted)
    for (const { field } of UNIQUE) {
      const value = customer[field];
      if (value !== null) present.holders[field].set(value, customer.id);
    }
  present.byId.set(customer.id, { customer, deleted });
}

export function forget(present: Present, customer: Customer): void {
  release(present, customer, customer.id);
  present.byId.delete(customer.id);
}

/** What a customer had is free again, unless somebody else has taken it meanwhile. */
function release({ holders }: Present, had: Customer, id: string): void {
  for (const { field } of UNIQUE) {
    const value = had[field];
    if (value !== null && holders[field].get(value) === id) holders[field].delete(value);
  }
}

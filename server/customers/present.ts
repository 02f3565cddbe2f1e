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

export function remember(
  { byId, holders }: Present,
  before: Known | undefined,
  customer: Customer,
  deleted: boolean,
): void {
  for (const { field } of UNIQUE) {
    const former = `${field} ${before?.customer[field]}`;
    if (before && holders.get(former) === customer.id) holders.delete(former);
    if (!deleted && customer[field] !== null) holders.set(`${field} ${customer[field]}`, customer.id);
  }
  byId.set(customer.id, { customer, deleted });
}

export function forget({ byId, holders }: Present, customer: Customer): void {
  for (const { field } of UNIQUE) {
    const value = `${field} ${customer[field]}`;
    if (holders.get(value) === customer.id) holders.delete(value);
  }
  byId.delete(customer.id);
}

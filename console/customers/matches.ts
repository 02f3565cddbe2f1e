// Whether a customer belongs into a list, as far as that can be told without the server.

import type { Customer } from '#contract/customers.ts';
import { fold } from '#contract/fold.ts';
import { parseSearch } from '#contract/search.ts';
import { stretchesOf } from './highlight.ts';
import { fieldOf, type ListState, RANGED } from './list-url.ts';

export function isIn(state: ListState, customer: Customer): boolean {
  const { search, is_active, email, external_id } = state;
  if (is_active !== undefined && customer.is_active !== is_active) return false;
  if (email !== '' && fold(customer.email) !== fold(email.trim())) return false;
  if (external_id !== '' && customer.external_id !== external_id.trim()) return false;
  for (const field of RANGED) {
    const { gte, gt, lte, lt } = state[field];
    const at = Date.parse(customer[field]);
    if ((gte && at < Date.parse(gte)) || (gt && at <= Date.parse(gt))) return false;
    if ((lte && at > Date.parse(lte)) || (lt && at >= Date.parse(lt))) return false;
  }
  const { words } = parseSearch(search);
  return (words ?? []).every(
    (word) =>
      stretchesOf(`${customer.first_name} ${customer.last_name}`, [word], 'name').length > 0 ||
      stretchesOf(customer.email, [word], 'email').length > 0 ||
      stretchesOf(customer.phone ?? '', [word], 'phone').length > 0,
  );
}

/** What places a customer in the ordering. */
const DECIDING: Record<string, readonly string[]> = {
  last_name: ['last_name', 'first_name'],
  first_name: ['first_name', 'last_name'],
  email: ['email'],
  created_at: ['created_at'],
};

/** Whether a change moves a customer in a list, into it, or out of it. `changes`: former and new values. */
export function isMoved(state: ListState, now: Customer, changes: Record<string, [unknown, unknown]>): boolean {
  const former = Object.entries(changes).map(([field, [value]]) => [field, value]);
  const before: Customer = { ...now, ...Object.fromEntries(former) };
  const [was, is] = [isIn(state, before), isIn(state, now)];
  if (was !== is) return true;
  if (!is) return false;
  return (DECIDING[fieldOf(state.ordering)] ?? Object.keys(changes)).some((field) => field in changes);
}

// The columns by which a customer is ordered and found.
import type { Customer } from '#contract/customers.ts';
import { digitsOf } from '#contract/field.ts';
import { fold } from '#contract/fold.ts';
import { startsOf } from '#contract/search.ts';
import type { Change } from './change.ts';

/** The columns by which a customer is found, made before the lock was taken where its input is all of it. */
export function columnsOf(change: Change, next: Customer): SearchColumns {
  if (!('input' in change) || change.input.columns === undefined) return searchColumnsOf(next);
  const { fields, phone_e164 = null, columns } = change.input;
  const same = next.phone_e164 === phone_e164 && SEARCHED.every((field) => next[field] === (fields[field] ?? null));
  return same ? columns : searchColumnsOf(next);
}

const SEARCHED = ['first_name', 'last_name', 'email', 'phone'] as const;

type Searched = Pick<Customer, 'first_name' | 'last_name' | 'email' | 'phone' | 'phone_e164'>;
export type SearchColumns = Record<'first_key' | 'last_key' | 'search' | 'starts', string>;

/** The columns by which a customer is ordered and found. */
export function searchColumnsOf({ first_name, last_name, email, phone, phone_e164 }: Searched): SearchColumns {
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

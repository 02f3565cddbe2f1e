// The address of a list: whatever the list shows is read from it again, and what means nothing in it does no harm.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  COLUMNS,
  daysOfRange,
  filterOf,
  type ListState,
  ORDERED,
  type Ordering,
  rangeOfDays,
  readState,
  writeState,
} from '../../console/customers/list-url.ts';

const time = fc
  .date({ min: new Date('2000-01-01'), max: new Date('2030-01-01'), noInvalidDate: true })
  .map((at) => at.toISOString());
const range = fc.record({ gte: time, lt: time, gt: time, lte: time }, { requiredKeys: [], noNullPrototype: true });
const text = fc.string({ unit: 'grapheme', maxLength: 20 }).map((typed) => typed.trim().toWellFormed());
const states: fc.Arbitrary<ListState> = fc.record(
  {
    search: text,
    is_active: fc.constantFrom(undefined, true, false),
    created_at: range,
    updated_at: range,
    email: text,
    external_id: text,
    ordering: fc.constantFrom(...ORDERED.flatMap((field): Ordering[] => [field, `-${field}`])),
    columns: fc.option(fc.uniqueArray(fc.constantFrom(...COLUMNS), { minLength: 1 }), { nil: undefined }),
  },
  { noNullPrototype: true },
);

test('every state of a list is read from its address as it was written', () => {
  fc.assert(
    fc.property(states, (state) => {
      const address = writeState(state).toString();
      assert.deepEqual(readState(new URLSearchParams(address)), state);
      // Bulk edits and exports take the same filter.
      assert.deepEqual(filterOf(readState(new URLSearchParams(address))), filterOf(state));
    }),
  );
});

test('what stands open beside the list stays in its address', () => {
  const before = new URLSearchParams('search=ada&open=1&created_at[gte]=2026-01-01T00:00:00Z');
  const { created_at: _, ...rest } = readState(before);
  assert.equal(writeState({ ...rest, created_at: {}, search: 'b' }, before).toString(), 'open=1&search=b');
});

test('an address that nobody wrote shows all customers in the usual order', () => {
  const state = readState(
    new URLSearchParams(
      'ordering=shoe_size&is_active=perhaps&columns=,x&created_at[gte]=soon&updated_at[ne]=2026-01-01',
    ),
  );
  assert.deepEqual(filterOf(state), {});
  assert.deepEqual([state.ordering, state.columns], ['last_name', undefined]);
});

test('days are whole days where the person is, from the first to the end of the last', () => {
  const march = rangeOfDays('2026-03-28', '2026-03-29');
  assert.equal(new Date(march.gte!).getHours(), 0);
  assert.equal(new Date(march.lt!).getDate(), 30);
  assert.deepEqual(daysOfRange(march), { from: '2026-03-28', to: '2026-03-29' });
  assert.deepEqual(rangeOfDays('', ''), {});
  assert.deepEqual(daysOfRange(rangeOfDays('', '2024-02-29')), { from: '', to: '2024-02-29' });
});

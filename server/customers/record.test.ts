// A customer's record says the same whether it is read as an object or as the JSON that is answered.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CUSTOMER_FIELDS } from '#contract/customers.ts';
import { BETWEEN_VALUES } from '../rowset.ts';
import { customerOf, jsonOf } from './record.ts';

test('as an object and as JSON it is one and the same, whatever stands in it', () => {
  const text = fc
    .string({ unit: fc.oneof(fc.constantFrom('"', '\\', '\n', '\u2028', '𝒜', 'é'), fc.string()), minLength: 1 })
    .filter((value) => value.isWellFormed() && !/[\u001e\u001f]/.test(value));
  const nullable = fc.oneof(fc.constant(''), text);
  const time = fc.constantFrom('2026-01-02 03:04:05+00', '2026-01-02 03:04:05.6+00', '1999-12-31 23:59:59.000001+00');
  const values = fc.record({
    id: fc.uuid(),
    first_name: text,
    last_name: text,
    email: text,
    phone: nullable,
    phone_e164: nullable,
    external_id: nullable,
    is_active: fc.constantFrom('t', 'f'),
    version: fc.nat().map(String),
    created_at: time,
    updated_at: time,
  });
  fc.assert(
    fc.property(values, (given: Record<string, string>) => {
      const fields = CUSTOMER_FIELDS.filter((field) => field !== 'full_name');
      const record = fields.map((field) => given[field]).join(BETWEEN_VALUES);
      const customer = customerOf(record);
      assert.equal(JSON.stringify(customer), JSON.stringify(JSON.parse(jsonOf(record))));
      assert.equal(customer.full_name, `${given.first_name} ${given.last_name}`);
      assert.equal(customer.phone, given.phone || null);
      assert.deepEqual([customer.is_active, customer.version], [given.is_active === 't', Number(given.version)]);
    }),
  );
});

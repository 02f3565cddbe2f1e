// Customers to make in tests.

let serial = 0;

/** A new customer with an email of its own, and the fields given. */
export const ada = (fields: object = {}) => ({
  first_name: 'Ada',
  last_name: 'Lovelace',
  email: `ada${++serial}@example.com`,
  ...fields,
});

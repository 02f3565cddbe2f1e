// Lists and searches against the plainest possible model: all customers in memory, filtered and sorted.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import type { Customer, CustomerPage } from '#contract/customers.ts';
import { fold } from '#contract/fold.ts';
import { rows } from '../../bench/dataset.ts';
import { startServer, type TestServer } from '../../test/support/server.ts';
import { createCustomer } from './customers.ts';

/** More than the server walks without choosing a plan, so that walks, gathers and counts are all in play. */
const SIZE = 7000;

let server: TestServer;
let all: Customer[];
before(async () => {
  server = await startServer();
  const made = [...rows(SIZE)].map((row, index) =>
    createCustomer(
      server.database,
      server.actor,
      {
        first_name: row.first_name,
        last_name: row.last_name,
        email: row.email,
        phone: row.phone,
        is_active: index % 10 !== 0,
      },
      { request_id: null },
    ),
  );
  all = (await Promise.all(made)).map((outcome) => outcome.customer);
  // The newest third is deactivated in one go, which is what makes a filtered walk long.
  const newest = all.slice(-SIZE / 3);
  for (let index = 0; index < newest.length; index += 100)
    await Promise.all(
      newest
        .slice(index, index + 100)
        .map((customer) => server.call('POST', `/api/customers/${customer.id}/deactivate`)),
    );
  all = await everything('/api/customers?limit=200');
});
after(() => server.stop());

async function everything(path: string): Promise<Customer[]> {
  const found: Customer[] = [];
  for (let next: string | null = path; next; ) {
    const reply = await server.call('GET', next);
    assert.equal(reply.status, 200, `${next}: ${reply.text}`);
    found.push(...reply.body.results);
    next = reply.body.next;
  }
  return found;
}

const KEYS: Record<string, (customer: Customer) => string[]> = {
  last_name: (one) => [fold(one.last_name), fold(one.first_name), one.id],
  first_name: (one) => [fold(one.first_name), fold(one.last_name), one.id],
  email: (one) => [one.email, one.id],
  created_at: (one) => [one.created_at, one.id],
  updated_at: (one) => [one.updated_at, one.id],
};

/** The order of the C collation: by the bytes of UTF-8. */
function compare(a: string[], b: string[]): number {
  for (let index = 0; index < a.length; index++) {
    const order = Buffer.compare(Buffer.from(a[index]!), Buffer.from(b[index]!));
    if (order !== 0) return order;
  }
  return 0;
}

type Asked = { ordering: string; words: string[]; is_active?: boolean; from?: string; before?: string };

function expected({ ordering, words, is_active, from, before }: Asked): Customer[] {
  const descending = ordering.startsWith('-');
  const key = KEYS[descending ? ordering.slice(1) : ordering]!;
  const matching = all.filter(
    (one) =>
      (is_active === undefined || one.is_active === is_active) &&
      (from === undefined || one.created_at >= from) &&
      (before === undefined || one.updated_at < before) &&
      words.every((word) => foundIn(one, word)),
  );
  return matching
    .map((one) => ({ one, key: key(one) }))
    .sort((a, b) => compare(a.key, b.key) * (descending ? -1 : 1))
    .map(({ one }) => one);
}

function foundIn(customer: Customer, word: string): boolean {
  const digits = (phone: string | null) => (phone ?? '').replaceAll(/\D/g, '');
  const names = [fold(customer.first_name), fold(customer.last_name)];
  const numbers = [digits(customer.phone), digits(customer.phone_e164)];
  const needle = fold(word);
  const core = needle.replaceAll(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}\p{M}]+$/gu, '');
  if (core !== needle && [...core].length <= 2)
    return foundIn(customer, core) && [names.join(' '), customer.email].some((text) => text.includes(needle));
  if ([...needle].length <= 2) {
    const parts = names.join(' ').split(/[^\p{L}\p{N}\p{M}]+/u);
    return (
      parts.some((part) => part.startsWith(needle)) ||
      customer.email.startsWith(needle) ||
      numbers.some((number) => number.startsWith(needle)) ||
      (/\p{Script=Han}/u.test(needle) && parts.some((part) => part.includes(needle)))
    );
  }
  return [names.join(' '), customer.email, numbers.join(' ')].some((text) => text.includes(needle));
}

const pathOf = ({ ordering, words, is_active, from, before }: Asked, limit: number) => {
  const query = new URLSearchParams({ ordering, limit: String(limit) });
  if (words.length > 0) query.set('search', words.join(' '));
  if (is_active !== undefined) query.set('is_active', String(is_active));
  if (from !== undefined) query.set('created_at[gte]', from);
  if (before !== undefined) query.set('updated_at[lt]', before);
  return `/api/customers?${query}`;
};

const orderings = fc.constantFrom(...Object.keys(KEYS).flatMap((name) => [name, `-${name}`]));
const words = fc.array(
  fc
    .oneof(
      fc.constantFrom(
        'smith',
        'maria',
        'example',
        'com',
        'a',
        'x',
        'an',
        'jo',
        '55',
        '王',
        'jose',
        'JOSÉ',
        'son',
        "o'",
        'zzz',
        'qx',
        'muller',
        'иван',
        'berg',
        'e',
        'org',
      ),
      fc.nat(SIZE - 1).map((index) => all[index]!.last_name.slice(0, 4).trim().replace(/\s.*/, '')),
      fc.nat(SIZE - 1).map((index) => all[index]!.email.split('@')[0]!),
    )
    .filter((word) => /\p{L}|\p{N}/u.test(word)),
  { maxLength: 3 },
);

describe('a list', () => {
  test('is what the model says, page by page, forward and back, with its count', async () => {
    const asked = fc.record(
      {
        ordering: orderings,
        words,
        is_active: fc.boolean(),
        from: fc.nat(SIZE - 1).map((index) => all[index]!.created_at),
        before: fc.nat(SIZE - 1).map((index) => all[index]!.updated_at),
      },
      { requiredKeys: ['ordering', 'words'] },
    );
    await fc.assert(
      fc.asyncProperty(asked, fc.constantFrom(3, 25, 200), async (ask, limit) => {
        const model = expected(ask).map((one) => one.id);
        const pages: string[][] = [];
        let reply = await server.call('GET', pathOf(ask, limit));
        assert.equal(reply.status, 200, reply.text);
        const page = reply.body as CustomerPage;
        assert.equal(page.count, model.length, 'count');
        assert.equal(page.previous, null);
        for (let step = 0; ; step++) {
          pages.push(reply.body.results.map((one: Customer) => one.id));
          if (!reply.body.next || step === 4) break;
          reply = await server.call('GET', reply.body.next);
        }
        const seen = pages.flat();
        assert.deepEqual(seen, model.slice(0, seen.length));
        if (!reply.body.next) assert.equal(seen.length, model.length);
        // And back again, page for page.
        for (let index = pages.length - 2; index >= 0; index--) {
          reply = await server.call('GET', reply.body.previous);
          assert.deepEqual(
            reply.body.results.map((one: Customer) => one.id),
            pages[index],
          );
        }
      }),
      { numRuns: 150 },
    );
  });

  test('ties are neither lost nor repeated while others write', async () => {
    const before = new Set((await everything('/api/customers?limit=200&ordering=created_at')).map((one) => one.id));
    let writing = true;
    const writer = (async () => {
      for (let index = 0; writing; index++)
        await server.call('POST', '/api/customers', {
          first_name: 'Late',
          last_name: `Comer ${'abcdefghij'[index % 10]}`,
          email: `late${index}@example.org`,
        });
    })();
    for (const ordering of ['created_at', '-created_at', 'last_name', '-updated_at']) {
      const seen = (await everything(`/api/customers?limit=50&ordering=${ordering}`)).map((one) => one.id);
      assert.equal(new Set(seen).size, seen.length, 'nothing twice');
      const missing = [...before].filter((id) => !seen.includes(id));
      assert.deepEqual(missing, [], 'nothing missing');
    }
    writing = false;
    await writer;
  });
});

describe('a search finds', () => {
  before(async () => {
    const people: [string, string, string, string | null][] = [
      ['Zoë', "O'Connor", 'zoe@find.example', '+44 20 7946 0958'],
      ['小明', '王', 'wang@find.example', '020-7946-0111'],
      ['Søren', 'Ægir-Łukasz', 'soren@find.example', null],
      ['Мария', 'Иванова', 'maria@find.example', '(415) 555-2671 x11'],
      ['José', 'de la Cruz', '100%_sure@find.example', null],
      // Its first letter lies beyond the 65,536 that one unit of a text holds.
      ['太郎', '𠮷田', 'yoshida@find.example', null],
    ];
    for (const [first_name, last_name, email, phone] of people)
      assert.equal((await server.call('POST', '/api/customers', { first_name, last_name, email, phone })).status, 201);
  });
  const cases: [search: string, email: string][] = [
    ['zoe oconnor', ''],
    ["zoe o'conn", 'zoe@find.example'],
    ['ZOË O’CONNOR', 'zoe@find.example'],
    ['020 7946 0958', 'zoe@find.example'],
    ['+44 (20) 7946-0958', 'zoe@find.example'],
    ['0044207946 0958', 'zoe@find.example'],
    ['79460111', 'wang@find.example'],
    ['王 find', 'wang@find.example'],
    ['明 find', 'wang@find.example'],
    ['𠮷 find', 'yoshida@find.example'],
    ['𠮷田 find', 'yoshida@find.example'],
    ['田 find', 'yoshida@find.example'],
    ['soren aegir-lukasz', 'soren@find.example'],
    ['ИВАНОВА find', 'maria@find.example'],
    ['5552671 find', 'maria@find.example'],
    ['cr find', '100%_sure@find.example'],
    ['100%_sure', '100%_sure@find.example'],
    ['100_%sure', ''],
    ['\\', 'refused'],
    ['find.example %', '100%_sure@find.example'],
  ];
  for (const [search, email] of cases)
    test(JSON.stringify(search), async () => {
      const reply = await server.call('GET', `/api/customers?${new URLSearchParams({ search })}`);
      if (email === 'refused') return assert.equal(reply.body.errors[0].code, 'nothing_to_search');
      assert.equal(reply.status, 200, reply.text);
      assert.deepEqual(
        reply.body.results.map((one: Customer) => one.email),
        email === '' ? [] : [email],
      );
    });
});

describe('a list refuses', () => {
  const refused: [query: string, pointer: string, code: string][] = [
    ['limit=0', 'limit', 'invalid_number'],
    ['limit=1e2', 'limit', 'invalid_number'],
    ['limit=0x10', 'limit', 'invalid_number'],
    ['limit=+5', 'limit', 'invalid_number'],
    ['limit=201', 'limit', 'invalid_number'],
    ['limit=5&limit=6', 'limit', 'duplicate_parameter'],
    ['page=2', 'page', 'unknown_parameter'],
    ['__proto__=1', '__proto__', 'unknown_parameter'],
    ['is_active=1', 'is_active', 'invalid_boolean'],
    ['ordering=phone', 'ordering', 'invalid_ordering'],
    ['cursor=abc', 'cursor', 'invalid_cursor'],
    ['fields=id,secret', 'fields', 'unknown_field'],
    ['created_at[gte]=yesterday', 'created_at[gte]', 'invalid_timestamp'],
    ['created_at[eq]=2026-01-01T00:00:00Z', 'created_at[eq]', 'unknown_parameter'],
    ['search=%00', 'search', 'invalid_encoding'],
    ['search=%ff', 'search', 'invalid_encoding'],
    [`search=${'a'.repeat(201)}`, 'search', 'too_long'],
    ['search=a+b+c+d+e+f+g+h+i', 'search', 'too_many_words'],
    ['email=nobody', 'email', 'invalid_email'],
    ['deleted=true&search=x', 'search', 'not_with_deleted'],
  ];
  for (const [query, pointer, code] of refused)
    test(query.slice(0, 60), async () => {
      const reply = await server.call('GET', `/api/customers?${query}`);
      assert.equal(reply.status, 400);
      assert.deepEqual([reply.body.errors[0].pointer, reply.body.errors[0].code], [pointer, code]);
    });

  test('a cursor of another list or workspace, and any bytes as a cursor', async () => {
    const { body } = await server.call('GET', '/api/customers?limit=1');
    const cursor = new URLSearchParams(body.next.split('?')[1]).get('cursor')!;
    assert.equal((await server.call('GET', `/api/customers?limit=7&fields=id&cursor=${cursor}`)).status, 200);
    assert.equal((await server.call('GET', `/api/customers?ordering=email&cursor=${cursor}`)).status, 400);
    assert.equal((await server.call('GET', `/api/customers?is_active=true&cursor=${cursor}`)).status, 400);
    const [scope] = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.anything())), async (values) => {
        const forged = Buffer.from(JSON.stringify([scope, 1, ...values])).toString('base64url');
        const { status } = await server.call('GET', `/api/customers?cursor=${forged}`);
        assert.ok(status === 400 || status === 200);
      }),
      { numRuns: 100 },
    );
  });
});

describe('counts, filters and tags', () => {
  test('stats are exact', async () => {
    const everyone = await everything('/api/customers?limit=200&fields=id,is_active');
    const { body } = await server.call('GET', '/api/customers/stats');
    const active = everyone.filter((one) => one.is_active).length;
    assert.deepEqual(body, {
      total_customers: everyone.length,
      active_customers: active,
      inactive_customers: everyone.length - active,
    });
    assert.equal(
      (await server.call('GET', '/api/customers?is_active=false&limit=1')).body.count,
      everyone.length - active,
    );
  });

  test('email and external id find one', async () => {
    const [one] = all;
    const found = await server.call('GET', `/api/customers?email=${encodeURIComponent(one!.email.toUpperCase())}`);
    assert.deepEqual([found.body.count, found.body.results[0].id], [1, one!.id]);
    assert.equal(
      (await server.call('GET', `/api/customers?email=${encodeURIComponent(one!.email)}&is_active=${!one!.is_active}`))
        .body.count,
      0,
    );
  });

  test('an unchanged list is 304, a changed one is not', async () => {
    const first = await server.call('GET', '/api/customers?limit=3');
    const etag = first.headers.get('etag')!;
    assert.equal(
      (await server.call('GET', '/api/customers?limit=3', undefined, { 'if-none-match': etag })).status,
      304,
    );
    await server.call('POST', '/api/customers', { first_name: 'New', last_name: 'One', email: 'new.one@example.org' });
    assert.equal(
      (await server.call('GET', '/api/customers?limit=3', undefined, { 'if-none-match': etag })).status,
      200,
    );
  });

  test('a retrieve is one statement, a list is one, a search at most three; asked again, a look at the position', async () => {
    const count = async (path: string) => {
      const start = server.statements();
      await server.call('GET', path);
      return server.statements() - start;
    };
    await count('/api/customers?search=jones'); // reads the sample
    assert.equal(await count(`/api/customers/${all[0]!.id}`), 1);
    assert.equal(await count('/api/customers/stats'), 1);
    for (const [path, most] of [
      ['/api/customers?limit=11', 1],
      ['/api/customers?limit=11&is_active=true&ordering=-created_at', 1],
      ['/api/customers?limit=11&search=smith', 3],
    ] as const) {
      assert.ok((await count(path)) <= most, path);
      assert.equal(await count(path), 1, path);
    }
  });
});

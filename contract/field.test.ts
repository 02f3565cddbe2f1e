import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Value } from 'typebox/value';
import type { FieldKind } from './field.ts';
import { digitsOf, email, externalId, flag, keyName, personName, phone, slug, timestamp } from './field.ts';

/** Examples parted by `|` or a new line. */
const list = (text: string) => text.trim().split(/ *[|\n] */);
/** Examples like `typed → kept`. */
const pairs = (text: string) => Object.fromEntries(list(text).map((pair) => pair.split(' → ')));

const notText = [5, 0, true, {}, [], ['a'], Number, Symbol.iterator, new String('a'), new Date(0)];
const unclean = 'a\0b|a\u001bb|a\tb|a\nb|a\u0085b|a\u202eb|a\u2066b|a\u200fb|a\u2028b|a\ud800b|\udc00'.split('|');
const empty = ['', ' ', '\t\n\u00a0\ufeff', null, undefined];
const huge = '\0'.repeat(10_001); // too_long and not invalid: refused before it is looked at
const anyText = { required: empty, wrong_type: notText, invalid_characters: unclean };

type Table = { takes?: Record<string, string | null>; keeps?: string[]; refuses?: Record<string, unknown[]> };

function check(kind: FieldKind<unknown>, { takes = {}, keeps = [], refuses = {} }: Table) {
  for (const [typed, kept] of [...Object.entries(takes), ...keeps.map((text) => [text, text])]) {
    assert.deepEqual(kind.normalise(typed, 'Field'), { value: kept }, JSON.stringify(typed));
  }
  for (const [code, values] of Object.entries(refuses)) {
    for (const value of values) {
      const { refusal } = kind.normalise(value, 'Field');
      assert.equal(refusal?.code, code, `${typeof value} ${JSON.stringify(value)}`);
    }
  }
}

test('names of every script are kept', () => {
  check(personName, {
    keeps: list(`
      O'Brien | O’Brien | Ng | Zoë | McDonald | MacLeod | D’Artagnan | J. | J.R.R. | Mary-Jane | Marcel·la | Anne\u2010Marie
      王 | 山田・太郎 | 佐々木 | 葛\u{e0100} | 김 | Мария | Γιώργος | Nguyễn | Ŋ | A\u0323\u0302\u0331\u0332\u0333 | ʻEleu | ﾀﾅｶ
      محمد | مُحَمَّد | می\u200cنا | שָׁלוֹם | สมชาย | ที่ | किरण | ক্ষ | র\u200d\u09cdয | ශ\u0dca\u200dරී
      გიორგი | ᲒᲘᲝᲠᲒᲘ | ᏣᎳᎩ | Ｓｍｉｔｈ | ßa | ﬁnn | 𠮷`).map((name) => name.normalize('NFC')),
  });
});

test('names are trimmed, composed, spaced and title-cased word by word', () => {
  check(personName, {
    takes: {
      ...pairs(`
        o'brien → O'Brien | o’brien → O’Brien | O'BRIEN → O'Brien | MARY-JANE → Mary-Jane | j.r.r. → J.R.R. | a·b → A·B
        de la cruz → De La Cruz | van der Berg → Van Der Berg | d'artagnan → D'Artagnan | MCDONALD → Mcdonald
        zoe\u0308 → Zoë | ZOE\u0308 → Zoë | мария → Мария | МАРИЯ → Мария | ΓΙΩΡΓΟΣ → Γιωργος | ΝΙΚΟΣ-ΣΟΦΟΣ → Νικος-Σοφος
        İSTANBUL → İstanbul | ALİ → Ali | işık → Işık | ʻeleu → ʻEleu | ǆa → Ǆa | ＪＯＨＮ → Ｊｏｈｎ | STRAẞE → Straße
        H\u0331H\u0331 → H\u0331\u1e96 | a${' '.repeat(500)}b → A B | a\u00a0\u3000  b → A B`),
      "  o'brien\n": "O'Brien",
      [`\ufeff${' '.repeat(500)}x`]: 'X',
    },
  });
});

test('names with anything but letters, marks and their joints are refused', () => {
  check(personName, {
    refuses: {
      ...anyText,
      too_long: [huge, 'a'.repeat(51), '𠮷'.repeat(51), `a${'\u0301'.repeat(60)}`, `a${'\u1dc0\u0323'.repeat(4000)}`],
      invalid_characters: unclean.concat(
        list(`
          a1 | ٣ | a😀 | <script> | a<b | a:b | a=b | =a | a(b | a_b | a,b | a/b | a&b | a@b | a–b | a\u{e0061} | Ⅷ | \u2800
          a\u200bb | \u200da | a\u200d | a\u200c b | a\u200d\u200db | a\u00adb | a\u2060b | \u0301a | a \u0301 | a'\u0301
          \u3164 | a\u115f | . | -' | ·`),
      ),
    },
  });
});

test('a name may have 50 code points, counted after normalisation', () => {
  for (const name of [`A${'a'.repeat(49)}`, '𠮷'.repeat(50), `A${'ễ'.repeat(49)}`, `Α${'ᾂ'.repeat(49)}`]) {
    assert.deepEqual(personName.normalise(` ${name.normalize('NFD')} `, 'Name'), { value: name });
  }
});

test('details name the field', () => {
  const detail = (kind: FieldKind<unknown>, value: unknown) => kind.normalise(value, 'First name').refusal?.detail;
  assert.equal(detail(personName, 'a1'), 'First name contains invalid characters.');
  assert.equal(detail(personName, 'a'.repeat(51)), 'First name has at most 50 characters.');
  assert.equal(detail(personName, null), 'First name is required.');
  assert.equal(detail(email, 'a'), 'First name is not a valid address.');
  assert.equal(detail(phone, 'a'), 'First name is not a valid phone number.');
  assert.equal(detail(flag, 'true'), 'First name must be true or false.');
});

test('email', () => {
  const label63 = 'a'.repeat(63);
  const long = `${'a'.repeat(64)}@${label63}.${label63}.${'a'.repeat(58)}.io`;
  assert.equal(long.length, 254);
  check(email, {
    takes: { ' Mary.Jane+x@Example.COM\n': 'mary.jane+x@example.com' },
    keeps: list(`
      o'brien@example.com | a@1.2b | a@xn--bcher-kva.example | a@${label63}.com | ${long}`).concat(
      '!#$%&*/=?^_`{|}~-@a.b',
    ),
    refuses: {
      ...anyText,
      too_long: [huge, `${long}o`],
      invalid_email: list(`
        a | a@b | @b.co | a@ | a@b@c.co | .a@b.co | a.@b.co | a..b@c.co | a b@c.co | a@-b.co | a@b-.co | a@b..co | a@.b.co
        a@b.co. | a@b_c.co | "a b"@c.co | a@[192.0.2.1] | a@192.0.2.1 | a@b.1 | a,b@c.co | <a@b.co> | é@b.co | a@é.co
        \u212a@b.co | a@b.\u212aom | İ@b.co | a\u200b@b.co | a@b.c-1- | ${'a'.repeat(65)}@b.co | a@a${label63}.co`),
    },
  });
});

test('phone', () => {
  check(phone, {
    takes: { '': null, '  ': null, ' 5551234 ': '5551234', '+33\u00a06\u202f12 34 56 78': '+33 6 12 34 56 78' },
    keeps: list(`
      +1 (555) 123-4567 | (+44) 20/7946.0018 | 123456789012345 | 5551234x1 | 555-1234 ext. 123456 | 5551234 EXT 9
      5551234 X 9 | +1 (555) 123-4567${' '.repeat(9)}ext 89`),
    refuses: {
      wrong_type: notText,
      too_long: [huge, '1'.repeat(33)],
      invalid_characters: unclean,
      invalid_phone: list(`
        123456 | 1234567890123456 | 123456x1 | x1234567 | 5551234x | 5551234x1234567 | 5551234 ext | 5551234 ext1x2 | -
        5551234+ | 555+1234 | ++5551234 | 5551234a | ٥٥٥١٢٣٤ | ５５５１２３４ | 5551234; | + | tel:5551234 | 555–1234`),
    },
  });
  for (const none of [null, undefined]) assert.deepEqual(phone.normalise(none, 'Phone'), { value: null });
  assert.equal(digitsOf('+1 (555) 123-4567 ext. 89 ٣'), '1555123456789');
  assert.equal(digitsOf(''), '');
});

test('flag', () => {
  for (const value of [true, false]) assert.deepEqual(flag.normalise(value, 'Active'), { value });
  check(flag, { refuses: { required: [null, undefined], wrong_type: ['true', '', 0, 1, {}, [], new Boolean(true)] } });
});

test('external id', () => {
  check(externalId, {
    keeps: ['a', 'A', 'CRM-00042/ä', 'cafe\u0301', 'a b', '👩\u200d👩', '0', 'null', '𠮷'.repeat(255)],
    refuses: {
      required: ['', ' ', '\n'],
      wrong_type: notText,
      too_long: [huge, 'a'.repeat(256), '𠮷'.repeat(256)],
      invalid_characters: [...unclean, ' a', 'a ', 'a\n', '\u00a0a', '\ufeffa', 'a\u200f', 'a\u2029b'],
    },
  });
  for (const none of [null, undefined]) assert.deepEqual(externalId.normalise(none, 'External id'), { value: null });
});

test('timestamp', () => {
  check(timestamp, {
    takes: pairs(`
      2026-01-31T09:30:00Z → 2026-01-31T09:30:00.000000Z
      2026-01-31t09:30:00.1z → 2026-01-31T09:30:00.100000Z
      2026-01-31T09:30:00.123456789+02:00 → 2026-01-31T07:30:00.123456Z
      2026-01-31T09:30:00.999999999Z → 2026-01-31T09:30:00.999999Z
      1969-12-31T23:59:59.999999Z → 1969-12-31T23:59:59.999999Z
      2024-02-28T23:59:00-00:01 → 2024-02-29T00:00:00.000000Z
      2025-12-31T23:30:00-05:45 → 2026-01-01T05:15:00.000000Z
      0001-01-01T00:00:00Z → 0001-01-01T00:00:00.000000Z
      0099-06-01T00:00:00-00:00 → 0099-06-01T00:00:00.000000Z
      9999-12-31T23:59:59.9999999Z → 9999-12-31T23:59:59.999999Z`),
    refuses: {
      ...anyText,
      too_long: [huge, `2026-01-31T09:30:00.${'0'.repeat(64)}Z`],
      invalid_timestamp: list(`
        2026-01-31 | 2026-01-31T09:30:00 | 2026-01-31T09:30Z | 2026-01-31 09:30:00Z | 2026-01-31T09:30:00 00:00 | 1769851800
        2026-01-31T09:30:00+0200 | 2026-01-31T09:30:00+02 | 2026-01-31T09:30:00.Z | 2026-01-31T09:30:00,5Z | now | 2026-1-31T09:30:00Z
        2026-02-30T00:00:00Z | 2025-02-29T00:00:00Z | 1900-02-29T00:00:00Z | 2026-04-31T00:00:00Z | 2026-00-01T00:00:00Z
        2026-13-01T00:00:00Z | 2026-01-00T00:00:00Z | 2026-01-32T00:00:00Z | 2026-01-31T24:00:00Z | 2026-01-31T09:60:00Z
        2016-12-31T23:59:60Z | 2026-01-31T09:30:00+24:00 | 2026-01-31T09:30:00+02:60 | 0000-12-31T00:00:00Z
        0001-01-01T00:00:00+00:01 | 9999-12-31T23:59:59-00:01 | +10000-01-01T00:00:00Z | ２026-01-31T09:30:00Z`),
    },
  });
});

const date = fc.date({ min: new Date('0002-01-01Z'), max: new Date('9998-12-31Z'), noInvalidDate: true });

test('a timestamp loses no microsecond and agrees with Date on the rest', () => {
  const two = (number: number) => String(number).padStart(2, '0');
  const minutes = fc.integer({ min: -1439, max: 1439 });
  fc.assert(
    fc.property(date, minutes, fc.integer({ min: 100, max: 999 }), (at, ahead, micros) => {
      const local = new Date(at.getTime() + ahead * 60_000).toISOString().slice(0, -1);
      const offset = `${ahead < 0 ? '-' : '+'}${two(Math.floor(Math.abs(ahead) / 60))}:${two(Math.abs(ahead) % 60)}`;
      const { value } = timestamp.normalise(`${local}${micros}${offset}`, 'Since');
      assert.equal(value, `${at.toISOString().slice(0, -1)}${micros}Z`);
    }),
  );
});

test('key name and slug', () => {
  check(keyName, {
    takes: { ' Nightly import ': 'Nightly import', 'cafe\u0301': 'café' },
    keeps: ['a', '🔑 1', '<b>', 'é'.repeat(100)],
    refuses: { ...anyText, too_long: [huge, 'a'.repeat(101)] },
  });
  const invalid_slug = list('A | 1a | -a | a- | a_b | a.b | a b | é | ａ | \u212a');
  check(slug, {
    keeps: ['a', 'acme', 'a-1', 'a--b', `a${'b'.repeat(62)}`],
    refuses: { ...anyText, too_long: [huge, 'a'.repeat(64)], invalid_slug },
  });
});

/** Text near what the kinds take, so that much of it passes and much of it nearly does. */
const nearText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom(..."aAbZéßŉǰİıΣσςǅǆﬁẞჟᲟᎣꭳ王ن한अी가ʻʰ \u00a0-'.·\u0301\u0307\u0331\u0345\u200d") }),
  fc.string({ unit: fc.constantFrom(...'0123456789 +-()x'), maxLength: 20 }),
  fc.stringMatching(/^[a-cA1][a-c1-]{0,9}$/),
  fc.emailAddress(),
  date.map((at) => at.toISOString()),
  fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
);

const kinds = { personName, email, phone, flag, externalId, timestamp, keyName, slug };
for (const [name, kind] of Object.entries<FieldKind<unknown>>(kinds)) {
  test(`${name} never throws, and keeps what it has made`, () => {
    let taken = 0;
    const takes = (value: unknown) => {
      const { value: kept, refusal } = kind.normalise(value, 'Field');
      if (refusal) {
        assert.match(refusal.code, /^(required|wrong_type|too_long|invalid_[a-z]+)$/);
        assert.match(refusal.detail, /^Field .+\.$/);
        return;
      }
      taken++;
      assert.deepEqual(kind.normalise(kept, 'Field'), { value: kept });
      assert.ok(Value.Check(kind.schema, kept), 'the schema describes what is kept');
      if (typeof kept === 'string') assert.ok(kept.isWellFormed() && kept.trim() === kept && !/\p{Cc}/u.test(kept));
    };
    fc.assert(fc.property(fc.oneof(fc.anything(), fc.boolean(), nearText, nearText), takes), { numRuns: 5000 });
    assert.ok(taken > 30, `only ${taken} values were taken: the property says little`);
  });
}

test('what is taken by a short way is what the long one, which text with a space outside goes, makes of it', () => {
  const short = fc.oneof(
    nearText,
    fc.stringMatching(/^[A-Z][a-z]{0,5}(?:[ '.-]{1,2}[A-Za-z][a-z]{0,3}){0,3}$/),
    fc.string({ unit: 'grapheme-ascii', maxLength: 60 }),
    fc.string({ unit: fc.constantFrom('A', 'b', ' ', '-'), minLength: 30, maxLength: 60 }),
  );
  const { flag: _, externalId: __, ...trimmed } = kinds;
  fc.assert(
    fc.property(short, fc.constantFrom(...Object.values<FieldKind<unknown>>(trimmed)), (text, kind) => {
      assert.deepEqual(kind.normalise(text, 'Field'), kind.normalise(`\n${text}`, 'Field'));
    }),
    { numRuns: 20_000 },
  );
});

test('a timestamp has a day that the calendar has', () => {
  const two = (number: number) => String(number).padStart(2, '0');
  for (const year of ['0001', '0004', '0100', '0400', '1900', '2000', '2023', '2024', '9999'])
    for (let month = 0; month <= 13; month++)
      for (let day = 0; day <= 32; day++) {
        const text = `${year}-${two(month)}-${two(day)}T12:00:00Z`;
        const date = new Date(text);
        const real = !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text.slice(0, 10));
        assert.equal(timestamp.normalise(text, 'Since').refusal === undefined, real, text);
      }
});

test('an accepted name holds letters, marks and their joints only', () => {
  fc.assert(
    fc.property(nearText, (text) => {
      const name = personName.normalise(text, 'Name').value;
      if (name === undefined) return;
      assert.match(name, /^[\p{L}\p{M} '’.\-‐·・\u200c\u200d]{1,50}$/u);
      assert.doesNotMatch(name, /^ | {2}| $|(?<![\p{L}\p{M}\p{Join_Control}])[\p{M}\p{Join_Control}]/u);
      assert.doesNotMatch(name, /\p{Join_Control}(?![\p{L}\p{M}])/u);
      assert.equal(name, name.normalize('NFC'));
    }),
    { numRuns: 5000 },
  );
});

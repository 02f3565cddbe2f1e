import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fold } from './fold.ts';

const FOLDED: [from: string, to: string][] = [
  ['', ''],
  ["Mary-Jane O'Brien", "mary-jane o'brien"],
  ['O\u2019Brien \u2018x\u2018 \u02bcokina', "o'brien 'x' 'okina"],
  ['Anne\u2010Marie\u2011Sofie', 'anne-marie-sofie'],
  ['a\u00a0b\u3000c\u2009d\u1680e', 'a b c d e'],
  ['a\u00a0\u00a0b', 'a  b'],
  ['Zoë ZOE\u0308 Ångström', 'zoe zoe angstrom'],
  ['Łódź Đorđe Ðórr Þór Søren Æsa Œuvre Ħal', 'lodz dorde dorr thor soren aesa oeuvre hal'],
  ['Weiß WEIẞ WEISS', 'weiss weiss weiss'],
  ['İstanbul Işık ISIK Iğdır', 'istanbul isik isik igdir'],
  ['ΓΙΩΡΓΟΣ Γιώργος', 'γιωργοσ γιωργοσ'],
  ['Σ σ ς', 'σ σ σ'],
  ['Мария Йорданов Ёлкин', 'мария иорданов елкин'],
  ['Ｓｍｉｔｈ＇ｓ', "smith's"],
  ['ﬁnn ﬀ ĳ ŉ ſ', "finn ff ij 'n s"],
  ['ℂ ᴬ K', 'c a k'],
  ['한글 \u1112\u1161\u11ab', '한글 한'],
  ['ガ ｶﾞ カ\u3099 は', 'ガ ガ ガ は'],
  ['שָׁלוֹם שׁ', 'שלום ש'],
  ['مُحَمَّد أحمد', 'محمد احمد'],
  ['किरण क़', 'किरण क\u093c'],
  ['สมชาย ที่', 'สมชาย ที่'],
  ['王 々 龍', '王 々 龍'],
  ['ᲘᲐ Ია', 'ია ია'],
  ['a\ud800b', 'a\ufffdb'],
];

test('fold leaves one spelling', () => {
  for (const [from, to] of FOLDED) assert.equal(fold(from), to, JSON.stringify(from));
});

test('fold keeps apart what differs by more than an accent', () => {
  for (const [one, other] of [
    ['カ', 'ガ'],
    ['はは', 'ばば'],
    ['कि', 'की'],
    ['a', 'b'],
    ['σ', 'ο'],
  ] as const) {
    assert.notEqual(fold(one), fold(other));
  }
});

test('fold is idempotent for every code point, alone and after a letter', () => {
  for (let point = 0; point <= 0x10ffff; point++) {
    for (const text of [String.fromCodePoint(point), `a${String.fromCodePoint(point)}\u0323`]) {
      const once = fold(text);
      if (fold(once) !== once) assert.fail(`U+${point.toString(16)} ${JSON.stringify(text)}`);
    }
  }
});

/** Any UTF-16 at all, lone surrogates too, thick with the letters and marks that fold treats in their own way. */
const anyText = fc.string({
  unit: fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
    fc.integer({ min: 0x300, max: 0x36f }).map((unit) => String.fromCharCode(unit)),
    fc.constantFrom(...'İıIiΣσςßẞŉǰﬁÅȺ가각゙がשׁאّ\u064b\u1dc0\u0323\u{1d165}\u{1e900}'),
    fc.constantFrom('\ud801', '\udc00', '\u034f', '\u0345'),
  ),
});

test('fold is idempotent for any string', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const once = fold(text);
      assert.equal(fold(once), once);
    }),
    { numRuns: 5000 },
  );
});

test('the ASCII path answers as the long one does', () => {
  const long = (text: string) => fold(`${text}é`).slice(0, -1);
  fc.assert(fc.property(fc.string({ unit: 'binary-ascii' }), (text) => assert.equal(fold(text), long(text))));
});

test('names folded apart and joined are the joined name folded', () => {
  fc.assert(
    fc.property(anyText, anyText, (first, last) =>
      assert.equal(`${fold(first)} ${fold(last)}`, fold(`${first} ${last}`)),
    ),
    { numRuns: 5000 },
  );
});

test('case, composition and lone accents never matter', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const whole = text.toWellFormed();
      assert.equal(fold(whole.normalize('NFD')), fold(whole));
      assert.equal(fold(whole.normalize('NFKC')), fold(whole));
      assert.equal(fold(whole.toLowerCase()), fold(whole));
    }),
    { numRuns: 5000 },
  );
});

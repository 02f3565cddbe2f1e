// What a search text comes to: words, of which an index finds at least one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseSearch, TRIGRAM } from './search.ts';

const wordsOf = (search: string) => parseSearch(search).words?.map(({ text, short }) => (short ? `${text}…` : text));

test('short words are looked for where something begins, those with punctuation as they stand, too', () => {
  for (const [search, words] of [
    ['Ada', ['ada']],
    ['ad', ['ad…']],
    ["O'", ['o…', "o'"]],
    ["O'B", ["o'b"]],
    ['a\u{3347a}\u{e0100}', ['a…', 'a\u{3347a}\u{e0100}']],
    ['a-\u0489b', ['a…', 'a-\u0489b']],
    ['020 7946 0958', ['2079460958']],
  ] as const)
    assert.deepEqual(wordsOf(search), words, search);
});

test('whatever is searched for, an index finds one of the words', () => {
  const piece = fc.constantFrom('a', 'é', '田', '7', '-', "'", ' ', '\u0489', '\u{3347a}', '\u{e0100}', '\u{20000}');
  const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 60 }), fc.string({ unit: piece, maxLength: 12 }));
  fc.assert(
    fc.property(text, (search) => {
      const { words = [] } = parseSearch(search.toWellFormed());
      assert.ok(words.length === 0 || words.some(({ text, short }) => short || TRIGRAM.test(text)));
    }),
    { numRuns: 2000 },
  );
});

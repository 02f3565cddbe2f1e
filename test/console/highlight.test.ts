// Where the words of a search are marked: in the very letters that the server found them by.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseSearch } from '#contract/search.ts';
import { type Kind, stretchesOf } from '../../console/customers/highlight.ts';

const marked = (text: string, search: string, kind: Kind = 'name') =>
  stretchesOf(text, parseSearch(search).words!, kind).map(([from, until]) => text.slice(from, until));

describe('marked is', () => {
  for (const [text, search, kind, found] of [
    ['Lovelace', 'lovel', 'name', ['Lovel']],
    ['Müller', 'muller', 'name', ['Müller']],
    ['Mu\u0308ller', 'mul', 'name', ['Mu\u0308l']],
    ['Straße', 'strasse', 'name', ['Straße']],
    ['Straße', 'rass', 'name', ['raß']],
    ['Straße', 'stras', 'name', ['Straß']],
    ['Ada ⑴⑵', '(1', 'name', ['⑴']],
    ['Łukasz Ødegård', 'lukasz odegard', 'name', ['Łukasz', 'Ødegård']],
    ['O’Brien', "o'brien", 'name', ['O’Brien']],
    ['𠮷田 花子', '田', 'name', ['田']],
    ['Ada Lovelace', 'ad', 'name', ['Ad']],
    ['Ida Madsen', 'ad', 'name', []],
    ['anna@anna.example', 'anna', 'email', ['anna', 'anna']],
    ['ada@data.example', 'ad', 'email', ['ad']],
    ['+44 20 7946 0958', '020 7946', 'phone', ['20 7946']],
    ['+44 20 7946 0958', 'ada', 'phone', []],
    ['Banana', 'ana', 'name', ['anana']],
  ] as const)
    test(`${JSON.stringify(found)} of ${text} for ${search}`, () =>
      assert.deepEqual(marked(text, search, kind), found));

  test('within the text, each letter once, and in order, whatever is searched for', () => {
    const texts = fc.string({ unit: 'grapheme', minLength: 3, maxLength: 20 });
    fc.assert(
      fc.property(texts, fc.nat(20), fc.nat(20), (text, from, length) => {
        const word = text.slice(from, from + 3 + length);
        const { words } = parseSearch(word);
        if (!words || !word.isWellFormed()) return;
        const stretches = stretchesOf(text, words, 'name');
        let last = 0;
        for (const [begin, end] of stretches) {
          assert.ok(begin >= last && end > begin && end <= text.length);
          last = end;
        }
      }),
    );
  });
});

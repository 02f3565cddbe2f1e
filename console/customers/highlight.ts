// Where the words of a search stand in a text, found as the server finds them.
import { fold } from '#contract/fold.ts';
import type { SearchWord } from '#contract/search.ts';

/** A stretch of a text, from its first to behind its last UTF-16 unit. */
export type Stretch = [from: number, until: number];

/** A letter with what stands above and below it. */
const LETTERS = /[^\p{M}]\p{M}*|\p{M}+/gsu;
const PART_OF_WORD = /[\p{L}\p{N}\p{M}]/u;
const SPACELESS =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

/** `name`: a short word is found where a word begins; `email`: at the very beginning; `phone`: digits, however they are written. */
export type Kind = 'name' | 'email' | 'phone';

/** The stretches that match, in order and apart from each other. */
export function stretchesOf(text: string, words: readonly SearchWord[], kind: Kind): Stretch[] {
  if (words.length === 0 || text === '') return [];
  const { folded, begins, ends } = foldWithPlaces(text, kind);
  const found: Stretch[] = [];
  for (const { text: word, short } of words) {
    if (word === '') continue;
    for (let at = folded.indexOf(word); at >= 0; at = folded.indexOf(word, at + 1)) {
      if (short && !isStart(folded, at, kind)) continue;
      found.push([begins[at]!, ends[at + word.length - 1]!]);
    }
  }
  return apart(found);
}

/** The folded text, and for each of its units where the letter begins and ends in the text that it comes from. */
function foldWithPlaces(text: string, kind: Kind) {
  let folded = '';
  const begins: number[] = [];
  const ends: number[] = [];
  for (const { 0: letter, index } of text.matchAll(LETTERS)) {
    const units = fold(letter);
    if (kind === 'phone' && !/\d/.test(units)) continue;
    for (let at = 0; at < units.length; at++) {
      begins.push(index);
      ends.push(index + letter.length);
    }
    folded += units;
  }
  return { folded, begins, ends };
}

function isStart(folded: string, at: number, kind: Kind): boolean {
  if (at === 0) return true;
  if (kind !== 'name') return false;
  return !PART_OF_WORD.test(folded[at - 1]!) || SPACELESS.test(folded[at]!);
}

function apart(stretches: Stretch[]): Stretch[] {
  const joined: Stretch[] = [];
  for (const [from, until] of stretches.sort((one, other) => one[0] - other[0])) {
    const last = joined.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], until);
    else joined.push([from, until]);
  }
  return joined;
}

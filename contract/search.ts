// What a search text means; the server matches by it, and whoever shows results highlights by it.
// It needs no schema library: the console loads it, and fold.ts, as they are.
import { fold } from './fold.ts';

export const SEARCH = { characters: 200, words: 8 } as const;

/**
 * A word as it is looked for. A `short` one, of one or two letters or digits, is found where a name, an email or a
 * number begins (in scripts without spaces between words: anywhere in a name); any other in every part of them.
 */
export type SearchWord = { text: string; short: boolean };

const DIGITS_AND_PUNCTUATION = /^[+\-./()]*[0-9][0-9+\-./()]*$/;
const LETTER_OR_DIGIT = /[\p{L}\p{N}]/u;
const EDGES = /^[^\p{L}\p{N}]+|(?<![^\p{L}\p{N}\p{M}])[^\p{L}\p{N}\p{M}]+$/gu;
const SHORT = /^[\p{L}\p{N}\p{M}]{1,2}$/u;
const START = /[\p{L}\p{N}][\p{L}\p{N}\p{M}]?/u;
/** Three letters or digits in a row, or one behind punctuation: what makes a trigram whatever stands around the word. */
export const TRIGRAM = /[\p{L}\p{N}\p{M}]{3}|[^\p{L}\p{N}\p{M}][\p{L}\p{N}]/u;

export type SearchError = { code: string; detail: string };

/**
 * Splits a search into words, each of which must be found. Neighbouring words of digits and phone punctuation are one
 * number (`020 7946 0958`), looked for as digits, without the zeros that lead it in one country and not in another.
 */
export function parseSearch(
  search: string,
): { words: SearchWord[]; error?: undefined } | { words?: undefined; error: SearchError } {
  const length = [...search].length;
  if (length > SEARCH.characters)
    return { error: { code: 'too_long', detail: `search has at most ${SEARCH.characters} characters.` } };
  if (!search.isWellFormed() || /[\u0000-\u001f\u007f]/.test(search.trim()))
    return { error: { code: 'invalid_characters', detail: 'search contains invalid characters.' } };
  const texts: string[] = [];
  let number = '';
  for (const word of fold(search).split(/\s+/u).filter(Boolean)) {
    if (DIGITS_AND_PUNCTUATION.test(word)) {
      number += word;
      continue;
    }
    if (number !== '') texts.push(digits(number));
    number = '';
    texts.push(word);
  }
  if (number !== '') texts.push(digits(number));
  const unique = [...new Set(texts)];
  if (unique.length > SEARCH.words)
    return { error: { code: 'too_many_words', detail: `search has at most ${SEARCH.words} words.` } };
  if (unique.length > 0 && !unique.some((text) => LETTER_OR_DIGIT.test(text)))
    return { error: { code: 'nothing_to_search', detail: 'search needs a letter or a digit.' } };
  return { words: unique.flatMap(wordsOf) };
}

/**
 * A short word with punctuation (`o'`), or another without a trigram (a letter, punctuation, a mark), is looked for by its
 * letters and as it stands: every word is one that an index finds, or has one beside it.
 */
function wordsOf(text: string): SearchWord[] {
  const core = text.replaceAll(EDGES, '');
  const asItStands = { text, short: false };
  if (core === text && SHORT.test(core)) return [{ text, short: true }];
  const letters = SHORT.test(core) ? core : TRIGRAM.test(text) ? undefined : START.exec(text)?.[0];
  return letters === undefined ? [asItStands] : [{ text: letters, short: true }, asItStands];
}

function digits(number: string): string {
  const all = number.replaceAll(/\D/g, '');
  const significant = all.replace(/^0+/, '');
  return significant.length >= 6 ? significant : all;
}

const BETWEEN_WORDS = /[^\p{L}\p{N}\p{M}]+/u;
const WITHOUT_SPACES =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

/** What short words are found by: the first letter and the first two of each word, joined by blanks. */
export function startsOf(first_key: string, last_key: string, email: string, numbers: string[]): string {
  const starts = new Set<string>();
  for (const word of `${first_key} ${last_key}`.split(BETWEEN_WORDS)) {
    if (word === '') continue;
    const isSpaceless = WITHOUT_SPACES.test(word);
    let at = 0;
    for (const letter of word) {
      addStart(starts, word, at);
      if (!isSpaceless) break;
      at += letter.length; // two where the letter is a surrogate pair, half of which is no text
    }
  }
  for (const text of [email, ...numbers]) if (text !== '') addStart(starts, text, 0);
  return [...starts].join(' ');
}

function addStart(starts: Set<string>, word: string, at: number): void {
  const one = String.fromCodePoint(word.codePointAt(at)!);
  starts.add(one);
  const second = word.codePointAt(at + one.length);
  if (second !== undefined) starts.add(one + String.fromCodePoint(second));
}

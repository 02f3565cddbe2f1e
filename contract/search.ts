// What a search text means; the server matches by it, and whoever shows results highlights by it.
import { SEARCH } from './customers.ts';
import { fold } from './fold.ts';

/** A word as it is looked for in a customer's search text. `anchored`: only where a name, an email or a number begins. */
export type SearchWord = { text: string; anchored: boolean };

const DIGITS_AND_PUNCTUATION = /^[0-9+\-./()]*[0-9][0-9+\-./()]*$/;
const LETTER_OR_DIGIT = /[\p{L}\p{N}]/u;
const RUN_OF_THREE = /[\p{L}\p{N}]{3}/u;
const STARTS_WITH_LETTER_OR_DIGIT = /^[\p{L}\p{N}]/u;

export type SearchError = { code: string; detail: string };

/**
 * Splits a search into words, each of which must be found. Neighbouring words of digits and phone punctuation are one
 * number (`020 7946 0958`), looked for as digits, without the zeros that lead it in one country and not in another.
 */
export function parseSearch(search: string): { words: SearchWord[]; error?: undefined } | { words?: undefined; error: SearchError } {
  const length = [...search].length;
  if (length > SEARCH.characters) return { error: { code: 'too_long', detail: `search has at most ${SEARCH.characters} characters.` } };
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
  if (unique.length > SEARCH.words) return { error: { code: 'too_many_words', detail: `search has at most ${SEARCH.words} words.` } };
  if (unique.length > 0 && !unique.some((text) => LETTER_OR_DIGIT.test(text)))
    return { error: { code: 'nothing_to_search', detail: 'search needs a letter or a digit.' } };
  return { words: unique.map((text) => ({ text, anchored: !RUN_OF_THREE.test(text) && STARTS_WITH_LETTER_OR_DIGIT.test(text) })) };
}

function digits(number: string): string {
  const all = number.replaceAll(/\D/g, '');
  const significant = all.replace(/^0+/, '');
  return significant.length >= 6 ? significant : all;
}

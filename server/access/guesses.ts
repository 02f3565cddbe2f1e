// How many things one would have to guess to have a password: a common word or phrase, a walk over the keyboard, a run of
// one character, a year or a repetition counts as one, and so does any other character. Low numbers are what programs that
// guess try first.
import { COMMON } from './common-words.ts';

/** Walks over a keyboard and an alphabet; parts of three and more, backwards too, are one thing. */
const WALKS = [
  'abcdefghijklmnopqrstuvwxyz',
  '01234567890',
  'qwertyuiop[]',
  'qwertzuiopü',
  'azertyuiop',
  'asdfghjkl;',
  'zxcvbnm,./',
  'yxcvbnm',
  '!@#$%^&*()_+',
  '1q2w3e4r5t6y7u8i9o0p',
  'q1w2e3r4t5y6u7i8o9p0',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/',
  'qazwsxedcrfvtgbyhnujmikolp',
  'zaq12wsxcde34rfvbgt56yhn',
  'qweasdzxc',
  'aqwzsxedc',
  '147258369',
  '159753',
]
  .flatMap((walk) => [walk, [...walk].reverse().join('')])
  .join('\n');
const LONGEST = Math.max(...[...COMMON, ...WALKS.split('\n')].map((text) => text.length));
/** Of what is known of a person, no longer text is looked for. */
const OWN_MOST = 64;

/** Characters that stand for letters. */
const STANDS_FOR: Record<string, string> = {
  '@': 'a',
  4: 'a',
  8: 'b',
  3: 'e',
  1: 'i',
  '!': 'i',
  0: 'o',
  $: 's',
  5: 's',
  7: 't',
};

/**
 * The least number of things that the password is made of, `own` being words that a guesser knows of the person; from
 * `enough` on it may be any number that is not less.
 */
export function pieces(password: string, own: readonly string[], enough: number): number {
  const text = password.toLowerCase();
  const unit = unitOf(text);
  if (unit.length < text.length) return pieces(unit, own, enough) + 1;
  const words = new Set(
    own.map((word) => word.toLowerCase()).filter(({ length }) => length >= 3 && length <= OWN_MOST),
  );
  const longest = Math.max(LONGEST, ...[...words].map(({ length }) => length));
  const plain = [...text].map((character) => STANDS_FOR[character] ?? character).join('');
  // Of each beginning of the text, the least number of things that it is made of.
  const least = [0];
  for (let end = 1, standing = 0; end <= text.length; end++) {
    let fewest = least[end - 1]! + 1;
    for (let begin = Math.max(0, end - longest); begin <= end - 3; begin++)
      if (least[begin]! + 1 < fewest && isOneThing(text.slice(begin, end), plain.slice(begin, end), words))
        fewest = least[begin]! + 1;
    least.push(fewest);
    // No word reaches back behind so many beginnings, all of which take enough: nor will the rest take less.
    standing = fewest >= enough ? standing + 1 : 0;
    if (standing >= longest) return enough;
  }
  return least[text.length]!;
}

/** What a text repeats; itself where it repeats nothing. */
function unitOf(text: string): string {
  const length = (text + text).indexOf(text, 1);
  return text.slice(0, length);
}

function isOneThing(text: string, plain: string, own: Set<string>): boolean {
  if (COMMON.has(text) || COMMON.has(plain) || own.has(text) || own.has(plain)) return true;
  if (/^(?:19|20)\d\d$/.test(text) || text === text[0]!.repeat(text.length)) return true;
  return WALKS.includes(text);
}

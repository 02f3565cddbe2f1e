import { type TSchema, Type } from 'typebox';

/** Why a value is not taken. It has no pointer: the caller knows the field. */
export type Refusal = { code: string; detail: string };

export type Outcome<T> = { value: T; refusal?: undefined } | { value?: undefined; refusal: Refusal };

/**
 * What a field may hold. `schema` describes the value as kept and replied (a client may send it with outer spaces),
 * so input goes through `normalise` and is not checked against `schema`.
 * `normalise` takes any value at all, never throws, runs in linear time, and answers its own answer unchanged.
 */
export type FieldKind<T> = { schema: TSchema; normalise: (value: unknown, label: string) => Outcome<T> };

/** UTF-16 units. Anything longer is refused before it is looked at. */
const RAW_LIMIT = 10_000;

/** Controls, line separators, and the bidi controls, which make text look other than it is. */
const CONTROLS = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/** Printable ASCII between two characters that are no spaces: as it is, it is trimmed, well-formed and without controls. */
const PLAIN = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

function refuse(code: string, detail: string): Outcome<never> & { refusal: Refusal } {
  return { refusal: { code, detail } };
}

function invalidCharacters(label: string) {
  return refuse('invalid_characters', `${label} contains invalid characters.`);
}

function tooLong(label: string, most: number) {
  return refuse('too_long', `${label} has at most ${most} characters.`);
}

/** Text, trimmed, well-formed, without controls, and of 1 to `most` code points once `tidy` has been over it. */
function readText(value: unknown, label: string, most: number, tidy = (text: string) => text): Outcome<string> {
  if (value === null || value === undefined) return refuse('required', `${label} is required.`);
  if (typeof value !== 'string') return refuse('wrong_type', `${label} must be text.`);
  if (value.length <= most && PLAIN.test(value)) return { value: tidy(value) };
  if (value.length > RAW_LIMIT) return tooLong(label, most);
  const text = value.trim();
  if (text === '') return refuse('required', `${label} is required.`);
  if (!text.isWellFormed() || CONTROLS.test(text)) return invalidCharacters(label);
  const tidied = tidy(text);
  return tidied.length > most && [...tidied].length > most ? tooLong(label, most) : { value: tidied };
}

/** NFC; text that cannot come down to `most` code points stays as it is, for sorting a run of n marks takes n² time. */
function compose(text: string, most: number): string {
  return text.length > 8 * most ? text : text.normalize('NFC'); // at best four code points, of two units, become one
}

const NAME_MOST = 50;

// Every alternative is one character, and no two fit the same one: linear. The letters lack the invisible ones (Hangul
// fillers). A mark needs a letter to sit on, with a joiner between the two at most (Bengali writes U+09B0 U+200D U+09CD).
const NAME =
  /^(?:[[\p{L}--\p{DI}] \-\u2010'\u2019.\u00b7\u30fb]|(?<=[\p{L}\p{M}\u200c\u200d])\p{M}|(?<=[\p{L}\p{M}])[\u200c\u200d](?=[\p{L}\p{M}]))+$/v;

/** A name as most are typed, of which nothing is changed: ASCII words in title case, one space, `'` or `-` between two. */
const PLAIN_NAME = /^[A-Z][a-z]+(?:[ '-][A-Z][a-z]+)*$/;

/** The first or last name of a person, in any script. */
export const personName = {
  // No pattern: many readers of JSON Schema know no \p{…}.
  schema: Type.String({
    minLength: 1,
    maxLength: NAME_MOST,
    description:
      "1–50 characters (code points, after trimming and NFC): letters and marks of any script, spaces, hyphens, apostrophes (`'` and `’`), full stops and middle dots, and zero-width joiners between letters; at least one letter. No digits, symbols, emoji or control characters. Runs of spaces become one. A word typed wholly in lower or upper case is title-cased (`o'brien` → `O'Brien`, `MARY-JANE` → `Mary-Jane`); a word in mixed case is kept (`McDonald`).",
    examples: ["O'Brien"],
  }),
  normalise(value, label): Outcome<string> {
    if (typeof value === 'string' && value.length <= NAME_MOST && PLAIN_NAME.test(value)) return { value };
    const text = readText(value, label, NAME_MOST, (raw) => compose(raw.replace(/\p{Zs}+/gu, ' '), NAME_MOST));
    if (text.refusal) return text;
    if (!NAME.test(text.value)) return invalidCharacters(label);
    if (!/\p{L}/u.test(text.value)) return refuse('invalid_characters', `${label} must contain a letter.`);
    // A small letter with a mark may compose where its capital does not, so NFC once more. Neither makes it longer.
    return { value: text.value.split(' ').map(titleCase).join(' ').normalize('NFC') };
  },
} satisfies FieldKind<string>;

/** Scripts that have two cases in Unicode but are not written with a capital first: kept as typed. */
const WITHOUT_TITLE_CASE = /[\p{Script=Georgian}\p{Script=Cherokee}]/u;

function titleCase(word: string): string {
  const hasLower = /\p{Ll}/u.test(word);
  const hasUpper = /[\p{Lu}\p{Lt}]/u.test(word);
  if (hasLower === hasUpper || WITHOUT_TITLE_CASE.test(word)) return word;
  return word.replace(/[^\-\u2010'\u2019.\u00b7\u30fb]+/gu, capitalise);
}

function capitalise(part: string): string {
  const head = /^\p{Lm}*\p{L}/u.exec(part)?.[0] ?? ''; // past an okina: ʻeleu → ʻEleu
  const capital = head.toUpperCase();
  // By part, so JavaScript ends ΓΙΩΡΓΟΣ with ς. It would lower İ to two characters, the second a stray dot.
  const small = part.replaceAll('İ', 'i').toLowerCase();
  // ß has no capital of its own (SS): kept.
  return (capital.length === head.length ? capital : head) + small.slice(head.length);
}

const EMAIL_MOST = 254;
const EMAIL_LOCAL_MOST = 64;
const EMAIL =
  /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?![0-9]+$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** An email address: RFC 5321's lengths, RFC 5322's dot-atom, RFC 1123's host names. */
export const email = {
  schema: Type.String({
    format: 'email',
    maxLength: EMAIL_MOST,
    description:
      'An ASCII address of at most 254 characters, trimmed and lower-cased. The part before `@` has at most 64 characters; the domain has at least one dot, and labels of at most 63 letters, digits and inner hyphens (an international domain in its `xn--` form). No quoted local parts (`"a b"@example.com`) and no address literals (`a@[192.0.2.1]`).',
    examples: ['mary@example.com'],
  }),
  normalise(value, label): Outcome<string> {
    const text = readText(value, label, EMAIL_MOST);
    if (text.refusal) return text;
    // Before lower-casing, which turns the Kelvin sign into an ASCII k.
    const address = /^[\x21-\x7e]+$/.test(text.value) ? text.value.toLowerCase() : '';
    if (!EMAIL.test(address) || address.indexOf('@') > EMAIL_LOCAL_MOST) {
      return refuse('invalid_email', `${label} is not a valid address.`);
    }
    return { value: address };
  },
} satisfies FieldKind<string>;

const PHONE_MOST = 32;
const PHONE = /^(?:\(?\+)?([0-9 ()./-]*)(?:(?:[xX]|[eE][xX][tT])\.? *[0-9]{1,6})?$/;

/** A telephone number as people write it, or null. Empty and blank text mean null. */
export const phone = {
  schema: Type.Union([Type.String({ maxLength: PHONE_MOST, pattern: PHONE.source }), Type.Null()], {
    description:
      'A telephone number as typed, trimmed, of at most 32 characters: digits, spaces, `-`, `.`, `(`, `)`, `/`, with a `+` at the start if any, holding 7–15 digits; then, if wanted, an extension of 1–6 digits after `x` or `ext`. Null, or empty text, means none.',
    examples: ['+1 (555) 123-4567 ext. 89'],
  }),
  normalise(value, label): Outcome<string | null> {
    if (value === null || value === undefined) return { value: null };
    const text = readText(value, label, PHONE_MOST);
    if (text.refusal) return text.refusal.code === 'required' ? { value: null } : text;
    const number = text.value.replace(/\p{Zs}/gu, ' '); // copied from a web page, it often has no-break spaces
    const parts = PHONE.exec(number);
    if (!parts) return refuse('invalid_phone', `${label} is not a valid phone number.`);
    const digits = digitsOf(parts[1]!).length;
    if (digits < 7 || digits > 15) return refuse('invalid_phone', `${label} must have 7 to 15 digits.`);
    return { value: number };
  },
} satisfies FieldKind<string | null>;

/** The ASCII digits of a phone number, those of its extension too, and nothing else. */
export function digitsOf(phone: string): string {
  return phone.replace(/[^0-9]+/g, '');
}

/** Yes or no. Nothing is coerced: `"true"` and `1` are no boolean. */
export const flag = {
  schema: Type.Boolean({ description: '`true` or `false`; text and numbers are refused.' }),
  normalise(value, label): Outcome<boolean> {
    if (value === null || value === undefined) return refuse('required', `${label} is required.`);
    return typeof value === 'boolean' ? { value } : refuse('wrong_type', `${label} must be true or false.`);
  },
} satisfies FieldKind<boolean>;

const EXTERNAL_ID_MOST = 255;

/** The caller's own id for a record, or null. Kept exactly as it came: nothing is trimmed, folded or composed. */
export const externalId = {
  schema: Type.Union([Type.String({ minLength: 1, maxLength: EXTERNAL_ID_MOST }), Type.Null()], {
    description:
      'Your own id for the record: 1–255 characters (code points), kept exactly as sent, upper and lower case apart. No control characters, line separators or bidi controls, and no spaces at either end. Null means none; empty text is refused.',
    examples: ['crm-00042'],
  }),
  normalise(value, label): Outcome<string | null> {
    if (value === null || value === undefined) return { value: null };
    const text = readText(value, label, EXTERNAL_ID_MOST);
    if (text.refusal?.code === 'required') return refuse('required', `${label} must not be empty; null means none.`);
    if (text.refusal) return text;
    if (text.value !== value) return refuse('invalid_characters', `${label} must not begin or end with a space.`);
    return text;
  },
} satisfies FieldKind<string | null>;

const TIMESTAMP_MOST = 64;
const TIMESTAMP =
  /^\d{4}-\d\d-\d\d[Tt](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** A moment: RFC 3339 with an offset in, UTC with six decimals out, so that text order is time order. */
export const timestamp = {
  schema: Type.String({
    format: 'date-time',
    maxLength: TIMESTAMP_MOST,
    description:
      'A moment as RFC 3339 with an offset (`Z` or `+02:00`), in the years 0001–9999; no leap seconds. Replies are always UTC with six decimals and `Z`; decimals beyond six are cut off.',
    examples: ['2026-01-31T09:30:00.000000Z'],
  }),
  normalise(value, label): Outcome<string> {
    const text = readText(value, label, TIMESTAMP_MOST);
    if (text.refusal) return text;
    const moment = toUtc(text.value);
    const detail = `${label} is not a valid time; write it with an offset, like 2026-01-31T09:30:00Z.`;
    return moment === undefined ? refuse('invalid_timestamp', detail) : { value: moment };
  },
} satisfies FieldKind<string>;

function toUtc(text: string): string | undefined {
  if (!TIMESTAMP.test(text) || !isDay(text)) return undefined;
  const offset = /[Zz]$/.test(text) ? '' : text.slice(-6);
  // The decimals stay text: a Date keeps only three of them.
  const decimals = text.slice(20, offset === '' ? -1 : -6);
  const local = `${text.slice(0, 10)}T${text.slice(11, 19)}`;
  const utc = offset === '' ? local : shifted(local, offset);
  return /^(?!0000)\d{4}-/.test(utc) ? `${utc}.${decimals.slice(0, 6).padEnd(6, '0')}Z` : undefined;
}

/** Whether the calendar has the day with which the text begins. */
function isDay(text: string): boolean {
  const [year, month, day] = [Number(text.slice(0, 4)), Number(text.slice(5, 7)), Number(text.slice(8, 10))];
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = month === 2 ? (leap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;
  return month >= 1 && month <= 12 && day >= 1 && day <= days;
}

/** A local time, to the second, as UTC. */
function shifted(local: string, offset: string): string {
  const ahead = (Number(offset.slice(1, 3)) * 60 + Number(offset.slice(4))) * (offset[0] === '-' ? -1 : 1);
  return new Date(Date.parse(`${local}Z`) - ahead * 60_000).toISOString().slice(0, 19);
}

const KEY_NAME_MOST = 100;

/** What people call an API key or a workspace. */
export const keyName = {
  schema: Type.String({
    minLength: 1,
    maxLength: KEY_NAME_MOST,
    description: 'A name of 1–100 characters (code points, after trimming and NFC), without control characters.',
    examples: ['Nightly import'],
  }),
  normalise(value, label): Outcome<string> {
    return readText(value, label, KEY_NAME_MOST, (raw) => compose(raw, KEY_NAME_MOST));
  },
} satisfies FieldKind<string>;

const SLUG_MOST = 63;
const SLUG = /^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** The name of a workspace in addresses and commands. */
export const slug = {
  schema: Type.String({
    minLength: 1,
    maxLength: SLUG_MOST,
    pattern: SLUG.source,
    description:
      '1–63 lower-case ASCII letters, digits and hyphens, beginning with a letter and not ending in a hyphen.',
    examples: ['acme-europe'],
  }),
  normalise(value, label): Outcome<string> {
    const text = readText(value, label, SLUG_MOST);
    if (text.refusal) return text;
    return SLUG.test(text.value)
      ? text
      : refuse('invalid_slug', `${label} has lower-case letters, digits and inner hyphens, a letter first.`);
  },
} satisfies FieldKind<string>;

// Reading a request's body: JSON as RFC 8259 wants it, with nothing silently repaired.
import { invalid, Problem } from './problem.ts';

/** No body here has an object within an object; beyond this, what walks a value by calling itself would run out of stack. */
const DEEPEST = 100;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

/**
 * Parses a body. 400 for invalid UTF-8, malformed JSON, a member name given twice in one object (escaped or not), a
 * lone surrogate or U+0000 anywhere in its texts, and for values within values within values without end.
 */
export function parseJson(bytes: Buffer): unknown {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    throw invalid([{ pointer: '', code: 'invalid_encoding', detail: 'The body is not valid UTF-8.' }]);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Problem(400, 'malformed_json', 'The body is not valid JSON.');
  }
  if (countMembers(value) !== countColons(text))
    throw invalid([
      { pointer: '', code: 'duplicate_member', detail: 'The body has a member name twice in one object.' },
    ]);
  return value;
}

/** Members in a parsed value. Walks with a list of its own: a body may be nested deeper than the call stack. */
function countMembers(root: unknown): number {
  let count = 0;
  const left = [root];
  while (left.length > 0) {
    const value = left.pop();
    if (typeof value === 'string') checkText(value);
    else if (Array.isArray(value)) for (const item of value) left.push(item);
    else if (value !== null && typeof value === 'object') {
      for (const key of Object.keys(value)) {
        count++;
        left.push((value as Record<string, unknown>)[key]);
      }
    }
  }
  return count;
}

function checkText(text: string): void {
  if (text.isWellFormed() && !text.includes('\0')) return;
  throw invalid([
    { pointer: '', code: 'invalid_characters', detail: 'The body holds a NUL or half of a surrogate pair.' },
  ]);
}

/** Colons outside of strings, of which a valid JSON text has one per member: more than there are members means repetition. */
function countColons(text: string): number {
  let count = 0;
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 0x3a) count++;
    else if (code === 0x22) index = endOfString(text, index);
    else if (code === 0x5b || code === 0x7b) depth++;
    else if (code === 0x5d || code === 0x7d) depth--;
    if (depth > DEEPEST)
      throw invalid([{ pointer: '', code: 'too_deep', detail: `The body is nested more than ${DEEPEST} deep.` }]);
  }
  return count;
}

function endOfString(text: string, start: number): number {
  let end = start;
  do {
    end = text.indexOf('"', end + 1);
  } while (isEscaped(text, end));
  return end;
}

function isEscaped(text: string, at: number): boolean {
  let slashes = 0;
  while (text.charCodeAt(at - 1 - slashes) === 0x5c) slashes++;
  return slashes % 2 === 1;
}

// Reading a query string: strictly, since a parameter that is dropped or bent gives a wrong answer that looks right.
import type { TSchema } from 'typebox';
import { invalid, type ProblemError } from './problem.ts';

export type Query = Record<string, string>;

/**
 * Splits and decodes a query string. 400 for malformed escapes, parameters given twice, and any that the route does not
 * have, unless `further` ones are to be ignored.
 */
export function parseQuery(text: string, allowed: Record<string, TSchema>, further = false): Query {
  const query: Query = Object.create(null);
  const errors: ProblemError[] = [];
  if (text === '') return query;
  for (const part of text.split('&')) {
    if (part === '') continue;
    const at = part.indexOf('=');
    const name = decode(at < 0 ? part : part.slice(0, at));
    const value = at < 0 ? '' : decode(part.slice(at + 1));
    if (name === null || value === null || value.includes('\0'))
      errors.push({
        pointer: shown(name),
        code: 'invalid_encoding',
        detail: 'The parameter is not valid percent-encoded UTF-8.',
      });
    else if (!Object.hasOwn(allowed, name)) {
      if (!further)
        errors.push({ pointer: shown(name), code: 'unknown_parameter', detail: 'There is no such parameter.' });
    } else if (name in query)
      errors.push({ pointer: name, code: 'duplicate_parameter', detail: `${name} is given twice.` });
    else query[name] = value;
    if (errors.length >= 50) break;
  }
  if (errors.length > 0) throw invalid(errors);
  return query;
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return null;
  }
}

const shown = (name: string | null) => (name ?? '').slice(0, 100);

/** A whole number within bounds, written as digits only; the default where it is left out. */
export function wholeNumber(
  query: Query,
  name: string,
  bounds: { minimum: number; maximum?: number; default: number },
): number {
  const text = query[name];
  if (text === undefined) return bounds.default;
  const maximum = bounds.maximum ?? Number.MAX_SAFE_INTEGER;
  const value = /^(0|[1-9][0-9]{0,15})$/.test(text) ? Number(text) : Number.NaN;
  if (value >= bounds.minimum && value <= maximum) return value;
  const range = bounds.maximum === undefined ? `of ${bounds.minimum} or more` : `from ${bounds.minimum} to ${maximum}`;
  throw invalid([{ pointer: name, code: 'invalid_number', detail: `${name} must be a whole number ${range}.` }]);
}

export function trueOrFalse(query: Query, name: string): boolean | undefined {
  const text = query[name];
  if (text === undefined) return undefined;
  if (text === 'true' || text === 'false') return text === 'true';
  throw invalid([{ pointer: name, code: 'invalid_boolean', detail: `${name} must be true or false.` }]);
}

/** Names from a list, separated by commas; undefined where the parameter is left out. */
export function names<Name extends string>(query: Query, name: string, known: readonly Name[]): Name[] | undefined {
  const text = query[name];
  if (text === undefined) return undefined;
  const asked = [...new Set(text.split(','))];
  const wrong = asked.find((one) => !known.includes(one as Name));
  if (wrong === undefined) return known.filter((one) => asked.includes(one));
  throw invalid([
    {
      pointer: name,
      code: 'unknown_field',
      detail: `${name} has a field that does not exist; there are ${known.join(', ')}.`,
    },
  ]);
}

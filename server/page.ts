// Cursors: where a page begins, as an opaque text that holds the values of the row beside it.
import { hash } from 'node:crypto';
import { FOLD_VERSION } from '#contract/fold.ts';
import { invalid } from './problem.ts';
import { type Query, wholeNumber } from './query.ts';

/** `after` or `before` the row with these values in the ordering's columns. */
export type Cursor = { direction: 'after' | 'before'; values: string[] };

/** What a cursor belongs to: workspace, ordering and filters, so that it cannot be used with others. */
export function cursorScope(parts: unknown[]): string {
  return hash('sha256', JSON.stringify([FOLD_VERSION, ...parts]), 'base64url').slice(0, 8);
}

export function writeCursor(scope: string, { direction, values }: Cursor): string {
  return Buffer.from(JSON.stringify([scope, direction === 'after' ? 1 : 0, ...values])).toString('base64url');
}

/** Reads a cursor; 400 when it is none of ours, or of another list. `checks` say of each value whether it can be one. */
export function readCursor(
  text: string | undefined,
  scope: string,
  checks: ((value: string) => boolean)[],
): Cursor | null {
  if (text === undefined) return null;
  const wrong = () =>
    invalid([
      { pointer: 'cursor', code: 'invalid_cursor', detail: 'cursor is not one of this list; begin anew without it.' },
    ]);
  if (text.length > 2000 || !/^[\w-]+$/.test(text)) throw wrong();
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    throw wrong();
  }
  if (!Array.isArray(parts)) throw wrong();
  const [given, direction, ...values] = parts;
  const valid = given === scope && (direction === 0 || direction === 1) && values.length === checks.length;
  if (!valid || !values.every((value, index) => typeof value === 'string' && checks[index]!(value))) throw wrong();
  return { direction: direction === 1 ? 'after' : 'before', values };
}

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/;
export const isTimeText = (text: string) => TIME.test(text) && !Number.isNaN(Date.parse(text));
export const isPlainText = (text: string) => text.length <= 500 && text.isWellFormed() && !text.includes('\0');

/** The query of this list with another cursor, in one fixed order. */
export function pathWithCursor(path: string, query: Query, cursor: string): string {
  const parameters = new URLSearchParams({ ...query, cursor });
  parameters.sort();
  return `${path}?${parameters}`;
}

/**
 * A page of what is read the last first: `read` gives as many as asked for before a place, `placeOf` tells where an entry
 * lies, and `check` whether a text can be a place.
 */
export async function pageOf<Item>(
  query: Query,
  limits: { minimum: number; maximum: number; default: number },
  path: string,
  scope: unknown[],
  check: (place: string) => boolean,
  read: (before: string | undefined, limit: number) => Promise<Item[]>,
  placeOf: (item: Item) => string,
): Promise<{ results: Item[]; next: string | null }> {
  const limit = wholeNumber(query, 'limit', limits);
  const bound = cursorScope(scope);
  const cursor = readCursor(query.cursor, bound, [check]);
  const results = await read(cursor?.values[0], limit + 1);
  const more = results.length > limit;
  if (more) results.pop();
  const last = results.at(-1);
  const values = more && last ? [placeOf(last)] : undefined;
  return {
    results,
    next: values ? pathWithCursor(path, query, writeCursor(bound, { direction: 'after', values })) : null,
  };
}

// Reading bodies that are no plain list of fields.
import { pointerTo } from '#contract/input.ts';
import { invalid, type Problem } from './problem.ts';

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** 400 for one member of a body. */
export const refuse = (code: string, pointer: string, detail: string): Problem => invalid([{ pointer, code, detail }]);

/** 400 where an object, at the pointer `place`, has other members than these. */
export function checkMembers(value: object, members: readonly string[], place = ''): void {
  const unknown = Object.keys(value).filter((name) => !members.includes(name));
  if (unknown.length === 0) return;
  const detail = `There is no such member here; there are ${members.join(', ')}.`;
  throw invalid(
    unknown.slice(0, 50).map((name) => ({ pointer: place + pointerTo(name), code: 'unknown_field', detail })),
  );
}

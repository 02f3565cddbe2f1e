// Checks an object against a list of fields: the same for every body, import row and form.
import type { FieldKind } from './field.ts';

export type InputError = { pointer: string; code: string; detail: string };
// biome-ignore lint/suspicious/noExplicitAny: the kinds in one list have different value types
export type InputFields = Record<string, { kind: FieldKind<any>; label: string; required: boolean }>;
export type CheckedFields<Fields extends InputFields> = {
  [K in keyof Fields]?: Fields[K]['kind'] extends FieldKind<infer Value> ? Value : never;
};

/**
 * Checks a body: every field by its kind, nothing unknown, nothing read-only, and unless `partial` nothing required
 * left out. Gives the normalised fields that were there, and one error per mistake.
 */
export function checkInput<Fields extends InputFields>(
  fields: Fields,
  body: unknown,
  options: { partial: boolean; readOnly?: readonly string[] },
): { fields: CheckedFields<Fields>; errors: InputError[] } {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    return { fields: {}, errors: [{ pointer: '', code: 'wrong_type', detail: 'The body must be a JSON object.' }] };
  const errors: InputError[] = [];
  const checked: Record<string, unknown> = {};
  for (const name of Object.keys(body)) {
    if (Object.hasOwn(fields, name)) continue;
    const readOnly = options.readOnly?.includes(name);
    errors.push({
      pointer: pointerTo(name),
      code: readOnly ? 'read_only' : 'unknown_field',
      detail: readOnly ? `${name} cannot be written.` : 'There is no such field.',
    });
    if (errors.length >= 50) break;
  }
  for (const [name, { kind, label, required }] of Object.entries(fields)) {
    if (!Object.hasOwn(body, name)) {
      if (required && !options.partial)
        errors.push({ pointer: pointerTo(name), code: 'required', detail: `${label} is required.` });
      continue;
    }
    const outcome = kind.normalise((body as Record<string, unknown>)[name], label);
    if (outcome.refusal) errors.push({ pointer: pointerTo(name), ...outcome.refusal });
    else checked[name] = outcome.value;
  }
  return { fields: checked as CheckedFields<Fields>, errors };
}

/** A JSON pointer (RFC 6901) to a member of the body; a long name is cut, for it is the caller's text. */
export const pointerTo = (name: string) =>
  `/${name.slice(0, 100).toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1')}`;

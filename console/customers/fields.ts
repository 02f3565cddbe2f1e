// The fields of a customer as people see and type them.
import type { ComponentProps } from 'react';
import type { CustomerInput } from '#contract/customers.ts';
import { words } from '../words.ts';

export type FieldName = keyof CustomerInput;
export type TextName = Exclude<FieldName, 'is_active'>;
export type Values = Partial<CustomerInput>;

export const TEXT_FIELDS: readonly TextName[] = ['first_name', 'last_name', 'email', 'phone', 'external_id'];
export const FIELDS: readonly FieldName[] = [...TEXT_FIELDS, 'is_active'];

const REQUIRED: readonly string[] = ['first_name', 'last_name', 'email'] satisfies TextName[];
export const isRequired = (name: FieldName): boolean => REQUIRED.includes(name);

/** What a keyboard on glass, and a browser that likes to help, are told of each. Nobody types about themselves here. */
export const typing: Record<TextName, ComponentProps<'input'>> = {
  first_name: { autoComplete: 'off', autoCapitalize: 'words', spellCheck: false },
  last_name: { autoComplete: 'off', autoCapitalize: 'words', spellCheck: false },
  // No `type="email"`, with which Chromium changes what is typed.
  email: { autoComplete: 'off', autoCapitalize: 'none', inputMode: 'email', spellCheck: false },
  phone: { autoComplete: 'off', type: 'tel' },
  external_id: { autoComplete: 'off', autoCapitalize: 'none', spellCheck: false },
};

export const labelOf = (name: string): string => (words.record.fields as Record<string, string>)[name] ?? name;

/** Names of fields in a sentence. */
export const labelsOf = (names: readonly string[]): string =>
  new Intl.ListFormat(undefined, { type: 'conjunction' }).format(names.map((name) => labelOf(name).toLowerCase()));

/** A value as it is typed. */
export const typedOf = (value: string | null): string => value ?? '';

/** What is typed as a value: an optional field that is left empty is none. */
export const valueIn = (name: TextName, typed: string): string | null =>
  typed === '' && !isRequired(name) ? null : typed;

/** A value as it is shown, whatever the log says it is. */
export function shownOf(name: string, value: unknown): string {
  if (name === 'is_active') return value ? words.record.active : words.record.inactive;
  return value === null || value === undefined ? words.record.empty : String(value);
}

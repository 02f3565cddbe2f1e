// The options that stand for a customer's fields, made from the list of fields.
import { type CustomerInput, INPUT_FIELDS, inputFields } from '#contract/customers.ts';
import { required, usageError } from './options.ts';

export type Values = Record<string, string | boolean | undefined>;

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;

/** Every field but the flag is given as text, `--first-name`; one that may be empty is emptied by `--no-phone`. */
const texts = INPUT_FIELDS.filter((field) => field !== 'is_active').map((field) => ({
  field,
  name: field.replaceAll('_', '-'),
  optional: !inputFields[field].required,
}));

export const newFields = {
  known: { ...Object.fromEntries(texts.map(({ name }) => [name, text])), inactive: flag },
  usage: [
    ...texts.map(({ name, optional }) => (optional ? `[--${name} <text>]` : `--${name} <text>`)),
    '[--inactive]',
  ].join(' '),
};

export const changedFields = {
  known: {
    ...newFields.known,
    ...Object.fromEntries(texts.filter(({ optional }) => optional).map(({ name }) => [`no-${name}`, flag])),
    active: flag,
  },
  usage: [
    ...texts.map(({ name, optional }) => `[--${name} <text>${optional ? ` | --no-${name}` : ''}]`),
    '[--active | --inactive]',
  ].join(' '),
};

/** The fields of a new customer; throws a UsageError where one is missing. */
export function readNewFields(values: Values): CustomerInput {
  for (const { name, optional } of texts) if (!optional) required(values[name] as string | undefined, name);
  return readFields(values) as CustomerInput;
}

/** The fields that are named, and no others. */
export function readFields(values: Values): Partial<CustomerInput> {
  const fields: Record<string, unknown> = {};
  for (const { field, name } of texts) {
    exclude(values, name, `no-${name}`);
    if (values[name] !== undefined) fields[field] = values[name];
    if (values[`no-${name}`]) fields[field] = null;
  }
  const is_active = readActive(values);
  return is_active === undefined ? fields : { ...fields, is_active };
}

export function readActive(values: Values): boolean | undefined {
  exclude(values, 'active', 'inactive');
  return values.active ? true : values.inactive ? false : undefined;
}

export function readNumber(values: Values, name: string): number | undefined {
  const value = values[name];
  if (value === undefined) return undefined;
  if (!/^[1-9]\d{0,8}$/.test(String(value))) throw usageError(`--${name} must be a whole number of 1 or more.`);
  return Number(value);
}

export function exclude(values: Values, one: string, other: string): void {
  if (values[one] === undefined || values[other] === undefined) return;
  throw usageError(`--${one} and --${other} exclude each other.`);
}

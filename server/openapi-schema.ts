// Schemas of the contract as OpenAPI 3.1 writes them: those with a title stand once, under their name.
import type { TSchema } from 'typebox';

export type Schema = {
  $ref?: string;
  title?: string;
  type?: string | string[];
  format?: string;
  description?: string;
  enum?: unknown[];
  default?: unknown;
  examples?: unknown[];
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  pattern?: string;
  required?: string[];
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | false;
  items?: Schema | false;
  prefixItems?: Schema[];
  minItems?: number;
  anyOf?: Schema[];
};

/** What the contract's schemas are made of: TypeBox's spelling of tuples and records is older than OpenAPI 3.1's. */
type Source = Omit<Schema, 'items' | 'properties' | 'anyOf'> & {
  properties?: Record<string, Source>;
  anyOf?: Source[];
  items?: Source | Source[];
  additionalItems?: false;
  patternProperties?: Record<string, Source>;
};

const REFERENCE = '#/components/schemas/';

/** Converts a schema, adding those with a title to `named`. Throws when two different schemas have one title. */
export function toSchema(schema: TSchema, named: Record<string, Schema>): Schema {
  const source = schema as Source;
  const { title } = source;
  const converted = convert(source, named);
  if (title === undefined) return converted;
  named[title] ??= converted;
  if (JSON.stringify(named[title]) !== JSON.stringify(converted)) throw new Error(`Two schemas are called ${title}.`);
  return { $ref: REFERENCE + title };
}

/** The name under which a schema stands in the document, if it does. */
export const nameOf = (schema: Schema): string | undefined => schema.$ref?.slice(REFERENCE.length);

function convert(source: Source, named: Record<string, Schema>): Schema {
  const { items, additionalItems: _, patternProperties, properties, anyOf, ...rest } = source;
  const inner = (schema: Source) => toSchema(schema, named);
  const schema: Schema = { ...rest };
  if (properties)
    schema.properties = Object.fromEntries(
      Object.entries(properties).map(([name, property]) => [name, inner(property)]),
    );
  if (patternProperties) schema.additionalProperties = inner(Object.values(patternProperties)[0]!);
  if (Array.isArray(items)) Object.assign(schema, { prefixItems: items.map(inner), items: false });
  else if (items) schema.items = inner(items);
  return anyOf ? { ...schema, ...union(anyOf.map(inner)) } : schema;
}

/** `string or null` is a type with two names rather than two schemas: shorter, and better known to generators. */
function union(parts: Schema[]): Schema {
  const [first, second] = parts as [Schema, Schema];
  const isNullable = parts.length === 2 && second.type === 'null' && typeof first.type === 'string' && !first.enum;
  return isNullable ? { ...first, type: [first.type as string, 'null'] } : { anyOf: parts };
}

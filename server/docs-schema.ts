// A schema for readers: each field's type, rules and description.
import { type Html, html, prose } from './html.ts';
import { nameOf, type Schema } from './openapi-schema.ts';

/** Which fields are marked: in what a caller sends those that must be there, in a reply those that may be absent. */
export type Use = 'request' | 'reply';

/** The fields of an object, those of objects within it below them. */
export function fieldsOf(schema: Schema, use: Use): Html {
  const { properties = {}, required = [] } = schema;
  return html`<dl class="fields">${Object.entries(properties).map(([name, field]) =>
    fieldOf(name, field, use, required.includes(name)),
  )}</dl>`;
}

/** One field or parameter. */
export function fieldOf(name: string, schema: Schema, use: Use, required: boolean): Html {
  const { description } = schema;
  const inner = schema.properties ? schema : schema.items || undefined;
  const mark =
    use === 'request'
      ? required && html` <span class="required">required</span>`
      : !required && html` <span class="type">may be absent</span>`;
  return html`<div>
<dt><code>${name}</code> <span class="type">${typeOf(schema)}</span>${mark}</dt>
<dd>${description && html`<p>${prose(description)}</p>`}${rulesOf(schema)}${inner?.properties && fieldsOf(inner, use)}</dd>
</div>`;
}

/** A link to the named schema, or the type in words. */
export function typeOf(schema: Schema): Html {
  const name = nameOf(schema);
  if (name) return html`<a href="#${name}">${name}</a>`;
  if (schema.anyOf) return html`${schema.anyOf.map((part, index) => [index > 0 && ' or ', typeOf(part)])}`;
  if (schema.prefixItems) return html`[${schema.prefixItems.map((part, index) => [index > 0 && ', ', typeOf(part)])}]`;
  if (schema.type === 'array' && schema.items) return html`array of ${typeOf(schema.items)}`;
  if (schema.additionalProperties) return html`object of ${typeOf(schema.additionalProperties)}`;
  const type = [schema.type ?? 'anything'].flat().join(' or ');
  return html`${type}${schema.format && ` (${schema.format})`}`;
}

function rulesOf(schema: Schema): Html | undefined {
  const rules: (Html | string)[] = [];
  const { minLength, maxLength, minimum, maximum, pattern } = schema;
  if (maxLength !== undefined)
    rules.push(minLength === undefined ? `at most ${maxLength} characters` : `${minLength}–${maxLength} characters`);
  if (minimum !== undefined) rules.push(maximum === undefined ? `${minimum} or more` : `${minimum}–${maximum}`);
  if (schema.enum) rules.push(html`one of ${codes(schema.enum.map(String))}`);
  if (pattern !== undefined && pattern.length <= 40) rules.push(html`matches ${codes([pattern])}`);
  if (schema.default !== undefined) rules.push(html`default ${codes([JSON.stringify(schema.default)])}`);
  if (schema.examples) rules.push(html`such as ${codes(schema.examples.map(String))}`);
  return rules.length === 0
    ? undefined
    : html`<p class="rules">${rules.map((rule, index) => [index > 0 && ' · ', rule])}</p>`;
}

const codes = (texts: string[]) => texts.map((text, index) => [index > 0 && ', ', html`<code>${text}</code>`]);

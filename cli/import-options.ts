// What `clientele import` is told of a file: which column fills which field, and what tells that a customer is there.
import { MATCH_FIELDS, type MatchField } from '#contract/batch.ts';
import {
  COLUMN_RULES,
  type ColumnRule,
  IMPORT_FIELDS,
  type ImportColumn,
  type ImportField,
  type ImportSettings,
} from '#contract/imports.ts';
import { usageError } from './options.ts';

type Chosen = NonNullable<ImportSettings['columns']>;

/**
 * Reads `column=field`, `column=` (no field) and `column=field:rule`, several parted by commas. A comma or "=" may be part
 * of a column's name: what follows the last "=" before a comma must be a field, or nothing.
 */
export function readMap(words: string[]): Chosen {
  return words.flatMap((word) => {
    const columns: Chosen = [];
    let text = '';
    for (const part of word.split(',')) {
      text += text === '' ? part : `,${part}`;
      const at = text.lastIndexOf('=');
      if (at < 1) continue; // the name goes on behind the comma
      columns.push({ name: text.slice(0, at), ...readTarget(text.slice(at + 1)) });
      text = '';
    }
    if (text !== '') throw usageError(`--map is column=field, several parted by commas; "${text}" is not.`);
    return columns;
  });
}

function readTarget(text: string): { field: ImportField | null; rule?: ColumnRule } {
  const [name, rule, ...more] = text.split(':');
  const field = name === '' ? null : IMPORT_FIELDS.find((one) => one === name);
  if (field === undefined)
    throw usageError(`--map: there is no field "${name}". There are ${IMPORT_FIELDS.join(', ')}.`);
  if (rule === undefined) return { field };
  const known = COLUMN_RULES.find((one) => one === rule);
  if (known === undefined || more.length > 0)
    throw usageError(`--map: there is no rule "${[rule, ...more].join(':')}". There are ${COLUMN_RULES.join(', ')}.`);
  return { field, rule: known };
}

/** The same as text, of the columns that fill a field. */
export function writeMap(columns: ImportColumn[]): string {
  const usual = (field: ImportField | null) => (field === 'created_at' ? 'leave' : 'overwrite');
  return columns
    .filter(({ field }) => field !== null)
    .map(({ name, field, rule }) => `${name}=${field}${rule === usual(field) ? '' : `:${rule}`}`)
    .join(',');
}

export function readMatch(value: string | undefined): MatchField | undefined {
  const match = MATCH_FIELDS.find((one) => one === value);
  if (value !== undefined && !match) throw usageError(`--match must be one of ${MATCH_FIELDS.join(', ')}.`);
  return match;
}

// What a caller says of how a file is to be read.
import { MATCH_FIELDS } from '#contract/batch.ts';
import { COLUMN_RULES, DELIMITERS, ENCODINGS, IMPORT_FIELDS, type ImportSettings } from '#contract/imports.ts';
import { checkMembers, isObject, refuse } from '../body.ts';
import { type Query, trueOrFalse } from '../query.ts';

const FILENAME_LIMIT = 255;

export function readUploadQuery(query: Query): Pick<ImportSettings, 'match' | 'keep_unmapped'> & { filename?: string } {
  const { filename, match } = query;
  if (filename !== undefined && (filename.length === 0 || filename.length > FILENAME_LIMIT || /\p{C}/u.test(filename)))
    throw refuse(
      'invalid_length',
      'filename',
      `filename must have 1 to ${FILENAME_LIMIT} characters, none of them invisible.`,
    );
  return {
    filename,
    match: match === undefined ? undefined : oneOf(MATCH_FIELDS, match, 'match', 'match'),
    keep_unmapped: trueOrFalse(query, 'keep_unmapped'),
  };
}

/** 400 names each member that is wrong. */
export function readSettings(body: unknown): ImportSettings {
  if (!isObject(body)) throw refuse('wrong_type', '', 'The body must be a JSON object.');
  checkMembers(body, ['encoding', 'delimiter', 'match', 'columns', 'keep_unmapped']);
  const { encoding, delimiter, match, columns, keep_unmapped } = body;
  const settings: ImportSettings = {};
  if (encoding !== undefined) settings.encoding = oneOf(ENCODINGS, encoding, '/encoding', 'encoding');
  if (delimiter !== undefined) settings.delimiter = oneOf(DELIMITERS, delimiter, '/delimiter', 'delimiter');
  if (match !== undefined) settings.match = oneOf(MATCH_FIELDS, match, '/match', 'match');
  if (keep_unmapped !== undefined) {
    if (typeof keep_unmapped !== 'boolean')
      throw refuse('wrong_type', '/keep_unmapped', 'keep_unmapped must be true or false.');
    settings.keep_unmapped = keep_unmapped;
  }
  if (columns !== undefined) settings.columns = readColumns(columns);
  return settings;
}

function readColumns(columns: unknown): NonNullable<ImportSettings['columns']> {
  if (!Array.isArray(columns)) throw refuse('wrong_type', '/columns', 'columns must be an array.');
  return columns.map((column: unknown, index) => {
    const place = `/columns/${index}`;
    if (!isObject(column)) throw refuse('wrong_type', place, 'A column must be a JSON object.');
    checkMembers(column, ['name', 'field', 'rule'], place);
    const { name, field, rule } = column;
    if (typeof name !== 'string') throw refuse('required', `${place}/name`, 'name is required, as a text.');
    if (field === undefined) throw refuse('required', `${place}/field`, 'field is required; null means none.');
    return {
      name,
      field: field === null ? null : oneOf(IMPORT_FIELDS, field, `${place}/field`, 'field'),
      rule: rule === undefined ? undefined : oneOf(COLUMN_RULES, rule, `${place}/rule`, 'rule'),
    };
  });
}

function oneOf<Value extends string>(values: readonly Value[], value: unknown, pointer: string, name: string): Value {
  const found = values.find((one) => one === value);
  if (found === undefined)
    throw refuse(
      'invalid_choice',
      pointer,
      `${name} must be one of ${values.map((one) => JSON.stringify(one)).join(', ')}.`,
    );
  return found;
}

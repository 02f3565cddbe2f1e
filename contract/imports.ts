// Imports: what a file is and what its columns mean.
import { type CustomerInput, INPUT_FIELDS } from './customers.ts';

/** What a column of a file may fill. */
export type ImportField = keyof CustomerInput | 'created_at';
export const IMPORT_FIELDS: readonly ImportField[] = [...INPUT_FIELDS, 'created_at'];

/** What a column does to a customer that exists already: its value is replaced, filled where it is empty, or left. */
export const COLUMN_RULES = ['overwrite', 'only_if_empty', 'leave'] as const;
export type ColumnRule = (typeof COLUMN_RULES)[number];

/** A column as the file names it, and the field that it fills; null: none. */
export type ImportColumn = { name: string; field: ImportField | null; rule: ColumnRule };

export const DELIMITERS = [',', ';', '\t', '|'] as const;
export type Delimiter = (typeof DELIMITERS)[number];

export const ENCODINGS = ['utf-8', 'utf-16le', 'utf-16be', 'windows-1252'] as const;
export type Encoding = (typeof ENCODINGS)[number];

export type FileFormat = { encoding: Encoding; delimiter: Delimiter };

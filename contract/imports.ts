// Imports: what a file is and what its columns mean.
import { Type } from 'typebox';
import { IDEMPOTENCY_KEY, type Route } from './api.ts';
import { MATCH_FIELDS, type MatchField } from './batch.ts';
import { causeSchema } from './causes.ts';
import { type CustomerInput, INPUT_FIELDS } from './customers.ts';
import { actorSchema, type EventActor } from './events.ts';

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

/** The largest file, in bytes. */
export const FILE_LIMIT = 2 * 2 ** 30;

/** Rows that are refused for one reason. */
export type FoundReason = { codes: string[]; reason: string; rows: number; lines: number[] };
/** What a look through a whole file found: what would become of its rows. */
export type Found = {
  rows: number;
  create: number;
  update: number;
  unchanged: number;
  refuse: number;
  reasons: FoundReason[];
};

/** `unmapped`: kept although its columns do not fill what they must, until they are said. */
export type ImportState = 'unmapped' | 'checking' | 'checked' | 'running' | 'done' | 'cancelled' | 'failed';

export type Import = {
  id: string;
  state: ImportState;
  filename: string;
  bytes: number;
  format: FileFormat;
  columns: ImportColumn[];
  match: MatchField;
  sample: string[][];
  found: Found | null;
  progress: Record<string, number> | null;
  rows_per_second: number | null;
  seconds_left: number | null;
  actor: EventActor;
  at: string;
  finished_at: string | null;
  failure: string | null;
  undone_by: string | null;
};

/** What may be said of how a file is read; what is left out is guessed. */
export type ImportSettings = {
  encoding?: Encoding;
  delimiter?: Delimiter;
  columns?: { name: string; field: ImportField | null; rule?: ColumnRule }[];
  match?: MatchField;
  keep_unmapped?: boolean;
};

// ---- Schemas --------------------------------------------------------------------------------------------------------

const id = Type.String({ format: 'uuid' });
const time = Type.String({ format: 'date-time' });
const orNull = <Schema extends ReturnType<typeof Type.String> | ReturnType<typeof Type.Integer>>(schema: Schema) =>
  Type.Union([schema, Type.Null()]);
const count = (description: string) => Type.Integer({ minimum: 0, description });

const encoding = Type.String({ enum: [...ENCODINGS] });
const delimiter = Type.String({ enum: [...DELIMITERS] });
const match = Type.String({
  enum: [...MATCH_FIELDS],
  description:
    'What tells that a row is about a customer who is there already: such a one is updated, others are created.',
});
const field = Type.Union([Type.String({ enum: [...IMPORT_FIELDS] }), Type.Null()], {
  description: 'The field that the column fills; null: none.',
});
const rule = Type.String({
  enum: [...COLUMN_RULES],
  default: 'overwrite',
  description:
    'What the column does to a customer who is there already: `overwrite` its value, fill it `only_if_empty`, or `leave` it. A blank cell never takes a value away.',
});

const keep_unmapped = Type.Boolean({
  default: false,
  description:
    'Keep a file whose columns do not fill the fields that they must, or fill one twice: it is `unmapped` until its columns are said. Otherwise it is refused as `invalid_mapping`.',
});

const foundSchema = Type.Object(
  {
    rows: count('Rows in the file, without the first line and blank ones.'),
    create: count('Customers that it would create.'),
    update: count('Customers that it would change.'),
    unchanged: count('Rows that say what is there already.'),
    refuse: count('Rows that cannot be taken.'),
    reasons: Type.Array(
      Type.Object({
        codes: Type.Array(Type.String()),
        reason: Type.String({ description: 'Of the first such row.' }),
        rows: count('How many there are.'),
        lines: Type.Array(Type.Integer(), { description: 'The lines of the first few.' }),
      }),
      { description: 'Why rows would be refused, the most frequent first.' },
    ),
  },
  { title: 'Found' },
);

const importSchema = Type.Object(
  {
    id,
    state: Type.String({
      enum: ['unmapped', 'checking', 'checked', 'running', 'done', 'cancelled', 'failed'],
      description: '`unmapped`: it waits to be told which column fills which field.',
    }),
    filename: Type.String(),
    bytes: Type.Integer(),
    format: Type.Object({ encoding, delimiter }),
    columns: Type.Array(Type.Object({ name: Type.String(), field, rule })),
    match,
    sample: Type.Array(Type.Array(Type.String()), { description: 'The cells of the first rows.' }),
    found: Type.Union([foundSchema, Type.Null()], { description: 'What the dry run found; null until it is through.' }),
    progress: Type.Union([Type.Record(Type.String(), Type.Integer()), Type.Null()], {
      description:
        '`done` of `total`: in bytes while the file is checked, in rows while it is imported, then with what became of them: `created`, `updated`, `unchanged`, `refused`.',
    }),
    rows_per_second: orNull(Type.Integer()),
    seconds_left: orNull(Type.Integer()),
    actor: actorSchema,
    at: time,
    finished_at: orNull(time),
    failure: orNull(Type.String({ description: 'Why it ended before its end.' })),
    undone_by: orNull(Type.String({ format: 'uuid', description: 'The cause that took it back.' })),
  },
  { title: 'Import' },
);

const settings = {
  encoding: Type.Optional(encoding),
  delimiter: Type.Optional(delimiter),
  match: Type.Optional(match),
  keep_unmapped: Type.Optional(keep_unmapped),
  columns: Type.Optional(
    Type.Array(
      Type.Object({ name: Type.String(), field, rule: Type.Optional(rule) }, { additionalProperties: false }),
      {
        description: 'Columns by their names in the first line; those left out fill no field.',
      },
    ),
  ),
};

// ---- Routes ---------------------------------------------------------------------------------------------------------

export const IMPORT_LIMIT = { minimum: 1, maximum: 200, default: 25 } as const;
const tag = 'Imports';
const read = { permission: 'customers:read', tag, parameters: { id } } as const;
const write = { permission: 'customers:write', tag, parameters: { id } } as const;
const one = (description: string) => ({ description, schema: importSchema });

export const importRoutes = {
  create: {
    permission: 'customers:write',
    tag,
    method: 'POST',
    path: '/api/imports',
    summary: 'Upload a file of customers',
    description:
      'CSV, its cells separated by commas, semicolons, tabs or bars, in UTF-8, UTF-16 or Windows-1252, of up to 2 GiB; as it is, or as the first file of a form. The first line names the columns; which field each fills is guessed. The whole file is then checked, without changing anything: `found` tells what importing it would do.',
    query: {
      filename: Type.String({ description: 'The name of the file, to know it by.' }),
      match,
      keep_unmapped,
    },
    headers: IDEMPOTENCY_KEY,
    body: {
      schema: Type.String({ title: 'File', format: 'binary' }),
      types: ['text/csv', 'text/tab-separated-values', 'text/plain', 'application/octet-stream', 'multipart/form-data'],
      stream: true,
    },
    replies: { 201: { ...one('The import, being checked.'), headers: { Location: 'Path of the import.' } } },
  },
  list: {
    permission: 'customers:read',
    tag,
    method: 'GET',
    path: '/api/imports',
    summary: 'List the imports',
    description: 'The last first.',
    query: {
      limit: Type.Integer({ ...IMPORT_LIMIT, description: 'Imports per page.' }),
      cursor: Type.String({ description: 'Taken from `next` of a reply.' }),
    },
    replies: {
      200: {
        description: 'A page.',
        schema: Type.Object(
          { results: Type.Array(importSchema), next: orNull(Type.String()) },
          { title: 'ImportPage' },
        ),
      },
    },
  },
  get: {
    ...read,
    method: 'GET',
    path: '/api/imports/{id}',
    summary: 'Retrieve an import',
    replies: { 200: one('The import.') },
  },
  update: {
    ...write,
    method: 'PATCH',
    path: '/api/imports/{id}',
    summary: 'Change how a file is read',
    description: 'Before it is run. The file is then checked anew.',
    body: {
      schema: Type.Object(settings, { title: 'ImportSettings', additionalProperties: false }),
      types: ['application/json'],
    },
    replies: { 200: one('The import, being checked.') },
  },
  run: {
    ...write,
    method: 'POST',
    path: '/api/imports/{id}/run',
    summary: 'Run an import',
    description:
      'Once it is checked. It goes on in the background, in spite of restarts; what it does is marked with its id as the cause.',
    headers: IDEMPOTENCY_KEY,
    replies: { 202: one('The import, under way.') },
  },
  cancel: {
    ...write,
    method: 'POST',
    path: '/api/imports/{id}/cancel',
    summary: 'Stop an import',
    description: 'What is imported by then stays, and can be undone.',
    replies: { 200: one('The import as it is now.') },
  },
  undo: {
    ...write,
    method: 'POST',
    path: '/api/imports/{id}/undo',
    summary: 'Take an import back',
    description: 'As the undo of a cause: customers that were changed since are kept, field by field, and listed.',
    headers: IDEMPOTENCY_KEY,
    replies: {
      202: { description: 'The undo, under way.', schema: causeSchema, headers: { Location: 'Path of the undo.' } },
    },
  },
  rejected: {
    ...read,
    method: 'GET',
    path: '/api/imports/{id}/rejected.csv',
    summary: 'Download the refused rows',
    description:
      'Their own columns, with the line and the reason of each. Once corrected, it can be imported as it is. Kept for 30 days.',
    replies: { 200: { description: 'The rows.', types: ['text/csv; charset=utf-8'] } },
  },
  events: {
    ...read,
    method: 'GET',
    path: '/api/imports/{id}/events',
    summary: 'Watch an import',
    description:
      'Server-sent events: the import, whenever something about it has changed, as a `data` line of JSON; the stream ends when the import has.',
    replies: { 200: { description: 'The events.', types: ['text/event-stream'] } },
  },
} as const satisfies Record<string, Route>;

// All customers that match, in one reply of any size.
import { Type } from 'typebox';
import type { Route } from './api.ts';
import { CUSTOMER_FIELDS, type Customer, filterQuery, INPUT_FIELDS } from './customers.ts';

export const EXPORT_FORMATS = ['csv', 'jsonl'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** What a file of each format holds where no fields are named: of CSV, what an import takes. */
export const EXPORT_FIELDS: Record<ExportFormat, readonly (keyof Customer)[]> = {
  csv: [...INPUT_FIELDS, 'created_at'],
  jsonl: CUSTOMER_FIELDS,
};

/** RFC 7111 and RFC 4180 for CSV. JSON lines have no registered type; this is the one that https://jsonlines.org names. */
export const EXPORT_TYPES: Record<ExportFormat, string> = {
  csv: 'text/csv; charset=utf-8; header=present',
  jsonl: 'application/jsonl; charset=utf-8',
};

export const exportRoutes = {
  customers: {
    permission: 'customers:read',
    tag: 'Customers',
    method: 'GET',
    path: '/api/customers/export',
    summary: 'Export customers',
    description:
      'All customers that match, however many, in the order of their ids, which is that in which they were created. Whoever is there throughout comes exactly once; of those who are changed or deleted meanwhile each comes as it was at one moment, or not at all, and those created later do not come. The reply is made while it is read. Where it cannot be finished, the connection is broken off: what ends in order is complete.',
    query: {
      format: Type.String({
        enum: [...EXPORT_FORMATS],
        default: 'csv',
        description:
          "`csv`: RFC 4180 in UTF-8, names of fields first, an empty cell for null; a cell that a spreadsheet would run as a formula (`=`, `+`, `-`, `@` or a tab first) has `'` before it, which an import takes off again. `jsonl`: a customer as JSON on each line.",
      }),
      ...filterQuery,
      fields: Type.String({
        description: `Names of fields, separated by commas. When left out: ${EXPORT_FIELDS.csv.join(', ')} in CSV, which an import takes, and all in JSON lines.`,
      }),
    },
    replies: {
      200: {
        description: 'The customers.',
        types: EXPORT_FORMATS.map((format) => EXPORT_TYPES[format]),
        headers: { 'Content-Disposition': 'The name of a file to keep it in.' },
      },
    },
  },
} as const satisfies Record<string, Route>;

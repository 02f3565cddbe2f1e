// A row of a file as a change of a customer.

import type { Workspace } from '#contract/access.ts';
import { type CustomerInput, inputFields } from '#contract/customers.ts';
import { type Change, givenInput } from '../customers/customers.ts';
import type { FileOfImport } from './file.ts';

/** A row that has passed: its fields, and when the customer was created, if it says so. */
export type RowToImport = { line: number; fields: Partial<CustomerInput>; created_at: string | undefined };

type Merge = Extract<Change, { kind: 'merge' }>;

/**
 * The customer with the row's email, or external id, is given its fields as far as the rules of the columns let it; where
 * there is none, or the row names none, one is created. With the workspace, what is derived from the fields is added.
 */
export function changeOf(file: FileOfImport, { fields, created_at }: RowToImport, workspace?: Workspace): Merge {
  const { match: by } = file;
  const value = fields[by];
  const input = workspace ? givenInput({ workspace }, fields) : { fields };
  return {
    kind: 'merge',
    by,
    value: typeof value === 'string' ? value : null,
    input,
    rules: rulesOf(file),
    created_at,
  };
}

const rules = new WeakMap<FileOfImport, Merge['rules']>();

/** The rules of fields that are not simply overwritten; none where all are, as is usual. */
function rulesOf(file: FileOfImport): Merge['rules'] {
  if (!rules.has(file)) {
    const others = file.columns.flatMap(({ field, rule }) =>
      field && field in inputFields && rule !== 'overwrite' ? [[field, rule]] : [],
    );
    rules.set(file, others.length > 0 ? Object.fromEntries(others) : undefined);
  }
  return rules.get(file);
}

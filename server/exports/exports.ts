// Exports: all customers that match, in one file, whatever its size.
import type { Customer } from '#contract/customers.ts';
import { CUSTOMER_FIELDS } from '#contract/customers.ts';
import { EXPORT_FIELDS, EXPORT_FORMATS, type ExportFormat } from '#contract/exports.ts';
import { type ListRequest, readListQuery, readSlices } from '../customers/customers.ts';
import type { Database } from '../database.ts';
import { invalid, overloaded } from '../problem.ts';
import { names, type Query } from '../query.ts';
import { linesOf } from './lines.ts';

export type ExportRequest = {
  format: ExportFormat;
  filter: ListRequest;
  /** undefined: those that the format has where none are named. */
  fields: (keyof Customer)[] | undefined;
};

/** Reads what is asked of an export; 400 names each parameter that is wrong. */
export function readExportQuery(workspace_id: number, query: Query): ExportRequest {
  const { format: name = 'csv', ...filters } = query;
  const format = EXPORT_FORMATS.find((one) => one === name);
  if (!format)
    throw invalid([
      { pointer: 'format', code: 'invalid_format', detail: `format must be one of ${EXPORT_FORMATS.join(', ')}.` },
    ]);
  return {
    format,
    filter: readListQuery(workspace_id, filters),
    fields: names(query, 'fields', CUSTOMER_FIELDS),
  };
}

/** Exports of a workspace that one process makes at a time: each keeps a megabyte or two for a reader who may be slow. */
const AT_ONCE = 4;
const running = new WeakMap<Database, Map<number, number>>();

/**
 * The bytes of a file, in parts. Settles when its first customers have been read: what fails before, and too many exports
 * at once (503 `overloaded`), can still be answered. It must be read to its end, or closed. `onProgress` hears how many
 * customers have been read.
 */
export async function exportCustomers(
  database: Database,
  workspace_id: number,
  { format, filter, fields }: ExportRequest,
  onProgress?: (customers: number) => void,
): Promise<AsyncGenerator<Buffer, void>> {
  const leave = enter(database, workspace_id);
  const parts = partsOf();
  await parts.next(); // reads the first customers, and gives nothing yet
  return parts as AsyncGenerator<Buffer, void>;

  async function* partsOf(): AsyncGenerator<Buffer | undefined, void> {
    const columns = fields ?? EXPORT_FIELDS[format];
    const lines = linesOf[format](columns);
    const slices = readSlices(database, workspace_id, filter, columns, fields === undefined);
    let customers = 0;
    try {
      let { value: slice } = await slices.next();
      yield undefined;
      if (lines.head !== '') yield Buffer.from(lines.head);
      while (slice) {
        yield lines.of(slice);
        customers += slice[0]!.length;
        onProgress?.(customers);
        ({ value: slice } = await slices.next());
      }
    } finally {
      leave();
      await slices.return();
    }
  }
}

/** Gives what ends the stay. */
function enter(database: Database, workspace_id: number): () => void {
  const workspaces = running.get(database) ?? new Map<number, number>();
  running.set(database, workspaces);
  const before = workspaces.get(workspace_id) ?? 0;
  if (before >= AT_ONCE) throw overloaded();
  workspaces.set(workspace_id, before + 1);
  return () => {
    const left = workspaces.get(workspace_id)! - 1;
    if (left > 0) workspaces.set(workspace_id, left);
    else workspaces.delete(workspace_id);
  };
}

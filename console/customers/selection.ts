// Which customers are chosen: some by their ids, or all who match a filter.
import type { BulkFilter } from '#contract/bulk-edits.ts';

export type ListFilter = BulkFilter;
export type Selection = { ids: string[] } | { filter: ListFilter; count: number | null };

// What a cause is called, what became of it, and what can be done about it.
import { useQuery } from '@tanstack/react-query';
import type { BulkAction } from '#contract/bulk-edits.ts';
import type { Cause } from '#contract/causes.ts';
import type { Import } from '#contract/imports.ts';
import { api, queries } from '../api.ts';
import { figure, percentage } from '../ui/figures.ts';
import { words } from '../words.ts';

type Details = {
  filename?: string;
  /** Of an undo: the kind of what it takes back; its position, where that is a single change. */
  kind?: Cause['kind'];
  position?: number;
  action?: BulkAction;
  filter?: Record<string, unknown>;
  ids?: number;
  customer?: Record<string, unknown>;
};

export const detailsOf = (cause: Cause): Details => (cause.details ?? {}) as Details;

/** What was done. An undo is called after what it takes back, where that is known. */
export function titleOf(cause: Cause, undone?: Cause): string {
  const { filename, action, customer } = detailsOf(cause);
  const { kinds, bulk } = words.activity;
  if (cause.kind === 'undo') return undone ? words.activity.undoOf(titleOf(undone)) : titleOfUndo(cause);
  if (cause.kind === 'import' && filename) return words.activity.import(filename);
  if (cause.kind !== 'bulk_edit' || !action) return kinds[cause.kind];
  if (action !== 'update') return bulk[action];
  const labels: Record<string, string> = words.bulk.fields;
  return bulk.update(
    Object.keys(customer ?? {})
      .map((field) => (labels[field] ?? field).toLowerCase())
      .join(', '),
  );
}

function titleOfUndo(cause: Cause): string {
  const { kind, position } = detailsOf(cause);
  if (position !== undefined) return words.activity.undoOf(words.activity.oneChange);
  return kind ? words.activity.undoOf(words.activity.kinds[kind]) : words.activity.kinds.undo;
}

/** What became of the customers, such as "12 created, 3 refused". */
export function countsOf({ progress, state }: Pick<Cause, 'progress' | 'state'>): string {
  const { created, updated, changed, unchanged = 0, refused = 0, kept = 0 } = progress ?? {};
  // Of an import, those that were changed are told apart.
  const first = created === undefined ? { changed } : { created, updated };
  const told = Object.entries({ ...first, unchanged, refused, kept }).filter(([, count]) => count);
  if (told.length === 0) return state === 'running' ? '' : words.activity.nothing;
  return told.map(([name, count]) => words.activity.counts[name]!(count!)).join(', ');
}

/** How many customers a cause has changed, and so how many its undo would. */
export const changedBy = ({ progress }: Cause): number =>
  // A cause without counts is that of a single change.
  progress === null ? 1 : (progress.changed ?? (progress.created ?? 0) + (progress.updated ?? 0));

export const canUndo = (cause: Cause): boolean =>
  cause.state !== 'running' && cause.state !== 'ready' && cause.undone_by === null && changedBy(cause) > 0;

/** The cause as it is now; it is looked at every second for as long as it is under way. */
export function useCause(id: string | null | undefined) {
  return useQuery({
    queryKey: ['cause', id],
    queryFn: ({ signal }) => api().causes.get(id!, { signal }),
    enabled: Boolean(id),
    refetchInterval: ({ state }) => (state.data?.state === 'running' ? 1000 : false),
  });
}

/** What a change to many customers makes untrue of what is shown. */
export function forgetChanged(): void {
  for (const key of ['customers', 'customer', 'stats', 'timeline', 'events', 'causes', 'imports', 'import', 'cause'])
    queries.invalidateQueries({ queryKey: [key] });
}

/** An import of which a cause is told as of others. */
export const causeOfImport = (one: Import): Cause => ({
  id: one.id,
  kind: 'import',
  state:
    one.state === 'checking' || one.state === 'running'
      ? 'running'
      : one.state === 'checked' || one.state === 'unmapped'
        ? 'ready'
        : one.state,
  actor: one.actor,
  at: one.at,
  finished_at: one.finished_at,
  details: { filename: one.filename },
  progress: one.progress,
  failure: one.failure,
  undoes: null,
  undone_by: one.undone_by,
});

/** An import counts bytes while it is checked and rows while it is run: what they have in common is the share. */
export function progressText({ kind, progress }: Cause): string {
  const { done = 0, total } = progress ?? {};
  if (kind === 'import') return percentage(done, total ?? 0);
  return total === undefined ? figure(done) : words.activity.ofTotal(done, total);
}

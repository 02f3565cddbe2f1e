// What is chosen for the columns of a file, before the server is told: kept when the page is left, and for the next file
// with the same columns.
import type { Import, ImportColumn } from '#contract/imports.ts';
import { readKept, writeKept } from '../ui/kept.ts';

export type Draft = Pick<Import, 'columns' | 'match'>;

const KEPT_FILES = 30;
const MAPPINGS = 'clientele.mappings';

const draftName = (id: string) => `clientele.import.${id}`;
const namesOf = (columns: ImportColumn[]) => columns.map(({ name }) => name);
const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

export const differs = (draft: Draft, { columns, match }: Draft): boolean => !same(draft, { columns, match });

/** What was being chosen when the page was left; else what was chosen for a file with these columns before; else as it is. */
export function firstDraft({ id, columns, match }: Import): { draft: Draft; remembered: boolean } {
  const now = { columns, match };
  const fits = (draft: Draft | undefined): draft is Draft =>
    draft !== undefined && same(namesOf(draft.columns), namesOf(columns));
  const left = readDraft(id);
  if (fits(left)) return { draft: left, remembered: false };
  const before = (readKept<Draft[]>(MAPPINGS) ?? []).find(fits);
  return before && differs(before, now) ? { draft: before, remembered: true } : { draft: now, remembered: false };
}

/** Where the page is left and come back to; another window begins with what the server has. */
export function keepDraft(id: string, draft: Draft | undefined): void {
  try {
    if (draft === undefined) sessionStorage.removeItem(draftName(id));
    else sessionStorage.setItem(draftName(id), JSON.stringify(draft));
  } catch {
    // Storage may be forbidden or full; then it holds until the page is left.
  }
}

function readDraft(id: string): Draft | undefined {
  try {
    return JSON.parse(sessionStorage.getItem(draftName(id)) ?? 'null') ?? undefined;
  } catch {
    return undefined;
  }
}

/** The server was told: there is no draft any more, and the next file like it begins with this. */
export function settleDraft(id: string, draft: Draft): void {
  const others = (readKept<Draft[]>(MAPPINGS) ?? []).filter(
    ({ columns }) => !same(namesOf(columns), namesOf(draft.columns)),
  );
  writeKept(MAPPINGS, [draft, ...others].slice(0, KEPT_FILES));
  keepDraft(id, undefined);
}

// A value that is changed in its cell: it is saved as soon as it is left, and can be taken back. What is refused stays in the cell.
import { useRef, useState } from 'react';
import { Problem } from '#client/clientele.ts';
import type { Customer, CustomerInput } from '#contract/customers.ts';
import { api, fieldErrors, messageOf } from '../api.ts';
import { toast } from '../ui/toast.tsx';
import { words } from '../words.ts';
import type { Source } from './list-source.ts';
import type { Column } from './list-url.ts';

export type TypedColumn = Exclude<Column & keyof CustomerInput, 'is_active'>;

export type Draft = {
  row: Customer;
  column: TypedColumn;
  text: string;
  error?: string;
  /** The customer as somebody else has changed this value meanwhile. */
  theirs?: Customer;
  isBusy: boolean;
};

export type EditingState = ReturnType<typeof useEditing>;

export function useEditing(source: Source | undefined) {
  const [draft, setDraft] = useState<Draft>();
  const latest = useRef(draft);
  const set = (next: Draft | undefined) => {
    latest.current = next;
    setDraft(next);
  };

  function begin(row: Customer, column: Column): void {
    if (column === 'is_active') void toggle(row);
    else if (isTyped(column)) set({ row, column, text: row[column] ?? '', isBusy: false });
  }

  /** Resolves to whether the cell is done with. */
  async function save(): Promise<boolean> {
    const now = latest.current;
    if (!now) return true;
    if (now.isBusy) return false;
    const { row, column, text } = now;
    if (text === (row[column] ?? '')) {
      set(undefined);
      return true;
    }
    set({ ...now, error: undefined, isBusy: true });
    try {
      const isOptional = column === 'phone' || column === 'external_id';
      take(row, await write(row, column, text === '' && isOptional ? null : text), words.customers.fields[column]);
      set(undefined);
      return true;
    } catch (error) {
      const theirs = error instanceof Differs ? error.theirs : undefined;
      const reason = theirs ? undefined : (fieldErrors(error)[column] ?? reasonOf(error));
      set({ ...now, theirs, error: reason, isBusy: false });
      return false;
    }
  }

  async function toggle(row: Customer): Promise<void> {
    try {
      take(row, await write(row, 'is_active', !row.is_active), words.customers.fields.is_active);
    } catch (error) {
      if (error instanceof Differs)
        source?.put(new Map([[row.id, error.theirs]])); // somebody else has switched it
      else toast(reasonOf(error), { tone: 'bad' });
    }
  }

  function take(before: Customer, now: Customer, label: string): void {
    source?.put(new Map([[now.id, now]]));
    if (now.version === before.version) return;
    const run = () => void undo(now, source);
    toast(words.customers.editing.saved(label), { action: { label: words.everywhere.undo, run } });
  }

  return {
    draft,
    begin,
    save,
    type: (text: string) => latest.current && set({ ...latest.current, text, error: undefined }),
    leave: () => set(undefined),
    /** After somebody else changed the value: this one after all. */
    keepMine: () => {
      const now = latest.current;
      if (now?.theirs) set({ ...now, row: now.theirs, theirs: undefined });
      return save();
    },
    takeTheirs: () => {
      const now = latest.current;
      if (now?.theirs) source?.put(new Map([[now.row.id, now.theirs]]));
      set(undefined);
    },
  };
}

const isTyped = (column: Column): column is TypedColumn =>
  ['first_name', 'last_name', 'email', 'phone', 'external_id'].includes(column);

/** Another value than the one that was to be changed stands there by now. */
class Differs extends Error {
  readonly theirs: Customer;
  constructor(theirs: Customer) {
    super(words.customers.editing.conflict(String(theirs.version)));
    this.theirs = theirs;
  }
}

async function write<Field extends TypedColumn | 'is_active'>(
  row: Customer,
  field: Field,
  value: CustomerInput[Field] | string | null,
): Promise<Customer> {
  try {
    return await api().customers.update(row.id, { [field]: value }, { if_match: row.version });
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 412) throw error;
    const now = await api().customers.get(row.id);
    // Something else about the customer has changed, which is nothing to this value.
    if (now[field] === row[field]) return write(now, field, value);
    if (now[field] === value) return now;
    throw new Differs(now);
  }
}

const reasonOf = (error: unknown): string =>
  error instanceof Problem && error.status === 404 ? words.customers.editing.gone : messageOf(error);

/** By a second request: the change is saved, whatever happens to this page. */
async function undo({ id, version }: Customer, source: Source | undefined): Promise<void> {
  try {
    const { results } = await api().customers.history(id, { limit: 20 }).page();
    const event = results.find(({ customer_version }) => customer_version === version);
    if (!event) throw new Error(words.customers.editing.gone);
    const { customer, kept } = await api().causes.undoChange(event.position);
    source?.put(new Map([[id, customer]]));
    toast(kept.length > 0 ? words.customers.editing.kept : words.customers.editing.undone);
  } catch (error) {
    toast(messageOf(error), { tone: 'bad' });
  }
}

// The edit of a record: which fields are open, what is typed in them, and how it is saved.
import { useMutation } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import type { Customer } from '#contract/customers.ts';
import { fieldErrors } from '../api.ts';
import { useTyped } from '../typed.ts';
import { toast } from '../ui/toast.tsx';
import { words } from '../words.ts';
import { type FieldName, labelsOf, TEXT_FIELDS, type TextName, typedOf, type Values, valueIn } from './fields.ts';
import { type Conflict, type Edit, saveEdit } from './merge.ts';
import { forget, isMissing, learn } from './record-data.ts';

/** What is typed in a field, and the value that stood there when it was opened. */
export type Draft = { typed: string; base: string | null };
export type Drafts = { [Name in TextName]?: Draft };

/** Where the typed text of a record is kept. */
export const typedName = (id: string): string => `customer.${id}`;

export function useEditing(customer: Customer) {
  const [kept, setDrafts] = useTyped<Drafts>(typedName(customer.id));
  const drafts = kept ?? {};
  const [conflict, setConflict] = useState<Conflict>();
  /** The field that is to have the focus once it is drawn. */
  const focusOn = useRef<FieldName>(undefined);
  /** The field that it goes back to when all is saved. */
  const savedFrom = useRef<TextName>(undefined);
  const stop = useRef<AbortController>(undefined);
  const [wasKept] = useState(kept !== undefined);

  const saving = useMutation({
    mutationFn: ({ known, ...edit }: Edit & { known: Customer }) => {
      stop.current = new AbortController();
      return saveEdit(known, edit, stop.current.signal);
    },
    onSuccess(saved, { mine }) {
      setConflict(saved.conflict);
      learn(saved.conflict ? saved.conflict.theirs : saved.customer);
      if (saved.conflict) return;
      focusOn.current = savedFrom.current;
      setDrafts(afterSaving(drafts, mine, saved.customer));
      if (saved.beside.length > 0) toast(words.record.savedBeside(labelsOf(saved.beside)));
    },
    onError(error) {
      setConflict(undefined);
      if (isMissing(error)) forget(customer.id); // shows that it is deleted
      const refused = fieldErrors(error);
      focusOn.current = TEXT_FIELDS.find((name) => name in refused) ?? savedFrom.current;
    },
  });

  function open(name: TextName): void {
    focusOn.current = name;
    setDrafts({ ...drafts, [name]: { typed: typedOf(customer[name]), base: customer[name] } });
  }

  function save(from: Drafts, known: Customer): void {
    if (saving.isPending) return;
    const edit = editOf(from);
    if (Object.keys(edit.mine).length > 0) {
      setDrafts(from);
      saving.mutate({ ...edit, known });
    } else {
      focusOn.current = savedFrom.current;
      setDrafts(undefined);
      setConflict(undefined);
      saving.reset();
    }
  }

  return {
    drafts,
    isOpen: Object.keys(drafts).length > 0,
    hasTyped: Object.keys(editOf(drafts).mine).length > 0,
    /** What is typed was typed before the record was opened. */
    wasKept,
    conflict,
    saving,
    focusOn,
    open,

    openAll(): void {
      const missing = TEXT_FIELDS.filter((name) => !(name in drafts));
      focusOn.current = TEXT_FIELDS[0];
      setDrafts({
        ...Object.fromEntries(missing.map((name) => [name, { typed: typedOf(customer[name]), base: customer[name] }])),
        ...drafts,
      });
    },

    type(name: TextName, typed: string): void {
      const draft = drafts[name];
      if (draft) setDrafts({ ...drafts, [name]: { ...draft, typed } });
    },

    leave(name: TextName): void {
      focusOn.current = name;
      setDrafts(without(drafts, (each) => each === name));
    },

    discard(): void {
      saving.reset();
      focusOn.current = TEXT_FIELDS.find((name) => name in drafts);
      setDrafts(undefined);
    },

    save(from?: TextName): void {
      savedFrom.current = from;
      save(drafts, customer);
    },

    setActive(is_active: boolean): void {
      savedFrom.current = undefined;
      saving.mutate({ base: { is_active: !is_active }, mine: { is_active }, known: customer });
    },

    /** Of each field in conflict, whether one's own value is to stand. What they have is what is typed over now. */
    settle(choices: Partial<Record<FieldName, 'mine' | 'theirs'>>): void {
      if (!conflict) return;
      const next = { ...drafts };
      for (const name of TEXT_FIELDS) {
        const draft = next[name];
        if (choices[name] === 'theirs') delete next[name];
        if (choices[name] === 'mine' && draft) next[name] = { ...draft, base: conflict.theirs[name] };
      }
      save(next, conflict.theirs);
    },

    postpone: (): void => setConflict(undefined),
    stopWaiting: (): void => stop.current?.abort(new Error(words.record.stopped)),
  };
}

export type Editing = ReturnType<typeof useEditing>;

/** What is typed that differs from what stood there. */
function editOf(drafts: Drafts): Edit {
  const base: Values = {};
  const mine: Values = {};
  for (const name of TEXT_FIELDS) {
    const draft = drafts[name];
    if (!draft || draft.typed === typedOf(draft.base)) continue;
    Object.assign(base, { [name]: draft.base });
    Object.assign(mine, { [name]: valueIn(name, draft.typed) });
  }
  return { base, mine };
}

function without(drafts: Drafts, isOut: (name: TextName) => boolean): Drafts | undefined {
  const left = Object.entries(drafts).filter(([name]) => !isOut(name as TextName));
  return left.length > 0 ? Object.fromEntries(left) : undefined;
}

/** All is closed, save what was typed on while it was being saved. */
function afterSaving(drafts: Drafts, mine: Values, customer: Customer): Drafts | undefined {
  if (!TEXT_FIELDS.some((name) => name in mine)) return without(drafts, () => false);
  const left = TEXT_FIELDS.flatMap((name) => {
    const draft = drafts[name];
    const isSaved = name in mine;
    if (!draft || valueIn(name, draft.typed) === (isSaved ? mine[name] : draft.base)) return [];
    return [[name, isSaved ? { ...draft, base: customer[name] } : draft] as const];
  });
  return left.length > 0 ? Object.fromEntries(left) : undefined;
}

// Two people changed the same field: both values, and the one before, for the person to choose from.
import { type FormEvent, useEffect, useId, useRef, useState } from 'react';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { words } from '../words.ts';
import styles from './conflict.module.css';
import type { Editing } from './editing.ts';
import { FIELDS, type FieldName, labelOf, shownOf } from './fields.ts';
import { type Conflict, overlaps } from './merge.ts';

type Choice = 'mine' | 'theirs';
type Choices = Partial<Record<FieldName, Choice>>;

/** `by`: who changed it, where that is known. */
export function ConflictDialog({ conflict, editing, by }: { conflict: Conflict; editing: Editing; by?: string }) {
  const id = useId();
  const form = useRef<HTMLFormElement>(null);
  const [choices, setChoices] = useState<Choices>({});
  const [isMissing, setMissing] = useState(false);
  const names = overlaps(conflict);
  const beside = FIELDS.filter((name) => name in conflict.mine && !names.includes(name));

  useEffect(() => form.current?.querySelector('input')?.focus(), []);

  function submit(event: FormEvent): void {
    event.preventDefault();
    if (names.some((name) => !choices[name])) setMissing(true);
    else editing.settle(choices);
  }

  return (
    <Dialog
      title={words.record.conflict.title}
      onClose={editing.postpone}
      footer={
        <>
          <Button onClick={editing.postpone}>{words.record.conflict.later}</Button>
          <Button type="submit" form={id} look="primary" busy={editing.saving.isPending}>
            {words.record.conflict.save}
          </Button>
        </>
      }
    >
      <p>{words.record.conflict.intro(by)}</p>
      <form ref={form} id={id} noValidate onSubmit={submit} className={styles.form}>
        {names.map((name) => (
          <Field
            key={name}
            {...{ name, conflict }}
            choice={choices[name]}
            onChoose={(choice) => {
              setMissing(false);
              setChoices({ ...choices, [name]: choice });
            }}
          />
        ))}
        {beside.length > 0 && (
          <section className={styles.beside}>
            <h3>{words.record.conflict.beside}</h3>
            <ul>
              {beside.map((name) => (
                <li key={name}>
                  {labelOf(name)}: {shownOf(name, conflict.mine[name])}
                </li>
              ))}
            </ul>
          </section>
        )}
        <p role="alert" className={styles.missing}>
          {isMissing && words.record.conflict.choose}
        </p>
      </form>
    </Dialog>
  );
}

function Field({
  name,
  conflict: { base, mine, theirs },
  choice,
  onChoose,
}: {
  name: FieldName;
  conflict: Conflict;
  choice: Choice | undefined;
  onChoose(choice: Choice): void;
}) {
  const options: { choice: Choice; label: string; value: unknown }[] = [
    { choice: 'mine', label: words.record.conflict.yours, value: mine[name] },
    { choice: 'theirs', label: words.record.conflict.theirs, value: theirs[name] },
  ];
  return (
    <fieldset className={styles.field}>
      <legend>{labelOf(name)}</legend>
      {options.map((option) => (
        <label key={option.choice} className={styles.option}>
          <input
            type="radio"
            name={name}
            value={option.choice}
            checked={choice === option.choice}
            onChange={() => onChoose(option.choice)}
          />
          <span className={styles.whose}>{option.label}</span>
          <span className={styles.value}>{shownOf(name, option.value)}</span>
        </label>
      ))}
      <p className={styles.original}>
        <span className={styles.whose}>{words.record.conflict.original}</span>
        <span className={styles.value}>{shownOf(name, base[name])}</span>
      </p>
    </fieldset>
  );
}

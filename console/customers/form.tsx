// The form of a whole customer.
import { type FormEvent, type RefObject, useId } from 'react';
import { words } from '../words.ts';
import { isRequired, labelOf, TEXT_FIELDS, type TextName, typing } from './fields.ts';
import styles from './form.module.css';
import type { Refusals } from './refusals.tsx';

/** What is typed in it. */
export type Typed = Record<TextName, string> & { is_active: boolean };

export const EMPTY: Typed = { first_name: '', last_name: '', email: '', phone: '', external_id: '', is_active: true };

const HINTS: Partial<Record<TextName, string>> = {
  phone: words.record.create.phoneHint,
  external_id: words.record.create.externalHint,
};

export function CustomerForm({
  id,
  typed,
  refusals,
  onType,
  onSubmit,
  first,
}: {
  id: string;
  typed: Typed;
  refusals: Refusals;
  onType(typed: Typed): void;
  onSubmit(): void;
  /** The field that is typed in first. */
  first: RefObject<HTMLInputElement | null>;
}) {
  const prefix = useId();
  return (
    <form
      id={id}
      noValidate
      className={styles.form}
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        onSubmit();
      }}
    >
      {TEXT_FIELDS.map((name, index) => {
        const error = refusals[name];
        const hint = HINTS[name];
        const field = `${prefix}-${name}`;
        return (
          <div key={name} className={styles.field} data-name={name}>
            <label htmlFor={field}>
              {labelOf(name)}
              {isRequired(name) ? (
                <span aria-hidden="true"> *</span>
              ) : (
                <span className={styles.optional}>{words.record.create.optional}</span>
              )}
            </label>
            <input
              type="text"
              {...typing[name]}
              id={field}
              name={name}
              ref={index === 0 ? first : undefined}
              value={typed[name]}
              aria-required={isRequired(name) || undefined}
              aria-invalid={error ? true : undefined}
              aria-describedby={`${field}-error ${field}-hint`}
              onChange={(event) => onType({ ...typed, [name]: event.target.value })}
            />
            <p id={`${field}-error`} className={styles.error}>
              {error}
            </p>
            <p id={`${field}-hint`} className={styles.hint}>
              {hint}
            </p>
          </div>
        );
      })}
      <label className={styles.check}>
        <input
          type="checkbox"
          name="is_active"
          checked={typed.is_active}
          onChange={(event) => onType({ ...typed, is_active: event.target.checked })}
        />
        {labelOf('is_active')}
      </label>
    </form>
  );
}

// Form fields: a label, a control, a hint, and what is wrong, tied together for eyes and ears.
import { type ComponentProps, type ReactNode, useId } from 'react';
import styles from './field.module.css';

type Around = { label: string; hint?: ReactNode; error?: string };

/** A line of text. `error` stands below it, and is read out with it. */
export function TextField({ label, hint, error, ...rest }: ComponentProps<'input'> & Around) {
  const id = useId();
  return (
    <Labelled {...{ id, label, hint, error }} required={rest.required}>
      <input
        type="text"
        id={id}
        {...rest}
        data-autofocus={rest.autoFocus}
        aria-invalid={error !== undefined || undefined}
        aria-describedby={describedBy(id, hint, error)}
        className={styles.control}
      />
    </Labelled>
  );
}

export function SelectField({ label, hint, error, children, ...rest }: ComponentProps<'select'> & Around) {
  const id = useId();
  return (
    <Labelled {...{ id, label, hint, error }}>
      <select
        id={id}
        {...rest}
        data-autofocus={rest.autoFocus}
        aria-invalid={error !== undefined || undefined}
        aria-describedby={describedBy(id, hint, error)}
        className={styles.control}
      >
        {children}
      </select>
    </Labelled>
  );
}

export function CheckField({ label, hint, ...rest }: ComponentProps<'input'> & { label: string; hint?: ReactNode }) {
  const id = useId();
  return (
    <div className={styles.check}>
      <input type="checkbox" id={id} {...rest} aria-describedby={describedBy(id, hint, undefined)} />
      <label htmlFor={id}>{label}</label>
      {hint && (
        <p id={`${id}-hint`} className={styles.hint}>
          {hint}
        </p>
      )}
    </div>
  );
}

function Labelled({
  id,
  label,
  hint,
  error,
  required,
  children,
}: Around & { id: string; required?: boolean; children: ReactNode }) {
  return (
    <div className={styles.field}>
      <label htmlFor={id} className={styles.label}>
        {label}
        {required && <span aria-hidden="true"> *</span>}
      </label>
      {children}
      {error && (
        <p id={`${id}-error`} className={styles.error}>
          {error}
        </p>
      )}
      {hint && (
        <p id={`${id}-hint`} className={styles.hint}>
          {hint}
        </p>
      )}
    </div>
  );
}

function describedBy(id: string, hint: ReactNode, error: string | undefined): string | undefined {
  return [error && `${id}-error`, hint && `${id}-hint`].filter(Boolean).join(' ') || undefined;
}

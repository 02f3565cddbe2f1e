// A password: hidden, unless whoever types it wants to see it.
import { type ComponentProps, type ReactNode, useId, useState } from 'react';
import { words } from '../words.ts';
import styles from './field.module.css';
import own from './password-field.module.css';

/** `isNew`: one that is chosen, for which the browser may have a proposal. */
export function PasswordField({
  label,
  hint,
  error,
  isNew = false,
  ...rest
}: Omit<ComponentProps<'input'>, 'type'> & { label: string; hint?: ReactNode; error?: string; isNew?: boolean }) {
  const id = useId();
  const [isShown, setShown] = useState(false);
  return (
    <div className={styles.field}>
      <label htmlFor={id} className={styles.label}>
        {label}
        {rest.required && <span aria-hidden="true"> *</span>}
      </label>
      <div className={own.line}>
        <input
          type={isShown ? 'text' : 'password'}
          id={id}
          autoComplete={isNew ? 'new-password' : 'current-password'}
          autoCapitalize="none"
          spellCheck={false}
          {...rest}
          data-autofocus={rest.autoFocus}
          aria-invalid={error !== undefined || undefined}
          aria-describedby={[error && `${id}-error`, hint && `${id}-hint`].filter(Boolean).join(' ') || undefined}
          className={styles.control}
        />
        <button
          type="button"
          aria-label={words.people.showPassword}
          aria-pressed={isShown}
          className={own.show}
          onClick={() => setShown(!isShown)}
        >
          {isShown ? words.people.hide : words.people.show}
        </button>
      </div>
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

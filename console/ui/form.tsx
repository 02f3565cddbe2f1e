// A form: what the server refused is said at the fields, which get the focus, or above them where it is about none.
import { type ReactNode, useEffect, useRef } from 'react';
import { fieldErrors, messageOf } from '../api.ts';
import styles from './form.module.css';
import { Refusal } from './refusal.tsx';

/** `error`: what became of the last attempt. `narrow`: fields are no wider than what one types into them. */
export function Form({
  id,
  error,
  narrow = false,
  onSubmit,
  children,
}: {
  id?: string;
  error: unknown;
  narrow?: boolean;
  onSubmit(): void;
  children: ReactNode;
}) {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (error) form.current!.querySelector<HTMLElement>('[aria-invalid=true]')?.focus();
  }, [error]);
  return (
    <form
      ref={form}
      id={id}
      // The server says what is wrong.
      noValidate
      className={[styles.form, narrow && styles.narrow].filter(Boolean).join(' ')}
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    >
      {error ? Object.keys(fieldErrors(error)).length === 0 && <Refusal>{messageOf(error)}</Refusal> : null}
      {children}
    </form>
  );
}

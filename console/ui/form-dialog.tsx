// A form in a dialog: Enter and the button below send it, and what was typed stays where it is refused.
import { type ReactNode, useId } from 'react';
import { words } from '../words.ts';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { Form } from './form.tsx';

/** `submit`: what its button says; `error`: why the last try was refused. */
export function FormDialog({
  title,
  submit,
  busy,
  error,
  onSubmit,
  onClose,
  children,
}: {
  title: string;
  submit: string;
  busy: boolean;
  error: unknown;
  onSubmit(): void;
  onClose(): void;
  children: ReactNode;
}) {
  const form = useId();
  return (
    <Dialog
      title={title}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{words.everywhere.cancel}</Button>
          <Button type="submit" form={form} look="primary" busy={busy}>
            {submit}
          </Button>
        </>
      }
    >
      <Form id={form} error={error} onSubmit={onSubmit}>
        {children}
      </Form>
    </Dialog>
  );
}

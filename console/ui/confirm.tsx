// Asks before what cannot be taken back. It stays open while that is under way, and says so where it fails.
import { useMutation } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { messageOf } from '../api.ts';
import { words } from '../words.ts';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { Refusal } from './refusal.tsx';

/** `label` is what the button says that does it; `more` stands below the question, such as a choice. */
export function Confirm({
  title,
  label,
  children,
  more,
  run,
  onClose,
}: {
  title: string;
  label: string;
  children: ReactNode;
  more?: ReactNode;
  run(): Promise<unknown>;
  onClose(): void;
}) {
  const doing = useMutation({ mutationFn: run, onSuccess: onClose });
  return (
    <Dialog
      title={title}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{words.everywhere.cancel}</Button>
          <Button look="danger" busy={doing.isPending} onClick={() => doing.mutate()}>
            {label}
          </Button>
        </>
      }
    >
      <p>{children}</p>
      {more}
      {doing.error && <Refusal>{messageOf(doing.error)}</Refusal>}
    </Dialog>
  );
}

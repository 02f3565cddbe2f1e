// A text that is shown once, to be copied.
import type { ReactNode } from 'react';
import { Button } from '../ui/button.tsx';
import { CopyButton } from '../ui/copy.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Refusal } from '../ui/refusal.tsx';
import { words } from '../words.ts';
import styles from './settings.module.css';

/** What is to be copied; `copyLabel` names the button that does it. */
export function Secret({ label, text, copyLabel }: { label: string; text: string; copyLabel: string }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: no fieldset: there is nothing to fill in
    <div role="group" aria-label={label} className={styles.secret}>
      <code>{text}</code>
      <CopyButton text={text} label={copyLabel} />
    </div>
  );
}

type SecretDialogProps = {
  title: string;
  /** null where the reply that told it was lost, of which `lost` speaks. */
  text: string | null;
  lost: string;
  help: string;
  label: string;
  copyLabel: string;
  /** What may be said below it. */
  children?: ReactNode;
  onClose(): void;
};

/** Tells a text this once, and what is to be done with it. */
export function SecretDialog({ title, text, lost, help, label, copyLabel, children, onClose }: SecretDialogProps) {
  return (
    <Dialog
      title={title}
      onClose={onClose}
      footer={
        <Button look="primary" onClick={onClose}>
          {words.everywhere.done}
        </Button>
      }
    >
      {text === null ? (
        <Refusal>{lost}</Refusal>
      ) : (
        <>
          <p role="status">{help}</p>
          <Secret {...{ label, text, copyLabel }} />
          {children}
        </>
      )}
    </Dialog>
  );
}

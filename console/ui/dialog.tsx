// Modal dialogs, the browser's own: it keeps the focus inside, closes on Esc and gives the focus back.
import { X } from 'lucide-react';
import { type ReactNode, useEffect, useId, useRef } from 'react';
import { words } from '../words.ts';
import { IconButton } from './button.tsx';
import styles from './dialog.module.css';
import { DialogContext } from './shortcuts.ts';

/** Is open for as long as it is there. `side`: it stands at the side of the page, from top to bottom, rather than in the middle. */
export function Dialog({
  title,
  children,
  footer,
  onClose,
  side = false,
  wide = false,
}: {
  title: string;
  children: ReactNode;
  footer?: ReactNode;
  onClose(): void;
  side?: boolean;
  wide?: boolean;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const element = dialog.current!;
    element.showModal();
    // What React gives the focus as it is made stood in a dialog that was not open yet.
    element.querySelector<HTMLElement>('[data-autofocus=true]')?.focus();
    return () => element.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={id}
      className={[styles.dialog, side && styles.side, wide && styles.wide].filter(Boolean).join(' ')}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <header className={styles.header}>
        <h2 id={id}>{title}</h2>
        <IconButton label={words.everywhere.close} icon={<X />} onClick={onClose} />
      </header>
      <DialogContext value={dialog}>
        <div className={styles.body}>{children}</div>
        {footer && <footer className={styles.footer}>{footer}</footer>}
      </DialogContext>
    </dialog>
  );
}

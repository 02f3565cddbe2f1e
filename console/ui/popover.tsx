// A button that opens a small panel beside it: a popover, so nothing that scrolls cuts it off, and Esc or a press anywhere else
// closes it.
import { type ReactNode, useId, useRef, useState } from 'react';
import buttons from './button.module.css';
import styles from './popover.module.css';

const MARGIN = 8;

/** `children` gets a function that closes it, and is there only while it is open. */
export function Popover({
  label,
  icon,
  title,
  badge,
  children,
}: {
  label: string;
  icon: ReactNode;
  title: string;
  /** Stands behind the label. */
  badge?: ReactNode;
  children(close: () => void): ReactNode;
}) {
  const id = useId();
  const opener = useRef<HTMLButtonElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const [isOpen, setOpen] = useState(false);
  const close = () => panel.current?.hidePopover();
  return (
    <>
      <button
        ref={opener}
        type="button"
        className={[buttons.button, styles.opener].join(' ')}
        aria-haspopup="dialog"
        aria-expanded={isOpen}
        popoverTarget={id}
      >
        {icon}
        <span className={styles.label}>{label}</span>
        {badge}
      </button>
      <div
        ref={panel}
        id={id}
        popover="auto"
        role="dialog"
        aria-label={title}
        className={styles.panel}
        onBeforeToggle={({ newState }) => setOpen(newState === 'open')}
        onToggle={({ newState }) => {
          if (newState === 'open') {
            place(panel.current!, opener.current!);
            panel.current!.querySelector<HTMLElement>('input, select, button')?.focus();
          } else if (panel.current!.contains(document.activeElement)) opener.current!.focus();
        }}
      >
        {isOpen && children(close)}
      </div>
    </>
  );
}

function place(panel: HTMLElement, button: HTMLElement): void {
  const { left, bottom } = button.getBoundingClientRect();
  const { width, height } = panel.getBoundingClientRect();
  panel.style.left = `${Math.max(MARGIN, Math.min(left, innerWidth - width - MARGIN))}px`;
  panel.style.top = `${Math.max(MARGIN, Math.min(bottom + 4, innerHeight - height - MARGIN))}px`;
}

// Buttons, and links that look like them.
import type { ComponentProps, ReactNode } from 'react';
import { Link } from 'wouter';
import styles from './button.module.css';

type Look = { look?: 'plain' | 'primary' | 'danger' | 'quiet'; busy?: boolean; icon?: ReactNode };

/** `busy`: what it began is under way; it cannot be pressed again, and says so. */
export function Button({
  look = 'plain',
  busy = false,
  icon,
  children,
  className,
  ...rest
}: ComponentProps<'button'> & Look) {
  return (
    <button
      type="button"
      {...rest}
      aria-disabled={busy || rest.disabled || undefined}
      aria-busy={busy || undefined}
      onClick={busy ? (event) => event.preventDefault() : rest.onClick}
      className={[styles.button, styles[look], className].filter(Boolean).join(' ')}
    >
      {icon}
      {children}
    </button>
  );
}

/** A button of an icon alone; `label` is what it is called. */
export function IconButton({
  label,
  icon,
  className,
  ...rest
}: ComponentProps<'button'> & { label: string; icon: ReactNode }) {
  return (
    <button
      type="button"
      {...rest}
      aria-label={label}
      title={label}
      className={[styles.button, styles.quiet, styles.icon, className].filter(Boolean).join(' ')}
    >
      {icon}
    </button>
  );
}

/** A link of an icon alone; `label` is where it leads. */
export function IconLink({ label, icon, href }: { label: string; icon: ReactNode; href: string }) {
  return (
    <Link href={href} aria-label={label} title={label} className={[styles.button, styles.quiet, styles.icon].join(' ')}>
      {icon}
    </Link>
  );
}

export function ButtonLink({ look = 'plain', icon, children, href }: Look & { href: string; children: ReactNode }) {
  return (
    <Link href={href} className={[styles.button, styles[look]].join(' ')}>
      {icon}
      {children}
    </Link>
  );
}

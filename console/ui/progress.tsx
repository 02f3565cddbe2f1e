// How far something has come: a bar for eyes, a number for ears.
import type { ReactNode } from 'react';
import styles from './progress.module.css';

/** `done` of `total`; where the total is not known, that it goes on. `label` is what goes on. */
export function Progress({
  label,
  done,
  total,
  children,
}: {
  label: string;
  done?: number;
  total?: number;
  children?: ReactNode;
}) {
  const known = done !== undefined && total !== undefined && total > 0;
  return (
    <div className={styles.progress}>
      <progress
        aria-label={label}
        className={styles.bar}
        max={known ? total : undefined}
        value={known ? Math.min(done, total) : undefined}
      />
      {children && <div className={styles.text}>{children}</div>}
    </div>
  );
}

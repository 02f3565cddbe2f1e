// Why what a form asked for was not done, where it is about no field of it: read out when it comes, and again when the
// next attempt is refused alike.
import type { ReactNode } from 'react';
import styles from './refusal.module.css';

export function Refusal({ children }: { children: ReactNode }) {
  return (
    <p role="alert" className={styles.refusal}>
      {children}
    </p>
  );
}

// The frame of the pages for people who are not signed in: a card in the middle.
import type { ReactNode } from 'react';
import { Page } from '../ui/page.tsx';
import { words } from '../words.ts';
import styles from './door.module.css';

export function Door({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className={styles.door}>
      <div className={styles.card}>
        <p className={styles.brand}>
          <img src="/icon.svg" alt="" width="28" height="28" />
          {words.everywhere.product}
        </p>
        <Page title={title}>{children}</Page>
      </div>
    </main>
  );
}

/** What is said beside a form. */
export const Aside = ({ children }: { children: ReactNode }) => <p className={styles.aside}>{children}</p>;

// The frame of every page's content: its title, what can be done on it, and the states in which there is nothing to show.
import { CircleAlert } from 'lucide-react';
import { type ReactNode, type RefObject, useEffect, useRef } from 'react';
import { messageOf } from '../api.ts';
import { words } from '../words.ts';
import { Button } from './button.tsx';
import styles from './page.module.css';

export function Page({
  title,
  actions,
  children,
  wide = false,
}: {
  title: string;
  actions?: ReactNode;
  children: ReactNode;
  wide?: boolean;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Clientele`;
  }, [title]);
  useArrival(heading);
  return (
    <div className={[styles.page, wide && styles.wide].filter(Boolean).join(' ')}>
      <header className={styles.header}>
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {actions && <div className={styles.actions}>{actions}</div>}
      </header>
      {children}
    </div>
  );
}

let arrived: string | undefined;

/** After somebody went to another page, its heading is read out, and Tab goes on from there. */
export function useArrival(heading: RefObject<HTMLHeadingElement | null>): void {
  useEffect(() => arriveAt(heading.current!), [heading]);
}

function arriveAt(heading: HTMLElement): void {
  const { pathname } = location;
  const came = arrived !== undefined && arrived !== pathname;
  arrived = pathname;
  const page = heading.closest('main') ?? document.body;
  const isBusy =
    document.querySelector('dialog:modal') || page.querySelector('input:focus, textarea:focus, select:focus');
  if (came && !isBusy) heading.focus({ preventScroll: true });
}

/** A part of a page, with a heading of its own. */
export function Section({ title, actions, children }: { title: string; actions?: ReactNode; children: ReactNode }) {
  return (
    <section className={styles.section}>
      <header className={styles.header}>
        <h2>{title}</h2>
        {actions && <div className={styles.actions}>{actions}</div>}
      </header>
      {children}
    </section>
  );
}

/** Where there is nothing yet: what would be here, and how it comes about. */
export function Empty({ title, children, icon }: { title: string; children?: ReactNode; icon?: ReactNode }) {
  return (
    <div className={styles.empty}>
      {icon}
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** What could not be had, why, and a way to try again. */
export function Failure({ error, onRetry }: { error: unknown; onRetry?(): void }) {
  return (
    <div role="alert" className={styles.failure}>
      <CircleAlert aria-hidden="true" />
      <p>{messageOf(error)}</p>
      {onRetry && <Button onClick={onRetry}>{words.everywhere.retry}</Button>}
    </div>
  );
}

/** What stands in the place of what was asked for until it is there: that it is on its way, or why it could not be had. */
export function Pending({ query }: { query: { data: unknown; error: unknown; refetch(): unknown } }) {
  const { data, error, refetch } = query;
  if (error) return <Failure error={error} onRetry={() => void refetch()} />;
  return data === undefined ? <Loading /> : null;
}

/** Holds the place of what is on its way. */
export function Loading() {
  return (
    <p role="status" className={styles.loading}>
      {words.everywhere.loading}
    </p>
  );
}

export function Badge({ tone = 'plain', children }: { tone?: 'plain' | 'good' | 'warn' | 'bad'; children: ReactNode }) {
  return <span className={[styles.badge, styles[tone]].filter(Boolean).join(' ')}>{children}</span>;
}

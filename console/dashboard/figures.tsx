// How many customers there are now, and how many of them are active.
import { Link } from 'wouter';
import type { CustomerStats } from '#contract/customers.ts';
import { figure, percentage } from '../ui/figures.ts';
import { Section } from '../ui/page.tsx';
import { words } from '../words.ts';
import styles from './dashboard.module.css';
import { listOf } from './links.ts';

export function Figures({
  total_customers: total,
  active_customers: active,
  inactive_customers: inactive,
}: CustomerStats) {
  const summary = words.dashboard.shareSummary(percentage(active, total), active, total);
  return (
    <Section title={words.dashboard.figures}>
      <dl className={styles.figures}>
        <One name={words.dashboard.total} href={listOf({})} count={total} />
        <One
          name={words.dashboard.active}
          href={listOf({ is_active: 'true' })}
          count={active}
          share={percentage(active, total)}
        />
        <One
          name={words.dashboard.inactive}
          href={listOf({ is_active: 'false' })}
          count={inactive}
          share={percentage(inactive, total)}
        />
      </dl>
      <svg
        role="img"
        aria-label={`${words.dashboard.share}. ${summary}`}
        className={styles.share}
        preserveAspectRatio="none"
        viewBox="0 0 100 10"
      >
        <rect width="100" height="10" className={styles.inactive} />
        <rect width={(100 * active) / total} height="10" className={styles.active} />
      </svg>
    </Section>
  );
}

/** A figure is its own table: name, number, share. */
function One({ name, href, count, share }: { name: string; href: string; count: number; share?: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <Link href={href} className={styles.figure}>
          {figure(count)}
        </Link>
        {share && <span className={styles.percent}>{share}</span>}
      </dd>
    </div>
  );
}

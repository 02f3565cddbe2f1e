// What happened to customers of late, the last first. Changes that belong together are one line.
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import type { LogEvent } from '#contract/events.ts';
import { api } from '../api.ts';
import { ButtonLink } from '../ui/button.tsx';
import { ago, timeOf } from '../ui/figures.ts';
import { Failure, Loading, Section } from '../ui/page.tsx';
import { words } from '../words.ts';
import styles from './dashboard.module.css';
import { listOf } from './links.ts';

const READ = 200;
const SHOWN = 12;

export function Recent() {
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['events', 'latest'],
    queryFn: ({ signal }) => api().events.latest({ limit: READ, signal }),
  });
  const groups = grouped(data?.filter(({ customer_id }) => customer_id !== null) ?? []);
  return (
    <Section
      title={words.dashboard.recent}
      actions={<ButtonLink href={listOf({ ordering: '-updated_at' })}>{words.dashboard.recentAll}</ButtonLink>}
    >
      {isPending && <Loading />}
      {error && <Failure error={error} onRetry={() => refetch()} />}
      {data && groups.length === 0 && <p>{words.dashboard.recentNone}</p>}
      <ul className={styles.recent}>
        {groups.slice(0, SHOWN).map((events, index) => (
          <li key={events[0]!.position}>
            <span className={styles.what}>
              {events.length === 1 ? (
                <Change {...events[0]!} />
              ) : (
                <Link href={`/activity/${events[0]!.cause_id}`}>
                  {words.dashboard.bulk(events.length, index === groups.length - 1 && data!.length === READ)}
                </Link>
              )}
            </span>
            <span className={styles.who}>{events[0]!.actor.name}</span>
            <time dateTime={events[0]!.at} title={timeOf(events[0]!.at)} className={styles.when}>
              {ago(events[0]!.at)}
            </time>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Change({ type, customer_id, customer, changes }: LogEvent) {
  const fields = type === 'customer.updated' ? Object.keys(changes).map(labelOf) : [];
  return (
    <>
      <Link href={`/customers/${customer_id}`}>{customer?.full_name ?? words.dashboard.someone}</Link>{' '}
      {words.dashboard.events[type] ?? type}
      {fields.length > 0 && words.dashboard.changed(fields.join(', '))}
    </>
  );
}

/** Neighbours with one cause. */
function grouped(events: LogEvent[]): LogEvent[][] {
  const groups: LogEvent[][] = [];
  for (const event of events) {
    const last = groups.at(-1);
    if (last && event.cause_id !== null && last[0]!.cause_id === event.cause_id) last.push(event);
    else groups.push([event]);
  }
  return groups;
}

const labelOf = (field: string) => ((words.imports.fields as Record<string, string>)[field] ?? field).toLowerCase();

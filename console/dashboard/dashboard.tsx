// How the workspace stands, how it came there, and what happened of late; every figure leads to whom it counts.
import { useQuery } from '@tanstack/react-query';
import { ChartNoAxesColumn } from 'lucide-react';
import { api } from '../api.ts';
import { useLiveQueries } from '../live-queries.ts';
import { ButtonLink } from '../ui/button.tsx';
import { Empty, Failure, Loading, Page } from '../ui/page.tsx';
import { words } from '../words.ts';
import styles from './dashboard.module.css';
import { Figures } from './figures.tsx';
import { Recent } from './recent.tsx';
import { Timeline } from './timeline.tsx';

export function DashboardPage() {
  useLiveQueries('stats', 'timeline', 'events');
  const stats = useQuery({ queryKey: ['stats'], queryFn: ({ signal }) => api().customers.stats({ signal }) });
  if (!stats.data)
    return (
      <Page title={words.dashboard.title}>
        {stats.error ? <Failure error={stats.error} onRetry={() => stats.refetch()} /> : <Loading />}
      </Page>
    );
  return (
    <Page title={words.dashboard.title} wide>
      {stats.error && <Failure error={stats.error} onRetry={() => stats.refetch()} />}
      {stats.data.total_customers === 0 ? (
        <Empty title={words.dashboard.none} icon={<ChartNoAxesColumn aria-hidden="true" />}>
          <p>{words.dashboard.noneMore}</p>
          <ButtonLink href="/imports" look="primary">
            {words.dashboard.toImport}
          </ButtonLink>
        </Empty>
      ) : (
        <div className={styles.board}>
          <Figures {...stats.data} />
          <Timeline />
        </div>
      )}
      <Recent />
    </Page>
  );
}

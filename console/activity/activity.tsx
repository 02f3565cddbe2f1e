// All that was done to many customers at once, and a way to take each back.
import { useInfiniteQuery } from '@tanstack/react-query';
import { History } from 'lucide-react';
import { useMemo } from 'react';
import { Link, useLocation, useParams } from 'wouter';
import type { Cause } from '#contract/causes.ts';
import { api } from '../api.ts';
import { useLiveQueries } from '../live-queries.ts';
import { Button } from '../ui/button.tsx';
import { ago, timeOf } from '../ui/figures.ts';
import { Empty, Failure, Loading, Page, Section } from '../ui/page.tsx';
import { Progress } from '../ui/progress.tsx';
import rows from '../ui/rows.module.css';
import { Table } from '../ui/table.tsx';
import { words } from '../words.ts';
import { Actions } from './actions.tsx';
import styles from './activity.module.css';
import { CauseBadge } from './badge.tsx';
import { countsOf, progressText, titleOf } from './causes.ts';
import { CauseDetails } from './details.tsx';

const LOOK_MS = 1500;

export function ActivityPage() {
  const { id } = useParams<{ id?: string }>();
  const [, navigate] = useLocation();
  useLiveQueries('causes', 'cause');
  return (
    <Page title={words.activity.title}>
      <p className={styles.intro}>{words.activity.intro}</p>
      <CauseList />
      {id && <CauseDetails key={id} id={id} onClose={() => navigate('/activity')} />}
    </Page>
  );
}

function CauseList() {
  const { data, error, isPending, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ['causes'],
    queryFn: ({ pageParam, signal }) => api().causes.list({ signal }).page(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
    refetchInterval: ({ state }) =>
      state.data?.pages.some(({ results }) => results.some((cause) => cause.state === 'running')) ? LOOK_MS : false,
  });
  const causes = useMemo(() => data?.pages.flatMap(({ results }) => results) ?? [], [data]);
  if (isPending) return <Loading />;
  if (error && !data) return <Failure error={error} onRetry={() => refetch()} />;
  if (causes.length === 0)
    return (
      <Empty title={words.activity.none} icon={<History aria-hidden="true" />}>
        <p>{words.activity.noneMore}</p>
      </Empty>
    );
  const byId = new Map(causes.map((cause) => [cause.id, cause]));
  return (
    <Section title={words.activity.list}>
      <Table
        heads={[
          words.activity.what,
          words.activity.state,
          words.activity.outcome,
          words.activity.who,
          words.activity.when,
        ]}
        actions={words.activity.actions}
      >
        {causes.map((cause) => (
          <Row key={cause.id} cause={cause} title={titleOf(cause, byId.get(cause.undoes ?? ''))} />
        ))}
      </Table>
      {hasNextPage && (
        <div>
          <Button busy={isFetchingNextPage} onClick={() => fetchNextPage()}>
            {words.activity.more}
          </Button>
        </div>
      )}
    </Section>
  );
}

function Row({ cause, title }: { cause: Cause; title: string }) {
  return (
    <tr>
      <th scope="row">
        <Link href={`/activity/${cause.id}`} className={rows.name}>
          {title}
        </Link>
      </th>
      <td data-label={words.activity.state}>
        <CauseBadge {...cause} />
      </td>
      <td data-label={words.activity.outcome}>
        {cause.state === 'running' ? (
          <Progress label={title} done={cause.progress?.done} total={cause.progress?.total}>
            <span>{progressText(cause)}</span>
          </Progress>
        ) : (
          countsOf(cause)
        )}
      </td>
      <td data-label={words.activity.who}>{cause.actor.name}</td>
      <td data-label={words.activity.when} className={rows.together}>
        <time dateTime={cause.at} title={timeOf(cause.at)}>
          {ago(cause.at)}
        </time>
      </td>
      <td>
        <Actions cause={cause} title={title} />
      </td>
    </tr>
  );
}

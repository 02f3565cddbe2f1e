// The imports of the workspace, the last first.
import { useInfiniteQuery } from '@tanstack/react-query';
import { FileClock, Undo2 } from 'lucide-react';
import { Link } from 'wouter';
import type { Import } from '#contract/imports.ts';
import { canUndo, causeOfImport, countsOf, progressText, titleOf } from '../activity/causes.ts';
import { api } from '../api.ts';
import { useLiveQueries } from '../live-queries.ts';
import { undo } from '../running.ts';
import { useSession } from '../session.tsx';
import { Button } from '../ui/button.tsx';
import { ago, timeOf } from '../ui/figures.ts';
import { Badge, Empty, Failure, Loading, Section } from '../ui/page.tsx';
import rows from '../ui/rows.module.css';
import { Table } from '../ui/table.tsx';
import { words } from '../words.ts';
import { goesOn } from './use-import.ts';

const LOOK_MS = 1500;

export function ImportList() {
  useLiveQueries('imports');
  const { data, error, isPending, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ['imports'],
    queryFn: ({ pageParam, signal }) => api().imports.list({ signal }).page(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
    refetchInterval: ({ state }) => (state.data?.pages.some(({ results }) => results.some(goesOn)) ? LOOK_MS : false),
  });
  if (isPending) return <Loading />;
  if (error && !data) return <Failure error={error} onRetry={() => refetch()} />;
  const imports = data!.pages.flatMap(({ results }) => results);
  if (imports.length === 0)
    return (
      <Empty title={words.imports.none} icon={<FileClock aria-hidden="true" />}>
        <p>{words.imports.noneMore}</p>
      </Empty>
    );
  return (
    <Section title={words.imports.list}>
      <Table
        heads={[words.imports.file, words.imports.state, words.imports.outcome, words.imports.by, words.imports.when]}
        actions={words.imports.actions}
      >
        {imports.map((one) => (
          <Row key={one.id} {...one} />
        ))}
      </Table>
      {hasNextPage && (
        <div>
          <Button busy={isFetchingNextPage} onClick={() => fetchNextPage()}>
            {words.imports.more}
          </Button>
        </div>
      )}
    </Section>
  );
}

function Row(one: Import) {
  const cause = causeOfImport(one);
  const title = titleOf(cause);
  const mayUndo = useSession().can('customers:write');
  return (
    <tr>
      <th scope="row">
        <Link href={`/imports/${one.id}`} className={rows.name}>
          {one.filename}
        </Link>
      </th>
      <td data-label={words.imports.state}>
        <StateBadge {...one} />
      </td>
      <td data-label={words.imports.outcome}>{outcomeOf(one)}</td>
      <td data-label={words.imports.by}>{one.actor.name}</td>
      <td data-label={words.imports.when} className={rows.together}>
        <time dateTime={one.at} title={timeOf(one.at)}>
          {ago(one.at)}
        </time>
      </td>
      <td>
        {mayUndo && canUndo(cause) && (
          <span className={rows.actions}>
            <Button
              look="quiet"
              icon={<Undo2 />}
              aria-label={words.activity.undoThat(title)}
              onClick={() => undo(cause, title)}
            >
              {words.activity.undo}
            </Button>
          </span>
        )}
      </td>
    </tr>
  );
}

export function StateBadge({ state, undone_by }: Pick<Import, 'state' | 'undone_by'>) {
  if (undone_by) return <Badge>{words.imports.states.undone}</Badge>;
  const tone =
    state === 'done'
      ? 'good'
      : state === 'failed'
        ? 'bad'
        : state === 'unmapped' || state === 'checked'
          ? 'warn'
          : 'plain';
  return <Badge tone={tone}>{words.imports.states[state]}</Badge>;
}

function outcomeOf(one: Import): string {
  const { state, found } = one;
  if (state === 'checked' && found) return words.imports.rows(found.rows);
  if (goesOn(one)) return progressText(causeOfImport(one));
  return state === 'unmapped' ? '' : countsOf(causeOfImport(one));
}

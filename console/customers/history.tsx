// What happened to a customer, the last first: who changed what, when and through what, and how to take it back.
import { type UseInfiniteQueryResult, useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';
import type { Customer } from '#contract/customers.ts';
import type { LogEvent } from '#contract/events.ts';
import { api, messageOf } from '../api.ts';
import { Button } from '../ui/button.tsx';
import { timeOf } from '../ui/figures.ts';
import { Failure, Loading } from '../ui/page.tsx';
import { Time } from '../ui/time.tsx';
import { toast } from '../ui/toast.tsx';
import { words } from '../words.ts';
import { labelOf, shownOf } from './fields.ts';
import styles from './history.module.css';
import { type Kept, KeptDialog } from './kept.tsx';
import { forget, learn } from './record-data.ts';
import { RestoreVersion, ViewVersion } from './version.tsx';

type Asked = { event: LogEvent; what: 'view' | 'restore' };

export function RecordHistory({
  customer,
  history,
  events,
  isDeleted,
  mayWrite,
}: {
  customer: Customer;
  history: UseInfiniteQueryResult;
  events: LogEvent[];
  isDeleted: boolean;
  mayWrite: boolean;
}) {
  const [asked, setAsked] = useState<Asked>();
  const [kept, setKept] = useState<Kept[]>();
  const { isPending, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = history;
  const title = `history-${customer.id}`;
  const dialog = asked && { event: asked.event, customer, isDeleted, onClose: () => setAsked(undefined) };
  return (
    <section aria-labelledby={title} className={styles.history}>
      <h3 id={title}>{words.record.history.title}</h3>
      {isPending && <Loading />}
      {events.length > 0 && (
        <ol className={styles.events}>
          {events.map((event) => (
            <Entry
              key={event.position}
              event={event}
              isCurrent={event.customer_version === customer.version}
              mayWrite={mayWrite}
              onAsk={(what) => setAsked({ event, what })}
              onKept={setKept}
            />
          ))}
        </ol>
      )}
      {error && (
        <Failure error={error} onRetry={() => (events.length > 0 && hasNextPage ? fetchNextPage() : refetch())} />
      )}
      {hasNextPage && !error && (
        <Button busy={isFetchingNextPage} onClick={() => fetchNextPage()}>
          {words.record.history.older}
        </Button>
      )}
      {dialog && asked.what === 'view' && (
        <ViewVersion {...dialog} onRestore={mayWrite ? () => setAsked({ ...asked, what: 'restore' }) : undefined} />
      )}
      {dialog && asked.what === 'restore' && <RestoreVersion {...dialog} />}
      {kept && <KeptDialog kept={kept} onClose={() => setKept(undefined)} />}
    </section>
  );
}

type EntryProps = {
  event: LogEvent;
  isCurrent: boolean;
  mayWrite: boolean;
  onAsk(what: Asked['what']): void;
  onKept(kept: Kept[]): void;
};

function Entry({ event, isCurrent, mayWrite, onAsk, onKept }: EntryProps) {
  const { position, type, at, actor, cause_id, customer_version, changes } = event;
  const version = customer_version ?? 0;
  const undoing = useUndo(position, onKept);
  const what = words.record.history.types[type] ?? type;
  return (
    <li className={styles.event} data-type={type}>
      <p className={styles.what}>
        <span>{words.record.history.did(what, actor.name)}</span> <Time at={at} />
      </p>
      {cause_id && <Cause id={cause_id} />}
      <Changes changes={changes} isNew={type === 'customer.created'} />
      <div className={styles.acts}>
        {event.customer && !isCurrent && (
          <button type="button" aria-label={words.record.history.viewVersion(version)} onClick={() => onAsk('view')}>
            {words.record.history.view}
          </button>
        )}
        {event.customer && !isCurrent && mayWrite && (
          <button
            type="button"
            aria-label={words.record.history.restoreVersion(version)}
            onClick={() => onAsk('restore')}
          >
            {words.record.history.restore}
          </button>
        )}
        {mayWrite && UNDONE.includes(type) && (
          <button
            type="button"
            aria-label={words.record.history.undoChange(version)}
            aria-busy={undoing.isPending || undefined}
            onClick={() => {
              if (!undoing.isPending) undoing.mutate();
            }}
          >
            {words.record.history.undo}
          </button>
        )}
        <Details event={event} />
      </div>
    </li>
  );
}

/** What can be taken back; that somebody was created at all is taken back by deleting. */
const UNDONE = ['customer.updated', 'customer.deleted', 'customer.restored'];

function useUndo(position: number, onKept: (kept: Kept[]) => void) {
  return useMutation({
    mutationFn: () => api().causes.undoChange(position),
    onSuccess({ customer, deleted, kept, cause_id }) {
      if (deleted) forget(customer.id);
      else learn(customer);
      if (kept.length > 0) onKept(kept);
      else toast(cause_id === null ? words.record.history.nothingToUndo : words.record.history.undone);
    },
    onError: (error) => toast(messageOf(error), { tone: 'bad' }),
  });
}

function Changes({ changes, isNew }: { changes: LogEvent['changes']; isNew: boolean }) {
  const fields = Object.entries(changes);
  if (fields.length === 0) return null;
  return (
    <dl className={styles.changes}>
      {fields.map(([name, [before, after]]) => (
        <div key={name}>
          <dt>{labelOf(name)}</dt>
          <dd>
            {!isNew && (
              <>
                <span className="unseen">{words.record.history.from} </span>
                <del>{shownOf(name, before)}</del>
                <span aria-hidden="true" className={styles.arrow}>
                  →
                </span>
                <span className="unseen">{words.record.history.to} </span>
              </>
            )}
            <ins>{shownOf(name, after)}</ins>
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** What a change belongs to, and where more is told about it. */
function Cause({ id }: { id: string }) {
  const { data } = useQuery({
    queryKey: ['cause', id],
    queryFn: ({ signal }) => api().causes.get(id, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (!data) return null;
  const { kind, details } = data;
  const file = details?.filename;
  const name = typeof file === 'string' ? words.record.history.importOf(file) : words.record.history.causes[kind];
  return (
    <p className={styles.cause}>
      {words.record.history.through} <Link href={kind === 'import' ? `/imports/${id}` : `/activity/${id}`}>{name}</Link>
    </p>
  );
}

function Details({ event: { request_id, position, customer_version, at, actor } }: { event: LogEvent }) {
  const { history } = words.record;
  const facts = [
    [history.exactly, timeOf(at)],
    [history.by, `${actor.name} (${history.actors[actor.type] ?? actor.type})`],
    [history.version, String(customer_version ?? history.none)],
    [history.position, String(position)],
    [history.requestId, request_id ?? history.none],
  ] as const;
  return (
    <details className={styles.details}>
      <summary>{history.details}</summary>
      <dl>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

// One cause in full: what was asked for, what came of it, and what an undo left as it was.
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { Problem } from '#client/clientele.ts';
import type { Cause } from '#contract/causes.ts';
import { Dialog } from '../ui/dialog.tsx';
import { timeOf } from '../ui/figures.ts';
import { Failure, Loading } from '../ui/page.tsx';
import { Progress } from '../ui/progress.tsx';
import { words } from '../words.ts';
import { Actions } from './actions.tsx';
import styles from './activity.module.css';
import { CauseBadge } from './badge.tsx';
import { countsOf, detailsOf, progressText, titleOf, useCause } from './causes.ts';
import { Kept } from './kept.tsx';

export function CauseDetails({ id, onClose }: { id: string; onClose(): void }) {
  const { data: cause, error, refetch } = useCause(id);
  const { data: undone } = useCause(cause?.undoes);
  const { data: undoing } = useCause(cause?.undone_by);
  if (!cause)
    return (
      <Dialog title={words.activity.title} side onClose={onClose}>
        {error instanceof Problem && error.status === 404 ? (
          <p>{words.activity.unknown}</p>
        ) : error ? (
          <Failure error={error} onRetry={() => refetch()} />
        ) : (
          <Loading />
        )}
      </Dialog>
    );
  const title = titleOf(cause, undone);
  return (
    <Dialog title={title} side onClose={onClose} footer={<Actions cause={cause} title={title} />}>
      <dl className={styles.facts}>
        <Fact name={words.activity.state}>
          <CauseBadge {...cause} />
        </Fact>
        <Fact name={words.activity.outcome}>
          {cause.state === 'running' ? (
            <Progress label={title} done={cause.progress?.done} total={cause.progress?.total}>
              <span>{progressText(cause)}</span>
            </Progress>
          ) : (
            countsOf(cause)
          )}
        </Fact>
        {cause.failure && <Fact name={words.activity.failure}>{cause.failure}</Fact>}
        <Fact name={words.activity.who}>{cause.actor.name}</Fact>
        <Fact name={words.activity.begun}>{timeOf(cause.at)}</Fact>
        {cause.finished_at && <Fact name={words.activity.ended}>{timeOf(cause.finished_at)}</Fact>}
        <Asked cause={cause} />
        {cause.undoes && undone && (
          <Fact name={words.activity.undoes}>
            <Link href={`/activity/${undone.id}`}>{titleOf(undone)}</Link>
          </Fact>
        )}
        {cause.undone_by && undoing && (
          <Fact name={words.activity.undoneBy}>
            <Link href={`/activity/${undoing.id}`}>
              {undoing.actor.name}, {timeOf(undoing.at)}
            </Link>
          </Fact>
        )}
      </dl>
      {cause.kind === 'import' && <Link href={`/imports/${cause.id}`}>{words.activity.openImport}</Link>}
      {(cause.progress?.kept ?? 0) > 0 && <Kept id={cause.id} />}
    </Dialog>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** Of a bulk edit: whom it was about, and what they were to get. */
function Asked({ cause }: { cause: Cause }) {
  const { ids, filter, customer } = detailsOf(cause);
  if (cause.kind !== 'bulk_edit') return null;
  const given = Object.entries(customer ?? {});
  const asked = Object.entries(filter ?? {});
  return (
    <>
      <Fact name={words.activity.affected}>
        {ids !== undefined
          ? words.activity.chosen(ids)
          : asked.length === 0
            ? words.activity.everybody
            : `${words.activity.matching}: ${asked.map(([name, value]) => `${name} = ${value}`).join(', ')}`}
      </Fact>
      {given.length > 0 && (
        <Fact name={words.activity.asked}>
          {given.map(([field, value]) => `${labelOf(field)}: ${value ?? words.activity.emptied}`).join(', ')}
        </Fact>
      )}
    </>
  );
}

const labelOf = (field: string) => (words.bulk.fields as Record<string, string>)[field] ?? field;

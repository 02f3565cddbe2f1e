// An import under way, and what became of it.
import { Download, Undo2 } from 'lucide-react';
import { useState } from 'react';
import type { Import } from '#contract/imports.ts';
import { causeOfImport, changedBy, progressText, useCause } from '../activity/causes.ts';
import { api, queries } from '../api.ts';
import { undo } from '../running.ts';
import { useSession } from '../session.tsx';
import { Button, ButtonLink } from '../ui/button.tsx';
import { download } from '../ui/download.ts';
import { durationOf } from '../ui/figures.ts';
import { Failure, Section } from '../ui/page.tsx';
import { Progress } from '../ui/progress.tsx';
import { words } from '../words.ts';
import { type Act, Refusal } from './acting.tsx';
import { Counts } from './found.tsx';
import styles from './imports.module.css';

export function RunPart({ one, act }: { one: Import; act: Act }) {
  const { filename, progress, rows_per_second, seconds_left } = one;
  const [busy, setBusy] = useState(false);
  async function stop() {
    setBusy(true);
    await act(() => api().imports.cancel(one.id));
    setBusy(false);
  }
  return (
    <Section title={words.imports.running(filename)}>
      <Progress label={words.imports.running(filename)} done={progress?.done} total={progress?.total}>
        <span>{words.imports.done(progress?.done ?? 0, progress?.total ?? 0)}</span>
        {rows_per_second !== null && <span>{words.imports.pace(rows_per_second)}</span>}
        {seconds_left !== null && <span>{words.imports.left(durationOf(seconds_left))}</span>}
      </Progress>
      <Done {...one} />
      <div className={styles.actions}>
        <Button busy={busy} onClick={stop}>
          {words.imports.stop}
        </Button>
        <p className={styles.note}>{words.imports.stopNote}</p>
      </div>
    </Section>
  );
}

export function ResultPart({ one }: { one: Import }) {
  const { state, progress, failure, undone_by } = one;
  const cause = causeOfImport(one);
  const changed = changedBy(cause);
  const refused = progress?.refused ?? 0;
  const mayUndo = useSession().can('customers:write');
  const [busy, setBusy] = useState(false);

  async function takeBack() {
    setBusy(true);
    const undoing = await undo(cause);
    if (undoing) {
      queries.setQueryData(['import', one.id], { ...one, undone_by: undoing.id });
      queries.setQueryData(['cause', undoing.id], undoing);
    }
    setBusy(false);
  }

  return (
    <Section title={words.imports.result}>
      <p role="status">
        {state === 'done'
          ? words.imports.endedDone(changed)
          : state === 'cancelled'
            ? words.imports.endedCancelled(changed)
            : words.imports.endedFailed(changed)}
      </p>
      {failure && <Failure error={new Error(failure)} />}
      {progress?.created !== undefined && <Done {...one} />}
      {refused > 0 && <Rejected id={one.id} count={refused} />}
      {undone_by && <Undone id={undone_by} />}
      <div className={styles.actions}>
        {changed > 0 ? (
          <ButtonLink href="/customers" look="primary">
            {words.imports.seeCustomers}
          </ButtonLink>
        ) : (
          <ButtonLink href="/imports" look="primary">
            {words.imports.another}
          </ButtonLink>
        )}
        {changed > 0 && !undone_by && mayUndo && (
          <Button icon={<Undo2 />} busy={busy} onClick={takeBack}>
            {words.imports.undo}
          </Button>
        )}
      </div>
    </Section>
  );
}

function Rejected({ id, count }: { id: string; count: number }) {
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);

  /** A download that fails says little: whether the file is there is found out before. */
  async function fetchThem() {
    setBusy(true);
    setError(undefined);
    try {
      const parts = await api().imports.rejected(id);
      await parts.return();
      download(`/api/imports/${encodeURIComponent(id)}/rejected.csv`);
    } catch (problem) {
      setError(problem);
    }
    setBusy(false);
  }

  return (
    <>
      <div className={styles.actions}>
        <Button icon={<Download />} busy={busy} onClick={fetchThem}>
          {words.imports.rejected(count)}
        </Button>
        <p className={styles.note}>{words.imports.rejectedNote}</p>
      </div>
      {error !== undefined && <Refusal error={error} />}
    </>
  );
}

function Done({ progress }: Import) {
  return (
    <Counts
      counts={[
        ['created', progress?.created ?? 0],
        ['updated', progress?.updated ?? 0],
        ['unchanged', progress?.unchanged ?? 0],
        ['refused', progress?.refused ?? 0],
      ]}
    />
  );
}

/** How far the undo is, and what it left as it was. */
function Undone({ id }: { id: string }) {
  const { data: undoing, error, refetch } = useCause(id);
  if (error && !undoing) return <Failure error={error} onRetry={() => refetch()} />;
  if (!undoing) return null;
  const { state, progress } = undoing;
  const { changed = 0, kept = 0 } = progress ?? {};
  if (state === 'running')
    return (
      <Progress label={words.imports.undoing} done={progress?.done} total={progress?.total}>
        <span>{words.imports.undoing}</span>
        <span>{progressText(undoing)}</span>
      </Progress>
    );
  return (
    <div className={styles.actions}>
      <p role="status">{state === 'done' ? words.imports.undone(changed, kept) : words.imports.undoFailed}</p>
      <ButtonLink href={`/activity/${id}`}>{kept > 0 ? words.imports.keptList : words.activity.open}</ButtonLink>
    </div>
  );
}

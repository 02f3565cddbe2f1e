// One import, from its file to what became of it. Its address is all that has to be kept: whatever is open there is what
// the server knows.
import { ArrowLeft } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { Problem } from '#client/clientele.ts';
import type { Import } from '#contract/imports.ts';
import { queries } from '../api.ts';
import { useSession } from '../session.tsx';
import { ButtonLink } from '../ui/button.tsx';
import { sizeOf, timeOf } from '../ui/figures.ts';
import { Empty, Failure, Loading, Page, Section } from '../ui/page.tsx';
import { Progress } from '../ui/progress.tsx';
import { words } from '../words.ts';
import { type Act, Discard, Refusal } from './acting.tsx';
import { FoundCounts, FoundPart } from './found.tsx';
import styles from './imports.module.css';
import { StateBadge } from './list.tsx';
import { Mapping } from './mapping.tsx';
import { ResultPart, RunPart } from './run.tsx';
import { useImport } from './use-import.ts';

export function ImportPage({ id }: { id: string }) {
  const { query, lost } = useImport(id);
  const [error, setError] = useState<unknown>();
  /** The columns were changed since the file was checked: what was found by the former ones is not to be run. */
  const [stale, setStale] = useState(false);
  const { data: one } = query;
  useKeptFocus(one?.state);
  const back = (
    <ButtonLink href="/imports" icon={<ArrowLeft />}>
      {words.imports.back}
    </ButtonLink>
  );

  const act: Act = async (action) => {
    setError(undefined);
    try {
      queries.setQueryData(['import', id], await action());
      queries.invalidateQueries({ queryKey: ['imports'] });
      return true;
    } catch (refused) {
      setError(refused);
      // Somebody else may have been at it: what is shown is how it stands now.
      if (refused instanceof Problem && refused.status === 409) await query.refetch();
      return false;
    }
  };

  if (!one)
    return (
      <Page title={words.imports.title} actions={back}>
        {query.error instanceof Problem && query.error.status === 404 ? (
          <Empty title={words.imports.unknown} />
        ) : query.error ? (
          <Failure error={query.error} onRetry={() => query.refetch()} />
        ) : (
          <Loading />
        )}
      </Page>
    );

  return (
    <Page title={one.filename} actions={back}>
      <div className={styles.about}>
        <StateBadge {...one} />
        <span>{words.imports.uploadedBy(one.actor.name, timeOf(one.at))}</span>
        <span>{sizeOf(one.bytes)}</span>
      </div>
      <Steps {...one} />
      <p role="status" className="unseen">
        {words.imports.announced[one.state]}
      </p>
      {error !== undefined && <Refusal error={error} />}
      {lost && <p className={styles.warning}>{words.imports.reconnecting}</p>}
      <Parts one={one} act={act} stale={stale} onDraft={setStale} />
    </Page>
  );
}

function Parts({
  one,
  act,
  stale,
  onDraft,
}: {
  one: Import;
  act: Act;
  stale: boolean;
  onDraft(differs: boolean): void;
}) {
  const mayImport = useSession().can('customers:write');
  if (!mayImport && !hasEnded(one)) return <Watching {...one} />;
  const mapping = <Mapping key={keyOf(one)} one={one} act={act} onDraft={onDraft} />;
  switch (one.state) {
    case 'unmapped':
      return (
        <>
          {mapping}
          <Discard one={one} act={act} />
        </>
      );
    case 'checking':
      return (
        <>
          <Checking one={one} act={act} />
          {mapping}
        </>
      );
    case 'checked':
      return (
        <>
          <FoundPart one={one} act={act} stale={stale} />
          {mapping}
        </>
      );
    case 'running':
      return <RunPart one={one} act={act} />;
    default:
      return <ResultPart one={one} />;
  }
}

/** What had the focus goes with a step that is over: then the page's title has it, rather than nothing. */
function useKeptFocus(state: Import['state'] | undefined): void {
  const before = useRef(state);
  useEffect(() => {
    if (before.current !== undefined && before.current !== state && document.activeElement === document.body)
      document.querySelector('h1')?.focus();
    before.current = state;
  }, [state]);
}

/** A draft belongs to the columns that it was made for. */
const keyOf = ({ format, columns }: Import) => `${JSON.stringify(format)} ${columns.map(({ name }) => name).join()}`;

const hasEnded = ({ state }: Import) => state === 'done' || state === 'cancelled' || state === 'failed';

/** For who may look on only. */
function Watching({ filename, progress, found }: Import) {
  return (
    <Section title={filename}>
      {found ? <FoundCounts {...found} /> : null}
      <Progress label={filename} done={progress?.done} total={progress?.total} />
      <p className={styles.note}>{words.imports.lookOnly}</p>
    </Section>
  );
}

function Checking({ one, act }: { one: Import; act: Act }) {
  return (
    <Section title={words.imports.steps.check}>
      <Progress label={words.imports.checking} done={one.progress?.done} total={one.progress?.total}>
        <span>{words.imports.checking}</span>
        <span>{words.imports.sent(sizeOf(one.progress?.done ?? 0), sizeOf(one.progress?.total ?? one.bytes))}</span>
      </Progress>
      <p className={styles.note}>{words.imports.checkingNote}</p>
      <Discard one={one} act={act} />
    </Section>
  );
}

const STEPS = ['file', 'columns', 'check', 'run'] as const;
const STEP_OF: Record<Import['state'], number> = {
  unmapped: 1,
  checking: 2,
  checked: 3,
  running: 3,
  done: 4,
  cancelled: 4,
  failed: 4,
};

function Steps({ state }: Import) {
  const now = STEP_OF[state];
  return (
    <ol aria-label={words.imports.steps.label} className={styles.steps}>
      {STEPS.map((step, index) => (
        <li key={step} data-done={index < now} aria-current={index === now ? 'step' : undefined}>
          {words.imports.steps[step]}
        </li>
      ))}
    </ol>
  );
}

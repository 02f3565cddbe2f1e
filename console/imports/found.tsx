// What the dry run found, and the decision.
import { useState } from 'react';
import type { Found, FoundReason, Import } from '#contract/imports.ts';
import { causeOfImport } from '../activity/causes.ts';
import { api } from '../api.ts';
import { follow } from '../running.ts';
import { Button } from '../ui/button.tsx';
import { figure } from '../ui/figures.ts';
import { Section } from '../ui/page.tsx';
import rows from '../ui/rows.module.css';
import { Table } from '../ui/table.tsx';
import { words } from '../words.ts';
import { type Act, Discard } from './acting.tsx';
import styles from './imports.module.css';

const REASONS = 8;

/** `stale`: the columns were changed since. */
export function FoundPart({ one, act, stale }: { one: Import; act: Act; stale: boolean }) {
  const [busy, setBusy] = useState(false);
  const { create, update, unchanged, reasons, rows: all } = one.found!;
  const toDo = create + update;

  async function run() {
    setBusy(true);
    await act(async () => {
      const running = await api().imports.run(one.id);
      follow(causeOfImport(running));
      return running;
    });
    setBusy(false);
  }

  return (
    <Section title={words.imports.found}>
      <FoundCounts {...one.found!} />
      {reasons.length > 0 && <Reasons reasons={reasons} />}
      {toDo === 0 && <p className={styles.note}>{words.imports.nothing}</p>}
      <div className={styles.actions}>
        {/* A file of refused rows alone is run as well: afterwards they can be downloaded, each with its reason. */}
        {all > unchanged && (
          <Button look={toDo > 0 ? 'primary' : 'plain'} busy={busy} disabled={stale} onClick={run}>
            {toDo > 0 ? words.imports.run(toDo) : words.imports.runForRefused}
          </Button>
        )}
        <Discard one={one} act={act} />
        {stale && <p className={styles.note}>{words.imports.changed}</p>}
      </div>
    </Section>
  );
}

export function FoundCounts({ create, update, unchanged, refuse }: Found) {
  return (
    <Counts
      counts={[
        ['create', create],
        ['update', update],
        ['unchanged', unchanged],
        ['refuse', refuse],
      ]}
    />
  );
}

export function Counts({ counts }: { counts: [name: keyof typeof words.imports.counts, count: number][] }) {
  return (
    <dl className={styles.counts}>
      {counts.map(([name, count]) => (
        <div key={name} className={name.startsWith('refuse') && count > 0 ? styles.refused : undefined}>
          <dt>{words.imports.counts[name]}</dt>
          <dd>{figure(count)}</dd>
        </div>
      ))}
    </dl>
  );
}

function Reasons({ reasons }: { reasons: FoundReason[] }) {
  const [shown, setShown] = useState(REASONS);
  const left = reasons.length - shown;
  return (
    <>
      <h3>{words.imports.reasons}</h3>
      <Table
        heads={[words.imports.reason, words.imports.rowsHead, words.imports.lines]}
        figures={[words.imports.rowsHead]}
      >
        {reasons.slice(0, shown).map(({ codes, reason, rows: count, lines }) => (
          <tr key={`${codes} ${reason}`}>
            <td data-label={words.imports.reason}>{reason}</td>
            <td data-label={words.imports.rowsHead} className={rows.number}>
              {figure(count)}
            </td>
            <td data-label={words.imports.lines} className={rows.together}>
              {linesOf(lines, count)}
            </td>
          </tr>
        ))}
      </Table>
      {left > 0 && (
        <div>
          <Button onClick={() => setShown(reasons.length)}>{words.imports.moreReasons(left)}</Button>
        </div>
      )}
      <p className={styles.note}>{words.imports.refusedNote}</p>
    </>
  );
}

function linesOf(lines: number[], count: number): string {
  const told = lines.map(figure).join(', ');
  return count > lines.length ? words.imports.moreLines(told) : told;
}

// How a file is read: its encoding and delimiter, which column fills which field, and what tells who is known already.
import { useEffect, useState } from 'react';
import type { ColumnRule, Import, ImportColumn, ImportField, ImportSettings } from '#contract/imports.ts';
import { api } from '../api.ts';
import { Button } from '../ui/button.tsx';
import { SelectField } from '../ui/field.tsx';
import { Section } from '../ui/page.tsx';
import { words } from '../words.ts';
import type { Act } from './acting.tsx';
import { Columns } from './columns.tsx';
import { type Draft, differs, firstDraft, keepDraft, settleDraft } from './draft.ts';
import styles from './imports.module.css';

/** `onDraft`: whether something else is chosen than what the file was checked by. */
export function Mapping({ one, act, onDraft }: { one: Import; act: Act; onDraft(differs: boolean): void }) {
  const [{ draft, remembered }, setDraft] = useState(() => firstDraft(one));
  const [busy, setBusy] = useState(false);
  const changed = differs(draft, one);
  const faults = faultsOf(draft);
  useEffect(() => {
    onDraft(changed);
    return () => onDraft(false);
  }, [changed, onDraft]);

  function change(next: Partial<Draft>) {
    const made = { ...draft, ...next };
    setDraft({ draft: made, remembered: false });
    keepDraft(one.id, made);
  }
  const changeColumn = (index: number, next: Partial<ImportColumn>) =>
    change({ columns: draft.columns.map((column, at) => (at === index ? { ...column, ...next } : column)) });

  async function tell(settings: ImportSettings): Promise<boolean> {
    setBusy(true);
    const taken = await act(() => api().imports.update(one.id, settings));
    setBusy(false);
    return taken;
  }

  return (
    <Section title={words.imports.reading}>
      {one.state === 'unmapped' && <p className={styles.warning}>{words.imports.unmappedNote}</p>}
      {remembered && <p role="status">{words.imports.remembered}</p>}
      <div className={styles.format}>
        <SelectField
          label={words.imports.encoding}
          value={one.format.encoding}
          disabled={busy}
          onChange={({ target }) =>
            tell({ encoding: target.value as Import['format']['encoding'], keep_unmapped: true })
          }
        >
          {Object.entries(words.imports.encodings).map(([encoding, name]) => (
            <option key={encoding} value={encoding}>
              {name}
            </option>
          ))}
        </SelectField>
        <SelectField
          label={words.imports.delimiter}
          value={one.format.delimiter}
          disabled={busy}
          onChange={({ target }) =>
            tell({ delimiter: target.value as Import['format']['delimiter'], keep_unmapped: true })
          }
        >
          {Object.entries(words.imports.delimiters).map(([delimiter, name]) => (
            <option key={delimiter} value={delimiter}>
              {name}
            </option>
          ))}
        </SelectField>
        <SelectField
          label={words.imports.match}
          value={draft.match}
          onChange={({ target }) => change({ match: target.value as Import['match'] })}
        >
          {Object.entries(words.imports.matches).map(([match, name]) => (
            <option key={match} value={match}>
              {name}
            </option>
          ))}
        </SelectField>
      </div>
      <Columns
        columns={draft.columns}
        sample={one.sample}
        onField={(index, field) =>
          changeColumn(index, { field, ...(field === 'created_at' ? { rule: 'leave' as ColumnRule } : {}) })
        }
        onRule={(index, rule) => changeColumn(index, { rule })}
      />
      {faults.map((fault) => (
        <p key={fault} className={styles.fault}>
          {fault}
        </p>
      ))}
      {faults.length === 0 && lacksNames(draft) && <p className={styles.note}>{words.imports.namesMissing}</p>}
      {(changed || one.state === 'unmapped') && (
        <div className={styles.actions}>
          <Button
            look="primary"
            busy={busy}
            disabled={faults.length > 0}
            onClick={async () => {
              if (await tell({ columns: draft.columns, match: draft.match })) settleDraft(one.id, draft);
            }}
          >
            {words.imports.check}
          </Button>
        </div>
      )}
    </Section>
  );
}

/** What the server would refuse, said before it is asked. */
function faultsOf({ columns, match }: Draft): string[] {
  const fields = columns.flatMap(({ field }) => field ?? []);
  const twice = new Set(fields.filter((field, index) => fields.indexOf(field) !== index));
  const faults = [...twice].map((field) => words.imports.twice(words.imports.fields[field]));
  if (!fields.includes(match)) faults.push(words.imports.needed(words.imports.fields[match]));
  return faults;
}

const lacksNames = ({ columns }: Draft) =>
  (['first_name', 'last_name', 'email'] satisfies ImportField[]).some(
    (field) => !columns.some((column) => column.field === field),
  );

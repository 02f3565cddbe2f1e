// The columns of a file, each with its first values and the field that it fills.
import { useState } from 'react';
import type { ColumnRule, ImportColumn, ImportField } from '#contract/imports.ts';
import { Button } from '../ui/button.tsx';
import { Table } from '../ui/table.tsx';
import { words } from '../words.ts';
import styles from './imports.module.css';

/** A file may have thousands; those that fill a field come first when they are many. */
const SHOWN = 60;
const SAMPLES = 3;

export function Columns({
  columns,
  sample,
  onField,
  onRule,
}: {
  columns: ImportColumn[];
  sample: string[][];
  onField(index: number, field: ImportField | null): void;
  onRule(index: number, rule: ColumnRule): void;
}) {
  const [shown, setShown] = useState(SHOWN);
  const fields = columns.map(({ field }) => field);
  const left = columns.length - shown;
  return (
    <>
      <Table heads={[words.imports.column, words.imports.samples, words.imports.field, words.imports.rule]}>
        {columns.slice(0, shown).map((column, index) => (
          <Row
            // biome-ignore lint/suspicious/noArrayIndexKey: two columns may have one name, and none moves
            key={index}
            {...column}
            samples={sample.slice(0, SAMPLES).map((cells) => cells[index] ?? '')}
            twice={column.field !== null && fields.indexOf(column.field) !== fields.lastIndexOf(column.field)}
            onField={(field) => onField(index, field)}
            onRule={(rule) => onRule(index, rule)}
          />
        ))}
      </Table>
      {left > 0 && (
        <div>
          <Button onClick={() => setShown(shown + SHOWN * 5)}>{words.imports.moreColumns(left)}</Button>
        </div>
      )}
    </>
  );
}

function Row({
  name,
  field,
  rule,
  samples,
  twice,
  onField,
  onRule,
}: ImportColumn & {
  samples: string[];
  twice: boolean;
  onField(field: ImportField | null): void;
  onRule(rule: ColumnRule): void;
}) {
  const called = name || words.imports.blank;
  return (
    <tr>
      <th scope="row">{called}</th>
      <td data-label={words.imports.samples}>
        <div className={styles.sample}>
          {samples.map((text, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the rows of a sample are what they are
            <span key={index} title={text}>
              {text || words.imports.noSample}
            </span>
          ))}
        </div>
      </td>
      <td data-label={words.imports.field}>
        <select
          className={styles.select}
          aria-label={words.imports.fieldOf(called)}
          aria-invalid={twice || undefined}
          value={field ?? ''}
          onChange={({ target }) => onField((target.value || null) as ImportField | null)}
        >
          <option value="">{words.imports.noField}</option>
          {Object.entries(words.imports.fields).map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </td>
      <td data-label={words.imports.rule}>
        <select
          className={styles.select}
          aria-label={words.imports.ruleOf(called)}
          disabled={field === null}
          value={rule}
          onChange={({ target }) => onRule(target.value as ColumnRule)}
        >
          {Object.entries(words.imports.rules).map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </td>
    </tr>
  );
}

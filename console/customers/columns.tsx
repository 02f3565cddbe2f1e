// Which columns the list has, and in which order. What somebody chooses stands in the address, and is theirs for other lists.
import { ArrowDown, ArrowUp, Columns3 } from 'lucide-react';
import { useState } from 'react';
import { Button, IconButton } from '../ui/button.tsx';
import { CheckField } from '../ui/field.tsx';
import { readKept, writeKept } from '../ui/kept.ts';
import { Popover } from '../ui/popover.tsx';
import { words } from '../words.ts';
import { COLUMNS, type Column, USUAL_COLUMNS } from './list-url.ts';
import styles from './toolbar.module.css';

const KEPT = 'clientele.columns';

export function usualColumns(): readonly Column[] {
  const kept = readKept<unknown>(KEPT);
  const known = Array.isArray(kept) ? COLUMNS.filter((name) => kept.includes(name)) : [];
  return known.length > 0
    ? known.sort((one, other) => (kept as string[]).indexOf(one) - (kept as string[]).indexOf(other))
    : USUAL_COLUMNS;
}

export function ColumnChoice({
  columns,
  onChange,
}: {
  columns: readonly Column[];
  onChange(columns: readonly Column[]): void;
}) {
  return (
    <Popover
      label={words.customers.columns.button}
      icon={<Columns3 aria-hidden="true" />}
      title={words.customers.columns.title}
    >
      {() => <Choice columns={columns} onChange={onChange} />}
    </Popover>
  );
}

function Choice({ columns, onChange }: { columns: readonly Column[]; onChange(columns: readonly Column[]): void }) {
  const [said, say] = useState('');
  const { fields } = words.customers;
  const all = [...columns, ...COLUMNS.filter((name) => !columns.includes(name))];

  function set(next: readonly Column[]) {
    writeKept(KEPT, next);
    onChange(next);
  }

  function move(column: Column, by: 1 | -1) {
    const at = columns.indexOf(column);
    const next = columns.filter((name) => name !== column);
    next.splice(at + by, 0, column);
    set(next);
    say(words.customers.columns.moved(fields[column], at + by + 1, columns.length));
  }

  return (
    <div className={styles.form}>
      <ul className={styles.columns}>
        {all.map((column) => {
          const at = columns.indexOf(column);
          return (
            <li key={column}>
              <CheckField
                label={fields[column]}
                checked={at >= 0}
                disabled={at >= 0 && columns.length === 1}
                onChange={({ target }) =>
                  set(target.checked ? [...columns, column] : columns.filter((name) => name !== column))
                }
              />
              {at >= 0 && (
                <>
                  <IconButton
                    label={words.customers.columns.up(fields[column])}
                    icon={<ArrowUp aria-hidden="true" />}
                    disabled={at === 0}
                    onClick={() => move(column, -1)}
                  />
                  <IconButton
                    label={words.customers.columns.down(fields[column])}
                    icon={<ArrowDown aria-hidden="true" />}
                    disabled={at === columns.length - 1}
                    onClick={() => move(column, 1)}
                  />
                </>
              )}
            </li>
          );
        })}
      </ul>
      <p role="status" className="unseen">
        {said}
      </p>
      <div className={styles.buttons}>
        <Button onClick={() => set(USUAL_COLUMNS)}>{words.customers.columns.usual}</Button>
      </div>
    </div>
  );
}

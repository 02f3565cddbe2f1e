// The names of the columns; those that the list can be ordered by are buttons.
import { ArrowDown, ArrowUp } from 'lucide-react';
import { useEffect, useRef } from 'react';
import type { OrderingField } from '#contract/customers.ts';
import { words } from '../words.ts';
import styles from './list.module.css';
import { type Column, fieldOf, isDescending, ORDERED, type Ordering, reversed } from './list-url.ts';
import { as } from './roles.ts';
import type { Chosen } from './use-selection.ts';

export function GridHead({
  columns,
  ordering,
  chosen,
  total,
  isCard,
  onOrder,
}: {
  columns: readonly Column[];
  ordering: Ordering;
  chosen: Chosen;
  total: number;
  isCard: boolean;
  onOrder(ordering: Ordering): void;
}) {
  return (
    <div {...as('rowgroup')} className={[styles.head, isCard && styles.unseenHead].filter(Boolean).join(' ')}>
      <div {...as('row', { 'aria-rowindex': 1 })} className={styles.headRow}>
        <div {...as('columnheader', { 'aria-colindex': 1 })} className={styles.check}>
          <SelectAll chosen={chosen} isEmpty={total === 0} />
        </div>
        {(isCard ? columns.slice(0, 1) : columns).map((column, place) => (
          <Head key={column} {...{ column, place, ordering, onOrder }} />
        ))}
      </div>
    </div>
  );
}

function Head({
  column,
  place,
  ordering,
  onOrder,
}: {
  column: Column;
  place: number;
  ordering: Ordering;
  onOrder(ordering: Ordering): void;
}) {
  const label = words.customers.fields[column];
  const isOrdered = fieldOf(ordering) === column;
  const Arrow = isDescending(ordering) ? ArrowDown : ArrowUp;
  return (
    <div
      {...as('columnheader', {
        'aria-colindex': place + 2,
        'aria-sort': isOrdered ? (isDescending(ordering) ? 'descending' : 'ascending') : undefined,
      })}
      className={styles.cell}
    >
      {canOrder(column) ? (
        <button
          type="button"
          className={styles.order}
          onClick={() => onOrder(isOrdered ? reversed(ordering) : firstOf(column))}
        >
          {label}
          {isOrdered && <Arrow aria-hidden="true" />}
        </button>
      ) : (
        label
      )}
    </div>
  );
}

/** Of times the newest come first. */
export const firstOf = (field: OrderingField): Ordering => (field.endsWith('_at') ? `-${field}` : field);

const canOrder = (column: Column): column is Column & OrderingField => (ORDERED as readonly string[]).includes(column);

function SelectAll({ chosen, isEmpty }: { chosen: Chosen; isEmpty: boolean }) {
  const box = useRef<HTMLInputElement>(null);
  const isSome = !chosen.isAll && (chosen.size ?? 0) > 0;
  useEffect(() => {
    box.current!.indeterminate = isSome;
  }, [isSome]);
  return (
    <input
      ref={box}
      type="checkbox"
      aria-label={words.customers.selectAll}
      checked={chosen.isAll}
      disabled={isEmpty}
      onChange={() => (chosen.isAll ? chosen.clear() : chosen.all())}
    />
  );
}

// A row of the list, as cells side by side or, on a phone, as a card. It is painted anew only where it differs: what is
// pressed in it, the grid hears.
import { Pencil } from 'lucide-react';
import { type CSSProperties, memo, type ReactNode } from 'react';
import type { Customer } from '#contract/customers.ts';
import type { SearchWord } from '#contract/search.ts';
import { words } from '../words.ts';
import { isEditable, marked, State, TYPED, valueIn } from './cells.tsx';
import styles from './list.module.css';
import type { Column } from './list-url.ts';
import { as } from './roles.ts';

export type RowLook = {
  index: number;
  /** Where it stands in its layer, in pixels. */
  y: number;
  columns: readonly Column[];
  searched: readonly SearchWord[];
  canEdit: boolean;
  isCard: boolean;
};

type RowState = {
  customer: Customer;
  isSelected: boolean;
  /** The column of its cell that the keyboard is at; -1 for the row as a whole, undefined for another row. */
  active: number | undefined;
  isOpen: boolean;
  isChanged: boolean;
  isGone: boolean;
  /** It is there for ears alone, as the keyboard is at it while it is out of sight. */
  isOut: boolean;
  /** What stands in the place of a cell's value while it is edited. */
  editor?: { column: Column; element: ReactNode };
};

export const rowId = (index: number) => `customer-row-${index}`;
export const cellId = (index: number, column: number) => `customer-cell-${index}-${column}`;

export const hrefOf = (id: string) => `/customers/${id}`;

export const ListRow = memo((props: RowLook & RowState) => {
  const { index, y, customer, isSelected, active, isOpen, isChanged, isGone, isOut, isCard } = props;
  const looks = [
    styles.row,
    isCard && styles.card,
    isSelected && styles.chosen,
    active !== undefined && styles.active,
    isOpen && styles.open,
    isChanged && styles.changed,
    isGone && styles.gone,
    isOut && styles.out,
  ];
  return (
    <div
      {...as('row', { 'aria-rowindex': index + 2, 'aria-selected': isSelected })}
      id={rowId(index)}
      data-index={index}
      className={looks.filter(Boolean).join(' ')}
      style={at(y)}
    >
      <div {...as('gridcell', { 'aria-colindex': 1 })} className={styles.check} data-select="">
        <input
          type="checkbox"
          tabIndex={-1}
          checked={isSelected}
          readOnly
          aria-label={words.customers.select(customer.full_name)}
        />
      </div>
      {isCard ? <Card {...props} /> : <Cells {...props} />}
    </div>
  );
});

function Cells({ index, columns, searched, canEdit, customer, active, isGone, editor }: RowLook & RowState) {
  return columns.map((column, place) => {
    const isEdited = editor?.column === column;
    const classes = [styles.cell, place === active && styles.at, isEdited && styles.editing];
    const value = valueIn(customer, column, searched);
    return (
      <div
        key={column}
        {...as('gridcell', { 'aria-colindex': place + 2, 'aria-readonly': !(canEdit && isEditable(column)) })}
        id={cellId(index, place)}
        data-column={column}
        className={classes.filter(Boolean).join(' ')}
      >
        {isEdited ? (
          editor.element
        ) : place === 0 ? (
          <a href={hrefOf(customer.id)} tabIndex={-1} className={styles.name}>
            {value || words.customers.editing.nothing}
          </a>
        ) : (
          <span className={styles.value}>{value}</span>
        )}
        {place === 0 && isGone && <span className={styles.note}>{words.customers.deleted}</span>}
        {canEdit && !isEdited && !isGone && TYPED.includes(column) && (
          <button
            type="button"
            tabIndex={-1}
            data-edit=""
            className={styles.pencil}
            aria-label={words.customers.edit(words.customers.fields[column])}
          >
            <Pencil aria-hidden="true" />
          </button>
        )}
      </div>
    );
  });
}

function Card({ index, customer, searched, isGone }: RowLook & RowState) {
  return (
    <div {...as('gridcell', { 'aria-colindex': 2 })} id={cellId(index, 0)} className={styles.cardCell}>
      <a href={hrefOf(customer.id)} tabIndex={-1} className={styles.name}>
        {marked(customer.full_name, 'name', searched)}
      </a>
      <span className={styles.value}>{marked(customer.email, 'email', searched)}</span>
      <span className={styles.value}>{marked(customer.phone, 'phone', searched)}</span>
      <span className={styles.state}>
        {isGone ? (
          <span className={styles.note}>{words.customers.deleted}</span>
        ) : (
          <State isActive={customer.is_active} />
        )}
      </span>
    </div>
  );
}

/** Holds the place of a row that is on its way. */
export const EmptyRow = memo(
  ({
    index,
    y,
    columns,
    isCard,
    isActive,
  }: Pick<RowLook, 'index' | 'y' | 'columns' | 'isCard'> & { isActive: boolean }) => (
    <div
      {...as('row', { 'aria-rowindex': index + 2, 'aria-busy': 'true' })}
      id={rowId(index)}
      className={[styles.row, styles.waiting, isCard && styles.card, isActive && styles.active]
        .filter(Boolean)
        .join(' ')}
      style={at(y)}
    >
      <div {...as('gridcell', { 'aria-label': words.everywhere.loading })} className={styles.check} />
      {(isCard ? columns.slice(0, 1) : columns).map((column, place) => (
        <div key={column} {...as('gridcell', { 'aria-colindex': place + 2 })} className={styles.cell}>
          <span className={styles.bone} />
        </div>
      ))}
    </div>
  ),
);

const at = (y: number): CSSProperties => ({ transform: `translateY(${y}px)` });

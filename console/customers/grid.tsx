// The list itself: a grid of which only the rows that are seen, and some around them, are there. The grid has the focus, and
// tells which row or cell the keyboard is at, so that rows may come and go beneath it.
import {
  type CSSProperties,
  type KeyboardEvent,
  type MouseEvent,
  type ReactNode,
  type Ref,
  useImperativeHandle,
  useMemo,
  useRef,
  useState,
} from 'react';
import type { Customer } from '#contract/customers.ts';
import { parseSearch, type SearchWord } from '#contract/search.ts';
import { words } from '../words.ts';
import { isEditable, WIDTHS } from './cells.tsx';
import { GridHead } from './grid-head.tsx';
import styles from './list.module.css';
import type { Place, Source } from './list-source.ts';
import { type Column, keyOf, type Ordering } from './list-url.ts';
import { as } from './roles.ts';
import { cellId, EmptyRow, ListRow, rowId } from './row.tsx';
import { useScroll } from './use-scroll.ts';
import type { Chosen } from './use-selection.ts';
import { useVersion } from './use-source.ts';

const HEIGHT = 38;
const HEAD = 38;
const CARD_HEIGHT = 84;

/** What the page has the grid do. */
export type GridHandle = {
  focus(): void;
  placeNow(): Place;
  /** Moves the keyboard's place by so many rows. */
  step(by: number): void;
  /** The row, and cell, that the keyboard is at. */
  active(): { index: number; column: number; row: Customer | undefined };
  goTo(index: number, column?: number): void;
};

export type Editing = { id: string; column: Column; element: ReactNode };

export type GridProps = {
  source: Source;
  columns: readonly Column[];
  isCard: boolean;
  canEdit: boolean;
  chosen: Chosen;
  changed: ReadonlySet<string>;
  openId: string | undefined;
  editing: Editing | undefined;
  handle: Ref<GridHandle>;
  onOrder(ordering: Ordering): void;
  onOpen(row: Customer): void;
  onEdit(row: Customer, column: Column): void;
  onRest(place: Place): void;
};

const NO_WORDS: readonly SearchWord[] = [];

/** What the keyboard is at: a row by its rank when the list was `shifted` by so much, and a column, or none. */
type Cursor = { source: Source; shifted: number; index: number; column: number };

export function Grid(props: GridProps) {
  const { source, columns, isCard, canEdit, chosen, changed, openId, editing, onOrder, onOpen, onEdit } = props;
  const version = useVersion(source);
  const scroller = useRef<HTMLDivElement>(null);
  const height = isCard ? CARD_HEIGHT : HEIGHT;
  const scroll = useScroll(scroller, source, version, { height, head: isCard ? 0 : HEAD, onRest: props.onRest });
  const searched = useMemo(() => parseSearch(source.state.search).words ?? NO_WORDS, [source]);
  const [kept, setCursor] = useState<Cursor>();
  const cursor = kept?.source === source ? kept : cursorIn(source, kept);
  if (cursor !== kept) setCursor(cursor);
  // The row stays the same one when its rank turns out to be another.
  const index = clamp(cursor.index + source.shifted - cursor.shifted, source.total);
  const column = isCard ? -1 : Math.min(cursor.column, columns.length - 1);

  function goTo(to: number, at = column) {
    const next = clamp(to, source.total);
    setCursor({ source, shifted: source.shifted, index: next, column: at });
    scroll.show(next);
  }

  useImperativeHandle(props.handle, () => ({
    focus: () => scroller.current?.focus({ preventScroll: true }),
    placeNow: scroll.placeNow,
    step(by) {
      scroller.current?.focus({ preventScroll: true });
      goTo(index + by);
    },
    active: () => ({ index, column, row: source.rowAt(index) }),
    goTo,
  }));

  function onKeyDown(event: KeyboardEvent) {
    if (event.target !== scroller.current || event.altKey) return;
    const { key, shiftKey } = event;
    const mod = event.ctrlKey || event.metaKey;
    const row = source.rowAt(index);
    const to = MOVES[key]?.(index, scroll.rowsPerScreen, source.total);
    const editable = canEdit && row && column >= 0 && isEditable(columns[column]!) ? columns[column] : undefined;
    if (to !== undefined && (!mod || key === 'Home' || key === 'End')) {
      goTo(to);
      if (shiftKey && (key === 'ArrowDown' || key === 'ArrowUp')) chosen.extend(clamp(to, source.total), index);
    } else if (mod && key === 'a') chosen.all();
    else if (mod) return;
    else if (key === 'ArrowRight' && !isCard) goTo(index, Math.min(column + 1, columns.length - 1));
    else if (key === 'ArrowLeft' && !isCard) goTo(index, Math.max(column - 1, -1));
    else if (key === ' ') shiftKey ? chosen.extend(index) : chosen.toggle(index);
    else if (key === 'Enter' && row) editable ? onEdit(row, editable) : onOpen(row);
    else if (key === 'F2' && row && canEdit && !isCard) onEdit(row, editable ?? columns.find(isEditable)!);
    else if (key === 'Escape' && chosen.selection) chosen.clear();
    else return;
    event.preventDefault();
  }

  function onClick(event: MouseEvent) {
    const target = event.target as Element;
    const row = target.closest<HTMLElement>('[data-index]');
    if (!row || target.closest('[data-editor]')) return;
    const at = Number(row.dataset.index);
    const customer = source.rowAt(at);
    if (!customer) return;
    const name = target.closest<HTMLElement>('[data-column]')?.dataset.column as Column | undefined;
    const isOnLink = target.closest('a') !== null;
    if (isOnLink && (event.ctrlKey || event.metaKey)) return; // in a tab of its own, as the browser does it
    if (target.closest('[data-select]')) {
      setCursor({ source, shifted: source.shifted, index: at, column: -1 });
      return event.shiftKey ? chosen.extend(at) : chosen.toggle(at);
    }
    event.preventDefault();
    if (target.closest('[data-edit]') && name) {
      setCursor({ source, shifted: source.shifted, index: at, column: columns.indexOf(name) });
      return onEdit(customer, name);
    }
    // Who marks text to copy it does not mean to open anything.
    if (getSelection()?.isCollapsed === false && !event.shiftKey) return;
    setCursor({ source, shifted: source.shifted, index: at, column: -1 });
    if (event.shiftKey) return chosen.extend(at);
    onOpen(customer);
  }

  const { painted, layer } = scroll;
  const indexes = Array.from({ length: Math.max(0, painted.last - painted.first) }, (_, at) => painted.first + at);
  const slots = indexes.length;
  // What the keyboard is at is always there, beyond the edge where it is out of sight.
  const isOut = source.total > 0 && (index < painted.first || index >= painted.last);
  const edge = index < painted.first ? painted.first - 1 : painted.last;

  function rowOf(at: number, y: number, slot: number | string) {
    const customer = source.rowAt(at);
    const isActive = at === index;
    if (!customer) return <EmptyRow key={slot} {...{ index: at, y, columns, isCard, isActive }} />;
    const { id } = customer;
    const isEdited = editing?.id === id;
    return (
      <ListRow
        // The same element shows another row once its own has left; the one that is edited keeps its own, and what is typed in it.
        key={isEdited ? 'edited' : slot}
        {...{ index: at, y, columns, searched, canEdit, isCard, customer }}
        isSelected={chosen.has(id)}
        active={isActive ? column : undefined}
        isOpen={id === openId}
        isChanged={changed.has(id)}
        isGone={source.isGone(id)}
        isOut={slot === OUT}
        editor={isEdited ? editing : undefined}
      />
    );
  }

  const rows = indexes.map((at) => rowOf(at, (at - layer.block) * height, at % slots));
  if (isOut) rows.push(rowOf(index, (edge - layer.block) * height, OUT));

  const least = columns.reduce((sum, name) => sum + WIDTHS[name][0], CHECK);
  const look = {
    '--columns': columns.map((name) => `minmax(${WIDTHS[name][0]}px, ${WIDTHS[name][1]}fr)`).join(' '),
    '--least': isCard ? '0px' : `${least}px`,
    '--row': `${height}px`,
  } as CSSProperties;
  const count = source.count;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a table cannot show a part of its rows
    <div
      ref={scroller}
      role="grid"
      aria-label={words.customers.list}
      aria-multiselectable="true"
      aria-readonly={!canEdit}
      aria-rowcount={count && !count.isExact ? -1 : source.total + 1}
      aria-colcount={(isCard ? 1 : columns.length) + 1}
      aria-activedescendant={source.total === 0 ? undefined : column < 0 ? rowId(index) : cellId(index, column)}
      tabIndex={0}
      className={styles.grid}
      style={look}
      onKeyDown={onKeyDown}
      onClick={onClick}
    >
      <GridHead {...{ columns, chosen, isCard, onOrder }} ordering={source.state.ordering} total={source.total} />
      <div {...as('rowgroup')} className={styles.spacer} style={{ height: scroll.spacer }}>
        <div {...as('presentation')} className={styles.layer} style={{ transform: `translateY(${layer.y}px)` }}>
          {rows}
        </div>
      </div>
    </div>
  );
}

/** Where a list begins to be worked in: at the same row and column as before, where it is the same one read anew. */
function cursorIn(source: Source, before: Cursor | undefined): Cursor {
  const { shifted, place } = source;
  const isAgain = before !== undefined && keyOf(before.source.state) === keyOf(source.state);
  const row = isAgain && before.source.rowAt(before.index + before.source.shifted - before.shifted);
  const found = row ? source.indexOf(row.id) : -1;
  const index = found < 0 ? (place?.index ?? 0) + shifted : found;
  return { source, shifted, index, column: isAgain ? before.column : -1 };
}

/** The slot of a row that is out of sight. */
const OUT = 'out';
/** Width of the column with the boxes. */
const CHECK = 44;

const clamp = (index: number, total: number) => Math.min(Math.max(index, 0), Math.max(0, total - 1));

const MOVES: Record<string, (index: number, screen: number, total: number) => number> = {
  ArrowDown: (index) => index + 1,
  ArrowUp: (index) => index - 1,
  PageDown: (index, screen) => index + screen,
  PageUp: (index, screen) => index - screen,
  Home: () => 0,
  End: (_index, _screen, total) => total - 1,
};

// The customers: the list, and beside it the one that is open. The address says which list, so that it can be kept, sent and
// gone back to.
import { Plus, RefreshCw, Search, Trash2 } from 'lucide-react';
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useLocation, useParams, useSearch } from 'wouter';
import type { Customer } from '#contract/customers.ts';
import { useSession } from '../session.tsx';
import { Button, IconLink } from '../ui/button.tsx';
import { useCommand } from '../ui/commands.ts';
import { Failure, useArrival } from '../ui/page.tsx';
import { useShortcut } from '../ui/shortcuts.ts';
import { words } from '../words.ts';
import { BulkBar } from './bulk-bar.tsx';
import { CellEditor } from './cell-editor.tsx';
import { isEditable, TYPED } from './cells.tsx';
import { usualColumns } from './columns.tsx';
import { NoCustomers, NoMatch } from './empty.tsx';
import { ExportButton } from './export.tsx';
import { Grid, type GridHandle } from './grid.tsx';
import styles from './list-page.module.css';
import { Count, ListBones, RecordSide } from './list-parts.tsx';
import { type Column, filterOf, isFiltered, type ListState, readState, unfiltered, writeState } from './list-url.ts';
import { Toolbar } from './toolbar.tsx';
import { useEditing } from './use-editing.ts';
import { useLiveList } from './use-live-list.ts';
import { useIsPhone } from './use-phone.ts';
import { keepPlace, keptPlace, placeState } from './use-place.ts';
import { useSelection } from './use-selection.ts';
import { useSource } from './use-source.ts';
import { Views } from './views.tsx';

/** Not needed to see the list. */
const NewCustomer = lazy(async () => ({ default: (await import('./new.tsx')).NewCustomer }));

export function CustomersPage() {
  const { id } = useParams();
  const text = useSearch();
  const [, navigate] = useLocation();
  const query = useMemo(() => new URLSearchParams(text), [text]);
  const state = useMemo(() => readState(query), [query]);
  const [usual, setUsual] = useState(usualColumns);
  const columns = state.columns ?? usual;
  const openId = id ?? query.get('open') ?? undefined;
  const isPhone = useIsPhone();
  const canEdit = useSession().can('customers:write');

  const { source, error, refresh } = useSource(
    state,
    useCallback(() => keptPlace(state), [state]),
  );
  const heading = useRef<HTMLHeadingElement>(null);
  const grid = useRef<GridHandle>(null);
  const search = useRef<HTMLInputElement>(null);
  useArrival(heading);
  const chosen = useSelection(source);
  const editing = useEditing(source);
  const renew = () => refresh(grid.current?.placeNow());
  /** What was clicked for it goes, and with it the focus: the list has it then. */
  const renewOrder = () => {
    renew();
    grid.current?.focus();
  };
  const live = useLiveList(source, renew);
  useTitle(words.customers.title, openId);

  /** Goes to another address of the page. What changes the list begins at its beginning; all else leaves its place as it is. */
  function go(next: URLSearchParams, { replace = false, samePlace = false } = {}) {
    const place = samePlace && source ? grid.current?.placeNow() : undefined;
    const search = next.toString();
    navigate(search === '' ? '/customers' : `/customers?${search}`, {
      replace,
      state: place ? placeState(state, place) : undefined,
    });
  }

  const change = (next: ListState, options = {}) => go(writeState(next, query), options);

  function open(next: string | undefined) {
    const to = new URLSearchParams(query);
    if (next === undefined) to.delete('open');
    else to.set('open', next);
    go(to, { samePlace: true, replace: openId !== undefined && next !== undefined });
    if (next === undefined) grid.current?.focus();
  }

  function setNew(isNew: boolean) {
    const to = new URLSearchParams(query);
    if (isNew) to.set('new', '');
    else to.delete('new');
    go(to, { samePlace: true, replace: !isNew });
  }

  function setColumns(next: readonly Column[]) {
    setUsual(next);
    change({ ...state, columns: next }, { replace: true, samePlace: true });
  }

  /** Edits the next cell that can be typed in, in this row or the one after it. */
  function editBeside(by: 1 | -1) {
    const typed = columns.filter((name) => TYPED.includes(name));
    const { index } = grid.current!.active();
    const at = typed.indexOf(editing.draft!.column) + by;
    const to = at < 0 ? index - 1 : at >= typed.length ? index + 1 : index;
    const row = source?.rowAt(to);
    const column = typed.at(at % typed.length)!;
    if (!row) return grid.current!.focus();
    grid.current!.goTo(to, columns.indexOf(column));
    editing.begin(row, column);
  }

  /** The bar goes, and with it what had the focus: once it is gone, the list has it. */
  function finishBulk() {
    chosen.clear();
    requestAnimationFrame(() => grid.current?.focus());
  }

  const withRow = (run: (row: Customer, index: number, column: number) => void) => () => {
    const { row, index, column } = grid.current?.active() ?? {};
    if (row) run(row, index!, column!);
  };
  const editActive = (row: Customer, index: number, column: number) => {
    if (!canEdit || isPhone) return;
    const at = column >= 0 && isEditable(columns[column]!) ? column : columns.findIndex(isEditable);
    grid.current!.goTo(index, at);
    editing.begin(row, columns[at]!);
  };
  const { keys } = words.customers;
  const find = () => search.current?.focus();
  useShortcut('/', keys.search, find);
  useShortcut('j', keys.next, () => grid.current?.step(1));
  useShortcut('k', keys.previous, () => grid.current?.step(-1));
  useShortcut(
    'o',
    keys.open,
    withRow(({ id }) => open(id)),
  );
  useShortcut(
    'x',
    keys.select,
    withRow((_row, index) => chosen.toggle(index)),
  );
  useShortcut('e', keys.edit, withRow(editActive));
  useShortcut('c', keys.create, () => canEdit && setNew(true));
  useCommand(words.customers.search, find, { icon: <Search aria-hidden="true" /> });
  useCommand(words.customers.create, () => canEdit && setNew(true), { icon: <Plus aria-hidden="true" /> });

  const isEmpty = source?.count?.count === 0 && source.total === 0;
  const draft = editing.draft;
  return (
    <div className={[styles.page, openId && styles.withRecord].filter(Boolean).join(' ')}>
      <div className={styles.list}>
        <header className={styles.header}>
          <h1 ref={heading} tabIndex={-1}>
            {words.customers.title}
          </h1>
          <Count source={source} />
          <div className={styles.actions}>
            <Views
              query={writeState({ ...state, columns }).toString()}
              current={query.get('view') ?? undefined}
              onOpen={({ id, query: saved }) => go(new URLSearchParams(`${saved}&view=${id}`))}
            />
            <IconLink href="/deleted" label={words.record.deleted.title} icon={<Trash2 aria-hidden="true" />} />
            <ExportButton query={filterOf(state)} />
            {canEdit && (
              <Button look="primary" icon={<Plus aria-hidden="true" />} onClick={() => setNew(true)}>
                {words.customers.create}
              </Button>
            )}
          </div>
        </header>
        <Toolbar
          {...{ state, columns, search, isPhone }}
          onSearch={(next) => change({ ...state, search: next }, { replace: true })}
          onChange={change}
          onColumns={setColumns}
          onLeave={() => grid.current?.focus()}
        />
        <div className={styles.notices}>
          {error !== undefined && <Failure error={error} onRetry={() => refresh(source && grid.current?.placeNow())} />}
          {source?.error !== undefined && <Failure error={source.error} onRetry={source.retry} />}
        </div>
        <div className={styles.body}>
          {live.moved > 0 && (
            <div className={styles.pill}>
              <Button look="primary" icon={<RefreshCw aria-hidden="true" />} onClick={renewOrder}>
                {words.customers.live.changed(live.moved)}
              </Button>
            </div>
          )}
          {!source ? (
            error === undefined && <ListBones />
          ) : isEmpty ? (
            isFiltered(source.state) ? (
              <NoMatch onClear={() => change(unfiltered(state))} />
            ) : (
              <NoCustomers onCreate={() => setNew(true)} onChanged={renew} />
            )
          ) : (
            <Grid
              {...{ source, columns, canEdit, chosen, openId }}
              handle={grid}
              isCard={isPhone}
              changed={live.changed}
              editing={
                draft && {
                  id: draft.row.id,
                  column: draft.column,
                  element: (
                    <CellEditor
                      key={draft.column + draft.row.id}
                      {...{ draft, editing }}
                      onDone={(by) => (by === 0 ? grid.current?.focus() : editBeside(by))}
                    />
                  ),
                }
              }
              onOrder={(ordering) => change({ ...state, ordering })}
              onOpen={(row) => open(row.id)}
              onEdit={editing.begin}
              onRest={(place) => keepPlace(source.state, place)}
            />
          )}
        </div>
        {chosen.selection && <BulkBar selection={chosen.selection} onDone={finishBulk} />}
      </div>
      {openId && <RecordSide id={openId} onClose={() => open(undefined)} />}
      <Suspense>{query.has('new') && canEdit && <NewCustomer onClose={() => setNew(false)} />}</Suspense>
    </div>
  );
}

function useTitle(title: string, openId: string | undefined): void {
  useEffect(() => {
    if (openId === undefined) document.title = `${title} · ${words.everywhere.product}`;
  }, [title, openId]);
}

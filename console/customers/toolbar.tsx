// What stands above the list: the search, which answers as one types, and how the list is cut and ordered.
import { Search, X } from 'lucide-react';
import { type Ref, useEffect, useRef, useState } from 'react';
import { words } from '../words.ts';
import { ColumnChoice } from './columns.tsx';
import { FilterChips, Filters } from './filters.tsx';
import { type Column, type ListState, ORDERED, type Ordering } from './list-url.ts';
import styles from './toolbar.module.css';

/** The first key is answered at once; of those that follow faster than this, the last. */
const PAUSE_MS = 40;
/** The contract's own limit. */
const MOST = 200;

export function Toolbar({
  state,
  columns,
  search,
  onSearch,
  onChange,
  onColumns,
  onLeave,
  isPhone,
}: {
  state: ListState;
  columns: readonly Column[];
  search: Ref<HTMLInputElement>;
  onSearch(text: string): void;
  onChange(state: ListState): void;
  onColumns(columns: readonly Column[]): void;
  /** From the search down into the list. */
  onLeave(): void;
  /** Cards have no columns. */
  isPhone: boolean;
}) {
  const { states } = words.customers;
  const value = state.is_active === undefined ? 'all' : state.is_active ? 'active' : 'inactive';
  return (
    <search className={styles.toolbar}>
      <SearchField text={state.search} field={search} onSearch={onSearch} onLeave={onLeave} />
      <fieldset className={styles.states}>
        <legend className="unseen">{states.label}</legend>
        {(['all', 'active', 'inactive'] as const).map((one) => (
          <label key={one} className={styles.state}>
            <input
              type="radio"
              name="is_active"
              checked={value === one}
              onChange={() => onChange({ ...state, is_active: one === 'all' ? undefined : one === 'active' })}
            />
            <span>{states[one]}</span>
          </label>
        ))}
      </fieldset>
      <Filters state={state} onChange={onChange} />
      <OrderChoice ordering={state.ordering} onOrder={(ordering) => onChange({ ...state, ordering })} />
      {!isPhone && <ColumnChoice columns={columns} onChange={onColumns} />}
      <FilterChips state={state} onChange={onChange} />
    </search>
  );
}

function SearchField({
  text,
  field,
  onSearch,
  onLeave,
}: {
  text: string;
  field: Ref<HTMLInputElement>;
  onSearch(text: string): void;
  onLeave(): void;
}) {
  const [typed, setTyped] = useState(text);
  const asked = useRef({ text, at: 0, timer: undefined as ReturnType<typeof setTimeout> | undefined });
  // Another address, such as by going back, has another search; one's own comes back as it was typed.
  useEffect(() => {
    if (text === asked.current.text) return;
    clearTimeout(asked.current.timer);
    asked.current.text = text;
    setTyped(text);
  }, [text]);
  useEffect(() => () => clearTimeout(asked.current.timer), []);

  function ask(next: string) {
    asked.current.text = next.trim(); // as the address has it; a space may be on its way to the next word
    asked.current.at = performance.now();
    onSearch(next);
  }

  function type(next: string) {
    setTyped(next);
    clearTimeout(asked.current.timer);
    const pause = asked.current.at + PAUSE_MS - performance.now();
    if (pause <= 0) ask(next);
    else asked.current.timer = setTimeout(() => ask(next), pause);
  }

  return (
    <div className={styles.search}>
      <Search aria-hidden="true" />
      <input
        ref={field}
        type="search"
        aria-label={words.customers.search}
        placeholder={words.customers.searchHint}
        value={typed}
        maxLength={MOST}
        autoComplete="off"
        autoCorrect="off"
        spellCheck={false}
        enterKeyHint="search"
        onChange={({ target }) => type(target.value)}
        onKeyDown={(event) => {
          if (event.nativeEvent.isComposing) return;
          if (event.key === 'ArrowDown' || event.key === 'Enter' || (event.key === 'Escape' && typed === '')) onLeave();
          else if (event.key === 'Escape') type('');
          else return;
          event.preventDefault();
        }}
      />
      {typed !== '' && (
        <button type="button" aria-label={words.customers.clearSearch} onClick={() => type('')}>
          <X aria-hidden="true" />
        </button>
      )}
    </div>
  );
}

function OrderChoice({ ordering, onOrder }: { ordering: Ordering; onOrder(ordering: Ordering): void }) {
  const { order, fields } = words.customers;
  return (
    <select
      aria-label={order.label}
      className={styles.order}
      value={ordering}
      onChange={({ target }) => onOrder(target.value as Ordering)}
    >
      {ORDERED.flatMap((field) => {
        const isTime = field.endsWith('_at');
        const [up, down] = isTime ? [order.oldest, order.newest] : [order.up, order.down];
        const options: [Ordering, string][] = [
          [field, up(fields[field])],
          [`-${field}`, down(fields[field])],
        ];
        return (isTime ? options.reverse() : options).map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ));
      })}
    </select>
  );
}

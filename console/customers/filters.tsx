// Whom the list leaves out: by status, by when they were created or changed, or all but the one with an email or external id.
import { ListFilter, X } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { Button } from '../ui/button.tsx';
import { TextField } from '../ui/field.tsx';
import { Popover } from '../ui/popover.tsx';
import { words } from '../words.ts';
import { daysOfRange, isFiltered, type ListState, RANGED, type Ranged, rangeOfDays, unfiltered } from './list-url.ts';
import styles from './toolbar.module.css';

type Change = { state: ListState; onChange(state: ListState): void };

export function Filters({ state, onChange }: Change) {
  const shown = chipsOf(state).length;
  return (
    <Popover
      label={words.customers.filters.button}
      icon={<ListFilter aria-hidden="true" />}
      title={words.customers.filters.title}
      badge={shown > 0 && <span className={styles.number}>{shown}</span>}
    >
      {(close) => (
        <FilterForm
          state={state}
          onChange={(next) => {
            close();
            onChange(next);
          }}
        />
      )}
    </Popover>
  );
}

type Days = Record<Ranged, { from: string; to: string }>;

function FilterForm({ state, onChange }: Change) {
  const [before] = useState<Days>({
    created_at: daysOfRange(state.created_at),
    updated_at: daysOfRange(state.updated_at),
  });
  const [days, setDays] = useState(before);
  const [email, setEmail] = useState(state.email);
  const [external_id, setExternalId] = useState(state.external_id);
  const { filters, fields } = words.customers;

  function submit(event: FormEvent) {
    event.preventDefault();
    const next = { ...state, email, external_id };
    // A range that nobody touched may be finer than days.
    for (const field of RANGED)
      if (days[field] !== before[field]) next[field] = rangeOfDays(days[field].from, days[field].to);
    onChange(next);
  }

  return (
    <form className={styles.form} onSubmit={submit} noValidate>
      {RANGED.map((field) => (
        <fieldset key={field} className={styles.range}>
          <legend>{fields[field]}</legend>
          {(['from', 'to'] as const).map((end) => (
            <TextField
              key={end}
              type="date"
              label={filters[end]}
              value={days[field][end]}
              min={end === 'to' ? days[field].from : undefined}
              onChange={({ target }) => setDays({ ...days, [field]: { ...days[field], [end]: target.value } })}
            />
          ))}
        </fieldset>
      ))}
      <TextField
        type="email"
        label={filters.exactEmail}
        value={email}
        onChange={({ target }) => setEmail(target.value)}
      />
      <TextField label={filters.exactId} value={external_id} onChange={({ target }) => setExternalId(target.value)} />
      <div className={styles.buttons}>
        {isFiltered(state) && <Button onClick={() => onChange(unfiltered(state))}>{filters.clear}</Button>}
        <Button type="submit" look="primary">
          {filters.apply}
        </Button>
      </div>
    </form>
  );
}

type Chip = { label: string; without: ListState };

function chipsOf(state: ListState): Chip[] {
  const { filters, fields } = words.customers;
  const chips: Chip[] = [];
  for (const field of RANGED) {
    const { from, to } = daysOfRange(state[field]);
    if (from === '' && to === '') continue;
    const [name, first, last] = [fields[field], dayText(from), dayText(to)];
    const label =
      to === ''
        ? filters.from_(name, first)
        : from === ''
          ? filters.to_(name, last)
          : filters.between(name, first, last);
    chips.push({ label, without: { ...state, [field]: {} } });
  }
  for (const field of ['email', 'external_id'] as const)
    if (state[field] !== '')
      chips.push({ label: filters.is(fields[field], state[field]), without: { ...state, [field]: '' } });
  return chips;
}

const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });
const dayText = (text: string) => (text === '' ? '' : day.format(new Date(`${text}T00:00:00`)));

/** The filters in use, each to be taken away. */
export function FilterChips({ state, onChange }: Change) {
  const chips = chipsOf(state);
  if (chips.length === 0) return null;
  return (
    <ul className={styles.chips} aria-label={words.customers.filters.shown}>
      {chips.map(({ label, without }) => (
        <li key={label} className={styles.chip}>
          {label}
          <button type="button" aria-label={words.customers.filters.remove(label)} onClick={() => onChange(without)}>
            <X aria-hidden="true" />
          </button>
        </li>
      ))}
    </ul>
  );
}

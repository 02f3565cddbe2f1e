// The palette: one line in which customers, things to do and pages are found, after the ARIA pattern of a combobox. The
// focus stays in the line; arrows move what Enter would open.
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { CornerDownLeft, User } from 'lucide-react';
import { type KeyboardEvent, type ReactNode, useEffect, useId, useMemo, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { api } from './api.ts';
import styles from './palette.module.css';
import { PLACES } from './places.tsx';
import { SETTINGS_PARTS } from './settings/parts.tsx';
import { type Command, useCommands } from './ui/commands.ts';
import { words } from './words.ts';

type Option = { id: string; label: string; detail?: string; icon?: ReactNode; run(): void };
type Group = { label: string; options: Option[] };

const CUSTOMERS = 8;
const TYPING_MS = 120;
const { palette } = words.frame;

export function Palette({ onClose }: { onClose(): void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [typed, setTyped] = useState('');
  const [at, setAt] = useState(0);
  const id = useId();
  const { groups, isSearching, failed } = useFound(typed);
  const options = groups.flatMap((group) => group.options);
  const current = options[Math.min(at, options.length - 1)];

  useEffect(() => {
    const element = dialog.current!;
    element.showModal();
    return () => element.close();
  }, []);
  useEffect(() => {
    if (current) document.getElementById(`${id}${current.id}`)?.scrollIntoView({ block: 'nearest' });
  });

  function choose(option: Option) {
    // First the focus goes back to where it was, so that what is opened may take it.
    onClose();
    setTimeout(option.run);
  }

  function press(event: KeyboardEvent) {
    const { key } = event;
    const count = options.length;
    const next =
      count === 0
        ? undefined
        : key === 'ArrowDown'
          ? (at + 1) % count
          : key === 'ArrowUp'
            ? (Math.min(at, count - 1) - 1 + count) % count
            : key === 'PageDown'
              ? Math.min(at + 5, count - 1)
              : key === 'PageUp'
                ? Math.max(at - 5, 0)
                : undefined;
    if (next !== undefined) setAt(next);
    else if (key === 'Enter' && current && !event.nativeEvent.isComposing) choose(current);
    else return;
    event.preventDefault();
  }

  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Esc does the same
    <dialog
      ref={dialog}
      aria-label={palette.title}
      className={styles.palette}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === dialog.current) onClose();
      }}
    >
      <input
        type="text"
        role="combobox"
        aria-label={palette.title}
        aria-expanded={options.length > 0}
        aria-controls={`${id}list`}
        aria-autocomplete="list"
        aria-activedescendant={current && `${id}${current.id}`}
        placeholder={palette.placeholder}
        autoComplete="off"
        spellCheck={false}
        enterKeyHint="go"
        maxLength={200}
        className={styles.line}
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
          setAt(0);
        }}
        onKeyDown={press}
      />
      <div id={`${id}list`} role="listbox" aria-label={palette.title} className={styles.list}>
        {groups.map(({ label, options: found }) => (
          // biome-ignore lint/a11y/useSemanticElements: a fieldset is no part of a list box
          <div key={label} role="group" aria-label={label}>
            <div aria-hidden="true" className={styles.label}>
              {label}
            </div>
            {found.map((option) => (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the line above has the focus and takes the keys
              // biome-ignore lint/a11y/useFocusableInteractive: it is named by aria-activedescendant
              <div
                key={option.id}
                id={`${id}${option.id}`}
                role="option"
                aria-selected={option === current}
                className={styles.option}
                onClick={() => choose(option)}
                onPointerMove={() => setAt(options.indexOf(option))}
              >
                {option.icon}
                <span className={styles.name}>{option.label}</span>
                {option.detail && <span className={styles.detail}>{option.detail}</span>}
                {option === current && <CornerDownLeft aria-hidden="true" />}
              </div>
            ))}
          </div>
        ))}
      </div>
      <p role="status" className={options.length > 0 && !failed ? 'unseen' : styles.nothing}>
        {failed
          ? palette.failed
          : isSearching
            ? palette.searching
            : options.length === 0
              ? palette.nothing(typed.trim())
              : palette.found(options.length)}
      </p>
      <p aria-hidden="true" className={styles.keys}>
        <kbd>↑</kbd>
        <kbd>↓</kbd> {palette.move} <kbd>Enter</kbd> {palette.open} <kbd>Esc</kbd> {palette.close}
      </p>
    </dialog>
  );
}

/** What is found for what is typed: customers by the server, the rest here. */
function useFound(typed: string): { groups: Group[]; isSearching: boolean; failed: boolean } {
  const [, navigate] = useLocation();
  const commands = useCommands();
  const search = useSettled(typed.trim(), TYPING_MS);
  const { data, isFetching, isError, isPlaceholderData } = useQuery({
    queryKey: ['palette', search],
    queryFn: ({ signal }) => findCustomers(search, signal),
    enabled: search !== '',
    placeholderData: keepPreviousData,
  });
  const pages = useMemo(() => allPages(navigate), [navigate]);
  const customers = search === '' || typed.trim() === '' ? [] : (data ?? []);
  // What the page itself offers came last.
  const actions = commands.filter((one) => fits(one, typed)).reverse();
  const groups = [
    {
      label: palette.customers,
      options: customers.map(({ id, full_name, email, is_active }) => ({
        id,
        label: full_name,
        detail: is_active ? email : `${email} · ${palette.inactive}`,
        icon: <User aria-hidden="true" />,
        run: () => navigate(`/customers/${id}`),
      })),
    },
    { label: palette.actions, options: actions.map(commandOption) },
    { label: palette.pages, options: pages.filter((one) => fits(one, typed)) },
  ].filter(({ options }) => options.length > 0);
  const isSearching = typed.trim() !== '' && (isFetching || isPlaceholderData || search !== typed.trim());
  return { groups, isSearching, failed: isError && search !== '' };
}

async function findCustomers(search: string, signal: AbortSignal) {
  // What has neither a letter nor a digit is no search.
  if (!/[\p{L}\p{N}]/u.test(search)) return [];
  const fields = ['id', 'full_name', 'email', 'is_active'] as const;
  return (await api().customers.list({ search, limit: CUSTOMERS, fields }, { signal }).page()).results;
}

const commandOption = ({ id, label, icon, run }: Command): Option => ({ id, label, icon, run });

function allPages(navigate: (to: string) => void): (Option & { keywords?: string })[] {
  const settings = SETTINGS_PARTS.map(({ part, label, icon }) => ({ href: `/settings/${part}`, label, icon }));
  return [...PLACES.filter(({ href }) => href !== '/settings'), ...settings].map(({ href, label, icon }) => ({
    id: href,
    label,
    icon,
    run: () => navigate(href),
  }));
}

/** Whether each word that is typed begins a word of the name, or of other words for it. */
function fits({ label, keywords = '' }: { label: string; keywords?: string }, typed: string): boolean {
  const known = fold(`${label} ${keywords}`).split(/[^\p{L}\p{N}]+/u);
  return fold(typed)
    .split(/\s+/)
    .every((word) => known.some((one) => one.startsWith(word)));
}

const fold = (text: string) => text.trim().normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase();

/** The value once it has stayed the same for a while. */
function useSettled(value: string, ms: number): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}

// Keyboard shortcuts: a key (`/`, `c`, `?`), keys one after the other (`g c`), or with Ctrl, on a Mac ⌘ (`mod+k`). Whoever
// uses them may give each another key, or turn those of plain keys off (WCAG 2.2, 2.1.4): what they type may be read by
// a machine as they speak.
import { createContext, type RefObject, use, useEffect, useRef, useSyncExternalStore } from 'react';
import { readKept, writeKept } from './kept.ts';

/** `key`: the one that it has unless somebody gave it another. */
export type Shortcut = { id: string; key: string; label: string };
type Registered = Shortcut & { run(): void; dialog: RefObject<HTMLDialogElement | null> | null };
type Kept = { keys: Record<string, string>; plain: boolean };

/** The dialog that what is rendered stands in: its shortcuts hold while it is open, and no others. */
export const DialogContext = createContext<RefObject<HTMLDialogElement | null> | null>(null);

const KEPT = 'clientele.shortcuts';
const SEEN = 'clientele.shortcuts.seen';
/** Between the keys of `g c`. */
const NEXT_KEY_MS = 1500;

export const isMac = /mac|iphone|ipad/i.test(navigator.userAgent);

let registered: Registered[] = [];
let kept: Kept = { keys: {}, plain: true, ...readKept<Partial<Kept>>(KEPT) };
let seen: Shortcut[] = readKept<Shortcut[]>(SEEN) ?? [];
const listeners = new Set<() => void>();

/**
 * Runs something by keyboard for as long as the component is there. Of two with the same key the later one counts.
 * Off while somebody types (save with `mod+`), and while a dialog is open that the component does not stand in.
 */
export function useShortcut(key: string, label: string, run: () => void): void {
  const latest = useRef(run);
  const dialog = use(DialogContext);
  useEffect(() => {
    latest.current = run;
  });
  useEffect(() => {
    const shortcut = { id: `${key} ${label}`, key, label, run: () => latest.current(), dialog };
    registered = [...registered, shortcut];
    remember(shortcut);
    tell();
    return () => {
      registered = registered.filter((one) => one !== shortcut);
      tell();
    };
  }, [key, label, dialog]);
}

/** Those of what is open now; with `everywhere`, of all pages that this browser has shown. */
export function useShortcuts(everywhere = false): Shortcut[] {
  return useSyncExternalStore(subscribe, () => (everywhere ? seen : registered));
}

/** What people set for themselves. */
export function useShortcutSettings(): Kept {
  return useSyncExternalStore(subscribe, () => kept);
}

export const keyOf = ({ id, key }: Shortcut): string => kept.keys[id] ?? key;

/** Gives a shortcut a key, unless another has it: that one is answered then, and all stays as it is. */
export function setKey(shortcut: Shortcut, key: string): Shortcut | undefined {
  const holder = seen.find((one) => one.id !== shortcut.id && one.key !== shortcut.key && clash(keyOf(one), key));
  if (holder) return holder;
  const { [shortcut.id]: _, ...keys } = kept.keys;
  keep({ ...kept, keys: key === shortcut.key ? keys : { ...keys, [shortcut.id]: key } });
  return undefined;
}

export const setPlainKeys = (plain: boolean): void => keep({ ...kept, plain });

/** The same, or one the beginning of the other. */
const clash = (one: string, other: string) => `${one} `.startsWith(`${other} `) || `${other} `.startsWith(`${one} `);

/** The keys as they are written for people, one after the other: `['Ctrl K']`, `['G', 'C']`. */
export function keyNames(key: string): string[] {
  return key.split(' ').map((stroke) => {
    const parts = stroke === '+' ? ['+'] : stroke.split('+');
    return parts.map((part) => NAMES[part] ?? capital(part)).join(isMac ? '' : ' ');
  });
}

const NAMES: Record<string, string> = {
  mod: isMac ? '⌘' : 'Ctrl',
  shift: isMac ? '⇧' : 'Shift',
  arrowup: '↑',
  arrowdown: '↓',
  arrowleft: '←',
  arrowright: '→',
  escape: 'Esc',
};
const capital = (word: string) => word[0]!.toUpperCase() + word.slice(1);

/** The key that was pressed, as shortcuts name it; undefined for one that names none, such as Shift alone. */
export function strokeOf(event: KeyboardEvent): string | undefined {
  const { key, altKey, ctrlKey, metaKey, shiftKey } = event;
  if (['Shift', 'Control', 'Meta', 'Alt', 'AltGraph', 'Dead', 'Process', 'Unidentified'].includes(key))
    return undefined;
  const mod = isMac ? metaKey : ctrlKey;
  const isText = [...key].length === 1;
  // AltGr types characters; Alt, and the other of Ctrl and ⌘, belong to the browser and the system.
  if ((isMac ? ctrlKey : metaKey) || (altKey && !(isText && event.getModifierState('AltGraph')))) return undefined;
  const isLetter = key.toLowerCase() !== key.toUpperCase();
  const shift = shiftKey && (!isText || isLetter);
  const name = key === ' ' ? 'space' : key.toLowerCase();
  return `${mod && !event.getModifierState('AltGraph') ? 'mod+' : ''}${shift ? 'shift+' : ''}${name}`;
}

// ---- The keys -------------------------------------------------------------------------------------------------------

let before = { stroke: '', at: 0 };

addEventListener('keydown', (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  const stroke = strokeOf(event);
  if (stroke === undefined) return;
  const isPlain = !stroke.startsWith('mod+');
  const target = event.target instanceof Element ? event.target : document.body;
  if (isPlain && (!kept.plain || takes(target, stroke))) return;
  const dialog = target.closest('dialog:modal') ?? [...document.querySelectorAll('dialog:modal')].at(-1) ?? null;
  const here = registered.filter((one) => (one.dialog?.current ?? null) === dialog);
  const chord = event.timeStamp - before.at < NEXT_KEY_MS ? `${before.stroke} ${stroke}` : undefined;
  const shortcut = here.findLast((one) => keyOf(one) === chord) ?? here.findLast((one) => keyOf(one) === stroke);
  before = { stroke: shortcut ? '' : stroke, at: event.timeStamp };
  if (!shortcut) return;
  event.preventDefault();
  shortcut.run();
});

/** Whether the key means something to what has the focus. */
function takes(target: Element, stroke: string): boolean {
  if (target.closest('input:not([type=checkbox], [type=radio], [type=button]), textarea, select')) return true;
  if (target instanceof HTMLElement && target.isContentEditable) return true;
  if (target.closest('[role=menu], [role=listbox], [role=combobox]')) return true;
  return (
    ['enter', 'space'].includes(stroke) && target.closest('button, a[href], summary, input, [role=button]') !== null
  );
}

// ---- What is kept ---------------------------------------------------------------------------------------------------

function remember({ id, key, label }: Shortcut): void {
  if (seen.some((one) => one.id === id)) return;
  seen = [...seen, { id, key, label }];
  writeKept(SEEN, seen);
}

function keep(next: Kept): void {
  kept = next;
  writeKept(KEPT, kept);
  tell();
}

function tell(): void {
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

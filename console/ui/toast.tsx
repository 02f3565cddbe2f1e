// What just happened, said in passing: read out, with at most one thing to do about it, and gone by itself.
import { X } from 'lucide-react';
import { useSyncExternalStore } from 'react';
import { words } from '../words.ts';
import { Button, IconButton } from './button.tsx';
import styles from './toast.module.css';

type Toast = { id: number; text: string; tone: 'plain' | 'bad'; action?: { label: string; run(): void } };

/** Long enough to reach an Undo by keyboard; while it has the focus or the pointer it stays. */
const SHOWN_MS = 10_000;

let toasts: Toast[] = [];
let last = 0;
const listeners = new Set<() => void>();
const timers = new Map<number, ReturnType<typeof setTimeout>>();

/** Says something. Where one may want to take it back, `action` does it. */
export function toast(text: string, options: Pick<Toast, 'action'> & { tone?: Toast['tone'] } = {}): void {
  const id = ++last;
  set([...toasts.slice(-2), { id, text, tone: 'plain', ...options }]);
  leaveSoon(id);
}

function set(next: Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

function dismiss(id: number): void {
  stay(id);
  set(toasts.filter((one) => one.id !== id));
}

function stay(id: number): void {
  clearTimeout(timers.get(id));
  timers.delete(id);
}

function leaveSoon(id: number): void {
  stay(id);
  timers.set(
    id,
    setTimeout(() => dismiss(id), SHOWN_MS),
  );
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** The place where they appear; there is one. */
export function Toasts() {
  const shown = useSyncExternalStore(subscribe, () => toasts);
  return (
    <section aria-label={words.everywhere.messages} className={styles.toasts}>
      <div role="status" aria-live="polite">
        {shown.map(({ id, text, tone, action }) => (
          // biome-ignore lint/a11y/noStaticElementInteractions: it only stays for as long as somebody is at it
          <div
            key={id}
            className={[styles.toast, tone === 'bad' && styles.bad].filter(Boolean).join(' ')}
            onMouseEnter={() => stay(id)}
            onMouseLeave={() => leaveSoon(id)}
            onFocus={() => stay(id)}
            onBlur={() => leaveSoon(id)}
          >
            <span>{text}</span>
            {action && (
              <Button
                look="quiet"
                onClick={() => {
                  dismiss(id);
                  action.run();
                }}
              >
                {action.label}
              </Button>
            )}
            <IconButton label={words.everywhere.dismiss} icon={<X />} onClick={() => dismiss(id)} />
          </div>
        ))}
      </div>
    </section>
  );
}

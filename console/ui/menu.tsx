// A menu that a button opens, after the ARIA pattern: arrows, Home, End and letters move, Esc and Tab close. It is a popover,
// so nothing that scrolls cuts it off, and a press anywhere else closes it.
import { Check } from 'lucide-react';
import { type ComponentProps, type KeyboardEvent, type ReactNode, useId, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import styles from './menu.module.css';

export type MenuItem = {
  label: string;
  icon?: ReactNode;
  /** Stands at the end of the line, such as a key. */
  hint?: ReactNode;
  /** One of several choices, and whether it is the one. */
  checked?: boolean;
} & ({ run(): void } | { href: string });
/** `label`: what the items are about; it is shown. */
export type MenuGroup = { label?: string; items: MenuItem[] };

const MARGIN = 8;

/** `label` is what the menu is called; the other properties are those of its button. */
export function Menu({
  label,
  groups,
  head,
  children,
  ...button
}: Omit<ComponentProps<'button'>, 'popover'> & { label: string; groups: MenuGroup[]; head?: ReactNode }) {
  const id = useId();
  const opener = useRef<HTMLButtonElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  const [isOpen, setOpen] = useState(false);
  const [, navigate] = useLocation();
  const items = () => [...menu.current!.querySelectorAll<HTMLElement>('[role^=menuitem]')];

  function open(at?: 'last') {
    menu.current!.showPopover();
    place(menu.current!, opener.current!);
    const all = items();
    // A menu of choices begins at the one that was chosen.
    const chosen = all[0]?.role === 'menuitemradio' && all.find((item) => item.ariaChecked === 'true');
    (chosen || all.at(at === 'last' ? -1 : 0))?.focus();
  }

  function choose(item: MenuItem) {
    menu.current!.hidePopover();
    if ('href' in item) navigate(item.href);
    else item.run();
  }

  function move(event: KeyboardEvent) {
    const all = items();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const { key } = event;
    if (key === 'Tab') {
      menu.current!.hidePopover();
      return;
    }
    const next =
      key === 'ArrowDown'
        ? all[(at + 1) % all.length]
        : key === 'ArrowUp'
          ? all.at(at - 1)
          : key === 'Home'
            ? all[0]
            : key === 'End'
              ? all.at(-1)
              : startingWith(all, at, event);
    if (!next) return;
    event.preventDefault();
    next.focus();
  }

  return (
    <>
      <button
        type="button"
        {...button}
        ref={opener}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined}
        popoverTarget={id}
        onClick={(event) => {
          event.preventDefault();
          if (isOpen) menu.current!.hidePopover();
          else open();
        }}
        onKeyDown={(event) => {
          if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
          event.preventDefault();
          open(event.key === 'ArrowUp' ? 'last' : undefined);
        }}
      >
        {children}
      </button>
      <div
        ref={menu}
        id={id}
        role="menu"
        tabIndex={-1}
        popover="auto"
        aria-label={label}
        className={styles.menu}
        onToggle={(event) => {
          setOpen(event.newState === 'open');
          if (event.newState === 'closed' && menu.current?.contains(document.activeElement)) opener.current!.focus();
        }}
        onKeyDown={move}
      >
        {head && <div className={styles.head}>{head}</div>}
        {groups.map(({ label: about, items }, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: groups stay where they are
          // biome-ignore lint/a11y/useSemanticElements: a fieldset is no part of a menu
          <div key={at} role="group" aria-label={about} className={styles.group}>
            {about && (
              <div aria-hidden="true" className={styles.label}>
                {about}
              </div>
            )}
            {items.map((item) => (
              <button
                key={item.label}
                type="button"
                {...(item.checked === undefined
                  ? { role: 'menuitem' }
                  : { role: 'menuitemradio', 'aria-checked': item.checked })}
                tabIndex={-1}
                className={styles.item}
                onClick={() => choose(item)}
              >
                {item.checked ? <Check aria-hidden="true" /> : item.icon}
                <span className={styles.text}>{item.label}</span>
                {item.hint}
              </button>
            ))}
          </div>
        ))}
      </div>
    </>
  );
}

function startingWith(items: HTMLElement[], at: number, { key, ctrlKey, metaKey, altKey }: KeyboardEvent) {
  if (key.length !== 1 || key === ' ' || ctrlKey || metaKey || altKey) return undefined;
  const after = [...items.slice(at + 1), ...items.slice(0, at + 1)];
  return after.find((item) => item.textContent?.toLowerCase().startsWith(key.toLowerCase()));
}

/** Below the button where there is room, else above; within the window in any case. */
function place(menu: HTMLElement, button: HTMLElement): void {
  const { left, top, bottom } = button.getBoundingClientRect();
  const { width, height } = menu.getBoundingClientRect();
  const below = bottom + 4;
  const fits = below + height <= innerHeight - MARGIN || top - height - 4 < MARGIN;
  menu.style.left = `${Math.max(MARGIN, Math.min(left, innerWidth - width - MARGIN))}px`;
  menu.style.top = `${fits ? Math.min(below, Math.max(MARGIN, innerHeight - height - MARGIN)) : top - height - 4}px`;
}

// The dialog behind `?`: which keys work here.

import styles from './shortcuts-help.module.css';
import { ButtonLink } from './ui/button.tsx';
import { Dialog } from './ui/dialog.tsx';
import { Keys } from './ui/keys.tsx';
import { keyOf, useShortcuts } from './ui/shortcuts.ts';
import { words } from './words.ts';

export function ShortcutsHelp({ onClose }: { onClose(): void }) {
  const shortcuts = useShortcuts();
  const shown = shortcuts.filter(({ id }, at) => shortcuts.findIndex((one) => one.id === id) === at);
  return (
    <Dialog
      title={words.frame.shortcuts}
      onClose={onClose}
      footer={
        // biome-ignore lint/a11y/noStaticElementInteractions: the link inside is what is pressed
        // biome-ignore lint/a11y/useKeyWithClickEvents: so a key does the same
        <span onClick={onClose}>
          <ButtonLink href="/settings/appearance">{words.frame.changeShortcuts}</ButtonLink>
        </span>
      }
    >
      <p>{words.frame.shortcutsHelp}</p>
      <dl className={styles.list}>
        {shown.map((shortcut) => (
          <div key={shortcut.id} className={styles.line}>
            <dt>{shortcut.label}</dt>
            <dd>
              <Keys of={keyOf(shortcut)} />
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

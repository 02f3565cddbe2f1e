// Which key does what, and giving it another.
import { type KeyboardEvent, useState } from 'react';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { TextField } from '../ui/field.tsx';
import { Keys } from '../ui/keys.tsx';
import rows from '../ui/rows.module.css';
import {
  keyNames,
  keyOf,
  type Shortcut,
  setKey,
  strokeOf,
  useShortcutSettings,
  useShortcuts,
} from '../ui/shortcuts.ts';
import { Table } from '../ui/table.tsx';
import { words } from '../words.ts';

const said = words.settings.appearance;

export function ShortcutTable() {
  const shortcuts = useShortcuts(true);
  useShortcutSettings();
  const [changing, setChanging] = useState<Shortcut>();
  return (
    <>
      <Table heads={[said.what, said.key]} actions={said.change}>
        {shortcuts.map((shortcut) => (
          <tr key={shortcut.id}>
            <th scope="row">{shortcut.label}</th>
            <td data-label={said.key}>
              <Keys of={keyOf(shortcut)} />
            </td>
            <td>
              <div className={rows.actions}>
                <Button aria-label={said.changeOf(shortcut.label)} onClick={() => setChanging(shortcut)}>
                  {said.change}
                </Button>
              </div>
            </td>
          </tr>
        ))}
      </Table>
      {changing && <ChangeKey key={changing.id} shortcut={changing} onClose={() => setChanging(undefined)} />}
    </>
  );
}

const inWords = (key: string) => keyNames(key).join(', ');

function ChangeKey({ shortcut, onClose }: { shortcut: Shortcut; onClose(): void }) {
  const [pressed, setPressed] = useState('');
  const [error, setError] = useState<string>();

  function press(event: KeyboardEvent) {
    if (['Tab', 'Escape'].includes(event.key)) return;
    event.preventDefault();
    setError(undefined);
    if (event.key === 'Enter') return take();
    if (event.key === 'Backspace') return setPressed('');
    const stroke = strokeOf(event.nativeEvent);
    if (stroke === undefined) return;
    const goesOn = pressed !== '' && !/ |mod\+/.test(pressed) && !stroke.startsWith('mod+');
    setPressed(goesOn ? `${pressed} ${stroke}` : stroke);
  }

  function take(key: string | undefined = pressed) {
    if (key === '') return;
    const holder = setKey(shortcut, key);
    if (holder) setError(said.taken(holder.label));
    else onClose();
  }

  return (
    <Dialog
      title={shortcut.label}
      onClose={onClose}
      footer={
        <>
          {keyOf(shortcut) !== shortcut.key && (
            <Button onClick={() => take(shortcut.key)}>{said.first(inWords(shortcut.key))}</Button>
          )}
          <Button onClick={onClose}>{words.everywhere.cancel}</Button>
          <Button look="primary" onClick={() => take()}>
            {said.take}
          </Button>
        </>
      }
    >
      <TextField
        label={said.press}
        hint={said.pressHelp}
        error={error}
        readOnly
        autoFocus
        value={inWords(pressed || keyOf(shortcut))}
        onKeyDown={press}
      />
      <p role="status" className="unseen">
        {pressed && said.pressed(inWords(pressed))}
      </p>
    </Dialog>
  );
}

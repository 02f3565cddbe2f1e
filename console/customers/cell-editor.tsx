// The field in a cell that is edited, and below it what stands in the way of its value.
import { type FocusEvent, useEffect, useId, useRef } from 'react';
import { Button } from '../ui/button.tsx';
import { words } from '../words.ts';
import styles from './cell-editor.module.css';
import type { Draft, EditingState } from './use-editing.ts';

const TYPES: Partial<Record<Draft['column'], string>> = { email: 'email', phone: 'tel' };

/** `onDone`: where the keyboard goes on: the next cell (1), the one before (-1), or the list (0). */
export function CellEditor({
  draft,
  editing,
  onDone,
}: {
  draft: Draft;
  editing: EditingState;
  onDone(by: 0 | 1 | -1): void;
}) {
  const { column, text, error, theirs, isBusy } = draft;
  const field = useRef<HTMLInputElement>(null);
  const first = useRef<HTMLButtonElement>(null);
  const id = useId();
  useEffect(() => {
    field.current!.focus();
    field.current!.select();
  }, []);
  // What was refused is to be seen to at once.
  useEffect(() => {
    if (theirs) first.current?.focus();
    else if (error !== undefined) field.current!.focus();
  }, [error, theirs]);

  async function done(by: 0 | 1 | -1) {
    if (await editing.save()) onDone(by);
  }

  /** Who goes elsewhere means what they typed. */
  function onBlur({ currentTarget, relatedTarget }: FocusEvent) {
    if (!currentTarget.contains(relatedTarget) && document.hasFocus() && !theirs && error === undefined)
      void editing.save();
  }

  const label = words.customers.fields[column];
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only hears when the focus leaves what is in it
    <div data-editor="" className={styles.editor} onBlur={onBlur}>
      <input
        ref={field}
        // The server says what an email is, in words that help.
        type="text"
        inputMode={TYPES[column] as 'email' | 'tel' | undefined}
        aria-label={words.customers.edit(label)}
        aria-invalid={error !== undefined || undefined}
        aria-describedby={error !== undefined || theirs ? id : undefined}
        value={text}
        readOnly={isBusy}
        autoComplete="off"
        spellCheck={false}
        onChange={({ target }) => editing.type(target.value)}
        onKeyDown={(event) => {
          if (event.nativeEvent.isComposing) return;
          if (event.key === 'Enter') void done(0);
          else if (event.key === 'Tab' && !theirs) void done(event.shiftKey ? -1 : 1);
          else if (event.key === 'Escape') {
            editing.leave();
            onDone(0);
          } else return;
          event.preventDefault();
          event.stopPropagation();
        }}
      />
      {(error !== undefined || theirs) && (
        <div id={id} role="alert" className={styles.problem}>
          <p>{theirs ? words.customers.editing.conflict(theirs[column] ?? words.customers.editing.nothing) : error}</p>
          {theirs && (
            <div className={styles.choice}>
              <Button
                ref={first}
                look="primary"
                onClick={async () => {
                  if (await editing.keepMine()) onDone(0);
                }}
              >
                {words.customers.editing.mine}
              </Button>
              <Button
                onClick={() => {
                  editing.takeTheirs();
                  onDone(0);
                }}
              >
                {words.customers.editing.theirs}
              </Button>
            </div>
          )}
        </div>
      )}
    </div>
  );
}

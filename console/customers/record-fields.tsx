// The fields of a record, each edited where it stands: a click or Enter opens it, Enter saves, Esc leaves it as it was.
import { Mail, Pencil, Phone } from 'lucide-react';
import { type ReactNode, useEffect, useId, useState } from 'react';
import type { Customer } from '#contract/customers.ts';
import { Button } from '../ui/button.tsx';
import { CopyButton } from '../ui/copy.tsx';
import { words } from '../words.ts';
import type { Draft, Editing } from './editing.ts';
import { isRequired, labelOf, shownOf, TEXT_FIELDS, type TextName, typing } from './fields.ts';
import styles from './record.module.css';
import { reasonOf, refusalsOf } from './refusals.tsx';

type Props = { customer: Customer; editing: Editing; mayEdit: boolean };

export function RecordFields({ customer, editing, mayEdit }: Props) {
  const { drafts, saving, isOpen, wasKept } = editing;
  const refusals = refusalsOf(saving.error);
  const reason = reasonOf(saving.error);
  const isSlow = useSlow(saving.isPending);
  return (
    <form
      noValidate
      className={styles.fields}
      aria-label={customer.full_name}
      onSubmit={(event) => {
        event.preventDefault();
        const { activeElement } = document;
        const name = activeElement instanceof HTMLInputElement ? activeElement.name : undefined;
        editing.save(TEXT_FIELDS.find((each) => each === name) ?? TEXT_FIELDS.find((each) => each in drafts));
      }}
    >
      {TEXT_FIELDS.map((name) => {
        const draft = drafts[name];
        const props = { name, customer, editing, error: refusals[name] };
        if (draft) return <OpenField key={name} {...props} draft={draft} />;
        return <ShownField key={name} {...props} mayEdit={mayEdit} />;
      })}
      <ActiveSwitch {...{ customer, editing, mayEdit }} />
      <div aria-live="polite" className={styles.state}>
        {isSlow && <p>{words.record.slow}</p>}
        {isOpen && wasKept && !saving.isPending && !reason && <p>{words.record.typedBefore}</p>}
      </div>
      {reason && (
        <p role="alert" className={styles.refused}>
          {reason}
        </p>
      )}
      {isOpen && (
        <div className={styles.bar}>
          <Button type="submit" look="primary" busy={saving.isPending}>
            {saving.isPending ? words.record.saving : reason ? words.record.saveAgain : words.everywhere.save}
          </Button>
          {isSlow ? (
            <Button onClick={editing.stopWaiting}>{words.record.stop}</Button>
          ) : (
            <Button onClick={editing.discard}>
              {editing.hasTyped ? words.record.discard : words.everywhere.cancel}
            </Button>
          )}
        </div>
      )}
    </form>
  );
}

type FieldProps = { name: TextName; customer: Customer; editing: Editing; error: ReactNode };

function ShownField({ name, customer, editing, mayEdit, error }: FieldProps & { mayEdit: boolean }) {
  const id = useId();
  const value = customer[name];
  const shown = (
    <span id={id} className={value === null ? styles.none : undefined}>
      {shownOf(name, value)}
    </span>
  );
  return (
    <div className={styles.field}>
      <span id={`${id}-label`} className={styles.label}>
        {labelOf(name)}
      </span>
      <div className={styles.value}>
        {mayEdit ? (
          <button
            type="button"
            className={styles.open}
            aria-labelledby={`${id}-label ${id}`}
            aria-description={words.record.edit}
            ref={(element) => takeFocus(element, name, editing)}
            onClick={() => editing.open(name)}
          >
            {shown}
            <Pencil aria-hidden="true" className={styles.pencil} />
          </button>
        ) : (
          <p className={styles.fixed}>{shown}</p>
        )}
        <Ways name={name} customer={customer} />
      </div>
      {name === 'phone' && customer.phone_e164 && customer.phone_e164 !== value && (
        <p className={styles.hint}>{words.record.international(customer.phone_e164)}</p>
      )}
      {error && <p className={styles.error}>{error}</p>}
    </div>
  );
}

function OpenField({ name, customer, editing, error, draft }: FieldProps & { draft: Draft }) {
  const id = useId();
  const isOvertaken = customer[name] !== draft.base;
  return (
    <div className={styles.field}>
      <label htmlFor={id} className={styles.label}>
        {labelOf(name)}
        {isRequired(name) && <span aria-hidden="true"> *</span>}
      </label>
      <input
        {...typing[name]}
        id={id}
        name={name}
        className={styles.input}
        value={draft.typed}
        aria-required={isRequired(name) || undefined}
        aria-invalid={error ? true : undefined}
        aria-describedby={`${id}-note`}
        ref={(element) => takeFocus(element, name, editing)}
        onChange={(event) => editing.type(name, event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape' || event.nativeEvent.isComposing) return;
          event.preventDefault(); // or else it would close what the record stands in
          event.stopPropagation();
          editing.leave(name);
        }}
      />
      <div id={`${id}-note`} aria-live="polite">
        {error && <p className={styles.error}>{error}</p>}
        {isOvertaken && <p className={styles.hint}>{words.record.meanwhile(shownOf(name, customer[name]))}</p>}
      </div>
    </div>
  );
}

/** What opened or closed a field left word where the focus is to go. */
function takeFocus(element: HTMLElement | null, name: TextName, { focusOn }: Editing): void {
  if (!element || focusOn.current !== name) return;
  focusOn.current = undefined;
  element.focus();
  if (element instanceof HTMLInputElement) element.select();
}

/** Ways to reach somebody. */
function Ways({ name, customer: { email, phone, phone_e164 } }: { name: TextName; customer: Customer }) {
  if (name === 'email')
    return (
      <>
        <a
          href={`mailto:${encodeURIComponent(email).replace('%40', '@')}`}
          className={styles.way}
          aria-label={words.record.writeTo(email)}
          title={words.record.writeTo(email)}
        >
          <Mail aria-hidden="true" />
        </a>
        <CopyButton text={email} label={words.record.copyEmail} />
      </>
    );
  if (name !== 'phone' || phone === null) return null;
  const number = phone_e164 ?? phone.replace(/\s*(x|ext).*$/i, '').replace(/[^+0-9]/g, '');
  return (
    <a
      href={`tel:${number}`}
      className={styles.way}
      aria-label={words.record.call(phone)}
      title={words.record.call(phone)}
    >
      <Phone aria-hidden="true" />
    </a>
  );
}

function ActiveSwitch({ customer, editing: { saving, setActive }, mayEdit }: Props) {
  const { is_active } = customer;
  const asked = saving.isPending ? saving.variables.mine.is_active : undefined;
  const shown = asked ?? is_active;
  const id = useId();
  return (
    <div className={styles.field}>
      <span id={id} className={styles.label}>
        {words.record.fields.is_active}
      </span>
      {mayEdit ? (
        <button
          type="button"
          role="switch"
          aria-checked={shown}
          aria-labelledby={id}
          aria-busy={asked !== undefined || undefined}
          className={styles.switch}
          onClick={() => {
            if (!saving.isPending) setActive(!is_active);
          }}
        >
          <span className={styles.knob} aria-hidden="true" />
          <span aria-hidden="true">{shownOf('is_active', shown)}</span>
        </button>
      ) : (
        <p className={styles.fixed}>{shownOf('is_active', is_active)}</p>
      )}
    </div>
  );
}

const SLOW_MS = 4000;

/** Whether something has been going on for longer than anybody expects. */
function useSlow(isPending: boolean): boolean {
  const [isSlow, setSlow] = useState(false);
  useEffect(() => {
    if (!isPending) return setSlow(false);
    const timer = setTimeout(() => setSlow(true), SLOW_MS);
    return () => clearTimeout(timer);
  }, [isPending]);
  return isSlow;
}

// A new customer. What is typed is kept in the tab until it is saved or discarded, whatever happens meanwhile.
import { useMutation } from '@tanstack/react-query';
import { useEffect, useId, useRef, useState } from 'react';
import { navigate } from 'wouter/use-browser-location';
import { api } from '../api.ts';
import { useTyped } from '../typed.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { toast } from '../ui/toast.tsx';
import { words } from '../words.ts';
import { TEXT_FIELDS, valueIn } from './fields.ts';
import styles from './form.module.css';
import { CustomerForm, EMPTY, type Typed } from './form.tsx';
import { learn } from './record-data.ts';
import { reasonOf, refusalsOf } from './refusals.tsx';

const isSame = (one: Typed, other: Typed) => JSON.stringify(one) === JSON.stringify(other);

/** What is typed as what is sent. */
function inputOf({ is_active, ...typed }: Typed) {
  const { first_name, last_name, email } = typed;
  const [phone, external_id] = [valueIn('phone', typed.phone), valueIn('external_id', typed.external_id)];
  return { first_name, last_name, email, phone, external_id, is_active };
}

export function NewCustomer({ onClose }: { onClose(): void }) {
  const form = useId();
  const first = useRef<HTMLInputElement>(null);
  const [kept, keep] = useTyped<Typed>('new-customer');
  const [isResumed, setResumed] = useState(kept !== undefined);
  const [isLeaving, setLeaving] = useState(false);
  const typed = kept ?? EMPTY;

  const saving = useMutation({
    mutationFn: ({ input }: { input: Typed; more: boolean }) => api().customers.create(inputOf(input)),
    onSuccess(customer, { more, input }) {
      learn(customer);
      toast(words.record.create.created(customer.full_name), {
        action: { label: words.record.open, run: () => navigate(`/customers/${customer.id}`) },
      });
      setResumed(false);
      // What was typed on while it was being saved is not what was saved.
      if (isSame(typed, input)) keep(undefined);
      if (!more) return onClose();
      first.current?.focus();
    },
  });
  const refusals = refusalsOf(saving.error, leaveKept);
  const reason = reasonOf(saving.error);

  // The first field that is refused is where one goes on.
  useEffect(() => {
    const [name] = TEXT_FIELDS.filter((each) => refusalsOf(saving.error)[each]);
    const field = name && first.current?.form?.elements.namedItem(name);
    if (field instanceof HTMLInputElement) field.focus();
  }, [saving.error]);
  useEffect(() => first.current?.focus(), []);

  function save(more: boolean): void {
    if (!saving.isPending) saving.mutate({ input: typed, more });
  }

  function discard(): void {
    keep(undefined);
    onClose();
  }

  function leaveKept(): void {
    toast(words.record.create.kept);
    onClose();
  }

  function close(): void {
    if (isSame(typed, EMPTY)) discard();
    else setLeaving(true);
  }

  return (
    <Dialog
      title={words.record.create.title}
      onClose={close}
      footer={
        <>
          <Button onClick={() => save(true)} busy={saving.isPending && saving.variables.more}>
            {words.record.create.another}
          </Button>
          <Button type="submit" form={form} look="primary" busy={saving.isPending && !saving.variables.more}>
            {words.record.create.save}
          </Button>
        </>
      }
    >
      {isResumed && (
        <div className={styles.resumed}>
          <p>{words.record.create.resumed}</p>
          <Button
            onClick={() => {
              keep(undefined);
              setResumed(false);
              saving.reset();
              first.current?.focus();
            }}
          >
            {words.record.create.startAnew}
          </Button>
        </div>
      )}
      <CustomerForm {...{ id: form, typed, refusals, first }} onType={keep} onSubmit={() => save(false)} />
      {reason && (
        <p role="alert" className={styles.failed}>
          {reason}
        </p>
      )}
      {isLeaving && <Leaving onDiscard={discard} onStay={() => setLeaving(false)} />}
    </Dialog>
  );
}

function Leaving({ onDiscard, onStay }: { onDiscard(): void; onStay(): void }) {
  const stay = useRef<HTMLButtonElement>(null);
  useEffect(() => stay.current?.focus(), []);
  return (
    <Dialog
      title={words.record.create.discardTitle}
      onClose={onStay}
      footer={
        <>
          <Button look="danger" onClick={onDiscard}>
            {words.record.create.discard}
          </Button>
          <Button ref={stay} look="primary" onClick={onStay}>
            {words.record.create.keepTyping}
          </Button>
        </>
      }
    >
      <p>{words.record.create.discardNote}</p>
    </Dialog>
  );
}

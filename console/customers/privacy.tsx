// What a person whom a record is about may ask for: to be told what is kept, and to be forgotten.
import { Eraser, FileText } from 'lucide-react';
import { useState } from 'react';
import type { Customer } from '#contract/customers.ts';
import type { LogEvent } from '#contract/events.ts';
import { api } from '../api.ts';
import { useSession } from '../session.tsx';
import { Button } from '../ui/button.tsx';
import { useCommand } from '../ui/commands.ts';
import { Confirm } from '../ui/confirm.tsx';
import { CheckField } from '../ui/field.tsx';
import { Time } from '../ui/time.tsx';
import { toast } from '../ui/toast.tsx';
import { words } from '../words.ts';
import styles from './record.module.css';
import { forget } from './record-data.ts';

const said = words.record.privacy;

export function Privacy({ customer, onErased }: { customer: Customer; onErased(): void }) {
  const { can, workspace } = useSession();
  const [isAsked, setAsked] = useState(false);
  const title = `privacy-${customer.id}`;
  const dossier = `/api/customers/${customer.id}/dossier?format=html&workspace=${workspace!.slug}`;
  return (
    <section aria-labelledby={title} className={styles.privacy}>
      <h3 id={title}>{said.title}</h3>
      <div>
        <a href={dossier} target="_blank" rel="noreferrer">
          <FileText aria-hidden="true" />
          {said.dossier}
        </a>
        {can('customers:erase') && <EraseButton onAsk={() => setAsked(true)} />}
      </div>
      {isAsked && <EraseDialog {...{ customer, onErased }} onClose={() => setAsked(false)} />}
    </section>
  );
}

function EraseButton({ onAsk }: { onAsk(): void }) {
  useCommand(said.erase, onAsk, { icon: <Eraser aria-hidden="true" /> });
  return (
    <Button icon={<Eraser aria-hidden="true" />} onClick={onAsk}>
      {said.erase}
    </Button>
  );
}

type Erasing = { customer: Customer; onErased(): void; onClose(): void };

function EraseDialog({ customer: { id, full_name, version }, onErased, onClose }: Erasing) {
  const [suppress, setSuppress] = useState(true);

  async function erase() {
    await api().customers.erase(id, { suppress, if_match: version });
    forget(id);
    toast(said.erased(full_name));
    onErased();
  }

  return (
    <Confirm
      title={said.eraseTitle(full_name)}
      label={said.erase}
      run={erase}
      onClose={onClose}
      more={
        <CheckField
          label={said.suppress}
          hint={said.suppressHelp}
          checked={suppress}
          onChange={(event) => setSuppress(event.target.checked)}
        />
      }
    >
      {said.eraseHelp}
    </Confirm>
  );
}

/** All that is left of somebody who was erased: the receipt. */
export function ErasedNote({ erasure: { at, actor, position, subject } }: { erasure: LogEvent }) {
  return (
    <p>
      {said.erasedBy(actor.name)}, <Time at={at} />. {said.receipt(position, Number(subject?.events ?? 0))}
    </p>
  );
}

// One customer: who it is, what can be done, and what happened to it. Stands beside the list, or alone.
import { Pencil, Trash2, X } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { navigate } from 'wouter/use-browser-location';
import type { Customer } from '#contract/customers.ts';
import type { LogEvent } from '#contract/events.ts';
import { useSession } from '../session.tsx';
import { IconButton } from '../ui/button.tsx';
import { useCommand } from '../ui/commands.ts';
import { CopyButton } from '../ui/copy.tsx';
import { Badge, Empty, Failure, Loading } from '../ui/page.tsx';
import { useShortcut } from '../ui/shortcuts.ts';
import { Time } from '../ui/time.tsx';
import { toast } from '../ui/toast.tsx';
import { words } from '../words.ts';
import { ConflictDialog } from './conflict.tsx';
import { useEditing } from './editing.ts';
import { RecordHistory } from './history.tsx';
import { type Conflict, overlaps } from './merge.ts';
import { ChangeNote, DeletedNote } from './notes.tsx';
import { ErasedNote, Privacy } from './privacy.tsx';
import styles from './record.module.css';
import { type Known, useHistory, useRecord } from './record-data.ts';
import { RecordFields } from './record-fields.tsx';
import { removeCustomer } from './removal.ts';

export function CustomerRecord({ id, onClose }: { id: string; onClose(): void }) {
  const { data, error, isPending, refetch } = useRecord(id);
  if (data && 'customer' in data) return <Open key={id} known={data} onClose={onClose} />;
  return (
    <section className={styles.record} aria-label={words.customers.record}>
      <header className={styles.header}>
        <span />
        <IconButton label={words.record.close} icon={<X aria-hidden="true" />} onClick={onClose} />
      </header>
      {isPending ? (
        <Loading />
      ) : data ? (
        <Empty title={words.record.privacy.erasedTitle}>
          <ErasedNote erasure={data.erasure} />
        </Empty>
      ) : data === null ? (
        <Empty title={words.record.unknown}>
          <p>{words.record.unknownNote}</p>
        </Empty>
      ) : (
        <div className={styles.body}>
          <Failure error={error} onRetry={() => refetch()} />
        </div>
      )}
    </section>
  );
}

function Open({ known: { customer, deletion }, onClose }: { known: Known; onClose(): void }) {
  const { full_name, is_active } = customer;
  const { account, can } = useSession();
  const mayWrite = can('customers:write');
  const mayEdit = mayWrite && deletion === null;
  const editing = useEditing(customer);
  const history = useHistory(customer.id, true);
  const events = history.data?.pages.flatMap(({ results }) => results) ?? [];
  const { isRemoving, remove } = useRemoval(customer, onClose);
  useTitle(full_name);
  useReminder(customer, editing.hasTyped);

  return (
    <section className={styles.record} aria-labelledby={`record-${customer.id}`}>
      <header className={styles.header}>
        <h2 id={`record-${customer.id}`} tabIndex={-1}>
          {full_name}
        </h2>
        <div className={styles.badges}>
          {deletion && <Badge tone="bad">{words.record.deletedBadge}</Badge>}
          {!is_active && <Badge tone="warn">{words.record.inactive}</Badge>}
        </div>
        {mayEdit && <Actions edit={editing.openAll} remove={remove} isRemoving={isRemoving} />}
        <IconButton label={words.record.close} icon={<X aria-hidden="true" />} onClick={onClose} />
      </header>
      <div className={styles.body}>
        {deletion ? (
          <DeletedNote {...{ customer, deletion, mayWrite }} />
        ) : (
          <ChangeNote {...{ customer, events }} account_id={account.id} />
        )}
        {!mayWrite && <p className={styles.hint}>{words.record.readOnly}</p>}
        <RecordFields {...{ customer, editing, mayEdit }} />
        <Facts {...customer} />
        <RecordHistory {...{ customer, history, events, mayWrite }} isDeleted={deletion !== null} />
        <Privacy customer={customer} onErased={onClose} />
      </div>
      {editing.conflict && (
        <ConflictDialog
          // Changed once more while somebody chooses: the choice begins anew.
          key={editing.conflict.theirs.version}
          conflict={editing.conflict}
          editing={editing}
          by={whoMade(editing.conflict, events)}
        />
      )}
    </section>
  );
}

function Actions({ edit, remove, isRemoving }: { edit(): void; remove(): void; isRemoving: boolean }) {
  useShortcut('e', words.record.editAll, edit);
  useCommand(words.record.editAll, edit, { icon: <Pencil aria-hidden="true" /> });
  useCommand(words.record.remove, remove, { icon: <Trash2 aria-hidden="true" /> });
  return (
    <>
      <IconButton label={words.record.editAll} icon={<Pencil aria-hidden="true" />} onClick={edit} />
      <IconButton
        label={words.record.remove}
        icon={<Trash2 aria-hidden="true" />}
        aria-busy={isRemoving || undefined}
        onClick={remove}
      />
    </>
  );
}

function useRemoval(customer: Customer, onClose: () => void) {
  const [isRemoving, setRemoving] = useState(false);
  async function remove(): Promise<void> {
    if (isRemoving) return;
    setRemoving(true);
    const isRemoved = await removeCustomer(customer);
    setRemoving(false);
    if (isRemoved) onClose();
  }
  return { isRemoving, remove };
}

/** Who left what is typed about unsaved is told that it is kept. */
function useReminder({ id, full_name }: Customer, hasTyped: boolean): void {
  const latest = useRef({ full_name, hasTyped });
  useEffect(() => {
    latest.current = { full_name, hasTyped };
  });
  useEffect(
    () => () => {
      if (!latest.current.hasTyped) return;
      const action = { label: words.record.open, run: () => navigate(`/customers/${id}`) };
      toast(words.record.keptTyped(latest.current.full_name), { action });
    },
    [id],
  );
}

/** Who gave a field in conflict the value that it has. */
function whoMade(conflict: Conflict, events: LogEvent[]): string | undefined {
  const names = overlaps(conflict);
  return events.find(({ changes }) => names.some((name) => changes[name]?.[1] === conflict.theirs[name]))?.actor.name;
}

/** The page is called after the record for as long as it is open. */
function useTitle(name: string): void {
  useEffect(() => {
    const { title } = document;
    document.title = `${name} · ${words.everywhere.product}`;
    return () => {
      document.title = title;
    };
  }, [name]);
}

function Facts({ id, created_at, updated_at }: Customer) {
  return (
    <dl className={styles.facts} aria-label={words.record.more}>
      <div>
        <dt>{words.record.created}</dt>
        <dd>
          <Time at={created_at} />
        </dd>
      </div>
      <div>
        <dt>{words.record.updated}</dt>
        <dd>
          <Time at={updated_at} />
        </dd>
      </div>
      <div>
        <dt>{words.record.id}</dt>
        <dd className={styles.id}>
          <code>{id}</code>
          <CopyButton text={id} label={words.record.copyId} />
        </dd>
      </div>
    </dl>
  );
}

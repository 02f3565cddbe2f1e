// A record as it was: to look at, and to go back to.
import { useMutation } from '@tanstack/react-query';
import { Problem } from '#client/clientele.ts';
import type { Customer } from '#contract/customers.ts';
import type { LogEvent } from '#contract/events.ts';
import { api } from '../api.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Time } from '../ui/time.tsx';
import { toast } from '../ui/toast.tsx';
import { words } from '../words.ts';
import { FIELDS, type FieldName, labelOf, shownOf, type Values } from './fields.ts';
import { forget, learn } from './record-data.ts';
import { RefusalList } from './refusals.tsx';
import styles from './version.module.css';

type Props = { event: LogEvent; customer: Customer; isDeleted: boolean; onClose(): void };

const differing = (then: Customer, now: Customer): FieldName[] => FIELDS.filter((name) => then[name] !== now[name]);

export function ViewVersion({ event, customer, isDeleted, onClose, onRestore }: Props & { onRestore?: () => void }) {
  const then = event.customer!;
  const changed = differing(then, customer);
  return (
    <Dialog
      title={words.record.version.title(then.version)}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{words.everywhere.close}</Button>
          {onRestore && (changed.length > 0 || isDeleted) && (
            <Button look="primary" onClick={onRestore}>
              {words.record.history.restoreVersion(then.version)}
            </Button>
          )}
        </>
      }
    >
      <p>
        {words.record.version.made(event.actor.name)}, <Time at={event.at} />
      </p>
      {changed.length === 0 && <p>{words.record.version.same}</p>}
      <dl className={styles.values}>
        {FIELDS.map((name) => (
          <div key={name}>
            <dt>{labelOf(name)}</dt>
            <dd>
              <span>{shownOf(name, then[name])}</span>
              {changed.includes(name) && <em>{words.record.version.nowValue(shownOf(name, customer[name]))}</em>}
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

export function RestoreVersion({ event, customer, isDeleted, onClose }: Props) {
  const then = event.customer!;
  const changed = differing(then, customer);
  const restoring = useMutation({
    mutationFn: () => restore(then, customer, isDeleted),
    onSuccess() {
      onClose();
      toast(words.record.version.restored(then.version));
    },
    // It may be that it was changed, or restored but no more than that: what is shown is to be what is.
    onError: () => forget(customer.id),
  });
  return (
    <Dialog
      title={words.record.version.restoreTitle(then.version)}
      onClose={onClose}
      wide
      footer={
        <>
          <Button onClick={onClose}>{words.everywhere.cancel}</Button>
          <Button
            look="primary"
            busy={restoring.isPending}
            disabled={changed.length === 0 && !isDeleted}
            onClick={() => restoring.mutate()}
          >
            {words.record.history.restore}
          </Button>
        </>
      }
    >
      {isDeleted && <p>{words.record.version.restoreDeleted}</p>}
      {changed.length === 0 ? <p>{words.record.version.same}</p> : <Table {...{ changed, customer, then }} />}
      {restoring.error instanceof Problem && restoring.error.status === 412 ? (
        <p role="alert" className={styles.refused}>
          {words.record.version.changed}
        </p>
      ) : (
        <RefusalList error={restoring.error} onFollow={onClose} />
      )}
    </Dialog>
  );
}

function Table({ changed, customer, then }: { changed: FieldName[]; customer: Customer; then: Customer }) {
  return (
    <table className={styles.table}>
      <caption>{words.record.version.restoreIntro}</caption>
      <thead>
        <tr>
          <th scope="col">{words.record.version.field}</th>
          <th scope="col">{words.record.version.now}</th>
          <th scope="col">{words.record.version.past}</th>
        </tr>
      </thead>
      <tbody>
        {changed.map((name) => (
          <tr key={name}>
            <th scope="row">{labelOf(name)}</th>
            <td>
              <del>{shownOf(name, customer[name])}</del>
            </td>
            <td>
              <ins>{shownOf(name, then[name])}</ins>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Makes the record what it was, on the condition that it still is what the person saw. */
async function restore(then: Customer, customer: Customer, isDeleted: boolean): Promise<void> {
  let now = customer;
  if (isDeleted) {
    now = await api().customers.restore(now.id, { if_match: now.version });
    learn(now);
  }
  const patch: Values = Object.fromEntries(differing(then, now).map((name) => [name, then[name]]));
  if (Object.keys(patch).length > 0) learn(await api().customers.update(now.id, patch, { if_match: now.version }));
}

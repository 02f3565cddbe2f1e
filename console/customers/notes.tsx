// What has to be known about a record before one reads on: that it is deleted, or was changed by somebody else just now.
import { useMutation } from '@tanstack/react-query';
import { ArchiveRestore, RefreshCw, Trash2, X } from 'lucide-react';
import { useState } from 'react';
import type { Customer } from '#contract/customers.ts';
import type { LogEvent } from '#contract/events.ts';
import { Button, IconButton } from '../ui/button.tsx';
import { Time } from '../ui/time.tsx';
import { words } from '../words.ts';
import { labelsOf } from './fields.ts';
import styles from './record.module.css';
import { RefusalList } from './refusals.tsx';
import { restoreCustomer } from './removal.ts';

/** Tells of changes by others since the record was opened; what one does oneself, one knows. */
export function ChangeNote({
  customer,
  events,
  account_id,
}: {
  customer: Customer;
  events: LogEvent[];
  account_id: string | undefined;
}) {
  const [seen, setSeen] = useState(customer.version);
  const news = events.filter(
    ({ type, customer_version, actor }) =>
      type === 'customer.updated' && (customer_version ?? 0) > seen && actor.id !== account_id,
  );
  const [last] = news;
  const fields = [...new Set(news.flatMap(({ changes }) => Object.keys(changes)))];
  return (
    <div aria-live="polite" className={styles.news}>
      {last && (
        <div className={styles.note}>
          <RefreshCw aria-hidden="true" />
          <p>
            {words.record.changedBy(last.actor.name)} <Time at={last.at} />: {labelsOf(fields)}
          </p>
          <IconButton
            label={words.everywhere.dismiss}
            icon={<X aria-hidden="true" />}
            onClick={() => setSeen(customer.version)}
          />
        </div>
      )}
    </div>
  );
}

export function DeletedNote({
  customer,
  deletion,
  mayWrite,
}: {
  customer: Customer;
  deletion: LogEvent;
  mayWrite: boolean;
}) {
  const restoring = useMutation({ mutationFn: () => restoreCustomer(customer.id) });
  return (
    <div className={[styles.note, styles.deleted].join(' ')}>
      <Trash2 aria-hidden="true" />
      <div>
        <p>
          {words.record.deletedBy(deletion.actor.name)}, <Time at={deletion.at} />
        </p>
        <p>{words.record.deletedNote}</p>
        <RefusalList error={restoring.error} />
      </div>
      {mayWrite && (
        <Button
          icon={<ArchiveRestore aria-hidden="true" />}
          busy={restoring.isPending}
          onClick={() => restoring.mutate()}
        >
          {words.record.restore}
        </Button>
      )}
    </div>
  );
}

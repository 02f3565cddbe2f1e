// What can be done to all chosen customers at once. It is done in the background, and can be taken back.
import { CircleCheck, CircleSlash, PencilLine, Trash2, X } from 'lucide-react';
import { useState } from 'react';
import type { BulkAction } from '#contract/bulk-edits.ts';
import { api, messageOf } from '../api.ts';
import { follow } from '../running.ts';
import { useSession } from '../session.tsx';
import { Button, IconButton } from '../ui/button.tsx';
import { toast } from '../ui/toast.tsx';
import { words } from '../words.ts';
import styles from './bulk-bar.module.css';
import { BulkDialog, targetsOf } from './bulk-dialog.tsx';
import type { Selection } from './selection.ts';

/** `onDone`: what was asked for is under way, or the selection is not wanted any more. */
export function BulkBar({ selection, onDone }: { selection: Selection; onDone(): void }) {
  const [asking, setAsking] = useState<BulkAction>();
  const [busy, setBusy] = useState(false);
  const mayWrite = useSession().can('customers:write');
  const count = 'ids' in selection ? selection.ids.length : selection.count;

  /** Some who were chosen one by one are before everybody's eyes, and Undo is at hand: no question is asked. */
  async function begin(action: BulkAction) {
    if (!('ids' in selection)) return setAsking(action);
    setBusy(true);
    try {
      follow(await api().customers.bulkEdit({ ...targetsOf(selection), action }));
      onDone();
    } catch (error) {
      toast(messageOf(error), { tone: 'bad' });
    } finally {
      setBusy(false);
    }
  }

  return (
    <section aria-label={words.bulk.label} className={styles.bar}>
      <p role="status" className={styles.count}>
        {words.bulk.selected(count)}
      </p>
      <div className={styles.actions}>
        {mayWrite && (
          <>
            <Button icon={<CircleCheck />} busy={busy} onClick={() => begin('activate')}>
              {words.bulk.activate}
            </Button>
            <Button icon={<CircleSlash />} busy={busy} onClick={() => begin('deactivate')}>
              {words.bulk.deactivate}
            </Button>
            <Button icon={<PencilLine />} busy={busy} onClick={() => setAsking('update')}>
              {words.bulk.setField}
            </Button>
            <Button icon={<Trash2 />} look="danger" busy={busy} onClick={() => setAsking('delete')}>
              {words.bulk.delete}
            </Button>
          </>
        )}
        <IconButton icon={<X />} label={words.bulk.clear} onClick={onDone} />
      </div>
      {asking && (
        <BulkDialog
          action={asking}
          selection={selection}
          onClose={() => setAsking(undefined)}
          onBegun={(cause) => {
            setAsking(undefined);
            follow(cause);
            onDone();
          }}
        />
      )}
    </section>
  );
}

// What can be done about a cause: stopped while it is under way, taken back once it has ended.
import { Undo2 } from 'lucide-react';
import { useState } from 'react';
import type { Cause } from '#contract/causes.ts';
import { stop, undo } from '../running.ts';
import { useSession } from '../session.tsx';
import { Button, ButtonLink } from '../ui/button.tsx';
import rows from '../ui/rows.module.css';
import { words } from '../words.ts';
import { canUndo } from './causes.ts';

export function Actions({ cause, title }: { cause: Cause; title: string }) {
  const [busy, setBusy] = useState(false);
  const mayWrite = useSession().can('customers:write');
  async function act(action: (cause: Cause, title: string) => Promise<unknown>) {
    setBusy(true);
    await action(cause, title);
    setBusy(false);
  }
  if (!mayWrite) return null;
  return (
    <span className={rows.actions}>
      {cause.state === 'ready' && (
        <ButtonLink look="quiet" href={`/imports/${cause.id}`}>
          {words.activity.openImport}
        </ButtonLink>
      )}
      {cause.state === 'running' && (
        <Button look="quiet" busy={busy} aria-label={words.activity.stopThat(title)} onClick={() => act(stop)}>
          {words.activity.stop}
        </Button>
      )}
      {canUndo(cause) && (
        <Button
          look="quiet"
          icon={<Undo2 />}
          busy={busy}
          aria-label={words.activity.undoThat(title)}
          onClick={() => act(undo)}
        >
          {words.activity.undo}
        </Button>
      )}
    </span>
  );
}

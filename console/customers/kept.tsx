// What an undo left as it is, and why.
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { words } from '../words.ts';
import { labelOf } from './fields.ts';

export type Kept = { field: string; code: string };

export function KeptDialog({ kept, onClose }: { kept: Kept[]; onClose(): void }) {
  const { history } = words.record;
  return (
    <Dialog
      title={history.keptTitle}
      onClose={onClose}
      footer={
        <Button look="primary" onClick={onClose}>
          {words.everywhere.done}
        </Button>
      }
    >
      <p>{history.keptIntro}</p>
      <ul>
        {kept.map(({ field, code }) => (
          <li key={field}>
            <strong>{labelOf(field)}</strong>: {history.kept[code] ?? code}
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

// Recovery codes, shown once: to be copied, downloaded or written down before the dialog closes.
import { Download } from 'lucide-react';
import { Button } from '../ui/button.tsx';
import { CopyButton } from '../ui/copy.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { words } from '../words.ts';
import styles from './second-factor.module.css';

const said = words.secondFactor;

export function RecoveryCodes({ title, codes, onClose }: { title: string; codes: string[]; onClose(): void }) {
  return (
    <Dialog
      title={title}
      onClose={onClose}
      wide
      footer={
        <>
          <Button icon={<Download aria-hidden="true" />} onClick={() => save(codes)}>
            {said.download}
          </Button>
          <Button look="primary" autoFocus data-autofocus onClick={onClose}>
            {said.kept}
          </Button>
        </>
      }
    >
      <p>{said.codesHelp}</p>
      <div className={styles.line}>
        <h3>{said.codes}</h3>
        <CopyButton text={codes.join('\n')} label={said.copyCodes} />
      </div>
      <ul className={styles.codes}>
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

/** As a file that the browser makes by itself: they are sent nowhere. */
function save(codes: string[]): void {
  const address = URL.createObjectURL(new Blob([`${codes.join('\n')}\n`], { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = said.file;
  link.click();
  URL.revokeObjectURL(address);
}

// A text that is shown once, to be copied.
import { CopyButton } from '../ui/copy.tsx';
import styles from './settings.module.css';

/** What is to be copied; `copyLabel` names the button that does it. */
export function Secret({ label, text, copyLabel }: { label: string; text: string; copyLabel: string }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: no fieldset: there is nothing to fill in
    <div role="group" aria-label={label} className={styles.secret}>
      <code>{text}</code>
      <CopyButton text={text} label={copyLabel} />
    </div>
  );
}

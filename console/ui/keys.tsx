// Keys as they stand on a keyboard.
import styles from './keys.module.css';
import { keyNames } from './shortcuts.ts';

export function Keys({ of }: { of: string }) {
  return (
    <span className={styles.keys}>
      {keyNames(of).map((name, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the same key may come twice
        <kbd key={at}>{name}</kbd>
      ))}
    </span>
  );
}

// Says so while the server cannot be reached.
import { WifiOff } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { askServer, onReachable, useReachable } from './connection.ts';
import styles from './connection-banner.module.css';
import { Button } from './ui/button.tsx';
import { toast } from './ui/toast.tsx';
import { words } from './words.ts';

export function ConnectionBanner() {
  const reachable = useReachable();
  useEffect(() => onReachable(() => toast(words.frame.back)), []);
  return reachable ? null : <Banner />;
}

function Banner() {
  const banner = useRef<HTMLElement>(null);
  // On top of a dialog, too, in which somebody may be typing.
  useEffect(() => banner.current!.showPopover(), []);
  return (
    <section ref={banner} popover="manual" aria-label={words.frame.connection} className={styles.banner}>
      <WifiOff aria-hidden="true" />
      <p role="alert">{words.frame.away}</p>
      <Button onClick={askServer}>{words.frame.askNow}</Button>
    </section>
  );
}

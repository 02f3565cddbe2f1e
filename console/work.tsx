// What this person has under way, in a corner of every page: how far it is, and how to stop it or take it back.
import { Undo2, X } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { Link, useLocation } from 'wouter';
import { canUndo, progressText } from './activity/causes.ts';
import { useUploading } from './imports/uploading.ts';
import { dismiss, outcomeOf, pageOf, type Running, resume, stop, undo, useRunning } from './running.ts';
import { useSession } from './session.tsx';
import { Button, IconButton } from './ui/button.tsx';
import { Progress } from './ui/progress.tsx';
import { words } from './words.ts';
import styles from './work.module.css';

/** What they had under way before the page was loaded is followed again. */
export function WorkDock() {
  const [location] = useLocation();
  // What the open page is about stands there in full.
  const running = useRunning().filter(({ cause }) => pageOf(cause) !== location);
  const dock = useRef<HTMLElement>(null);
  const { account } = useSession();
  useEffect(() => {
    const left = new AbortController();
    resume(account.id, left.signal).catch(() => {}); // the page itself says where the server is out of reach
    return () => left.abort();
  }, [account.id]);
  const uploading = useUploading();
  const isSending = uploading.state === 'sending' && location !== '/imports';
  const shown = running.length > 0 || isSending;
  useEffect(() => {
    if (!shown) return;
    // Messages stand above it, however much it tells.
    const { style } = document.documentElement;
    const watch = new ResizeObserver(([entry]) =>
      style.setProperty('--dock', `${entry!.borderBoxSize[0]!.blockSize + 8}px`),
    );
    watch.observe(dock.current!);
    return () => {
      watch.disconnect();
      style.removeProperty('--dock');
    };
  }, [shown]);
  if (!shown) return null;
  return (
    <section ref={dock} aria-label={words.work.title} className={styles.dock}>
      {isSending && <Sending file={uploading.file} sent={uploading.sent} />}
      {running.map((one) => (
        <Item key={one.cause.id} {...one} />
      ))}
    </section>
  );
}

function Sending({ file, sent }: { file: File; sent: number }) {
  const label = words.imports.uploading(file.name);
  return (
    <div className={styles.item}>
      <div className={styles.head}>
        <Link href="/imports" className={styles.title}>
          {label}
        </Link>
      </div>
      <Progress label={label} done={sent} total={Math.max(file.size, 1)} />
    </div>
  );
}

function Item({ cause, title, lost }: Running) {
  const { id, state, progress } = cause;
  const running = state === 'running';
  return (
    <div className={styles.item}>
      <div className={styles.head}>
        <Link href={pageOf(cause)} className={styles.title}>
          {title}
        </Link>
        {running ? (
          <Button look="quiet" aria-label={words.activity.stopThat(title)} onClick={() => stop(cause)}>
            {words.activity.stop}
          </Button>
        ) : (
          <>
            {canUndo(cause) && (
              <Button
                look="quiet"
                icon={<Undo2 />}
                aria-label={words.activity.undoThat(title)}
                onClick={() => undo(cause, title)}
              >
                {words.activity.undo}
              </Button>
            )}
            <IconButton label={words.work.dismiss(title)} icon={<X />} onClick={() => dismiss(id)} />
          </>
        )}
      </div>
      {running && (
        <Progress label={title} done={progress?.done} total={progress?.total}>
          {lost ? <span>{words.work.waiting}</span> : <span>{progressText(cause)}</span>}
        </Progress>
      )}
      {/* There from the beginning, so that the end is read out. */}
      <p role="status" className={styles.outcome}>
        {outcomeOf(cause, title)}
      </p>
    </div>
  );
}

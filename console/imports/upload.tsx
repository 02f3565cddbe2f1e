// Where a file is dropped or chosen, and how far it is on its way.
import { FileUp } from 'lucide-react';
import { type DragEvent, useEffect, useId, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { Problem } from '#client/clientele.ts';
import { Button } from '../ui/button.tsx';
import { sizeOf } from '../ui/figures.ts';
import { Failure } from '../ui/page.tsx';
import { Progress } from '../ui/progress.tsx';
import { words } from '../words.ts';
import styles from './upload.module.css';
import { again, forgetUpload, type Uploading, upload, useUploading } from './uploading.ts';

export function Upload() {
  const uploading = useUploading();
  const [, navigate] = useLocation();
  const taken = uploading.state === 'taken' ? uploading.made.id : undefined;
  useEffect(() => {
    if (taken === undefined) return;
    forgetUpload();
    navigate(`/imports/${taken}`);
  }, [taken, navigate]);
  if (uploading.state === 'sending') return <Sending {...uploading} />;
  return (
    <>
      {uploading.state === 'failed' && <NotTaken {...uploading} />}
      <DropZone label={uploading.state === 'failed' ? words.imports.another : words.imports.choose} />
    </>
  );
}

function Sending({ file, sent }: Extract<Uploading, { state: 'sending' }>) {
  const label = words.imports.uploading(file.name);
  return (
    <div className={styles.sending}>
      <p className={styles.name}>{label}</p>
      <Progress label={label} done={sent} total={Math.max(file.size, 1)}>
        <span>{sent < file.size ? words.imports.sent(sizeOf(sent), sizeOf(file.size)) : words.imports.received}</span>
      </Progress>
      <Button onClick={forgetUpload}>{words.imports.stopUpload}</Button>
    </div>
  );
}

function NotTaken({ file, error }: Extract<Uploading, { state: 'failed' }>) {
  // What the file itself is the reason for stays so, however often it is sent.
  const passing = !(error instanceof Problem) || error.status === 401 || error.status === 429 || error.status >= 500;
  return (
    <div className={styles.failed}>
      <h2>{words.imports.uploadFailed(file.name)}</h2>
      <Failure error={error} onRetry={passing ? again : undefined} />
    </div>
  );
}

function DropZone({ label }: { label: string }) {
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const [fault, setFault] = useState<string>();
  const id = useId();

  function take(files: FileList | null | undefined) {
    setFault(undefined);
    const [file, ...others] = files ?? [];
    if (others.length > 0) setFault(words.imports.onlyOne);
    else if (file) upload(file);
    else setFault(words.imports.noFile);
  }

  function drop(event: DragEvent) {
    event.preventDefault();
    setOver(false);
    // A folder comes as a file that cannot be read.
    const folder = [...event.dataTransfer.items].some((item) => item.webkitGetAsEntry?.()?.isDirectory);
    if (folder) setFault(words.imports.noFile);
    else take(event.dataTransfer.files);
  }

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is a shortcut; the button does the same
    <div
      className={[styles.zone, over && styles.over].filter(Boolean).join(' ')}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <FileUp aria-hidden="true" />
      <p className={styles.name}>{words.imports.drop}</p>
      <p id={id} className={styles.more}>
        {words.imports.dropMore}
      </p>
      <Button look="primary" aria-describedby={id} onClick={() => input.current!.click()}>
        {label}
      </Button>
      <input
        ref={input}
        type="file"
        accept=".csv,.tsv,.txt,text/csv,text/tab-separated-values,text/plain"
        hidden
        onChange={({ target }) => {
          if (target.files?.length) take(target.files);
          target.value = ''; // so that the same file can be chosen again
        }}
      />
      {fault && (
        <p role="alert" className={styles.fault}>
          {fault}
        </p>
      )}
    </div>
  );
}

// A file on its way to the server, whichever page is open. XMLHttpRequest, since fetch cannot tell how much is sent.
import { useSyncExternalStore } from 'react';
import { navigate } from 'wouter/use-browser-location';
import { Problem } from '#client/clientele.ts';
import type { Import } from '#contract/imports.ts';
import { causeOfImport } from '../activity/causes.ts';
import { openWorkspace, queries } from '../api.ts';
import { waitForSignIn } from '../people/signed-out.ts';
import { follow } from '../running.ts';
import { sizeOf } from '../ui/figures.ts';
import { toast } from '../ui/toast.tsx';
import { words } from '../words.ts';

/** The server's own limit: a larger file is not sent in vain. */
const MOST_BYTES = 2 * 2 ** 30;
/** Where files are dropped. */
const PAGE = '/imports';

export type Uploading =
  | { state: 'none' }
  | { state: 'sending'; file: File; sent: number }
  /** `error`: why it was not taken. The file is kept, to be sent once more. */
  | { state: 'failed'; file: File; error: unknown }
  | { state: 'taken'; file: File; made: Import };

let now: Uploading = { state: 'none' };
let request: XMLHttpRequest | undefined;
/** One key for a file, however often it is sent: it is taken in once. */
let key = '';
const listeners = new Set<() => void>();

function set(next: Uploading): void {
  now = next;
  for (const listener of listeners) listener();
  if (next.state === 'sending') addEventListener('beforeunload', warn);
  else removeEventListener('beforeunload', warn);
}

const warn = (event: BeforeUnloadEvent) => event.preventDefault();

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export const useUploading = (): Uploading => useSyncExternalStore(subscribe, () => now);

/** Sends a file, in place of one that is under way. */
export function upload(file: File): void {
  request?.abort();
  key = crypto.getRandomValues(new Uint32Array(4)).join('-');
  if (file.size <= MOST_BYTES) send(file);
  else set({ state: 'failed', file, error: new Error(words.imports.tooLarge(sizeOf(file.size))) });
}

export function again(): void {
  if (now.state === 'failed') send(now.file);
}

export function forgetUpload(): void {
  request?.abort();
  request = undefined;
  set({ state: 'none' });
}

function send(file: File): void {
  const sending = new XMLHttpRequest();
  request = sending;
  const filename = file.name.replaceAll(/\p{C}/gu, '').slice(-255) || 'import.csv';
  sending.open('POST', `/api/imports?${new URLSearchParams({ filename, keep_unmapped: 'true' })}`);
  const workspace = openWorkspace();
  if (workspace !== undefined) sending.setRequestHeader('clientele-workspace', workspace);
  sending.setRequestHeader('content-type', 'text/csv');
  sending.setRequestHeader('idempotency-key', key);
  const ours = (next: Uploading) => request === sending && set(location.pathname === PAGE ? next : elsewhere(next));
  sending.upload.onprogress = ({ loaded }) => ours({ state: 'sending', file, sent: loaded });
  sending.onload = async () => {
    // A session that has ended meanwhile: once the person has signed in again, the file goes on its way.
    if (sending.status === 401 && (await waitForSignIn()) && request === sending) send(file);
    else ours(outcomeOf(sending, file));
  };
  sending.onerror = async () => ours({ state: 'failed', file, error: new Error(await whyLost(file)) });
  ours({ state: 'sending', file, sent: 0 });
  sending.send(file);
}

/** What comes of an upload while another page is open: work that is followed there, or a message. */
function elsewhere(next: Uploading): Uploading {
  if (next.state === 'failed') {
    const action = { label: words.imports.look, run: () => navigate(PAGE) };
    toast(words.imports.uploadFailed(next.file.name), { tone: 'bad', action });
  }
  return next.state === 'taken' ? { state: 'none' } : next;
}

function outcomeOf({ status, responseText }: XMLHttpRequest, file: File): Uploading {
  const body = read(responseText);
  if (status === 201 && typeof body.id === 'string') {
    const made = body as Import;
    queries.setQueryData(['import', made.id], made);
    queries.invalidateQueries({ queryKey: ['imports'] });
    follow(causeOfImport(made));
    return { state: 'taken', file, made };
  }
  const { code = 'unexpected_reply', detail = words.imports.lost, errors, request_id } = body;
  return { state: 'failed', file, error: new Problem({ status, code, detail, errors, request_id }) };
}

// biome-ignore lint/suspicious/noExplicitAny: an import or a problem, or what a proxy says
function read(text: string): any {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

/** A file that was changed or moved while it was sent looks like a connection that broke off. */
async function whyLost(file: File): Promise<string> {
  try {
    await file.slice(0, 1).arrayBuffer();
    return words.imports.lost;
  } catch {
    return words.imports.unreadable;
  }
}

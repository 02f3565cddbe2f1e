// One try to deliver a message, and what became of it.
import type { TestDelivery } from '#contract/webhooks.ts';
import type { Egress } from '../egress.ts';
import { bodyOf, headersOf, type Message } from './signing.ts';

/** Where a webhook goes, and the secrets that sign: the present one, and for a day the one before. */
export type Target = { url: string; secrets: Buffer[] };

/** `retry_after_ms`: how long the receiver asks to be left alone. `gone`: it wants nothing more at all. */
export type Sent = TestDelivery & { retry_after_ms: number; gone: boolean };

/** Of an answer nothing is of interest but its head. */
const ANSWER_BYTES = 1024;
const LATER_MOST_MS = 86_400_000;

/** Sends a message. Never throws: a `failure` says why it was not taken; anything but a 2xx is none of it. */
export async function send(egress: Egress, target: Target, message: Message, signal?: AbortSignal): Promise<Sent> {
  const began = performance.now();
  const ended = () => Math.round(performance.now() - began);
  const body = bodyOf(message);
  try {
    const { status, headers } = await egress.ask(target.url, {
      method: 'POST',
      headers: headersOf(message.id, body, target.secrets, Date.now()),
      body,
      answer_bytes: ANSWER_BYTES,
      signal,
    });
    const failure = status >= 200 && status < 300 ? null : 'status';
    return { ms: ended(), status, failure, retry_after_ms: laterOf(headers['retry-after']), gone: status === 410 };
  } catch (error) {
    return { ms: ended(), status: null, failure: codeOf(error), retry_after_ms: 0, gone: false };
  }
}

/** Seconds or a date (RFC 9110, section 10.2.3), as milliseconds from now; a day at most. */
function laterOf(header: string | undefined): number {
  if (header === undefined) return 0;
  const ms = /^\d{1,9}$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, 0), LATER_MOST_MS);
}

/** A word for the list of deliveries, none of which says more than that. */
function codeOf(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: string };
  const word = typeof code === 'string' ? code : (name ?? 'error');
  return /^\w{1,40}$/.test(word) ? word : 'error';
}

// When a request is sent again, and after how long.

/** Refused for the moment: too many requests, or a server that is starting, stopping or out of reach of its proxy. */
const PASSING = [429, 502, 503, 504];

const FIRST_MS = 200;
const BACKOFF_MOST_MS = 10_000;
const RETRY_AFTER_MOST_MS = 60_000;

export const isPassing = (status: number) => PASSING.includes(status);

/**
 * Milliseconds to wait before a retry, counted from 0: exponential with full jitter (AWS Architecture Blog,
 * "Exponential Backoff And Jitter"), so that clients that failed together do not come back together; on top of what
 * Retry-After (RFC 9110, section 10.2.3) asks for, of which a minute at most is heeded.
 */
export function delayBefore(retry: number, retry_after: string | null): number {
  const backoff = Math.min(FIRST_MS * 2 ** retry, BACKOFF_MOST_MS);
  return Math.min(askedFor(retry_after), RETRY_AFTER_MOST_MS) + Math.random() * backoff;
}

/** What Retry-After says, in milliseconds. */
export function askedFor(retry_after: string | null): number {
  if (retry_after === null) return 0;
  const milliseconds = /^\d+$/.test(retry_after) ? Number(retry_after) * 1000 : Date.parse(retry_after) - Date.now();
  return Number.isNaN(milliseconds) ? 0 : Math.max(milliseconds, 0);
}

/** Waits; rejects with the signal's reason when it is aborted meanwhile. */
export function wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', stop, { once: true });
  });
}

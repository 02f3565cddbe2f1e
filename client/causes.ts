// The calls about what was done in bulk, and about undo.
import type { Cause, KeptChange, Undone } from '#contract/causes.ts';
import { segment } from './address.ts';
import { type Pages, pages } from './pages.ts';
import { wait } from './retry.ts';
import type { CallOptions, Send, WriteOptions } from './send.ts';

type ListOptions = CallOptions & { limit?: number };

export function causeCalls(send: Send) {
  const get = (id: string, options?: CallOptions): Promise<Cause> => send({ method: 'GET', path: pathOf(id), options });
  return {
    /** Lists imports, bulk edits, batches and undos, the last first. `limit` is causes per page. */
    list({ limit, ...options }: ListOptions = {}): Pages<Cause, { results: Cause[]; next: string | null }> {
      return pages((cursor) => send({ method: 'GET', path: '/api/causes', query: { limit, cursor }, options }));
    },

    /** Retrieves a cause: what was asked for, and how far it has come. */
    get,

    /** Waits until a cause has ended, whichever way; `onProgress` hears of each look, one a second. */
    async ended(
      id: string,
      { onProgress, ...options }: CallOptions & { onProgress?: (cause: Cause) => void } = {},
    ): Promise<Cause> {
      for (let pause = 50; ; pause = Math.min(1000, pause * 2)) {
        const cause = await get(id, options);
        onProgress?.(cause);
        if (cause.state !== 'running') return cause;
        await wait(pause, options.signal);
      }
    },

    /** Stops what is under way; what is done by then stays. */
    async cancel(id: string, options?: WriteOptions): Promise<Cause> {
      return send({ method: 'POST', path: `${pathOf(id)}/cancel`, options });
    },

    /** Begins to take back all that a cause did; resolves to the undo, which is a cause itself. */
    async undo(id: string, options?: WriteOptions): Promise<Cause> {
      return send({ method: 'POST', path: `${pathOf(id)}/undo`, options });
    },

    /** Lists what an undo left as it was, since it was changed meanwhile. */
    kept(
      id: string,
      { limit, ...options }: ListOptions = {},
    ): Pages<KeptChange, { results: KeptChange[]; next: string | null }> {
      return pages((cursor) => send({ method: 'GET', path: `${pathOf(id)}/kept`, query: { limit, cursor }, options }));
    },

    /** Takes back the one change at a position of the log. */
    async undoChange(position: number, options?: WriteOptions): Promise<Undone> {
      return send({ method: 'POST', path: `/api/events/${position}/undo`, options });
    },
  };
}

const pathOf = (id: string) => `/api/causes/${segment(id)}`;

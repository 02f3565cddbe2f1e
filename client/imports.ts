// The calls about imports.
import type { MatchField } from '#contract/batch.ts';
import type { Cause } from '#contract/causes.ts';
import type { Import, ImportSettings } from '#contract/imports.ts';
import { segment } from './address.ts';
import { type Pages, pages } from './pages.ts';
import { wait } from './retry.ts';
import type { CallOptions, File, Send, WriteOptions } from './send.ts';

type Progress = CallOptions & { onProgress?: (now: Import) => void };

export function importCalls(send: Send) {
  const get = (id: string, options?: CallOptions): Promise<Import> =>
    send({ method: 'GET', path: pathOf(id), options });

  /** Looks, at first often and then once a second, until an import is in one of the states. */
  async function reached(id: string, states: Import['state'][], { onProgress, signal }: Progress): Promise<Import> {
    for (let pause = 50; ; pause = Math.min(1000, pause * 2)) {
      const now = await get(id, { signal });
      onProgress?.(now);
      if (states.includes(now.state)) return now;
      await wait(pause, signal);
    }
  }

  return {
    /**
     * Uploads a file of customers and has it checked, which changes nothing; `match` says what tells who is there already.
     * With `keep_unmapped`, a file whose columns nobody can guess waits for `update` to say them.
     */
    async create(
      file: File,
      {
        filename,
        match,
        keep_unmapped,
        ...options
      }: WriteOptions & { filename?: string; match?: MatchField; keep_unmapped?: boolean } = {},
    ): Promise<Import> {
      return send({ method: 'POST', path: '/api/imports', query: { filename, match, keep_unmapped }, file, options });
    },

    /** Lists the imports, the last first. `limit` is imports per page. */
    list({
      limit,
      ...options
    }: CallOptions & { limit?: number } = {}): Pages<Import, { results: Import[]; next: string | null }> {
      return pages((cursor) => send({ method: 'GET', path: '/api/imports', query: { limit, cursor }, options }));
    },

    /** Retrieves an import: what was found, and how far it has come. */
    get,

    /** Waits until a file is checked: `found` then tells what importing it would do. */
    async checked(id: string, options: Progress = {}): Promise<Import> {
      return reached(id, ['unmapped', 'checked', 'running', 'done', 'cancelled', 'failed'], options);
    },

    /** Waits until an import has ended, whichever way. */
    async ended(id: string, options: Progress = {}): Promise<Import> {
      return reached(id, ['done', 'cancelled', 'failed'], options);
    },

    /** Has a file read in another way, and checked anew. */
    async update(id: string, settings: ImportSettings, options?: WriteOptions): Promise<Import> {
      return send({ method: 'PATCH', path: pathOf(id), body: settings, options });
    },

    /** Has a checked import run. */
    async run(id: string, options?: WriteOptions): Promise<Import> {
      return send({ method: 'POST', path: `${pathOf(id)}/run`, options });
    },

    /** Stops an import; what is imported by then stays. */
    async cancel(id: string, options?: WriteOptions): Promise<Import> {
      return send({ method: 'POST', path: `${pathOf(id)}/cancel`, options });
    },

    /** Begins to take an import back; resolves to the undo, which is a cause. */
    async undo(id: string, options?: WriteOptions): Promise<Cause> {
      return send({ method: 'POST', path: `${pathOf(id)}/undo`, options });
    },

    /** The refused rows as CSV, each with its line and the reason; 404 where there are none. */
    async rejected(id: string, options?: CallOptions): Promise<AsyncGenerator<Uint8Array, void>> {
      return send.stream({ method: 'GET', path: `${pathOf(id)}/rejected.csv`, options });
    },
  };
}

const pathOf = (id: string) => `/api/imports/${segment(id)}`;

// The calls about views.
import type { View, ViewInput } from '#contract/views.ts';
import { segment } from './address.ts';
import type { CallOptions, Send, WriteOptions } from './send.ts';

export function viewCalls(send: Send) {
  return {
    /** Lists your own views and the shared ones, by name. */
    async list(options?: CallOptions): Promise<View[]> {
      return (await send<{ results: View[] }>({ method: 'GET', path: '/api/views', options })).results;
    },

    /** Saves a list under a name: `query` as it stands in an address, without the `?`. */
    async create(input: ViewInput, options?: WriteOptions): Promise<View> {
      return send({ method: 'POST', path: '/api/views', body: input, options });
    },

    /** Changes your own view, or, for an admin, a shared one. */
    async update(id: string, patch: Partial<ViewInput>, options?: WriteOptions): Promise<View> {
      return send({ method: 'PATCH', path: pathOf(id), body: patch, options });
    },

    /** Deletes your own view, or, for an admin, a shared one. */
    async delete(id: string, options?: WriteOptions): Promise<void> {
      return send({ method: 'DELETE', path: pathOf(id), options });
    },
  };
}

const pathOf = (id: string) => `/api/views/${segment(id)}`;

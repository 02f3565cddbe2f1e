// The calls about webhooks.
import type { Delivery, TestDelivery, Webhook, WebhookInput, WebhookWithSecret } from '#contract/webhooks.ts';
import { segment } from './address.ts';
import { type Pages, pages } from './pages.ts';
import type { CallOptions, Send, WriteOptions } from './send.ts';

export function webhookCalls(send: Send) {
  return {
    /** Lists the webhooks of the workspace, newest first. */
    async list(options?: CallOptions): Promise<Webhook[]> {
      return (await send<{ results: Webhook[] }>({ method: 'GET', path: '/api/webhooks', options })).results;
    },

    async get(id: string, options?: CallOptions): Promise<Webhook> {
      return send({ method: 'GET', path: pathOf(id), options });
    },

    /** Adds a webhook, which gets the events from now on. Its secret is told this once. */
    async create(input: WebhookInput, options?: WriteOptions): Promise<WebhookWithSecret> {
      return send({ method: 'POST', path: '/api/webhooks', body: input, options });
    },

    /** Changes a webhook; enabled again, it goes on where it stopped. */
    async update(id: string, patch: Partial<WebhookInput>, options?: WriteOptions): Promise<Webhook> {
      return send({ method: 'PATCH', path: pathOf(id), body: patch, options });
    },

    async delete(id: string, options?: WriteOptions): Promise<void> {
      return send({ method: 'DELETE', path: pathOf(id), options });
    },

    /** Gives it a new secret; for 24 hours it signs with the former one as well. */
    async rotateSecret(id: string, options?: WriteOptions): Promise<WebhookWithSecret> {
      return send({ method: 'POST', path: `${pathOf(id)}/rotate-secret`, options });
    },

    /** Has it go on behind a position of the log. */
    async replay(id: string, after: number, options?: WriteOptions): Promise<Webhook> {
      return send({ method: 'POST', path: `${pathOf(id)}/replay`, body: { after }, options });
    },

    /** Sends a test at once, and tells what became of it. */
    async test(id: string, options?: CallOptions): Promise<TestDelivery> {
      return send({ method: 'POST', path: `${pathOf(id)}/test`, options });
    },

    /** Lists what became of deliveries, the last first; `failed`: of those that failed alone. */
    deliveries(
      id: string,
      { failed, limit, ...options }: CallOptions & { failed?: boolean; limit?: number } = {},
    ): Pages<Delivery, { results: Delivery[]; next: string | null }> {
      const path = `${pathOf(id)}/deliveries`;
      return pages((cursor) => send({ method: 'GET', path, query: { failed, limit, cursor }, options }));
    },
  };
}

const pathOf = (id: string) => `/api/webhooks/${segment(id)}`;

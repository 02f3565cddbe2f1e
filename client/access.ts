// The calls about workspaces and the keys that open them.
import type { Key, Workspace as StoredWorkspace } from '#contract/access.ts';
import type { Role } from '#contract/api.ts';
import type { RetentionRules } from '#contract/privacy.ts';
import { segment } from './address.ts';
import type { CallOptions, Send, WriteOptions } from './send.ts';

type Workspace = Omit<StoredWorkspace, 'id'>;

export function keyCalls(send: Send) {
  return {
    /** Lists the keys of the workspace, newest first, revoked ones too. */
    async list(options?: CallOptions): Promise<Key[]> {
      return (await send<{ results: Key[] }>({ method: 'GET', path: '/api/keys', options })).results;
    },

    /**
     * Creates a key. Its text is told this once, in `key`, and is null where the first reply was lost and a retry
     * answered: such a key is of no use, so revoke it and create another.
     */
    async create(input: { name: string; role: Role }, options?: WriteOptions): Promise<Key & { key: string | null }> {
      return send({ method: 'POST', path: '/api/keys', body: input, options });
    },

    /** Revokes a key for good. */
    async revoke(id: string, options?: WriteOptions): Promise<void> {
      return send({ method: 'DELETE', path: `/api/keys/${segment(id)}`, options });
    },
  };
}

export function workspaceCalls(send: Send) {
  return {
    /** Lists the workspaces that the key opens. */
    async list(options?: CallOptions): Promise<Workspace[]> {
      return (await send<{ results: Workspace[] }>({ method: 'GET', path: '/api/workspaces', options })).results;
    },

    /** Retrieves how long customers are kept. */
    async retention(options?: CallOptions): Promise<RetentionRules> {
      return send({ method: 'GET', path: '/api/retention', options });
    },

    /** Changes how long customers are kept: whoever is past that is erased. */
    async updateRetention(rules: Partial<RetentionRules>, options?: WriteOptions): Promise<RetentionRules> {
      return send({ method: 'PATCH', path: '/api/retention', body: rules, options });
    },

    /** Changes the name of a workspace, or the region in which its phone numbers are read. */
    async update(
      slug: string,
      patch: Partial<Pick<Workspace, 'name' | 'region'>>,
      options?: WriteOptions,
    ): Promise<Workspace> {
      return send({ method: 'PATCH', path: `/api/workspaces/${segment(slug)}`, body: patch, options });
    },
  };
}

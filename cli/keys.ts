import { createKey, listKeys, revokeKey } from '#server/access/access.ts';
import type { Command } from './command.ts';
import { withWorkspace } from './database.ts';
import { options, required } from './options.ts';
import { print } from './output.ts';

export const keyCommands: Command[] = [
  {
    name: 'keys create',
    usage: '--role owner|admin|editor|viewer --name <name> [--workspace <slug>]',
    summary: 'Create an API key; it alone is printed, this once.',
    async run(words, config) {
      const { values } = options(words, {
        workspace: { type: 'string', default: 'main' },
        role: { type: 'string' },
        name: { type: 'string' },
      });
      const body = { name: required(values.name, 'name'), role: required(values.role, 'role') };
      const made = await withWorkspace(config, values.workspace, (database, actor) =>
        createKey(database, actor, body, { request_id: null }),
      );
      console.log(made.subject.key);
    },
  },
  {
    name: 'keys list',
    usage: '[--workspace <slug>] [--json]',
    summary: 'List the keys of a workspace.',
    async run(words, config) {
      const { values } = options(words, {
        workspace: { type: 'string', default: 'main' },
        json: { type: 'boolean', default: false },
      });
      const keys = await withWorkspace(config, values.workspace, listKeys);
      print(keys, ['id', 'name', 'role', 'created_at', 'revoked_at'], values.json);
    },
  },
  {
    name: 'keys revoke',
    usage: '<id> [--workspace <slug>]',
    summary: 'Revoke a key: it is refused everywhere within a second.',
    async run(words, config) {
      const parsed = options(words, { workspace: { type: 'string', default: 'main' } }, ['id']);
      await withWorkspace(config, parsed.values.workspace, (database, actor) =>
        revokeKey(database, actor, parsed.words[0]!, { request_id: null }),
      );
      console.error('Revoked.');
    },
  },
];

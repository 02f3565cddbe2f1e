import { slug as slugKind } from '#contract/field.ts';
import { createWorkspace, listWorkspaces } from '#server/access/access.ts';
import type { Command } from './command.ts';
import { withDatabase } from './database.ts';
import { options, usageError } from './options.ts';
import { print } from './output.ts';

export const workspaceCommands: Command[] = [
  {
    name: 'workspaces create',
    usage: '<slug> [--name <name>]',
    summary: 'Create a workspace.',
    async run(words, config) {
      const parsed = options(words, { name: { type: 'string' } }, ['slug']);
      const slug = slugKind.normalise(parsed.words[0], 'The slug');
      if (slug.refusal) throw usageError(slug.refusal.detail);
      const made = await withDatabase(config, (database) =>
        createWorkspace(database, slug.value, parsed.values.name ?? slug.value),
      );
      if (!made) {
        console.error(`clientele: there is a workspace "${slug.value}" already.`);
        return 1;
      }
      console.error(`Created the workspace "${slug.value}".`);
    },
  },
  {
    name: 'workspaces list',
    usage: '[--json]',
    summary: 'List the workspaces.',
    async run(words, config) {
      const { values } = options(words, { json: { type: 'boolean', default: false } });
      print(await withDatabase(config, listWorkspaces), ['slug', 'name', 'region', 'created_at'], values.json);
    },
  },
];

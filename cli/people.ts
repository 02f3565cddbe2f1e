import { email as emailKind, slug as slugKind } from '#contract/field.ts';
import {
  createOwnerLink,
  createResetLink,
  findWorkspace,
  listPeople,
  resetSecondFactor,
} from '#server/access/access.ts';
import { addressOf } from '#server/own-address.ts';
import type { Command } from './command.ts';
import { withDatabase } from './database.ts';
import { options, usageError } from './options.ts';
import { print } from './output.ts';

export const peopleCommands: Command[] = [
  {
    name: 'owner-link',
    usage: '[--workspace <slug>] [--json]',
    summary: 'Print an address that makes an owner of a workspace, once, within an hour.',
    async run(words, config) {
      const { values } = options(words, {
        workspace: { type: 'string', default: 'main' },
        json: { type: 'boolean', default: false },
      });
      const slug = slugKind.normalise(values.workspace, '--workspace');
      if (slug.refusal) throw usageError(slug.refusal.detail);
      const link = await withDatabase(config, async (database) => {
        const workspace = await findWorkspace(database, slug.value);
        return workspace && createOwnerLink(database, workspace);
      });
      if (link === null) return refuse(`there is no workspace "${slug.value}".`);
      printLink(addressOf(config, link), values.json);
    },
  },
  {
    name: 'people list',
    usage: '[--json]',
    summary: 'List everybody who has an account, and what they may open.',
    async run(words, config) {
      const { values } = options(words, { json: { type: 'boolean', default: false } });
      const people = await withDatabase(config, listPeople);
      print(people, ['email', 'name', 'workspaces', 'created_at'], values.json);
    },
  },
  {
    name: 'people reset-link',
    usage: '<email> [--json]',
    summary: 'Print an address at which a person sets a new password, once, within an hour.',
    async run(words, config) {
      const parsed = options(words, { json: { type: 'boolean', default: false } }, ['email']);
      const email = emailKind.normalise(parsed.words[0], 'The email');
      if (email.refusal) throw usageError(email.refusal.detail);
      const link = await withDatabase(config, (database) => createResetLink(database, email.value));
      if (link === null) return refuse('nobody has an account with this email.');
      printLink(addressOf(config, link), parsed.values.json);
    },
  },
  {
    name: 'people reset-second-factor',
    usage: '<email>',
    summary: 'Switch off the second factor of a person who has lost it, recovery codes and all.',
    async run(words, config) {
      const parsed = options(words, {}, ['email']);
      const email = emailKind.normalise(parsed.words[0], 'The email');
      if (email.refusal) throw usageError(email.refusal.detail);
      const was_on = await withDatabase(config, (database) => resetSecondFactor(database, email.value));
      if (was_on === null) return refuse('nobody has an account with this email.');
      console.log(was_on ? `The second factor of ${email.value} is off.` : 'There was no second factor.');
    },
  },
];

const printLink = (link: string, json: boolean) => console.log(json ? JSON.stringify({ link }) : link);

function refuse(why: string): number {
  console.error(`clientele: ${why}`);
  return 1;
}

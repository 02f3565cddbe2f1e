// Distributing the database over the nodes of a Citus cluster, straight at the database.
import type { Config } from '#server/config.ts';
import { connectionOf } from '#server/configured-database.ts';
import { distribute, PLAN } from '#server/distribution/distribution.ts';
import type { Command } from './command.ts';
import { options } from './options.ts';

export const distributeCommands: Command[] = [
  {
    name: 'distribute',
    usage: `[--plan]

  --plan   Only print where each table is to be.

DATABASE_URL names the coordinator of a Citus cluster. The servers must be stopped, and there must be a backup: there is no
way back but by that. See docs/operations.md.`,
    summary: 'Spread workspaces over the nodes of a Citus cluster.',
    run,
  },
];

async function run(words: string[], config: Config): Promise<void> {
  const { values } = options(words, { plan: { type: 'boolean', default: false } });
  if (values.plan) {
    for (const [table, place] of Object.entries(PLAN)) console.log(`${table.padEnd(18)}  ${place}`);
    return;
  }
  const { connection, release } = await connectionOf(config, 'tool', console.error);
  try {
    const { done, before, dropped } = await distribute(connection);
    for (const key of dropped) console.log(`Gave up the foreign key ${key}.`);
    const told = before.length > 0 ? `; ${before.join(', ')} were before` : '';
    console.log(done.length === 0 ? 'Everything is distributed already.' : `Distributed ${done.join(', ')}${told}.`);
  } finally {
    await release();
  }
}

// `clientele serve`, and what is done before one serves: `migrate` and `config`.
import { type Config, describeConfig } from '#server/config.ts';
import { openConfigured } from '#server/configured-database.ts';
import { serve } from '#server/main.ts';
import type { Command } from './command.ts';
import { options, usageError } from './options.ts';

export const serveCommands: Command[] = [
  { name: 'serve', usage: '[--processes <number>]', summary: 'Serve the API until stopped.', run: runServer },
  {
    name: 'migrate',
    summary: 'Bring the database up to date and stop.',
    async run(words, config) {
      options(words, {});
      const opened = await openConfigured(config, 'tool', console.error);
      await opened.close();
      console.log(
        opened.migrated.length === 0 ? 'The database is up to date.' : `Applied ${opened.migrated.join(', ')}.`,
      );
    },
  },
  {
    name: 'config',
    summary: 'Print the configuration in effect, secrets masked.',
    async run(words, config) {
      options(words, {});
      console.log(describeConfig(config));
    },
  },
];

async function runServer(words: string[], config: Config): Promise<void> {
  const { values } = options(words, { processes: { type: 'string' } });
  const { processes } = values;
  if (processes !== undefined) {
    if (!/^([1-9]|[1-5]\d|6[0-4])$/.test(processes))
      throw usageError('--processes must be a whole number from 1 to 64.');
    config.server.processes = Number(processes);
  }
  const serving = await serve(config, (line) => console.error(line));
  console.error(`Clientele serves ${serving.url} (API docs: ${serving.url}/api/docs), data in ${serving.place}.`);
  if (serving.owner_link)
    console.error(
      `There is no owner yet: open ${serving.owner_link} to become one (once, within an hour; npx clientele owner-link prints another).`,
    );
  console.error('Next: npx clientele keys create --workspace main --role admin --name "My key"');
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
  // A second signal does not wait for those still being served; one right behind the first is its echo, for Ctrl-C
  // reaches the launcher and the server both.
  const first = performance.now();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => performance.now() - first > 1000 && process.exit(1));
  await serving.close();
}

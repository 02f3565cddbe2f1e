// The command line: `clientele <noun> <verb>`. Data on stdout, everything else on stderr; 0 ok, 1 refused, 2 usage.
import { loadConfig, unknownVariables } from '#server/config.ts';
import { PROJECT } from '#server/project.ts';
import type { Command } from './command.ts';
import { allCommands, findCommand } from './commands.ts';

const [, , ...words] = process.argv;

// Who reads the output may go first: `| head` has had enough, and a server outlives the terminal that it reported to.
process.stdout.on('error', () => process.exit(0));
process.stderr.on('error', () => {});

try {
  process.exitCode = await run(words);
} catch (error) {
  const { name, message } = error as Error;
  if (!['StartError', 'ConfigError', 'UsageError', 'Problem'].includes(name)) console.error(error);
  else console.error(`clientele: ${message}`);
  process.exitCode = name === 'UsageError' ? 2 : 1;
}

async function run(words: string[]): Promise<number> {
  if (words.length === 0 || words[0] === 'help' || words[0] === '--help' || words[0] === '-h') {
    console.log(await help());
    return words.length === 0 ? 2 : 0;
  }
  const command = await findCommand(words);
  if (!command) {
    console.error(`clientele: there is no command "${words.slice(0, 2).join(' ')}".\n\n${await help()}`);
    return 2;
  }
  const rest = words.slice(command.name.split(' ').length);
  if (rest.includes('--help') || rest.includes('-h')) {
    console.log(usage(command));
    return 0;
  }
  const config = loadConfig(process.env, PROJECT);
  for (const name of unknownVariables(process.env))
    console.error(`clientele: warning: ${name} is not a variable that Clientele knows.`);
  const code = await command.run(rest, config);
  return typeof code === 'number' ? code : 0;
}

async function help(): Promise<string> {
  const commands = await allCommands();
  const width = Math.max(...commands.map((command) => command.name.length));
  return `Usage: clientele <command> [options]\n\n${commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`).join('\n')}\n\n\`clientele <command> --help\` tells the options of one.`;
}

function usage({ name, usage = '', summary }: Command): string {
  return `Usage: clientele ${name} ${usage}\n\n${summary}`;
}

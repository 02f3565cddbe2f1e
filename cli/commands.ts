// Every command, in the order in which `clientele help` lists them. A file is read when one of its commands is wanted: what
// asks a server over HTTP then begins in half the time, without the server's own code.
import type { Command } from './command.ts';

/** The files of commands, by the first words of these. */
const files: [first: string[], read: () => Promise<Command[]>][] = [
  [['serve', 'migrate', 'config'], async () => (await import('./serve.ts')).serveCommands],
  [['backup', 'restore', 'move'], async () => (await import('./backup.ts')).backupCommands],
  [['doctor'], async () => (await import('./doctor.ts')).doctorCommands],
  [['distribute'], async () => (await import('./distribute.ts')).distributeCommands],
  [['workspaces'], async () => (await import('./workspaces.ts')).workspaceCommands],
  [['keys'], async () => (await import('./keys.ts')).keyCommands],
  [['owner-link', 'people'], async () => (await import('./people.ts')).peopleCommands],
  [['import'], async () => (await import('./import.ts')).importCommands],
  [['export'], async () => (await import('./export.ts')).exportCommands],
  [['demo'], async () => (await import('./demo.ts')).demoCommands],
  [['customers'], async () => (await import('./customers.ts')).customerCommands],
  [['causes'], async () => (await import('./causes.ts')).causeCommands],
];

export async function allCommands(): Promise<Command[]> {
  return (await Promise.all(files.map(([, read]) => read()))).flat();
}

/** The command that the words begin with. */
export async function findCommand(words: string[]): Promise<Command | undefined> {
  const file = files.find(([first]) => first.includes(words[0]!));
  const commands = (await file?.[1]()) ?? [];
  return commands.find(({ name }) => name.split(' ').every((part, index) => words[index] === part));
}

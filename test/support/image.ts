// The steps of the Dockerfile, taken on this machine in folders of their own: what an image would hold, without an image.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, symlinkSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { PROJECT } from '#server/project.ts';

export type Step = { instruction: string; argument: string };
export type Stage = { name: string; steps: Step[] };

/** The stages of a Dockerfile; lines that go on are one, comments are left out. */
export function readDockerfile(text: string): Stage[] {
  const stages: Stage[] = [];
  const lines = text.replaceAll(/^\s*#.*\n/gm, '').replaceAll(/\\\n\s*/g, '');
  for (const line of lines.split('\n').filter((each) => each.trim() !== '')) {
    const [, instruction = '', argument = ''] = /^([A-Z]+) (.+)$/.exec(line) ?? [];
    if (instruction === '') throw new Error(`This is no instruction: ${line}`);
    if (instruction === 'FROM') stages.push({ name: / AS (\w+)$/.exec(argument)?.[1] ?? '', steps: [] });
    else stages.at(-1)!.steps.push({ instruction, argument });
  }
  return stages;
}

/** The values of an instruction in a stage: of EXPOSE, of each ENV. */
export const valuesOf = ({ steps }: Stage, instruction: string): string[] =>
  steps.filter((step) => step.instruction === instruction).map(({ argument }) => argument);

/** Whether .dockerignore leaves a path of the project; the last line that fits it decides. */
export function readDockerignore(text: string): (path: string) => boolean {
  const rules = text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const pattern = line.replace(/^!/, '').replaceAll('.', '\\.').replaceAll('**/', '\0').replaceAll('*', '[^/]*');
      return { keep: line.startsWith('!'), fits: new RegExp(`^${pattern.replaceAll('\0', '(?:.*/)?')}(?:/|$)`) };
    });
  return (path) => rules.findLast(({ fits }) => fits.test(path))?.keep ?? true;
}

/** Copies what .dockerignore leaves of the project to a folder. */
export function copyContext(to: string): void {
  const isKept = readDockerignore(readFileSync(join(PROJECT, '.dockerignore'), 'utf8'));
  cpSync(PROJECT, to, {
    recursive: true,
    filter: (source) => source === PROJECT || isKept(relative(PROJECT, source)),
  });
}

type Run = (command: string, folder: string) => void;

/**
 * Takes the steps of a stage that concern files: COPY, and RUN by `run`, which is given each command and the working folder.
 * Each stage has its root beside those of the others, in `roots`; gives the working folder.
 */
export function takeSteps(
  { name, steps }: Stage,
  { context, roots, run }: { context: string; roots: string; run: Run },
) {
  let folder = '/';
  const root = join(roots, name || 'image');
  for (const { instruction, argument } of steps) {
    if (instruction === 'WORKDIR') {
      folder = argument;
      mkdirSync(join(root, folder), { recursive: true });
    } else if (instruction === 'COPY') {
      const words = argument.split(' ');
      const from = /^--from=(\w+)$/.exec(words[0]!)?.[1];
      if (from) words.shift();
      const to = words.pop()!;
      // A stage is there for one other alone, so what is taken out of it need not stay in it.
      if (from) renameSync(join(roots, from, words[0]!), made(join(root, folder, to)));
      else for (const word of words) copy(join(context, word), join(root, folder), to, words.length > 1);
    } else if (instruction === 'RUN') run(argument, join(root, folder));
  }
  return join(root, folder);
}

/** As COPY does: of a folder what is in it, of a file the file, under its own name where a folder is named. */
function copy(source: string, folder: string, to: string, several: boolean): void {
  const target = join(folder, to);
  if (several && !to.endsWith('/')) throw new Error(`Several files are copied to ${to}, which is no folder.`);
  const place = statSync(source).isDirectory() || !to.endsWith('/') ? target : join(target, basename(source));
  cpSync(source, made(place), { recursive: true, verbatimSymlinks: true });
}

/** The same path, when the folder that it is in has been made. */
function made(path: string): string {
  mkdirSync(dirname(path), { recursive: true });
  return path;
}

/** This Node as a program in a folder that every user may enter; gives what PATH is then. */
export function placeNode(folder: string): string {
  mkdirSync(folder, { recursive: true });
  cpSync(process.execPath, join(folder, 'node'), { dereference: true });
  chmodSync(join(folder, 'node'), 0o755);
  return `${folder}:/usr/local/bin:/usr/bin:/bin`;
}

/** Runs a shell command; throws what it wrote where it fails. */
export function shell(command: string, cwd: string, env: NodeJS.ProcessEnv): void {
  const { status, stdout, stderr } = spawnSync('sh', ['-ec', command], { cwd, env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command}: ${stdout}${stderr}`);
}

/** Where a stage installs what has been installed here by the same command, that is taken. What is written beside it stays there. */
export function linkModules(folder: string): void {
  mkdirSync(join(folder, 'node_modules'));
  for (const name of readdirSync(join(PROJECT, 'node_modules')).filter((each) => !/^\.(?!bin$)/.test(each)))
    symlinkSync(join(PROJECT, 'node_modules', name), join(folder, 'node_modules', name));
}

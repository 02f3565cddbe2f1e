/**
 * The configuration, which follows from the table of settings. What the TOML file of an environment may say, which variables count, the
 * defaults, the type of the result and what `describeConfig` prints all follow from it.
 *
 * A variable wins over the file, the file over the default. Values are never coerced: what is not exactly right is named.
 * A secret may stand in a file of its own, which the variable with _FILE behind its name names: DATABASE_URL_FILE.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { configError } from './database-url.ts';
import { type Kind, orList } from './setting-kinds.ts';
import { type Setting, settings } from './settings.ts';

const environments = ['development', 'staging', 'production'] as const;

/** The effective configuration: `config.server.port` and so on, and for each key where its value came from. */
export type Config = Settings & { environment: (typeof environments)[number]; sources: Record<string, string> };

type Settings = Joined<{ [S in (typeof settings)[number] as S['key']]: At<S['key'], Value<S>> }>;
type At<Key extends string, T> = Key extends `${infer Head}.${infer Tail}`
  ? { [K in Head]: At<Tail, T> }
  : { [K in Key]: T };
type Value<S> = S extends { kind: Kind<infer T> } ? (S extends { default: unknown } ? T : T | undefined) : never;
type Joined<T> = { [K in keyof T]: (value: T[K]) => void }[keyof T] extends (value: infer U) => void ? U : never;

/** Not settings of the server, yet ours: which file to read, and how the command line reaches a server. */
const otherVariables = ['CLIENTELE_ENV', 'CLIENTELE_URL', 'CLIENTELE_KEY'];

/**
 * The configuration of an environment, from the project folder's `config/<CLIENTELE_ENV>.toml` and the variables.
 * Throws one ConfigError that lists every mistake, a line each.
 */
export function loadConfig(environment: NodeJS.ProcessEnv, directory: string): Config {
  const mistakes: string[] = [];
  const name = environments.find((each) => each === (environment.CLIENTELE_ENV || 'development'));
  if (name === undefined) mistakes.push(`environment variable CLIENTELE_ENV: must be ${orList(environments)}`);
  const file = `config/${name}.toml`;
  const fromFile = name === undefined ? new Map<string, unknown>() : readFile(file, directory, mistakes);

  const config = { environment: name, sources: {} } as Config;
  for (const setting of settings as readonly Setting[]) {
    const { key, kind } = setting;
    const { text, source: variable } = readVariable(setting, environment, directory, mistakes);
    // The weakest first: each overrides the one before, and a mistake in one that is overridden is a mistake still.
    const candidates = [
      { source: 'default', value: setting.default, given: true },
      { source: file, value: fromFile.get(key), given: fromFile.has(key) },
      { source: `environment variable ${variable}`, value: kind.fromText(text), given: text !== '' },
    ];
    for (const { source, value, given } of candidates) {
      if (!given) continue;
      try {
        setValue(config, key, source === 'default' ? value : kind.read(value, { key, directory }));
        config.sources[key] = source;
      } catch (error) {
        if ((error as Error).name !== 'ConfigError') throw error;
        mistakes.push(`${source}: ${(error as Error).message}`);
      }
    }
  }
  // Not where there are mistakes already: what is missing may be one of them.
  if (mistakes.length === 0) mistakes.push(...missingSettings(config));
  if (mistakes.length > 0) throw configError(mistakes.join('\n'));
  return config;
}

/** What a setting's variable says, or the file that it names; an empty text where neither is set. */
function readVariable(
  { variable, mask }: Setting,
  environment: NodeJS.ProcessEnv,
  directory: string,
  mistakes: string[],
): { text: string; source: string | undefined } {
  const text = (variable && environment[variable]) || '';
  const file = mask && environment[fileVariable(variable!)];
  if (!file) return { text, source: variable };
  const source = `${fileVariable(variable!)} (${file})`;
  const refused = (problem: string) => {
    mistakes.push(`environment variable ${source}: ${problem}`);
    return { text: '', source };
  };
  // Whichever won, somebody would believe that it is the other.
  if (text !== '') return refused(`${variable} is set as well, and one of the two is meant`);
  try {
    // The end of the last line is not meant: editors and most programs put one there.
    const held = readFileSync(resolve(directory, file), 'utf8').replace(/\r?\n$/, '');
    return held === '' ? refused('the file is empty') : { text: held, source };
  } catch (error) {
    return refused(`the file cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

const fileVariable = (variable: string) => `${variable}_FILE`;

function missingSettings(config: Config): string[] {
  return (settings as readonly Setting[]).flatMap(({ key, needs = [] }) =>
    getValue(config, key) === undefined
      ? []
      : needs
          .filter((other) => getValue(config, other) === undefined)
          .map((other) => `${config.sources[key]}: ${key} needs ${other}, which is not set`),
  );
}

/** The effective values as TOML, a line each, with where each came from. Secrets are masked. */
export function describeConfig(config: Config): string {
  const lines = (settings as readonly Setting[]).map(({ key, kind, mask }) => {
    const value = getValue(config, key);
    if (value === undefined) return `# ${key} is not set`;
    const shown = mask ? mask(value as string) : (kind.toToml?.(value) ?? value);
    return `${`${key} = ${JSON.stringify(shown)}`.padEnd(44)} # ${config.sources[key]}`;
  });
  return `# ${config.environment}\n${lines.join('\n')}\n`;
}

/** The variables of all settings, those that name the file of a secret included. */
export function knownVariables(): string[] {
  return (settings as readonly Setting[]).flatMap(({ variable, mask }) => {
    if (variable === undefined) return [];
    return mask ? [variable, fileVariable(variable)] : [variable];
  });
}

/** Names of variables that look like ours and mean nothing: worth a warning, as they may be meant for another version. */
export function unknownVariables(environment: NodeJS.ProcessEnv): string[] {
  const known = new Set([...otherVariables, ...knownVariables()]);
  return Object.keys(environment).filter((name) => name.startsWith('CLIENTELE_') && !known.has(name));
}

/** The values of the file by key. Mistakes that belong to no setting are added to `mistakes`. */
function readFile(file: string, directory: string, mistakes: string[]): Map<string, unknown> {
  const values = new Map<string, unknown>();
  let content: string;
  try {
    content = readFileSync(join(directory, file), 'utf8');
  } catch (error) {
    mistakes.push(`${file}: cannot be read (${(error as NodeJS.ErrnoException).code})`);
    return values;
  }
  try {
    collect(parse(content, { integersAsBigInt: true }), '');
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // The message goes on to quote the lines around the mistake, and those may hold a password.
    const reason = error.message.split('\n')[0]?.replace('Invalid TOML document: ', '');
    mistakes.push(`${file}: line ${error.line}, column ${error.column}: ${reason}`);
  }
  return values;

  function collect(table: Record<string, unknown>, prefix: string) {
    for (const [name, value] of Object.entries(table)) {
      // A quoted name stays quoted: "server.port" = 80 is one name with a dot in it, and no setting.
      const key = prefix + (/^[\w-]+$/.test(name) ? name : JSON.stringify(name));
      const isGroup = settings.some((setting) => setting.key.startsWith(`${key}.`));
      if (settings.some((setting) => setting.key === key)) values.set(key, value);
      else if (isTable(value) && (isGroup || Object.keys(value).length > 0)) collect(value, `${key}.`);
      else mistakes.push(`${file}: ${key} ${isGroup ? 'must be a table' : unknownKey(key)}`);
    }
  }
}

/** The rest of the sentence, with the setting that was meant if one is near. */
function unknownKey(key: string): string {
  const last = key.slice(key.lastIndexOf('.') + 1);
  const near = settings
    .map((setting) => setting.key)
    .map((known) => ({ known, edits: known.endsWith(`.${last}`) ? 1 : editDistance(key, known) }))
    .filter(({ edits }) => edits <= 3)
    .sort((a, b) => a.edits - b.edits)[0];
  return `is not a setting${near ? ` (did you mean ${near.known}?)` : ''}`;
}

/** How many characters to insert, delete or replace to make one text of the other (Levenshtein). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [i, character] of [...from].entries()) {
    const next = [i + 1];
    for (let j = 1; j <= to.length; j++) {
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (character === to[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[to.length]!;
}

function setValue(config: object, key: string, value: unknown) {
  const path = key.split('.');
  const last = path.pop()!;
  let table = config as Record<string, unknown>;
  for (const name of path) {
    table[name] ??= {};
    table = table[name] as Record<string, unknown>;
  }
  table[last] = value;
}

function getValue(config: object, key: string): unknown {
  return key.split('.').reduce<unknown>((table, name) => (table as Record<string, unknown>)[name], config);
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

// Reading a command's words.
import { type ParseArgsConfig, parseArgs } from 'node:util';

type Options = NonNullable<ParseArgsConfig['options']>;

export function usageError(message: string): Error {
  const error = new Error(message);
  error.name = 'UsageError';
  return error;
}

/** Options and the words besides them; throws a UsageError for what the command does not take. */
export function options<const Known extends Options>(words: string[], known: Known, positionals: string[] = []) {
  let parsed: ReturnType<typeof parseArgs<{ args: string[]; options: Known; allowPositionals: true; strict: true }>>;
  try {
    parsed = parseArgs({ args: words, options: known, allowPositionals: true, strict: true });
  } catch (error) {
    throw usageError((error as Error).message.split('. ')[0]!);
  }
  if (parsed.positionals.length > positionals.length)
    throw usageError(`There is a word too many: ${parsed.positionals[positionals.length]}.`);
  const missing = positionals.slice(parsed.positionals.length).find((name) => !name.endsWith('?'));
  if (missing) throw usageError(`<${missing}> is missing.`);
  return { values: parsed.values, words: parsed.positionals };
}

/** The value of an option that has no default. */
export function required(value: string | undefined, name: string): string {
  if (value === undefined || value === '') throw usageError(`--${name} is missing.`);
  return value;
}

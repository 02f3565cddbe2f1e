// What a command is.
import type { Config } from '#server/config.ts';

export type Command = {
  name: string;
  usage?: string;
  summary: string;
  /** Gives the exit code where it is a number; anything else is 0. */
  run(words: string[], config: Config): Promise<unknown>;
};

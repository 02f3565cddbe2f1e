// A log that a test can read.
import { Writable } from 'node:stream';
import pino from 'pino';

// biome-ignore lint/suspicious/noExplicitAny: what a line holds is what the tests are about
type Line = any;

export type TestLog = {
  logger: pino.Logger;
  lines(): Line[];
  text(): string;
  /** Waits until something is written that matches. */
  until(pattern: RegExp): Promise<void>;
};

/** A logger, and the lines written so far. */
export function openTestLog(): TestLog {
  let text = '';
  let written = Promise.withResolvers<void>();
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done();
      written.resolve();
      written = Promise.withResolvers();
    },
  });
  return {
    logger: pino({ level: 'debug', base: undefined }, stream),
    lines: () =>
      text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
    text: () => text,
    async until(pattern) {
      while (!pattern.test(text)) await written.promise;
    },
  };
}

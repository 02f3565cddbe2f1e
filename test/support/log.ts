// A log that a test can read.
import { Writable } from 'node:stream';
import pino from 'pino';

// biome-ignore lint/suspicious/noExplicitAny: what a line holds is what the tests are about
type Line = any;

/** A logger, and the lines written so far. */
export function openTestLog(): { logger: pino.Logger; lines(): Line[]; text(): string } {
  let text = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done();
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
  };
}

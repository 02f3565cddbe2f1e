// The log: a line of JSON for each thing worth telling, to standard error. Lines leave together, since a write of its
// own for each would slow every request down; and whoever does not read them never holds the server up.
import { write, writeSync } from 'node:fs';
import pino, { type Logger } from 'pino';

const STDERR = 2;
/** How late a line may be. */
const LATE_MS = 500;
/** Characters that leave at once, and that may wait where nobody reads; what comes on top is lost. */
const ENOUGH = 16_384;
const MOST = 4_194_304;

export type Log = {
  logger: Logger;
  /** Writes what is left, as far as somebody takes it. */
  close(): void;
};

/** `process`: which of several serving together writes, said in each line. */
export function openLog(level: string, process?: string): Log {
  const lines = openLines();
  const logger = pino({ level, base: process === undefined ? undefined : { process }, timestamp: openClock() }, lines);
  return { logger, close: lines.close };
}

/** The time as a member of a line. The lines of a millisecond share theirs: to write it anew costs as much as the rest of a line. */
function openClock(): () => string {
  let at = 0;
  let text = '';
  return () => {
    const now = Date.now();
    if (now !== at) {
      at = now;
      text = `,"time":"${new Date(now).toISOString()}"`;
    }
    return text;
  };
}

function openLines() {
  let waiting = '';
  /** What a full pipe did not take of the last write. */
  let left: Buffer = Buffer.alloc(0);
  let writing = false;
  let ended = false;
  const timer = setInterval(flush, LATE_MS);
  timer.unref();
  process.once('exit', close);

  function flush(): void {
    if (writing || ended) return;
    const bytes = takeAll();
    if (bytes.length === 0) return;
    writing = true;
    write(STDERR, bytes, (error, written) => {
      writing = false;
      // A full pipe takes more later; one that nobody reads any more never will.
      if (error && error.code !== 'EAGAIN') ended = true;
      else left = bytes.subarray(written ?? 0);
    });
  }

  function takeAll(): Buffer {
    const bytes = Buffer.concat([left, Buffer.from(waiting)]);
    left = Buffer.alloc(0);
    waiting = '';
    return bytes;
  }

  function close(): void {
    clearInterval(timer);
    process.off('exit', close);
    if (ended) return;
    ended = true;
    try {
      writeSync(STDERR, takeAll());
    } catch {
      // nobody reads
    }
  }

  return {
    write(line: string) {
      if (ended || waiting.length + left.length + line.length > MOST) return;
      waiting += line;
      if (waiting.length >= ENOUGH) flush();
    },
    close,
  };
}

// How much room V8 has for objects that live as long as a request. What does not fit in is taken for long-lived, and is then
// collected at a far higher price: with a thousand requests under way a room of 8 MB cost a third of what the server can
// do. One of 32 MB at all times would cost everybody 80 MB of memory. So it is as small as the process is started with
// (--min-semi-space-size), and grows (up to --max-semi-space-size) where there are many connections.
import { setFlagsFromString } from 'node:v8';

const MANY_CONNECTIONS = 200;
const LOOK_MS = 100;

/** Lets the room grow only while there are many connections, until it is stopped. Without the flags V8 does as it likes. */
export function limitYoungSpace(connections: () => number): { stop(): void } {
  if (!process.execArgv.some((flag) => flag.startsWith('--min-semi-space-size='))) return { stop() {} };
  let grows: boolean | undefined;
  const look = () => {
    const mayGrow = connections() >= MANY_CONNECTIONS;
    if (mayGrow === grows) return;
    grows = mayGrow;
    setFlagsFromString(`--semi-space-growth-factor=${grows ? 2 : 1}`);
  };
  look();
  const looking = setInterval(look, LOOK_MS);
  looking.unref();
  return { stop: () => clearInterval(looking) };
}

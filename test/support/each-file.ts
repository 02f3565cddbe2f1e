// Loaded before each test file. What was compiled once is kept, which spares every file half a second; and one that has not
// ended after ten minutes, since something in it was left open, ends as failed rather than never.
import { enableCompileCache } from 'node:module';

const MOST_MS = 600_000;

enableCompileCache();

// Not in the process that looks after those of the files.
if (process.env.NODE_TEST_CONTEXT !== undefined)
  setTimeout(() => {
    console.error(`${process.argv[1]} has not ended.`);
    process.exit(1);
  }, MOST_MS).unref();

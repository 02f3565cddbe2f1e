// Exports, straight from the database: they need no key, and work whether or not the server runs.
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { EXPORT_FIELDS, EXPORT_FORMATS } from '#contract/exports.ts';
import { exportCustomers, readExportQuery } from '#server/exports/exports.ts';
import type { Command } from './command.ts';
import { readActive } from './customer-options.ts';
import { withWorkspace } from './database.ts';
import { stopOnSignals } from './interrupt.ts';
import { options } from './options.ts';
import { counted, progress } from './progress.ts';

const USAGE = `[--workspace <slug>] [--format ${EXPORT_FORMATS.join(' | ')}] [--search <words>] [--active | --inactive]
                        [--fields <names, with commas>] [--output <file>]

  --workspace   Whose customers; "main" when left out.
  --format      csv (when left out) or jsonl, a customer as JSON on each line.
  --search      Only customers in whose name, email or phone number all the words are found.
  --fields      When left out: all in JSON lines, and in CSV what an import takes:
                ${EXPORT_FIELDS.csv.join(', ')}.
  --output      The file to write; it takes the place of one of that name once it is complete. Without it the customers
                go to standard output.

Exits with 130 where Ctrl-C stopped it.`;

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;

export const exportCommands: Command[] = [
  { name: 'export', usage: USAGE, summary: 'Write all customers that match as CSV or JSON lines.', run: runExport },
];

async function runExport(words: string[], config: Parameters<Command['run']>[1]): Promise<number> {
  const { values } = options(words, {
    workspace: { ...text, default: 'main' },
    ...{ format: text, search: text, active: flag, inactive: flag, fields: text, output: text },
  });
  const { workspace, format, search, fields, output } = values;
  const is_active = readActive(values);
  const asked = Object.entries({ format, search, fields, is_active: is_active?.toString() });
  const query = Object.fromEntries(asked.filter((one): one is [string, string] => one[1] !== undefined));
  const bar = progress();
  const stop = stopOnSignals();
  let customers = 0;
  try {
    await withWorkspace(config, workspace, async (database, actor) => {
      const request = readExportQuery(actor.workspace.id, query);
      const target = output === undefined ? openStdout(stop.abort) : await openFile(output);
      try {
        const parts = await exportCustomers(database, actor.workspace.id, request, (count) => {
          customers = count;
          bar.show({ verb: 'Exporting', done: count, unit: 'rows' });
        });
        for await (const part of parts) {
          if (stop.signal.aborted) break;
          await target.write(part);
        }
        if (!stop.signal.aborted) await target.finish();
      } finally {
        await target.close();
      }
    });
  } finally {
    bar.clear();
    stop.done();
  }
  if (stop.signal.aborted) return stop.signal.reason === NOBODY_READS ? 0 : 130;
  if (output !== undefined) console.error(`Wrote ${counted(customers, 'customer')} to ${output}.`);
  return 0;
}

type Target = { write(part: Buffer): Promise<unknown>; finish(): Promise<void>; close(): Promise<void> };

const NOBODY_READS = 'nobody reads';

function openStdout(abort: (reason: string) => void): Target {
  const { stdout } = process;
  // Elsewhere the program ends where it stands; here the database is to be closed first.
  stdout.removeAllListeners('error').on('error', () => abort(NOBODY_READS));
  return {
    write: (part) => new Promise<void>((resolve) => stdout.write(part, () => resolve())),
    async finish() {},
    async close() {},
  };
}

/** A file under another name beside its own until it is complete: a broken export leaves what was there before. */
async function openFile(path: string): Promise<Target> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) throw unwritable(`${path} is a folder; name a file.`);
  const partial = join(dirname(path), `.${basename(path)}.${process.pid}.part`);
  let handle: FileHandle;
  try {
    handle = await open(partial, 'wx', 0o600);
  } catch (error) {
    throw unwritable(`${path} cannot be written: ${(error as Error).message}`);
  }
  let isFinished = false;
  return {
    write: (part) => handle.writeFile(part),
    async finish() {
      await handle.sync();
      await rename(partial, path);
      isFinished = true;
    },
    async close() {
      await handle.close();
      if (!isFinished) await rm(partial, { force: true });
    },
  };
}

const unwritable = (message: string) => Object.assign(new Error(message), { name: 'StartError' });

// What was done in bulk, over HTTP: listed, watched, stopped and taken back.
import type { Cause } from '#contract/causes.ts';
import { LIMIT } from '#contract/customers.ts';
import type { Command } from './command.ts';
import { readNumber } from './customer-options.ts';
import { withServer } from './http.ts';
import { options } from './options.ts';
import { print } from './output.ts';
import { counted, grouped } from './progress.ts';

const COLUMNS = ['id', 'at', 'kind', 'state', 'by', 'progress', 'undone_by'];
const json = { type: 'boolean', default: false } as const;
const text = { type: 'string' } as const;

export const causeCommands: Command[] = [
  {
    name: 'causes list',
    usage: '[--limit <causes>] [--json]',
    summary: 'List imports, bulk edits, batches and undos, the last first.',
    run(words) {
      const { values } = options(words, { limit: text, json });
      const most = readNumber(values, 'limit') ?? LIMIT.default;
      return withServer(async ({ causes }) => {
        const found: Cause[] = [];
        for await (const cause of causes.list({ limit: Math.min(most, LIMIT.maximum) })) {
          found.push(cause);
          if (found.length === most) break;
        }
        show(found, values.json);
      });
    },
  },
  {
    name: 'causes get',
    usage: '<id> [--json]',
    summary: 'Show what was asked for, and how far it has come.',
    run(words) {
      const parsed = options(words, { json }, ['id']);
      return withServer(async ({ causes }) => show([await causes.get(parsed.words[0]!)], parsed.values.json));
    },
  },
  {
    name: 'causes cancel',
    usage: '<id>',
    summary: 'Stop what is under way; what is done by then stays.',
    run(words) {
      const parsed = options(words, {}, ['id']);
      return withServer(async ({ causes }) => {
        const { state, progress } = await causes.cancel(parsed.words[0]!);
        console.error(
          state === 'cancelled' ? `Stopped. ${sum(progress)}` : `It was ${state} already. ${sum(progress)}`,
        );
      });
    },
  },
  {
    name: 'causes undo',
    usage: '<id>',
    summary: 'Take back all that a cause did, and wait until that is done.',
    run(words) {
      const parsed = options(words, {}, ['id']);
      return withServer(async ({ causes }) => {
        const { id, state, progress, failure } = await causes.ended((await causes.undo(parsed.words[0]!)).id);
        if (state !== 'done') console.error(`The undo is ${state}. ${failure ?? ''}`);
        console.error(`Took back ${counted(progress?.changed ?? 0, 'change')}, kept ${grouped(progress?.kept ?? 0)}.`);
        console.error(`It can be undone: npx clientele causes undo ${id}`);
      });
    },
  },
];

function show(causes: Cause[], asJson: boolean): void {
  const lines = causes.map((cause) => ({ ...cause, by: cause.actor.name, progress: sum(cause.progress) }));
  print(asJson || !process.stdout.isTTY ? causes : lines, COLUMNS, asJson);
}

/** 120 of 3,000, changed 118, refused 2 */
function sum(progress: Cause['progress']): string {
  const { total, done, ...others } = progress ?? {};
  const parts = Object.entries(others).filter(([, count]) => count > 0);
  const counts = parts.map(([name, count]) => `${name} ${grouped(count)}`);
  return [
    ...(total === undefined || done === undefined ? [] : [`${grouped(done)} of ${grouped(total)}`]),
    ...counts,
  ].join(', ');
}

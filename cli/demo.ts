// Sample customers for trying things out: the same people every time, so that a second run finds them there already.
import { addAbortSignal, Readable } from 'node:stream';
import { fold } from '#contract/fold.ts';
import type { FoundReason, Import } from '#contract/imports.ts';
import { importHere } from '#server/imports/imports.ts';
import type { Command } from './command.ts';
import { withWorkspace } from './database.ts';
import { groups } from './demo-names.ts';
import { withImportFolder } from './import-folder.ts';
import { stopOnSignals } from './interrupt.ts';
import { keepHeapSmall } from './memory.ts';
import { options, usageError } from './options.ts';
import { counted, grouped, progress } from './progress.ts';

export const demoCommands: Command[] = [
  {
    name: 'demo',
    usage: '[--customers <number>] [--workspace <slug>]',
    summary: 'Create sample customers with names in many scripts; those of an earlier run are left as they are.',
    run: runDemo,
  },
];

const MOST = 10_000_000;

async function runDemo(words: string[], config: Parameters<Command['run']>[1]): Promise<number> {
  const { values } = options(words, {
    workspace: { type: 'string', default: 'main' },
    customers: { type: 'string', default: '10000' },
  });
  const number = Number(values.customers);
  if (!/^\d+$/.test(values.customers) || number < 1 || number > MOST)
    throw usageError(`--customers must be a whole number from 1 to ${grouped(MOST)}.`);
  keepHeapSmall();
  const bar = progress();
  const stop = stopOnSignals();
  const source = addAbortSignal(stop.signal, Readable.from(sampleCsv(number, Date.now()))).on('error', () => {});
  let done: Import | undefined;
  try {
    done = await withWorkspace(config, values.workspace, (database, actor) =>
      withImportFolder((folder) =>
        importHere(
          database,
          actor,
          folder,
          source,
          { filename: 'demo.csv', columns: COLUMNS.map((name) => ({ name, field: name, rule: 'leave' })) },
          {
            signal: stop.signal,
            onFound: ({ found }) => refuseMistakes(found?.reasons ?? []),
            onProgress: ({ done = 0, total, created }) =>
              created === undefined
                ? bar.show({ verb: 'Checking', done, total, unit: 'bytes' })
                : bar.show({ verb: 'Creating', done, total, unit: 'rows' }),
          },
        ),
      ),
    );
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    bar.clear();
    stop.done();
  }
  const { created = 0, unchanged = 0, refused = 0 } = done?.progress ?? {};
  const there = unchanged + refused > 0 ? `; ${grouped(unchanged + refused)} existed already` : '';
  const stopped = stop.signal.aborted ? 'Stopped. ' : '';
  console.log(`${stopped}Created ${counted(created, 'sample customer')} in ${values.workspace}${there}.`);
  return stop.signal.aborted ? 130 : 0;
}

/** What may be refused is who has an external id that somebody else has by now. */
function refuseMistakes(reasons: FoundReason[]): void {
  const wrong = reasons.find(({ codes }) => !codes.every((code) => code.endsWith('_taken')));
  if (wrong) throw new Error(`A sample customer was refused: line ${wrong.lines[0]}: ${wrong.reason}`);
}

const COLUMNS = ['first_name', 'last_name', 'email', 'phone', 'is_active', 'external_id', 'created_at'] as const;
export type Sample = Record<(typeof COLUMNS)[number], string>;

async function* sampleCsv(number: number, now: number): AsyncGenerator<Buffer> {
  yield Buffer.from(`${COLUMNS.join(',')}\n`);
  for (let start = 0; start < number; start += 500) {
    const samples = Array.from({ length: Math.min(500, number - start) }, (_, index) => sample(start + index, now));
    yield Buffer.from(samples.map((each) => `${COLUMNS.map((column) => each[column]).join(',')}\n`).join(''));
  }
}

const THREE_YEARS = 3 * 365 * 86_400_000;

/** Customer number `index` of the sample, created within the three years before `now` (milliseconds). */
export function sample(index: number, now: number): Sample {
  const { first, last, domain, phone } = people[index % people.length]!;
  // Every pair of names has its turn before the first one comes again.
  const step = Math.floor(index / people.length);
  const lap = Math.floor(step / first.length);
  const given = first[step % first.length]!;
  const family = last[(step + lap) % last.length]!;
  const round = Math.floor(lap / last.length);
  return {
    first_name: given.name,
    last_name: family.name,
    email: `${given.spelling}.${family.spelling}${round === 0 ? '' : round + 1}@${domain}`,
    phone: scatter(index, 1) % 12 === 0 ? '' : phoneOf(phone, index),
    is_active: String(scatter(index, 2) % 10 !== 0),
    external_id: scatter(index, 3) % 3 === 0 ? `demo-${String(index + 1).padStart(6, '0')}` : '',
    created_at: new Date(now - Math.floor((scatter(index, 4) / 2 ** 32) * THREE_YEARS)).toISOString(),
  };
}

type Name = { name: string; spelling: string };

const people = groups.map(({ first, last, ...group }) => ({ ...group, first: namesOf(first), last: namesOf(last) }));

function namesOf(words: string): Name[] {
  return words.split(' ').map((word) => {
    const [written = '', spelling] = word.split('=');
    const name = written.replaceAll('_', ' ');
    return { name, spelling: spelling ?? fold(name).replaceAll(/[^a-z]/g, '') };
  });
}

function phoneOf([country, area, pattern]: readonly [string, string, string], index: number): string {
  let digits = scatter(index, 5);
  const number = pattern.replaceAll('#', () => {
    const digit = digits % 10;
    digits = Math.floor(digits / 10);
    return String(digit);
  });
  const written = [
    `${country}${area}${number}`,
    `${country} ${area} ${number}`,
    `${country} (${area}) ${number.slice(0, -4)}-${number.slice(-4)}`,
    `${country}-${area}-${number.slice(0, -4)}-${number.slice(-4)}`,
    `${country} ${area}.${number.slice(0, -4)}.${number.slice(-4)}`,
    `${country} ${area} ${number} ext. ${(index % 90) + 10}`,
  ];
  return written[scatter(index, 6) % written.length]!;
}

/** A number of 32 bits that looks random, always the same for the same question about the same customer. */
function scatter(index: number, question: number): number {
  let mixed = Math.imul(index + 1, 0x9e3779b1) ^ Math.imul(question, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

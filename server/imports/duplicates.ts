// Emails and external ids that stand more than once in a file of any size. The hash of each goes, by its first bits, to
// one of many files, which are then read one after the other: only the values of one are ever held.
import { existsSync, readFileSync } from 'node:fs';
import { appendFile, mkdir, open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inputFields } from '#contract/customers.ts';
import { type Refusal, refusalOf } from './columns.ts';
import { openFirstLines, openHash } from './value-hash.ts';

const UNIQUE_FIELDS = ['email', 'external_id'] as const;
export type UniqueField = (typeof UNIQUE_FIELDS)[number];

/** A value that stands on `first_line` already. */
export type Duplicate = { field: UniqueField; first_line: number };

export type Duplicates = {
  /** Takes the values of the rows that are not refused, in the order of lines. Wait for the promise before the next. */
  add(field: UniqueField, value: string, line: number): Promise<void> | undefined;
  /** Finds the duplicates, and leaves in the folder what `readDuplicates` reads. */
  finish(): Promise<void>;
};

/** As many files a field; of 20 million values, 5 MB go to each. */
const PART_BITS = 6;
/** A record is a hash and a line; as many are written at once. */
const RECORD = 4;
const RECORDS = 2048;

/** Begins to read a file, in a folder for this alone, which is emptied. */
export async function openDuplicates(directory: string): Promise<Duplicates> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const hash = openHash();
  const partsOf = (field: UniqueField) =>
    Array.from({ length: 1 << PART_BITS }, (_, index) => openPart(join(directory, `${field}-${index}`)));
  const parts = { email: partsOf('email'), external_id: partsOf('external_id') };

  return {
    add(field, value, line) {
      hash.of(value);
      return parts[field][hash.words[0]! >>> (32 - PART_BITS)]!.add(hash.words, line);
    },
    async finish() {
      const found = openFound(directory);
      const lines = openFirstLines();
      for (const field of UNIQUE_FIELDS)
        for (const part of parts[field]) {
          lines.clear();
          for await (const records of part.records())
            for (let at = 0; at < records.length; at += RECORD) {
              const line = records[at + 3]!;
              const first_line = lines.of(records[at]!, records[at + 1]!, records[at + 2]!, line);
              if (first_line !== line) await found.add(line, { field, first_line });
            }
          await part.remove();
        }
      await found.flush();
      await writeFile(join(directory, FINISHED), '');
    },
  };
}

function openPart(path: string) {
  const buffer = new Uint32Array(RECORD * RECORDS);
  let used = 0;
  return {
    add(words: Uint32Array, line: number): Promise<void> | undefined {
      buffer[used] = words[0]!;
      buffer[used + 1] = words[1]!;
      buffer[used + 2] = words[2]!;
      buffer[used + 3] = line;
      used += RECORD;
      return used === buffer.length ? flush() : undefined;
    },
    /** All of them, in the order in which they came. What was never written is in memory still. */
    async *records(): AsyncGenerator<Uint32Array> {
      const last = buffer.slice(0, used);
      if (existsSync(path)) {
        await using file = await open(path);
        const { size } = await file.stat();
        for (let at = 0; at < size; at += buffer.byteLength) {
          await file.read(buffer, 0, buffer.byteLength, at);
          yield buffer;
        }
      }
      yield last;
    },
    remove: () => rm(path, { force: true }),
  };

  async function flush(): Promise<void> {
    await appendFile(path, buffer);
    used = 0;
  }
}

/** Lines a file of what was found. */
const RANGE = 131_072;
const FINISHED = 'finished';
/** Duplicates after which those found so far are written. */
const PENDING = 131_072;

const rangePath = (directory: string, range: number) => join(directory, `found-${range}`);

/** Keeps duplicates in a file for each range of lines, as pairs: the line and field within the range, the first line. */
function openFound(directory: string) {
  const ranges = new Map<number, number[]>();
  let pending = 0;
  return { add, flush };

  function add(line: number, { field, first_line }: Duplicate): Promise<void> | undefined {
    const range = Math.floor(line / RANGE);
    const pairs = ranges.get(range) ?? [];
    if (pairs.length === 0) ranges.set(range, pairs);
    pairs.push(placeOf(line, field), first_line);
    return ++pending === PENDING ? flush() : undefined;
  }

  async function flush(): Promise<void> {
    for (const [range, pairs] of ranges)
      await appendFile(rangePath(directory, range), new Uint32Array(pairs), { flush: true });
    ranges.clear();
    pending = 0;
  }
}

const placeOf = (line: number, field: UniqueField) =>
  (line % RANGE) * UNIQUE_FIELDS.length + UNIQUE_FIELDS.indexOf(field);

/**
 * What `openDuplicates` found in that folder, when it had finished: the duplicates of a line, asked for in any order but
 * fast in that of the file. A range's file, of at most 2 MB, is read where it begins, without waiting.
 */
export function readDuplicates(directory: string): { of(line: number): Duplicate[] } {
  if (!existsSync(join(directory, FINISHED))) throw new Error(`The duplicates in ${directory} were never found.`);
  const first_lines = new Uint32Array(RANGE * UNIQUE_FIELDS.length);
  let loaded = -1;
  let some = false;
  return {
    of(line) {
      const range = Math.floor(line / RANGE);
      if (range !== loaded) load(range);
      if (!some) return NONE;
      const found = UNIQUE_FIELDS.map((field) => ({ field, first_line: first_lines[placeOf(line, field)]! }));
      return found.filter(({ first_line }) => first_line !== 0);
    },
  };

  function load(range: number): void {
    const path = rangePath(directory, range);
    loaded = range;
    first_lines.fill(0);
    some = existsSync(path);
    if (!some) return;
    const bytes = readFileSync(path);
    const pairs = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    for (let at = 0; at < pairs.length; at += 2) first_lines[pairs[at]!] = pairs[at + 1]!;
  }
}

const NONE: Duplicate[] = [];

/** Why a row with duplicates is not taken. */
export function duplicateRefusal(duplicates: Duplicate[]): Refusal {
  return refusalOf(
    duplicates.map(({ field, first_line }) => ({
      code: 'duplicate_in_file',
      detail: `The ${inputFields[field].label.toLowerCase()} stands on line ${first_line} already.`,
    })),
  );
}

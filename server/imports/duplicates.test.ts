import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { type Duplicate, duplicateRefusal, openDuplicates, readDuplicates, type UniqueField } from './duplicates.ts';
import { openFirstLines, openHash } from './value-hash.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'duplicates-test-'));
});
after(() => rm(folder, { recursive: true }));

type Value = [field: UniqueField, value: string, line: number];

/** What is found among these values, and again by who reads from a later line on. */
async function find(values: Iterable<Value>) {
  const directory = join(folder, 'found');
  const duplicates = await openDuplicates(directory);
  for (const [field, value, line] of values) {
    const full = duplicates.add(field, value, line);
    if (full) await full;
  }
  await duplicates.finish();
  return readDuplicates(directory);
}

test('the first line that has a value keeps it; later ones are told which it is', async () => {
  const found = await find([
    ['email', 'a@b.co', 2],
    ['external_id', 'x', 2],
    ['email', 'x', 3],
    ['external_id', 'X', 3],
    ['email', 'a@b.co', 17],
    ['external_id', 'x', 17],
    ['email', 'a@b.co', 400_000],
    ['external_id', 'x', 4_000_000_000],
  ]);
  const email = { field: 'email', first_line: 2 };
  const external_id = { field: 'external_id', first_line: 2 };
  for (const line of [1, 2, 3, 16, 18, 131_072, 400_001, 4_000_000_001])
    assert.deepEqual(found.of(line), [], `${line}`);
  assert.deepEqual(found.of(4_000_000_000), [external_id]);
  assert.deepEqual(found.of(400_000), [email]);
  assert.deepEqual(found.of(17), [email, external_id], 'and back again');
});

test('a refusal names the fields and the lines', () => {
  const duplicates: Duplicate[] = [
    { field: 'email', first_line: 17 },
    { field: 'external_id', first_line: 4 },
  ];
  assert.deepEqual(duplicateRefusal(duplicates), {
    codes: ['duplicate_in_file', 'duplicate_in_file'],
    reason: 'The email stands on line 17 already. The external id stands on line 4 already.',
  });
});

test('any values: what a map finds', async () => {
  const value = fc.oneof(fc.string({ maxLength: 3 }), fc.string({ unit: fc.constantFrom('a', 'b', '\0', 'é') }));
  const rows = fc.array(fc.record({ email: value, external_id: value, lines: fc.integer({ min: 1, max: 90_000 }) }));
  await fc.assert(
    fc.asyncProperty(rows, async (some) => {
      const values: Value[] = [];
      const wanted = new Map<number, Duplicate[]>();
      const first = { email: new Map<string, number>(), external_id: new Map<string, number>() };
      let line = 1;
      for (const row of some) {
        line += row.lines;
        for (const field of ['email', 'external_id'] as const) {
          values.push([field, row[field], line]);
          const first_line = first[field].get(row[field]);
          if (first_line === undefined) first[field].set(row[field], line);
          else wanted.set(line, [...(wanted.get(line) ?? []), { field, first_line }]);
        }
      }
      const found = await find(values);
      for (const [, , at] of values) assert.deepEqual(found.of(at), wanted.get(at) ?? []);
    }),
    { numRuns: 30 },
  );
});

test('a million values, of which every third stands there already, with bounded memory', async () => {
  const count = 1_000_000;
  let most = 0;
  const held = () => process.memoryUsage().arrayBuffers;
  const least = held();
  function* values(): Generator<Value> {
    for (let line = 2000; line < count; line++) {
      if (line % 10_000 === 0) most = Math.max(most, held() - least);
      yield ['email', `first.last${line % 3 === 0 ? line - 1000 : line}@example.com`, line];
    }
  }
  const found = await find(values());
  for (let line = 2000; line < count; line++) {
    const first_line = line - 1000;
    const wanted = line % 3 === 0 && first_line >= 2000 && first_line % 3 !== 0;
    const [duplicate] = found.of(line);
    if (duplicate?.first_line !== (wanted ? first_line : undefined)) assert.fail(`line ${line}`);
  }
  assert.ok(most < 32_000_000, `${Math.round(most / 1e6)} MB were held`);
});

test('one value on every line takes the memory of one', async () => {
  function* values(): Generator<Value> {
    for (let line = 2; line <= 300_000; line++) yield ['email', 'none@example.com', line];
  }
  const found = await find(values());
  for (let line = 3; line <= 300_000; line += 1000)
    assert.deepEqual(found.of(line), [{ field: 'email', first_line: 2 }]);
});

test('a folder is emptied first, and only what was found stays in it', async () => {
  const directory = join(folder, 'found');
  const begun = await openDuplicates(directory);
  for (let line = 2; line < 10_000; line++) await begun.add('email', 'a', line);
  assert.throws(() => readDuplicates(directory), /never found/);
  await writeFile(join(directory, 'found-0'), Buffer.alloc(8, 1));
  const found = await find([['email', 'a', 2]]);
  assert.deepEqual(await readdir(directory), ['finished']);
  assert.deepEqual(found.of(2), []);
});

test('hashes differ where values do, in each of their words', () => {
  const hash = openHash();
  const seen = [new Set<number>(), new Set<number>(), new Set<number>()];
  const parts = new Uint32Array(64);
  const count = 200_000;
  for (let index = 0; index < count; index++) {
    hash.of(`first.last${index}@example.com`);
    for (const [word, values] of seen.entries()) values.add(hash.words[word]!);
    parts[hash.words[0]! >>> 26]!++;
  }
  // Of so many random words of 32 bits, five or so are met twice.
  for (const values of seen) assert.ok(values.size > count - 60, String(values.size));
  assert.ok(Math.min(...parts) > count / 128 && Math.max(...parts) < count / 32, `${parts}`);
  const again = openHash();
  again.of('a');
  const one = [...again.words];
  hash.of('a');
  assert.notDeepEqual([...hash.words], one, 'each has its own key');
  hash.of('');
  const empty = [...hash.words];
  hash.of('\0');
  assert.notDeepEqual([...hash.words], empty);
});

test('first lines are found among many, and forgotten', () => {
  const lines = openFirstLines();
  for (const line of [3, 4]) {
    lines.clear();
    assert.equal(lines.of(7, 2654435761, 1, line), line);
  }
  lines.clear();
  for (const round of [1, 2])
    for (let value = 1; value <= 50_000; value++)
      assert.equal(
        lines.of(7, Math.imul(value, 2654435761) >>> 0, value, round * 1_000_000 + value),
        1_000_000 + value,
      );
});

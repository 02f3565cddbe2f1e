import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import fc from 'fast-check';
import { DELIMITERS, type Delimiter } from '#contract/imports.ts';
import { guard, unguard } from '../csv.ts';
import { type CsvRow, readCsv } from './csv.ts';
import { openRejected, type RefusedRow } from './rejected.ts';

let folder: string;
let path: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rejected-test-'));
});
after(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  path = join(folder, 'x.csv');
  await rm(path, { force: true });
});

const open = ({ columns, delimiter }: { columns: readonly string[]; delimiter: Delimiter }, at = 0) =>
  openRejected(path, columns, delimiter, at);

async function written(format: Parameters<typeof open>[0], ...rows: RefusedRow[]): Promise<string> {
  const rejected = open(format);
  for (const row of rows) rejected.append([row]);
  rejected.close();
  return readFile(path, 'utf8');
}

const comma = { columns: ['a', 'b'], delimiter: ',' } as const;
const row = (line: number, ...cells: string[]): RefusedRow => ({ line, cells, codes: ['why'], reason: 'Why.' });

test('the columns, and the line and reason of each row, in the delimiter of the file', async () => {
  assert.equal(
    await written(comma, row(2, '1', 'x, "y"'), row(4, 'z\n', '')),
    'a,b,line,reason\n1,"x, ""y""",2,Why.\n"z\n",,4,Why.\n',
  );
  const bars = { columns: ['a|b', 'c'], delimiter: '|' } as const;
  assert.equal(await written(bars, row(2, '1,2', '3|4')), '"a|b"|c|line|reason\n1,2|"3|4"|2|Why.\n');
  assert.equal((await stat(path)).mode & 0o077, 0, 'only for the eyes of its owner');
});

test('lines and reasons of an earlier refusal are replaced, wherever they stand', async () => {
  const columns = [' Line', 'a', 'REASON ', 'b'];
  const again = await written({ ...comma, columns }, row(2, '7', '1', 'An older one.', '2'), row(3, 'a,"b'));
  assert.equal(again, 'a,b,line,reason\n1,2,2,Why.\n"a,""b",,3,Why.\n');
});

test('a row too short is filled up; what one has too much comes last', async () => {
  assert.equal(await written(comma, row(2, '1', '2', '3', '=4')), "a,b,line,reason\n1,2,2,Why.,3,'=4\n");
  const three = { ...comma, columns: ['a', 'b', 'c'] };
  assert.equal(await written(three, row(2, '1', '2')), 'a,b,c,line,reason\n1,2,,2,Why.\n');
});

test('no cell is one that a spreadsheet would run, and none gets two apostrophes', async () => {
  const columns = ['=a', 'b'];
  assert.equal(
    await written({ ...comma, columns }, row(2, '+49', "'=1"), row(3, "'t Hooft", '@x')),
    "'=a,b,line,reason\n'+49,'=1,2,Why.\n't Hooft,'@x,3,Why.\n",
  );
});

test('without a row the file is empty; one that was there is begun anew', async () => {
  assert.equal(await written(comma), '');
  await writeFile(path, 'older');
  assert.equal(await written(comma, row(2, '1', '2')), 'a,b,line,reason\n1,2,2,Why.\n');
});

test('writing goes on at a length; what came after it is written again', async () => {
  const first = open(comma);
  assert.equal(first.append([]), 0);
  const at = first.append([row(2, 'é', '2'), row(3, '€', '3')]);
  assert.equal(at, (await stat(path)).size, 'it is there once the length is known');
  first.append([row(4, 'x', 'y')]);
  first.close();
  await appendFile(path, 'half a ro');

  const second = open(comma, at);
  assert.equal(second.append([]), at);
  const end = second.append([row(4, 'x', 'z')]);
  second.close();
  const text = await readFile(path, 'utf8');
  assert.equal(text, 'a,b,line,reason\né,2,2,Why.\n€,3,3,Why.\nx,z,4,Why.\n');
  assert.equal(end, Buffer.byteLength(text));
});

test('a file that is shorter than it was, as after a power failure, is gone on with as it is', async () => {
  await writeFile(path, 'a,b,line,reason\n');
  const shorter = open(comma, 100);
  const end = shorter.append([row(2, '1', '2')]);
  shorter.close();
  const text = await readFile(path, 'utf8');
  assert.deepEqual([text, end], ['a,b,line,reason\n1,2,2,Why.\n', text.length]);
  await rm(path);
  const lost = open(comma, 100);
  lost.append([row(2, '1', '2')]);
  lost.close();
  assert.equal(await readFile(path, 'utf8'), text, 'with its columns where nothing is left of it');
});

test('what is refused again and again stays what it was', async () => {
  const cell = fc.string({ unit: fc.constantFrom("'", '=', '+', '"', ',', ';', '\n', '\r', '\t', 'a', 'é', ' ') });
  const rows = fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(rows, fc.constantFrom(...DELIMITERS), async (some, delimiter) => {
      let columns = ['x', 'y'];
      let refused: RefusedRow[] = some.map((cells, index) => row(index + 2, ...cells));
      for (let round = 0; round < 3; round++) {
        await written({ columns, delimiter }, ...refused);
        const [header, ...found] = await read(delimiter);
        assert.deepEqual(header!.cells, ['x', 'y', 'line', 'reason']);
        assert.deepEqual(
          found.map(({ cells }) => cells.slice(0, 2).map(unguard)),
          some.map((cells) => cells.map(unguard)),
        );
        for (const { cells } of found) for (const text of cells) assert.equal(guard(unguard(text)), text);
        columns = header!.cells;
        refused = found.map(({ line, cells }) => ({ line, cells, codes: ['again'], reason: 'Again.' }));
      }
    }),
    { numRuns: 100 },
  );
});

async function read(delimiter: (typeof DELIMITERS)[number]): Promise<CsvRow[]> {
  const rows: CsvRow[] = [];
  async function* source() {
    yield await readFile(path);
  }
  for await (const some of readCsv(source(), { delimiter })) rows.push(...some);
  return rows;
}

test('a million refused rows are not held', async () => {
  const rejected = open(comma);
  const some = Array.from({ length: 1000 }, (_, index) => row(index + 2, `value ${index}`, 'x'.repeat(20)));
  const held = () => process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
  const least = held();
  let most = 0;
  let length = 0;
  for (let round = 0; round < 1000; round++) {
    length = rejected.append(some);
    most = Math.max(most, held() - least);
  }
  rejected.close();
  assert.equal((await stat(path)).size, length);
  assert.ok(length > 35_000_000);
  assert.ok(most < 80_000_000, `${Math.round(most / 1e6)} MB were held`);
});

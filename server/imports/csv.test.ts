// CSV as it is read: the same rows as another parser finds, however the file is cut and wherever reading resumes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Info, parse } from 'csv-parse/sync';
import fc from 'fast-check';
import type { Delimiter } from '#contract/imports.ts';
import { csvLine } from '../csv.ts';
import { type CsvOptions, type CsvRow, KEPT, ROW_LIMIT, readCsv } from './csv.ts';

async function read(pieces: Iterable<string | Uint8Array>, options?: CsvOptions): Promise<CsvRow[]> {
  const rows: CsvRow[] = [];
  for await (const some of readCsv(bytesOf(pieces), options)) rows.push(...some);
  return rows;
}

async function* bytesOf(pieces: Iterable<string | Uint8Array>): AsyncGenerator<Buffer> {
  for (const piece of pieces) yield Buffer.from(piece as string);
}

/** The bytes in pieces of these sizes, over and over. */
function cut(bytes: Buffer, sizes: number[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const size = sizes[index % sizes.length]!;
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

const cellsOf = (rows: CsvRow[]) => rows.map(({ cells }) => cells);
const delimiters = fc.constantFrom<Delimiter>(',', ';', '\t', '|');
const sizes = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 });

test('rows that csvLine has written are read as they were, at any chunking and from the end of any row', async () => {
  const cell = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.string({ unit: fc.constantFrom('"', ',', ';', '\r', '\n', '\t', '|', "'", 'a', 'é', '€', '𠮷', '\ufeff') }),
  );
  const rows = fc.array(fc.array(cell, { minLength: 1, maxLength: 6 }), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(rows, delimiters, sizes, async (some, delimiter, pieces) => {
      const written = [['header'], ...some];
      const bytes = Buffer.from(written.map((cells) => csvLine(cells, delimiter)).join(''));
      const found = await read(cut(bytes, pieces), { delimiter });
      assert.deepEqual(
        cellsOf(found),
        written.filter((cells) => cells.length > 1 || cells[0] !== ''),
      );
      for (const [index, { end, next_line }] of found.entries()) {
        const rest = await read(cut(bytes.subarray(end), pieces), { delimiter, line: next_line });
        const moved = rest.map((row) => ({ ...row, end: row.end + end }));
        assert.deepEqual(moved, found.slice(index + 1));
      }
    }),
    { numRuns: 300 },
  );
});

const CODES: Record<string, RegExp> = {
  CSV_QUOTE_NOT_CLOSED: /never closed\.$/,
  CSV_INVALID_CLOSING_QUOTE: /after its closing quote/,
  INVALID_OPENING_QUOTE: /not in quotes has a quote/,
};

/** What csv-parse makes of a text; behind a faulty row it begins again with the next line. */
function oracle(text: string, delimiter: string): { cells: string[]; code?: string }[] {
  const found: { cells: string[]; code?: string }[] = [];
  for (let rest = text; rest !== ''; ) {
    let whole = 0;
    try {
      parse(rest, {
        delimiter,
        record_delimiter: ['\r\n', '\n', '\r'],
        relax_column_count: true,
        on_record(cells: string[], { bytes }: Info) {
          if (cells.length > 1 || cells[0] !== '') found.push({ cells });
          whole = bytes;
          return null;
        },
      });
      return found;
    } catch (error) {
      const left = Buffer.from(rest).subarray(whole).toString();
      const [first] = /^[^\r\n]*/.exec(left)!;
      found.push({ cells: [first], code: (error as { code: string }).code });
      rest = left.slice(first.length).replace(/^(?:\r\n|\r|\n)/, '');
    }
  }
  return found;
}

test('any text gives the rows and faults that csv-parse finds in it', async () => {
  const piece = fc.constantFrom('"', '""', ',', ';', '\n', '\r', '\r\n', 'a', 'bc', 'é', '"x"', ' ', '"a\nb"', '\n"');
  const texts = fc.array(piece, { maxLength: 25 }).map((pieces) => pieces.join(''));
  let faults = 0;
  await fc.assert(
    fc.asyncProperty(texts, fc.constantFrom<Delimiter>(',', ';'), sizes, async (text, delimiter, pieces) => {
      const found = await read(cut(Buffer.from(text), pieces), { delimiter });
      const wanted = oracle(text, delimiter);
      assert.deepEqual(
        cellsOf(found),
        wanted.map(({ cells }) => cells),
      );
      for (const [index, { fault }] of found.entries()) {
        const { code } = wanted[index]!;
        if (code) faults++;
        if (code === undefined) assert.equal(fault, undefined);
        else assert.match(fault!, CODES[code]!);
      }
    }),
    { numRuns: 2000 },
  );
  assert.ok(faults > 500, String(faults));
});

test('each row knows its line, the next one, and its end in bytes', async () => {
  const text = '\ufeffné,b\r\n\r\n"x\r\ny\n\rz",€\rc"d,1\n"e""",2';
  const ends = [...text.matchAll(/b\r\n|€\r|1\n|2$/g)].map(({ index, 0: found }) =>
    Buffer.byteLength(text.slice(0, index + found.length)),
  );
  for (const size of [1, 2, 3, 5, 100])
    assert.deepEqual(
      (await read(cut(Buffer.from(text), [size]))).map(({ fault, ...row }) => row),
      [
        { line: 1, cells: ['né', 'b'], next_line: 2, end: ends[0] },
        { line: 3, cells: ['x\r\ny\n\rz', '€'], next_line: 7, end: ends[1] },
        { line: 7, cells: ['c"d,1'], next_line: 8, end: ends[2] },
        { line: 8, cells: ['e"', '2'], next_line: 9, end: ends[3] },
      ],
    );
});

test('a file of carriage returns alone, blank lines, a trailing delimiter, and a byte order mark before quotes', async () => {
  assert.deepEqual(cellsOf(await read(['a,b\r1,2\r\r3,4\r'])), [
    ['a', 'b'],
    ['1', '2'],
    ['3', '4'],
  ]);
  assert.deepEqual(cellsOf(await read(['\n\r\n\r\ra\n\n'])), [['a']]);
  assert.deepEqual(cellsOf(await read(['a,b,\n1,2,\n'])), [
    ['a', 'b', ''],
    ['1', '2', ''],
  ]);
  assert.deepEqual(cellsOf(await read(['\ufeff"a","b"\n'])), [['a', 'b']]);
  assert.deepEqual(await read(['\ufeff']), []);
  assert.deepEqual(await read([]), []);
});

test('the line by which Excel names its delimiter is left out, at the top only', async () => {
  const rows = await read(['\ufeffsep=;\r\na;b\nsep=;\n'], { delimiter: ';' });
  assert.deepEqual(
    rows.map(({ line, cells }) => [line, cells]),
    [
      [2, ['a', 'b']],
      [3, ['sep=', '']],
    ],
  );
});

test('a byte order mark is one at the beginning of the file only', async () => {
  assert.deepEqual(cellsOf(await read(['\ufeffa\n'], { line: 2 })), [['\ufeffa']]);
});

test('bytes that are not UTF-8 become U+FFFD and take nothing with them', async () => {
  const bytes = Buffer.from([0x61, 0xe9, 0x2c, 0xff, 0xfe, 0x0a, 0xc3, 0x2c, 0x22, 0xe2, 0x82, 0x22, 0x0a, 0x62]);
  for (const size of [1, 2, 100]) {
    const rows = await read(cut(bytes, [size]));
    assert.deepEqual(cellsOf(rows), [['a\ufffd', '\ufffd\ufffd'], ['\ufffd', '\ufffd'], ['b']]);
    assert.deepEqual(
      rows.map(({ end }) => end),
      [6, 13, 14],
    );
  }
});

test('a row may have ROW_LIMIT bytes and not one more, however it is cut', async () => {
  for (const [before, after] of [
    ['', ''],
    ['"', '"'],
    ['"",', ''],
  ])
    for (const more of [0, 1])
      for (const last of ['\n', '\r\n', '\r', '']) {
        const row = before + 'x'.repeat(ROW_LIMIT - before!.length - after!.length + more) + after;
        for (const size of [65_536, ROW_LIMIT + 1, ROW_LIMIT - 1, 3 * ROW_LIMIT]) {
          const rows = await read(cut(Buffer.from(`a\n${row}${last}b`), [size]));
          const second = rows[1]!;
          assert.equal(second.fault !== undefined, more === 1 || last === '', JSON.stringify([before, last, size]));
          if (more === 1 && last !== '') {
            assert.match(second.fault!, /more than 1048576 bytes/);
            assert.equal(second.cells[0], row.slice(0, KEPT));
          }
          if (last !== '') assert.equal(rows[2]!.cells[0], 'b');
        }
      }
});

test('of a faulty row the first line is kept, as far as it is bounded and however it is cut', async () => {
  const text = `a\n"${'€𠮷'.repeat(9000)}\nnext\nx"y\n`;
  for (const size of [1, 1000, 1_000_000]) {
    const rows = await read(cut(Buffer.from(text), [size]));
    assert.deepEqual(
      rows.map(({ line, cells, fault }) => [line, cells[0]!.length, fault !== undefined]),
      [
        [1, 1, false],
        [2, KEPT, true],
        [3, 4, false],
        [4, 3, true],
      ],
    );
    assert.ok(rows[1]!.cells[0]!.isWellFormed() && rows[1]!.cells[0]!.startsWith('"€𠮷€𠮷'));
  }
});

test('a file that breaks off in a row, in quotes or in a character ends with that row', async () => {
  assert.deepEqual(cellsOf(await read(['a,b\n1,'])), [
    ['a', 'b'],
    ['1', ''],
  ]);
  assert.deepEqual(cellsOf(await read(['a\n', Buffer.from([0xe2, 0x82])])), [['a'], ['\ufffd']]);
  const rows = await read(['a\n"1,2\n3']);
  assert.deepEqual(
    rows.map(({ cells, fault }) => [cells, fault && /never closed/.test(fault)]),
    [
      [['a'], undefined],
      [['"1,2'], true],
      [['3'], undefined],
    ],
  );
});

test('a row of 10,000 cells, in quotes or not', async () => {
  const cells = Array.from({ length: 10_000 }, (_, index) => `c${index}`);
  assert.deepEqual(cellsOf(await read([csvLine(cells)])), [cells]);
  assert.deepEqual(
    cellsOf(
      await read([
        csvLine(cells)
          .replaceAll('c', '"c')
          .replaceAll(/(?=[,\n])/g, '"'),
      ]),
    ),
    [cells],
  );
});

test('the lines that a quote never closed has held come a few thousand at a time', async () => {
  const lines = 300_000;
  const arrays: number[] = [];
  for await (const rows of readCsv(bytesOf([`a\n"${'b\n'.repeat(lines)}`]))) arrays.push(rows.length);
  assert.equal(
    arrays.reduce((sum, count) => sum + count, 0),
    lines + 1,
  );
  assert.ok(Math.max(...arrays) <= 4096, `${arrays}`);
});

for (const [kind, start] of Object.entries({ 'without quotes': 'b,', 'in quotes': 'b,"', 'of lines': 'b,"' }))
  test(`a cell of 100 MB ${kind} is one fault, and never held`, async () => {
    let most = 0;
    const held = () => process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
    const piece = Buffer.alloc(65_536, kind === 'of lines' ? `${'x'.repeat(200)}\n` : 'x');
    const least = held();
    async function* source() {
      yield Buffer.from(`a\n${start}`);
      for (let index = 0; index < 1600; index++) {
        yield piece;
        most = Math.max(most, held() - least);
      }
      yield Buffer.from(`\nc\n`);
    }
    let rows = 0;
    let last: CsvRow | undefined;
    const faults: CsvRow[] = [];
    for await (const some of readCsv(source())) {
      rows += some.length;
      faults.push(...some.filter(({ fault }) => fault));
      last = some.at(-1);
    }
    assert.deepEqual(
      faults.map(({ line, fault }) => [line, /more than/.test(fault!)]),
      [[2, true]],
    );
    assert.deepEqual([last!.cells, rows === 3], [['c'], kind !== 'of lines']);
    assert.ok(most < 80_000_000, `${Math.round(most / 1e6)} MB were held`);
  });

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { inputFields } from '#contract/customers.ts';
import type { ImportColumn, ImportField } from '#contract/imports.ts';
import { checkInput } from '#contract/input.ts';
import { guard } from '../csv.ts';
import { checkColumns, checkRow, leftOut, type Matching } from './columns.ts';
import type { CsvRow } from './csv.ts';
import { guessColumns } from './guess.ts';

const row = (cells: string[], fault?: string): CsvRow => ({ line: 2, cells, next_line: 3, end: 10, fault });

function columnsOf(fields: Record<string, ImportField | null>): ImportColumn[] {
  return Object.entries(fields).map(([name, field]) => ({ name, field, rule: 'overwrite' }));
}

const GUESSED = { match: 'email', guessed: true } as const;
const CHOSEN = { match: 'email', guessed: false } as const;

function refused(
  columns: ImportColumn[],
  header: CsvRow,
  matching: Matching = GUESSED,
): [code: string, detail: string] {
  let problem: { status: number; code: string; message: string } | undefined;
  try {
    checkColumns(columns, header, matching);
  } catch (error) {
    problem = error as typeof problem;
  }
  assert.equal(problem?.status, 400);
  assert.ok(problem.message.startsWith('The first line of the file must name the columns. '));
  return [problem.code, problem.message.slice(50)];
}

const guessedRefused = (...cells: string[]) => refused(guessColumns(cells), row(cells));

test('a header is refused with all that is wrong with it', () => {
  for (const blank of [[' ', ''], []])
    assert.deepEqual(guessedRefused(...blank), ['invalid_header', 'All its names are blank. Missing: "email".']);
  assert.deepEqual(guessedRefused('hat'), ['invalid_mapping', `Without a field: "hat". ${missing}`]);
  assert.deepEqual(guessedRefused('email', 'First Name', ' EMAIL '), [
    'invalid_header',
    'More than once: "email". Without a field: "EMAIL". Missing: "last_name".',
  ]);
  assert.deepEqual(refused([], row(['"a'], 'A quote is opened.')), ['invalid_header', 'A quote is opened.']);
  const many = Array.from({ length: 10_001 }, (_, index) => `c${index}`);
  assert.match(guessedRefused(...many)[1], /^It has 10001 columns; there may be 10000\. /);
  const plan = checkColumns(guessColumns([...good, ...many.slice(4)]), row([...good, ...many.slice(4)]), GUESSED);
  assert.equal(plan.width, 10_000);
});

const missing = 'Missing: "first_name", "last_name", "email".';
const good = ['first_name', 'last_name', 'email'];

test('a column of both names is said to be of no use by itself', () => {
  assert.deepEqual(guessedRefused('Full name', 'email'), [
    'invalid_mapping',
    '"Full name" holds both names; make two columns of it, first_name and last_name. Without a field: "Full name". ' +
      'Missing: "first_name", "last_name".',
  ]);
});

test('a file that can only change customers needs no more than what they are told by', () => {
  const phones = columnsOf({ Mail: 'email', Tel: 'phone', Hat: null });
  const header = row(['Mail', 'Tel', 'Hat']);
  assert.equal(checkColumns(phones, header, CHOSEN).width, 3);
  const without = [{ ...phones[0]! }, { ...phones[1]! }];
  assert.equal(checkColumns(without, row(['Mail', 'Tel']), GUESSED).width, 2);
  assert.match(refused(phones, header)[1], /^Without a field: "Hat"\. Missing: "first_name", "last_name"\.$/);
  assert.deepEqual(refused(phones, header, { ...CHOSEN, match: 'external_id' }), [
    'invalid_mapping',
    'Without a field: "Hat". Missing: "external_id".',
  ]);
});

test('a mapping is refused with all that is wrong with it', () => {
  const twice = columnsOf({ A: 'email', B: 'email', C: 'phone', D: 'phone', E: null, F: 'last_name' });
  assert.deepEqual(refused(twice, row(['A', 'B', 'C', 'D', 'E', 'F'])), [
    'invalid_mapping',
    '"A", "B" cannot all be email. "C", "D" cannot all be phone. Without a field: "E". Missing: "first_name".',
  ]);
  const others = 'The columns that were chosen are not those of the file.';
  assert.deepEqual(refused(twice, row(['A', 'B'])), ['invalid_mapping', others]);
  assert.deepEqual(refused(guessColumns(good), row(['last_name', 'first_name', 'email'])), ['invalid_mapping', others]);
});

test('a heading may stand more than once where it fills nothing', () => {
  const cells = [...good, 'hat', 'hat', '', '', 'line', 'Reason'];
  assert.equal(checkColumns(guessColumns(cells), row(cells), GUESSED).width, 9);
  assert.deepEqual(leftOut(guessColumns(cells)), ['hat', 'hat']);
});

const full = ['email', 'hat', 'created_at', 'last_name', 'first_name', 'phone', 'is_active', 'external_id'];
const plan = checkColumns(guessColumns(full), row(full), GUESSED);
const check = (cells: string[], fault?: string) => checkRow(plan, row(cells, fault));

test('a row becomes fields, and a blank cell leaves its field out', () => {
  assert.deepEqual(check(['A@B.co', '\ufffd', '2026-01-31T10:00:00+01:00', 'o’neil', 'ADA', ' ', 'No', 'x']), {
    fields: { first_name: 'Ada', last_name: 'O’Neil', email: 'a@b.co', is_active: false, external_id: 'x' },
    created_at: '2026-01-31T09:00:00.000000Z',
  });
  assert.deepEqual(check(['a@b.co', '', '', 'B', 'A', '', '\u00a0', '']), {
    fields: { first_name: 'A', last_name: 'B', email: 'a@b.co' },
    created_at: undefined,
  });
});

test('the apostrophe that keeps a spreadsheet from running a cell is taken off', () => {
  const { fields } = check(['a@b.co', '', '', 'B', 'A', guard('+49 30 1234567'), '', guard('=1')]);
  assert.deepEqual([fields?.phone, fields?.external_id], ['+49 30 1234567', '=1']);
});

test('a row is refused with all that is wrong with it', () => {
  const codes = (...args: Parameters<typeof check>) => check(...args).refusal?.codes;
  assert.deepEqual(codes(['text'], 'why'), ['invalid_csv']);
  assert.deepEqual(codes(['a', 'b']), ['wrong_length']);
  assert.deepEqual(codes(['a', '', '', 'Ren\ufffd', '', '', '', '']), ['invalid_encoding']);
  assert.deepEqual(codes([' ', '', 'now', '', '1', 'x', 'constructor', ' x']), [
    'invalid_characters',
    'required',
    'invalid_phone',
    'invalid_flag',
    'invalid_characters',
    'invalid_timestamp',
  ]);
  assert.deepEqual(codes(['a', '', 'now', '', '1', 'x', 'constructor', ' x']), [
    'invalid_characters',
    'invalid_email',
    'invalid_phone',
    'invalid_flag',
    'invalid_characters',
    'invalid_timestamp',
  ]);
});

test('a row is taken or refused as the body of a request that changes a customer is, its email apart', () => {
  const any = fc.string({ unit: 'grapheme', maxLength: 60 }).map((text) => text.replaceAll('\ufffd', ''));
  const mostly = (...texts: string[]) => fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...texts) }, any);
  const name = mostly('Ada', 'ada', "o'neil", 'DE LA CRUZ', 'Zoë', 'A1', ' Ada ', '');
  const cells = fc.tuple(
    name,
    name,
    mostly('a@b.co', ' A@B.co', 'a'),
    mostly('', '5551234', '12'),
    mostly('', 'x', ' x'),
  );
  const names = ['first_name', 'last_name', 'email', 'phone', 'external_id'] as const;
  const small = checkColumns(guessColumns(names), row([...names]), GUESSED);
  let taken = 0;
  fc.assert(
    fc.property(cells, (written) => {
      const filled = names.map((name, index) => [name, written[index]!] as const);
      const body = Object.fromEntries(filled.filter(([, text]) => text.trim() !== ''));
      const { fields, errors } = checkInput(inputFields, body, { partial: true });
      if (body.email === undefined) errors.push({ pointer: '/email', code: 'required', detail: '' });
      const checked = checkRow(small, row(written.map(guard)));
      if (errors.length === 0) taken++;
      if (errors.length > 0) assert.deepEqual(checked.refusal?.codes.toSorted(), errors.map(({ code }) => code).sort());
      else assert.deepEqual(checked.fields, fields);
    }),
    { numRuns: 5000 },
  );
  assert.ok(taken > 200, String(taken));
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { FileFormat } from '#contract/imports.ts';
import { detectFormat, HEAD } from './format.ts';

const utf16le = (text: string) => Buffer.from(text, 'utf16le');
const utf16be = (text: string) => utf16le(text).swap16();
const latin1 = (text: string) => Buffer.from(text, 'latin1');
const of = (head: Buffer | string, chosen?: Partial<FileFormat>) => detectFormat(Buffer.from(head as string), chosen);
const delimiterOf = (text: string) => of(text).delimiter;
const encodingOf = (head: Buffer | string) => of(head).encoding;

const TEXT = 'first_name;last_name;email\r\nRené;Šimić;a@b.co\r\n山田;太郎;b@b.co\r\n';

test('UTF-8 and UTF-16, with a byte order mark and without', () => {
  for (const text of [TEXT, `\ufeff${TEXT}`]) {
    assert.deepEqual(of(text), { encoding: 'utf-8', delimiter: ';' });
    for (const odd of [0, 1]) {
      const cut = (bytes: Buffer) => bytes.subarray(0, bytes.length - odd);
      assert.deepEqual(of(cut(utf16le(text))), { encoding: 'utf-16le', delimiter: ';' });
      assert.deepEqual(of(cut(utf16be(text))), { encoding: 'utf-16be', delimiter: ';' });
    }
  }
  const chinese = `姓\t名\t邮箱\n${'王\t小明\txiaoming@example.cn\n李\t一一\tyi@example.cn\n'.repeat(100)}`;
  assert.deepEqual(of(utf16le(chinese)), { encoding: 'utf-16le', delimiter: '\t' });
  assert.deepEqual(of(utf16be(chinese)), { encoding: 'utf-16be', delimiter: '\t' });
});

test('UTF-8 whose last character the end of the head cuts is UTF-8', () => {
  for (const character of ['é', '€', '𠮷'])
    for (let more = 0; more < 4; more++) {
      const head = Buffer.from('x'.repeat(HEAD - more) + character).subarray(0, HEAD);
      assert.equal(encodingOf(head), 'utf-8', `${character} ${more}`);
    }
});

test('what is not UTF-8 is Windows-1252, but for a few bytes among many characters that are', () => {
  assert.equal(encodingOf(latin1('name,prix\nRen\xe9,5 \x80\n')), 'windows-1252');
  assert.equal(encodingOf(latin1('name\nRen\xe9')), 'utf-8', 'the end may have cut it');
  assert.equal(encodingOf(Buffer.concat([Buffer.from('Zoë,Šimić,é\n'), latin1('Ren\xe9,x\n')])), 'utf-8');
  assert.equal(encodingOf('plain,ascii\n'), 'utf-8');
});

test('the delimiter is the one that parts the header and keeps to it', () => {
  for (const delimiter of [',', ';', '\t', '|'] as const) {
    const line = (...cells: string[]) => `${cells.join(delimiter)}\n`;
    assert.equal(delimiterOf(line('first_name', 'last_name', 'email')), delimiter);
    assert.equal(delimiterOf(`\n${line('a', 'b', 'c').repeat(3)}`), delimiter);
    assert.equal(delimiterOf(line('"a,b;c\td|e"', '"f\ng,""h"""', 'i').repeat(3)), delimiter);
  }
  assert.equal(delimiterOf('name;price, net;email\nA;1,50;a@b.co\nB;2,50;b@b.co\n'), ';');
  assert.equal(delimiterOf('a,b;c,d\n1,2,3\n1,2,3\n'), ',');
  assert.equal(delimiterOf('a;b;c\n1;2;3;\n1;2;3;\n'), ';', 'rows that end in a delimiter too many');
  assert.equal(delimiterOf('first,last,email\n"A","B; C","a@b.co"\n'), ',');
  assert.equal(delimiterOf('\tb\tc\n1\t2\t3\n'), '\t');
});

test('a single column is parted by nothing, so by commas', () => {
  assert.equal(delimiterOf('email\na@b.co\n'), ',');
  assert.equal(delimiterOf('"email"\n"a;b"\n"c;d"\n'), ',');
});

test('the delimiter that the first line names is taken', () => {
  assert.equal(delimiterOf('sep=;\r\na,b;c,d\r\n'), ';');
  assert.equal(delimiterOf('\ufeffsep=\t\na,b\n'), '\t');
});

test('what was chosen stays', () => {
  assert.deepEqual(of('a;b\n', { delimiter: ',' }), { encoding: 'utf-8', delimiter: ',' });
  assert.deepEqual(of('a;\u00e9\n', { encoding: 'windows-1252' }), { encoding: 'windows-1252', delimiter: ';' });
});

const REFUSED: Record<string, [head: Buffer, code: string, says: RegExp]> = {
  'an empty file': [Buffer.alloc(0), 'empty_file', /^The file is empty\.$/],
  'an xlsx': [
    latin1('PK\x03\x04\x14\0\x06\0\x08\0[Content_Types].xml \xa2'),
    'not_csv',
    /Excel \(xlsx\).*CSV \(UTF-8\)/,
  ],
  'an xlsx of another program': [latin1('PK\x03\x04\x14\0\x08\0_rels/.rels'), 'not_csv', /Excel \(xlsx\)/],
  'an ods': [latin1('PK\x03\x04\0mimetypeapplication/vnd.oasis.opendocument.spreadsheet'), 'not_csv', /\(ods\)/],
  'a zip': [latin1('PK\x03\x04\x14\0\0\0customers.csv'), 'not_csv', /archive \(zip\): unpack it/],
  'an empty zip': [latin1('PK\x05\x06\0\0'), 'not_csv', /archive \(zip\)/],
  'an xls': [latin1('\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0'), 'not_csv', /\(xls\)\. Open it there, save it as CSV/],
  'a gzip': [gzipSync('a,b\n'), 'not_csv', /compressed \(gzip\): unpack it/],
  'a pdf': [latin1('%PDF-1.7\n%\xe2\xe3'), 'not_csv', /PDF/],
  'a picture': [latin1('\x89PNG\r\n\x1a\n\0\0\0\rIHDR'), 'not_csv', /^This is no text\./],
  'a text with a NUL': [latin1('a,b\n1\0,2\n'), 'not_csv', /^This is no text\./],
  'NULs alone': [Buffer.alloc(1000), 'not_csv', /^This is no text\./],
  'numbers of two bytes': [Buffer.from(new Uint16Array(500).map((_, index) => index).buffer), 'not_csv', /no text/],
};
for (const [kind, [head, code, message]] of Object.entries(REFUSED))
  test(`${kind} is refused with what to do`, () => {
    assert.throws(() => detectFormat(head), { name: 'Problem', status: 400, code, message });
    if (code === 'not_csv') assert.throws(() => detectFormat(head, { encoding: 'utf-8', delimiter: ',' }), { code });
  });

// What kind of file an import is given: how its text is encoded and its cells are parted, or that it is no text at all.
import { DELIMITERS, type Delimiter, type Encoding, type FileFormat } from '#contract/imports.ts';
import { Problem } from '../problem.ts';

/** As much of a file's beginning as is looked at, in bytes. */
export const HEAD = 65_536;

/**
 * The format of a file that begins with `head`; what was chosen is not looked for. Throws a Problem (400) where the file
 * is empty (`empty_file`) or no text (`not_csv`), which says what to do.
 */
export function detectFormat(head: Buffer, chosen: Partial<FileFormat> = {}): FileFormat {
  if (head.length === 0) throw new Problem(400, 'empty_file', 'The file is empty.');
  const other = otherKind(head);
  if (other) throw new Problem(400, 'not_csv', other);
  const encoding = chosen.encoding ?? encodingOf(head);
  const text = textOf(head, encoding);
  if (text.includes('\0'))
    throw new Problem(400, 'not_csv', `This is no text. In the program that the table comes from, ${SAVE}`);
  return { encoding, delimiter: chosen.delimiter ?? delimiterOf(text) };
}

const SAVE = 'save it as CSV (UTF-8), and import that file.';
const UNPACK = 'unpack it, and import the CSV file that is in it.';

/** By the bytes that a file begins with, in Latin-1. */
const KINDS: [start: string, sentence: string][] = [
  ['\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1', `This is a workbook of an older Excel (xls). Open it there, ${SAVE}`],
  ['%PDF-', `This is a PDF. In the program that the table comes from, ${SAVE}`],
  ['{\\rtf', `This is a document (RTF). In the program that the table comes from, ${SAVE}`],
  ['\x1f\x8b', `This file is compressed (gzip): ${UNPACK}`],
  ['BZh', `This file is compressed (bzip2): ${UNPACK}`],
  ['\xfd7zXZ\0', `This file is compressed (xz): ${UNPACK}`],
  ['\x28\xb5\x2f\xfd', `This file is compressed (zstd): ${UNPACK}`],
  ['7z\xbc\xaf\x27\x1c', `This is an archive (7z): ${UNPACK}`],
  ['Rar!\x1a\x07', `This is an archive (rar): ${UNPACK}`],
];

function otherKind(head: Buffer): string | undefined {
  const text = head.toString('latin1');
  if (/^PK(?:\x03\x04|\x05\x06|\x07\x08)/.test(text)) {
    if (/\[Content_Types\]\.xml|xl\/|_rels\//.test(text))
      return `This is a workbook of Excel (xlsx) or another Office file. In the program that it comes from, ${SAVE}`;
    if (text.includes('application/vnd.oasis.opendocument'))
      return `This is an OpenDocument spreadsheet (ods). Open it in LibreOffice or another spreadsheet program, ${SAVE}`;
    return `This is an archive (zip): ${UNPACK}`;
  }
  return KINDS.find(([start]) => text.startsWith(start))?.[1];
}

const MARKS: [start: string, encoding: Encoding][] = [
  ['\xef\xbb\xbf', 'utf-8'],
  ['\xff\xfe', 'utf-16le'],
  ['\xfe\xff', 'utf-16be'],
];

function encodingOf(head: Buffer): Encoding {
  const start = head.toString('latin1', 0, 3);
  return (
    MARKS.find(([mark]) => start.startsWith(mark))?.[1] ??
    unmarkedUtf16(head) ??
    (isUtf8(head) ? 'utf-8' : 'windows-1252')
  );
}

/** Text in UTF-16 has ASCII in it, at least between cells and lines: a NUL at one side of each pair, hardly any at the other. */
function unmarkedUtf16(head: Buffer): Encoding | undefined {
  const nuls = [0, 0] as [even: number, odd: number];
  for (const [index, byte] of head.entries()) if (byte === 0) nuls[(index % 2) as 0 | 1]++;
  const [even, odd] = nuls;
  const most = Math.max(even, odd);
  if (most * 20 < head.length || Math.min(even, odd) * 10 > most) return undefined;
  const encoding = odd > even ? 'utf-16le' : 'utf-16be';
  return /[\r\n,;\t|]/.test(textOf(head, encoding)) ? encoding : undefined;
}

/** A few bytes that are not UTF-8 among many letters that are make no other encoding of it: they cost a row, not all letters. */
function isUtf8(head: Buffer): boolean {
  const text = textOf(head, 'utf-8');
  const broken = text.split('\ufffd').length - 1;
  return broken === 0 || text.replaceAll(/[\x00-\x7f\ufffd]+/g, '').length > broken;
}

/** Without a byte order mark, and without the character that the end of the head may have cut. */
const textOf = (head: Buffer, encoding: Encoding) => new TextDecoder(encoding).decode(head, { stream: true });

const LINES = 50;

/** The delimiter that makes most cells of the header and as many of each line after it; a comma where none makes two. */
function delimiterOf(text: string): Delimiter {
  const named = /^sep=([,;\t|])(?:[\r\n]|$)/.exec(text);
  if (named) return named[1] as Delimiter;
  const lines = text
    .replace(/^[\r\n]+/, '')
    .replaceAll(/"[^"]*"/g, '') // what stands in quotes; a doubled quote is the end of one and the beginning of the next
    .split(/\r\n|\r|\n/);
  if (lines.length > 2) lines.pop(); // it may be cut
  const [header = '', ...others] = lines.slice(0, LINES);
  const rows = others.filter((line) => line !== '');
  let best: Delimiter = ',';
  let most = 0;
  for (const delimiter of DELIMITERS) {
    const count = (line: string) => line.split(delimiter).length - 1;
    const inHeader = count(header);
    const alike = rows.filter((line) => count(line) === inHeader).length;
    const score = inHeader * (0.1 + alike / Math.max(rows.length, 1));
    if (score <= most) continue;
    most = score;
    best = delimiter;
  }
  return best;
}

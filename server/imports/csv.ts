// CSV (RFC 4180) as it streams in, strict about quotes: rows, each with the line it begins on.
import { type Info, type Options, Parser } from 'csv-parse';

/**
 * `line` is where the row begins; line breaks inside quotes count, as they do in an editor. A row with a `fault` could
 * not be told into cells, and reading has gone on with the line after the one it begins on.
 */
export type CsvRow = { line: number; cells: string[]; fault?: string };

/** The longest row, in bytes: far beyond any that could be taken, and all that is ever held besides a chunk. */
export const ROW_LIMIT = 1_048_576;

const OPTIONS: Options = {
  bom: true,
  record_delimiter: ['\r\n', '\n', '\r'],
  relax_column_count: true, // a row with a cell too many is judged by whoever knows the columns
  max_record_size: ROW_LIMIT,
};

/** The rows of a file in UTF-8, blank lines left out. Bytes that are not UTF-8 become U+FFFD. */
export async function* readCsv(source: AsyncIterable<Uint8Array>): AsyncGenerator<CsvRow> {
  let line = 1;
  let reader = openReader(line);
  /** What follows the last whole row: it is read again, by its next line, when the row under way turns out faulty. */
  let held: Buffer = Buffer.alloc(0);
  /** In a faulty row whose line has not ended yet. */
  let skipping = false;

  for await (const chunk of source) yield* take(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length), false);
  yield* take(Buffer.alloc(0), true);

  async function* take(bytes: Buffer, last: boolean): AsyncGenerator<CsvRow> {
    for (let unread = bytes; ; unread = held) {
      if (skipping) {
        const end = lineEnd(unread);
        if (end === undefined) return;
        skipping = false;
        reader = openReader(++line);
        unread = unread.subarray(end);
        held = Buffer.alloc(0);
      }
      held = held.length === 0 ? unread : Buffer.concat([held, unread]);
      const before = reader.whole;
      const fault = (await reader.write(unread)) ?? (last ? await reader.end() : undefined);
      yield* reader.rows.splice(0);
      line = reader.line;
      held = held.subarray(reader.whole - before);
      if (fault === undefined) return;
      yield { line, cells: [], fault };
      skipping = true;
    }
  }
}

type Reader = {
  rows: CsvRow[];
  /** The line on which the row under way begins, and the number of bytes in the rows before it. */
  line: number;
  whole: number;
  /** Each gives what is wrong with the row under way, after which the reader is of no more use. */
  write(bytes: Buffer): Promise<string | undefined>;
  end(): Promise<string | undefined>;
};

function openReader(line: number): Reader {
  const parser = new Parser({
    ...OPTIONS,
    // Taken here rather than from the stream, which at a fault would throw away the rows that wait in it.
    on_record(cells: string[], { bytes }: Info) {
      if (cells.length > 1 || cells[0] !== '') reader.rows.push({ line: reader.line, cells });
      reader.line += 1 + breaksIn(cells);
      reader.whole = bytes;
      return null;
    },
  });
  parser.on('error', () => {}); // the callback of the write gets it as well
  const outcome = (act: (callback: (error?: Error | null) => void) => void) =>
    new Promise<string | undefined>((resolve, reject) =>
      act((error) => {
        const reason = error && REASONS[(error as NodeJS.ErrnoException).code ?? ''];
        if (error && !reason) reject(error);
        else resolve(reason ?? undefined);
      }),
    );
  const reader: Reader = {
    rows: [],
    line,
    whole: 0,
    write: (bytes) => outcome((callback) => parser.write(bytes, callback)),
    end: () => outcome((callback) => parser.end(callback)),
  };
  return reader;
}

/** Not the parser's own count of lines, which takes a CRLF inside quotes for two. */
function breaksIn(cells: string[]): number {
  let breaks = 0;
  for (const cell of cells) if (/[\r\n]/.test(cell)) breaks += cell.split(/\r\n|\r|\n/).length - 1;
  return breaks;
}

/** Where the next line begins. */
function lineEnd(bytes: Buffer): number | undefined {
  const feed = bytes.indexOf('\n');
  const lone = bytes.indexOf('\r');
  if (lone !== -1 && lone !== bytes.length - 1 && lone !== feed - 1 && (feed === -1 || lone < feed)) return lone + 1;
  return feed === -1 ? undefined : feed + 1;
}

const REASONS: Record<string, string> = {
  CSV_QUOTE_NOT_CLOSED: 'A quote is opened in this row and never closed.',
  CSV_INVALID_CLOSING_QUOTE: 'A cell in quotes goes on after its closing quote; a quote inside quotes is written "".',
  INVALID_OPENING_QUOTE: 'A cell that is not in quotes has a quote in it; put it in quotes and write the inner one "".',
  CSV_MAX_RECORD_SIZE: `The row has more than ${ROW_LIMIT} bytes; perhaps a quote is opened in it and never closed.`,
};

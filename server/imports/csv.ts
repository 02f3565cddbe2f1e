// CSV (RFC 4180) as it streams in, strict about quotes: rows, each with its line and where it ends.
import { isAscii } from 'node:buffer';
import type { Delimiter } from '#contract/imports.ts';

/**
 * `line` is where the row begins; line breaks inside quotes count, as they do in an editor. Reading goes on behind the
 * row at `next_line`, `end` bytes after where it began. A row with a `fault` could not be told into cells: it has one,
 * the text of its first line as far as that is kept, and reading goes on with the line after that.
 */
export type CsvRow = { line: number; cells: string[]; next_line: number; end: number; fault?: string };

/** `line` is the number of the first line that is read, where that is not the first of the file. */
export type CsvOptions = { delimiter?: Delimiter; line?: number };

/** The longest row, in bytes: far beyond any that could be taken, and all that is ever held besides a chunk. */
export const ROW_LIMIT = 1_048_576;

/** How much of a faulty row is kept, in UTF-16 units. */
export const KEPT = 10_000;

/** The most rows at once: a chunk rarely has more, but what a row too long has held may be many short lines. */
const ROWS = 4096;

/** The rows of a file in UTF-8, blank lines left out, in an array or a few for each chunk. Other bytes become U+FFFD. */
export async function* readCsv(
  source: AsyncIterable<Uint8Array>,
  options: CsvOptions = {},
): AsyncGenerator<CsvRow[], void> {
  const reader = openReader(options);
  for await (const chunk of source) yield* reader.take(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length));
  yield* reader.finish();
}

function openReader({ delimiter = ',', line = 1 }: CsvOptions) {
  const first = line;
  /** What follows the last whole row, and how many bytes were before it. */
  let held: Buffer[] = [];
  let size = 0;
  let before = 0;
  /** The faulty row whose first line has not ended yet. */
  let faulty: { cells: string[]; fault: string } | undefined;

  return {
    *take(chunk: Buffer): Generator<CsvRow[], void> {
      held.push(chunk);
      size += chunk.length;
      // Without a line break no row can end, so a long one is not looked at again and again.
      if (chunk.includes('\n') || chunk.includes('\r') || size > ROW_LIMIT) yield* read(false);
    },
    finish: () => read(true),
  };

  function* read(last: boolean): Generator<CsvRow[], void> {
    const bytes = held.length === 1 ? held[0]! : Buffer.concat(held);
    for (let from = 0, full = true; full; ) {
      const rows: CsvRow[] = [];
      const read = rowsOf(bytes.subarray(from), last, rows);
      from += read;
      before += read;
      held = [bytes.subarray(from)];
      size = bytes.length - from;
      full = rows.length === ROWS;
      if (rows.length > 0) yield rows;
    }
  }

  /** Adds the rows that are whole, up to `ROWS`, and gives how many bytes have been read. */
  function rowsOf(bytes: Buffer, last: boolean, rows: CsvRow[]): number {
    // One character a byte, so that a place in the text is a place in the file; whatever parts cells and rows is ASCII.
    const text = bytes.toString('latin1');
    const plain = isAscii(bytes);
    const cellOf = (from: number, to: number) => (plain ? text.slice(from, to) : bytes.toString('utf8', from, to));
    let next = marks(text, delimiter);
    let at = before === 0 && first === 1 && text.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0;

    while (rows.length < ROWS && (at < text.length || (last && faulty))) {
      const stop = next.break(at);
      const ended = last || (stop < text.length && !openEnd(stop));
      if (faulty) {
        if (!ended) return stop;
        add(faulty.cells, stop, line + 1, faulty.fault);
        faulty = undefined;
        continue;
      }
      let fault: Fault | undefined;
      if (next.quote(at) < stop) {
        const row = quotedRow(at);
        if (row === undefined) return at;
        if (typeof row === 'string') fault = row;
        else add(row.cells, row.stop, line + 1 + breaksIn(text.slice(at, row.stop)));
      } else if (stop - at > ROW_LIMIT) fault = 'too_long';
      else if (ended) add(cellOf(at, stop).split(delimiter), stop, line + 1);
      else return at;
      if (fault) {
        next = marks(text, delimiter); // back to where the row begins
        const to = Math.min(next.break(at), at + 4 * KEPT);
        if (to === text.length && !last) return at;
        faulty = { cells: [cellOf(at, to).slice(0, KEPT).toWellFormed()], fault: FAULTS[fault] };
      }
    }
    return at;

    function add(cells: string[], stop: number, next_line: number, fault?: string): void {
      at = Math.min(text.length, stop + (text[stop] === '\r' && text[stop + 1] === '\n' ? 2 : 1));
      const end = before + at;
      const blank = cells.length === 1 && cells[0] === '';
      if (fault !== undefined) rows.push({ line, cells, next_line, end, fault });
      else if (!blank && !(line === 1 && cells.join(delimiter) === `sep=${delimiter}`))
        rows.push({ line, cells, next_line, end });
      line = next_line;
    }

    /** Whether the break there may go on in the next chunk. */
    function openEnd(stop: number): boolean {
      return stop === text.length - 1 && text[stop] === '\r';
    }

    /** A row that has quotes: its cells and where it stops, what is wrong with it, or nothing while it is under way. */
    function quotedRow(start: number): { cells: string[]; stop: number } | Fault | undefined {
      const cells: string[] = [];
      for (let from = start; ; from++) {
        let to: number;
        if (text[from] === '"') {
          let doubled = false;
          to = next.quote(from + 1);
          while (text[to + 1] === '"') {
            doubled = true;
            to = next.quote(to + 2);
          }
          if (to - start > ROW_LIMIT) return 'too_long';
          if (to === text.length) return last ? 'open' : undefined;
          const cell = cellOf(from + 1, to);
          cells.push(doubled ? cell.replaceAll('""', '"') : cell);
          to++;
        } else {
          to = Math.min(next.delimiter(from), next.break(from));
          if (next.quote(from) < to) return next.quote(from) - start > ROW_LIMIT ? 'too_long' : 'inner';
          cells.push(cellOf(from, to));
        }
        const character = text[to];
        if (to - start > ROW_LIMIT) return 'too_long';
        if (!last && (character === undefined || openEnd(to))) return undefined;
        if (character === undefined || character === '\n' || character === '\r') return { cells, stop: to };
        if (character !== delimiter) return 'closed';
        from = to;
      }
    }
  }
}

/** Where each mark stands next, at or behind a place that only ever moves on; the length of the text: nowhere. */
function marks(text: string, delimiter: Delimiter) {
  const feed = seek('\n');
  const lone = seek('\r');
  return { break: (from: number) => Math.min(feed(from), lone(from)), quote: seek('"'), delimiter: seek(delimiter) };

  function seek(mark: string): (from: number) => number {
    let found = -1;
    return (from) => {
      if (found >= from) return found;
      found = text.indexOf(mark, from);
      if (found === -1) found = text.length;
      return found;
    };
  }
}

function breaksIn(text: string): number {
  return text.split(/\r\n|\r|\n/).length - 1;
}

const BYTE_ORDER_MARK = '\u00ef\u00bb\u00bf';

type Fault = keyof typeof FAULTS;

const FAULTS = {
  open: 'A quote is opened in this row and never closed.',
  closed: 'A cell in quotes goes on after its closing quote; a quote inside quotes is written "".',
  inner: 'A cell that is not in quotes has a quote in it; put it in quotes and write the inner one "".',
  too_long: `The row has more than ${ROW_LIMIT} bytes; perhaps a quote is opened in it and never closed.`,
};

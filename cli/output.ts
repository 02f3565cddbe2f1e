// What a command prints: a table on a terminal, JSON lines otherwise.

type Line = Record<string, unknown>;

export function print(lines: Line[], columns: string[], json: boolean): void {
  if (json || !process.stdout.isTTY) {
    for (const line of lines) console.log(JSON.stringify(line));
    return;
  }
  const cells = lines.map((line) => columns.map((column) => shown(line[column])));
  const widths = columns.map((column, index) => Math.max(column.length, ...cells.map((row) => row[index]!.length)));
  const row = (texts: string[]) =>
    texts
      .map((text, index) => text.padEnd(widths[index]!))
      .join('  ')
      .trimEnd();
  console.log(row(columns.map((column) => column.toUpperCase().replaceAll('_', ' '))));
  for (const texts of cells) console.log(row(texts));
}

// Control characters would let a stored text steer the terminal.
const shown = (value: unknown) =>
  value === null || value === undefined ? '' : String(value).replaceAll(/\p{C}/gu, '\ufffd');

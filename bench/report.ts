// Figures and tables.

/** The middle value; of an even number, the lower of the two. */
export function median(values: number[]) {
  return percentile(values, 50);
}

export function percentile(values: number[], share: number) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((share / 100) * sorted.length) - 1)] ?? Number.NaN;
}

/** Three significant digits, thousands grouped. */
export function figure(value: number) {
  if (Number.isNaN(value)) return '–';
  if (value >= 1000) return Math.round(value).toLocaleString('en');
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
}

/** A markdown table; the first `words` columns hold words, the rest figures. */
export function table(head: string[], rows: (string | number)[][], words = 1) {
  const rule = head.map((_, i) => (i < words ? '---' : '--:'));
  const shown = rows.map((row) => row.map((cell) => (typeof cell === 'number' ? figure(cell) : cell)));
  return [head, rule, ...shown].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

export function rounded(value: number, digits = 2) {
  return Number(value.toFixed(digits));
}

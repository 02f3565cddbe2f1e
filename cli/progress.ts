// How far a long command is: one line on a terminal, redrawn; nothing where stderr goes to a file.

const EVERY_MS = 100;
const WIDTH = 30;

/** `share` (0–1) draws the bar; without it the rows alone are told. `clear` takes the line away. */
export function progress(): { show(rows: number, share?: number): void; clear(): void } {
  const begun = performance.now();
  let drawn = 0;
  if (!process.stderr.isTTY) return { show() {}, clear() {} };
  return {
    show(rows, share) {
      const now = performance.now();
      if (now - drawn < EVERY_MS) return;
      drawn = now;
      const filled = Math.round(WIDTH * Math.min(share ?? 0, 1));
      const bar = share === undefined ? '' : `[${'#'.repeat(filled).padEnd(WIDTH)}] ${Math.floor(share * 100)} %  `;
      const rate = Math.round(rows / ((now - begun) / 1000));
      process.stderr.write(`\r\x1b[K${bar}${grouped(rows)} rows, ${grouped(rate)} a second`);
    },
    clear() {
      if (drawn > 0) process.stderr.write('\r\x1b[K');
    },
  };
}

/** 1,234,567 */
export const grouped = (number: number) => number.toLocaleString('en-US');

/** 1 customer, 2 customers */
export const counted = (number: number, noun: string) => `${grouped(number)} ${noun}${number === 1 ? '' : 's'}`;

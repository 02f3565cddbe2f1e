// How far a long command is: one line on a terminal, redrawn; nothing where stderr goes to a file.

const EVERY_MS = 100;
const WIDTH = 30;

/** What is under way, and how much of it is done; without `total` nobody knows how much there is. */
type Step = { verb: string; done: number; total?: number; unit: 'rows' | 'changes' | 'bytes' };

/** `clear` takes the line away. */
export function progress(): { show(step: Step): void; clear(): void } {
  let verb = '';
  let begun = 0;
  let drawn = 0;
  if (!process.stderr.isTTY) return { show() {}, clear() {} };
  return {
    show(step) {
      const now = performance.now();
      if (step.verb !== verb) {
        verb = step.verb;
        begun = now;
      } else if (now - drawn < EVERY_MS) return;
      drawn = now;
      process.stderr.write(`\r\x1b[K${lineOf(step, (now - begun) / 1000)}`);
    },
    clear() {
      if (drawn > 0) process.stderr.write('\r\x1b[K');
      drawn = 0;
    },
  };
}

/** How a step looks after as many seconds. */
export function lineOf({ verb, done, total, unit }: Step, seconds: number): string {
  const amount = unit === 'bytes' ? megabytes : grouped;
  const name = unit === 'bytes' ? 'MB' : unit;
  const rate = seconds > 0 ? done / seconds : 0;
  const pace = rate > 0 ? `, ${amount(rate)} a second` : '';
  if (!total) return `${verb}  ${amount(done)} ${name}${pace}`;
  const share = Math.min(done / total, 1);
  const bar = '#'.repeat(Math.round(WIDTH * share)).padEnd(WIDTH);
  const left = rate > 0 ? `, ${duration((total - done) / rate)} left` : '';
  return `${verb}  [${bar}] ${Math.floor(share * 100)} %  ${amount(done)} of ${amount(total)} ${name}${pace}${left}`;
}

function duration(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

const megabytes = (bytes: number) => (bytes / 1e6).toLocaleString('en-US', { maximumFractionDigits: 1 });

/** 1,234,567 */
export const grouped = (number: number) => Math.round(number).toLocaleString('en-US');

/** 1 customer, 2 customers */
export const counted = (number: number, noun: string) => `${grouped(number)} ${noun}${number === 1 ? '' : 's'}`;

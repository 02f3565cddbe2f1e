// Numbers, times and sizes as people read them, in the way of their own browser.

const whole = new Intl.NumberFormat();
const share = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 1 });
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const distance = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' });

export const figure = (value: number): string => whole.format(value);

/** `part` of `all`; of nothing, none. */
export const percentage = (part: number, all: number): string => share.format(all === 0 ? 0 : part / all);

export const timeOf = (at: string): string => moment.format(new Date(at));

const STEPS: [seconds: number, unit: Intl.RelativeTimeFormatUnit][] = [
  [60, 'second'],
  [3600, 'minute'],
  [86_400, 'hour'],
  [7 * 86_400, 'day'],
];

/** How long ago; beyond a week the time itself. */
export function ago(at: string, now = Date.now()): string {
  const seconds = Math.min(0, Math.round((Date.parse(at) - now) / 1000));
  let size = 1;
  for (const [limit, unit] of STEPS) {
    if (-seconds < limit) return distance.format(Math.round(seconds / size), unit);
    size = limit === 7 * 86_400 ? size : limit;
  }
  return timeOf(at);
}

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte'];

export function sizeOf(bytes: number): string {
  const step = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(bytes, 1)) / 3));
  const unit = UNITS[step];
  return new Intl.NumberFormat(undefined, {
    style: 'unit',
    unit,
    unitDisplay: step === 0 ? 'long' : 'short',
    maximumFractionDigits: step === 0 ? 0 : 1,
  }).format(bytes / 1000 ** step);
}

/** In the two largest units that say something. */
export function durationOf(seconds: number): string {
  const units: [number, string][] = [
    [Math.floor(seconds / 3600), 'hour'],
    [Math.floor((seconds % 3600) / 60), 'minute'],
    [Math.ceil(seconds % 60), 'second'],
  ];
  const first = units.findIndex(([count]) => count > 0);
  const told = units.slice(first < 0 ? 2 : first).slice(0, 2);
  return told
    .map(([count, unit]) =>
      new Intl.NumberFormat(undefined, { style: 'unit', unit, unitDisplay: 'short' }).format(count),
    )
    .join(' ');
}

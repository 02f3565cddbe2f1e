// Days, weeks and months of a timeline, in UTC as the server counts them.
import type { CustomerTimeline, TimelineStep } from '#contract/timeline.ts';
import { words } from '../words.ts';

const DAY = 86_400_000;
const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeZone: 'UTC' });
const month = new Intl.DateTimeFormat(undefined, { month: 'long', year: 'numeric', timeZone: 'UTC' });
const shortDay = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' });
const shortMonth = new Intl.DateTimeFormat(undefined, { month: 'short', year: '2-digit', timeZone: 'UTC' });

const at = (date: string) => Date.parse(`${date}T00:00:00Z`);
const dateOf = (time: number) => new Date(time).toISOString().slice(0, 10);

export const dayOf = (date: string): string => day.format(at(date));
export const today = (): string => dateOf(Date.now());
export const daysBefore = (date: string, days: number): string => dateOf(at(date) - days * DAY);

/** What stands at an axis. */
export const shortOf = (date: string, by: TimelineStep): string =>
  (by === 'month' ? shortMonth : shortDay).format(at(date));

/** As it begins a line: "12 Nov 2026", "Week of 9 Nov 2026", "November 2026". */
export function nameOf(date: string, by: TimelineStep): string {
  if (by === 'month') return month.format(at(date));
  return by === 'week' ? words.dashboard.week(dayOf(date)) : dayOf(date);
}

/** As it ends a sentence. */
export function whenOf(date: string, by: TimelineStep): string {
  if (by === 'month') return words.dashboard.inMonth(month.format(at(date)));
  return by === 'week' ? words.dashboard.inWeek(dayOf(date)) : words.dashboard.on(dayOf(date));
}

/** The filter of the list for those who were created in a step, of which only what lies in the timeline is counted. */
export function filterOf({ from, to, by }: CustomerTimeline, date: string): Record<string, string> {
  const begin = Math.max(at(date), at(from));
  const end = Math.min(endOf(date, by), at(to) + DAY);
  return { 'created_at[gte]': timeOf(begin), 'created_at[lt]': timeOf(end), ordering: '-created_at' };
}

/** Those who were created until the end of a step. */
export function filterUntil({ to, by }: CustomerTimeline, date: string): Record<string, string> {
  return { 'created_at[lt]': timeOf(Math.min(endOf(date, by), at(to) + DAY)), ordering: '-created_at' };
}

function endOf(date: string, by: TimelineStep): number {
  if (by !== 'month') return at(date) + (by === 'week' ? 7 : 1) * DAY;
  const end = new Date(at(date));
  return Date.UTC(end.getUTCFullYear(), end.getUTCMonth() + 1, 1);
}

const timeOf = (time: number) => `${dateOf(time)}T00:00:00Z`;

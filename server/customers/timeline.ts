// New customers over time, from the counts of days that every write keeps.
import { type CustomerTimeline, TIMELINE, TIMELINE_STEPS, type TimelineStep } from '#contract/timeline.ts';
import type { Actor } from '../access/access.ts';
import type { Database } from '../database.ts';
import { readDays } from '../events/events.ts';
import { invalid } from '../problem.ts';
import type { Query } from '../query.ts';

export type TimelineRequest = { from: string; to: string; by: TimelineStep };

const DAY_MS = 86_400_000;
const dayOf = (time: number) => new Date(time).toISOString().slice(0, 10);

/** Reads what is asked for; 400 names each parameter that is wrong. `now`: what today is told by. */
export function readTimelineQuery(query: Query, now = Date.now()): TimelineRequest {
  const by = query.by ?? 'day';
  const step = TIMELINE_STEPS.find((name) => name === by);
  if (!step)
    throw invalid([
      { pointer: 'by', code: 'invalid_choice', detail: `by must be one of ${TIMELINE_STEPS.join(', ')}.` },
    ]);
  const to = readDay(query, 'to') ?? dayOf(now);
  const from = readDay(query, 'from') ?? dayOf(Date.parse(to) - (TIMELINE.days - 1) * DAY_MS);
  if (from > to)
    throw invalid([
      { pointer: 'from', code: 'invalid_range', detail: `from must not be after to, which is ${to} here.` },
    ]);
  if ((Date.parse(to) - Date.parse(from)) / DAY_MS >= TIMELINE.most_days)
    throw invalid([
      {
        pointer: 'from',
        code: 'invalid_range',
        detail: `from and to may be ${TIMELINE.most_days} days apart at most.`,
      },
    ]);
  return { from, to, by: step };
}

function readDay(query: Query, name: 'from' | 'to'): string | undefined {
  const text = query[name];
  if (text === undefined) return undefined;
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) && !text.startsWith('0000') ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time) && dayOf(time) === text) return text;
  throw invalid([{ pointer: name, code: 'invalid_date', detail: `${name} must be a day, such as 2026-01-31.` }]);
}

/** How many of the customers that are not deleted were created when, and how many before; with the position that this holds for. */
export async function customerTimeline(
  database: Database,
  actor: Actor,
  { from, to, by }: TimelineRequest,
): Promise<CustomerTimeline & { position: number }> {
  const { position, before, days } = await readDays(database, actor.workspace.id, from, to);
  const results: CustomerTimeline['results'] = [];
  for (let time = Date.parse(from); time <= Date.parse(to); time += DAY_MS) {
    const customers = days.get(dayOf(time)) ?? 0;
    const date = dayOf(beginOf(time, by));
    const last = results.at(-1);
    if (last?.date === date) last.customers += customers;
    else results.push({ date, customers });
  }
  return { position, from, to, by, before, results };
}

/** When the day, week (ISO 8601: on Monday) or month of a day begins. */
function beginOf(time: number, by: TimelineStep): number {
  const date = new Date(time);
  if (by === 'week') return time - ((date.getUTCDay() + 6) % 7) * DAY_MS;
  if (by === 'month') return time - (date.getUTCDate() - 1) * DAY_MS;
  return time;
}

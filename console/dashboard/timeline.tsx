// New customers over time, and how they add up to all that are there. What is shown stands in the address.
import { useQuery } from '@tanstack/react-query';
import { useSearchParams } from 'wouter';
import type { CustomerTimeline, TimelineStep } from '#contract/timeline.ts';
import { api } from '../api.ts';
import { SelectField } from '../ui/field.tsx';
import { Failure, Loading, Section } from '../ui/page.tsx';
import { words } from '../words.ts';
import styles from './dashboard.module.css';
import { dayOf, daysBefore, filterOf, filterUntil, nameOf, shortOf, today, whenOf } from './days.ts';
import { listOf } from './links.ts';
import { Plot, type Point } from './plot.tsx';

type Range = keyof typeof words.dashboard.ranges;
const RANGES = Object.keys(words.dashboard.ranges) as Range[];
const STEPS = Object.keys(words.dashboard.steps) as TimelineStep[];
/** What is easily looked at, where nothing else is chosen. */
const STEP_OF: Record<Range, TimelineStep> = { '30': 'day', '90': 'day', '365': 'week', '1826': 'month' };

export function Timeline() {
  const [search, setSearch] = useSearchParams();
  const range = RANGES.find((one) => one === search.get('days')) ?? '90';
  const by = STEPS.find((one) => one === search.get('by')) ?? STEP_OF[range];
  const to = today();
  const from = daysBefore(to, Number(range) - 1);
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['timeline', from, to, by],
    queryFn: ({ signal }) => api().customers.timeline({ from, to, by, signal }),
    placeholderData: (before) => before,
  });
  const choose = (name: string, value: string) =>
    setSearch(
      (now) => {
        now.set(name, value);
        return now;
      },
      { replace: true },
    );
  return (
    <>
      <div className={styles.choices}>
        <SelectField
          label={words.dashboard.range}
          value={range}
          onChange={({ target }) =>
            setSearch(
              (now) => {
                now.set('days', target.value);
                now.delete('by');
                return now;
              },
              { replace: true },
            )
          }
        >
          {RANGES.map((one) => (
            <option key={one} value={one}>
              {words.dashboard.ranges[one]}
            </option>
          ))}
        </SelectField>
        <SelectField label={words.dashboard.by} value={by} onChange={({ target }) => choose('by', target.value)}>
          {STEPS.map((one) => (
            <option key={one} value={one}>
              {words.dashboard.steps[one]}
            </option>
          ))}
        </SelectField>
      </div>
      {isPending && <Loading />}
      {error && <Failure error={error} onRetry={() => refetch()} />}
      {data && (
        <div className={styles.charts}>
          <Section title={words.dashboard.fresh}>
            <Fresh {...data} />
          </Section>
          <Section title={words.dashboard.growth}>
            <Growth {...data} />
          </Section>
        </div>
      )}
    </>
  );
}

function Fresh(timeline: CustomerTimeline) {
  const { from, to, by, results } = timeline;
  const sum = results.reduce((all, { customers }) => all + customers, 0);
  const best = results.reduce((most, one) => (one.customers > most.customers ? one : most), results[0]!);
  const summary = words.dashboard.freshSummary(sum, dayOf(from), dayOf(to), best.customers, whenOf(best.date, by));
  const points = results.map(
    ({ date, customers }): Point => ({
      key: date,
      name: nameOf(date, by),
      label: shortOf(date, by),
      value: customers,
      text: words.dashboard.freshAt(customers),
      href: listOf(filterOf(timeline, date)),
    }),
  );
  return (
    <Plot title={words.dashboard.fresh} summary={summary} points={points} kind="bars" note={words.dashboard.utc} />
  );
}

function Growth(timeline: CustomerTimeline) {
  const { from, to, by, before, results } = timeline;
  let total = before;
  const points = results.map(({ date, customers }): Point => {
    total += customers;
    return {
      key: date,
      name: nameOf(date, by),
      label: shortOf(date, by),
      value: total,
      text: words.dashboard.totalAt(total),
      href: listOf(filterUntil(timeline, date)),
    };
  });
  const summary = words.dashboard.growthSummary(before, total, dayOf(from), dayOf(to));
  return <Plot title={words.dashboard.growth} summary={summary} points={points} kind="line" />;
}

// Histograms of the metrics. prom-client's own put a text together from the labels and check them for each value, which is more
// work than to add it; these walk from label to label. They are read, and told to others, as prom-client's are.
import type { Histogram as PromHistogram, Registry } from 'prom-client';

export type Histogram<Names extends readonly string[]> = {
  /** Adds a value to the series that has these labels, in the order of their names. */
  observe(value: number, ...labels: { [Index in keyof Names]: string | number }): void;
};

type Options<Names> = { name: string; help: string; labelNames: Names; buckets: readonly number[] };

/** `counts`: of values up to each bound, and above the last. */
type Series = { labels: Record<string, string | number>; counts: number[]; sum: number };
type Branch = Map<string | number, Branch | Series>;

/** A histogram with these upper `buckets`, in ascending order, which the registry tells of. */
export function openHistogram<const Names extends readonly string[]>(
  registry: Registry,
  { name, help, labelNames, buckets }: Options<Names>,
): Histogram<Names> {
  const all: Series[] = [];
  const root: Branch = new Map();

  function begin(labels: readonly (string | number)[]): Series {
    const named = Object.fromEntries(labelNames.map((label, index) => [label, labels[index]!]));
    const series = { labels: named, counts: new Array(buckets.length + 1).fill(0), sum: 0 };
    all.push(series);
    return series;
  }

  /** Walks from label to label; a series without any lies under its histogram's name. */
  function seriesOf(labels: readonly (string | number)[]): Series {
    const path = labels.length > 0 ? labels : [name];
    let branch = root;
    for (let at = 0; ; at++) {
      const isLast = at === path.length - 1;
      let next = branch.get(path[at]!);
      if (!next) {
        next = isLast ? begin(labels) : new Map();
        branch.set(path[at]!, next);
      }
      if (isLast) return next as Series;
      branch = next as Branch;
    }
  }

  function valuesOf({ labels, counts, sum }: Series) {
    let count = 0;
    const bounds = [...buckets, '+Inf'].map((le, index) => {
      count += counts[index]!;
      return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: count };
    });
    return [
      ...bounds,
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: count },
    ];
  }

  // What has no labels is there from the beginning.
  if (labelNames.length === 0) seriesOf([]);
  const metric = {
    name,
    help,
    get: async () => ({ name, help, type: 'histogram', aggregator: 'sum', values: all.flatMap(valuesOf) }),
  };
  registry.registerMetric(metric as unknown as PromHistogram);

  return {
    observe(value, ...labels) {
      const series = seriesOf(labels);
      series.sum += value;
      let bucket = 0;
      while (bucket < buckets.length && value > buckets[bucket]!) bucket++;
      series.counts[bucket]!++;
    },
  };
}

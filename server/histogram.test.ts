// Histograms are read as prom-client's own are, whatever was added to them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Histogram, Registry } from 'prom-client';
import { openHistogram } from './histogram.ts';

const name = 'a_histogram';
const help = 'Of whatever\nthere is.';

function both(labelNames: string[], buckets: number[]) {
  const [ours, theirs] = [new Registry(), new Registry()];
  const histogram = openHistogram(ours, { name, help, labelNames, buckets });
  const model = new Histogram({ name, help, labelNames, buckets, registers: [theirs] });
  return {
    observe(value: number, ...labels: string[]) {
      histogram.observe(value, ...labels);
      if (labels.length === 0) model.observe(value);
      else model.labels(...labels).observe(value);
    },
    texts: () => Promise.all([ours.metrics(), theirs.metrics()]),
    /** As another process is sent it; who reads that looks at no example, of which there is none. */
    snapshots: async () => {
      const both = await Promise.all([ours.getMetricsAsJSON(), theirs.getMetricsAsJSON()]);
      return both.map((metrics) =>
        JSON.parse(JSON.stringify(metrics, (key, value) => (key === 'exemplar' ? undefined : value))),
      );
    },
  };
}

test('with labels and without, at a bound and beyond, as text and as what another process is sent', async () => {
  const values = fc.array(
    fc.tuple(
      fc.oneof(fc.double({ min: 0, max: 20, noNaN: true }), fc.constantFrom(0, 1, 2.5, 10)),
      fc.constantFrom('a', 'b"\\'),
    ),
    { maxLength: 50 },
  );
  await fc.assert(
    fc.asyncProperty(values, fc.nat(2), async (added, labels) => {
      const { observe, texts, snapshots } = both(['one', 'two'].slice(0, labels), [1, 2.5, 10]);
      for (const [value, label] of added) observe(value, ...['x', label].slice(0, labels));
      const [ours, theirs] = await texts();
      assert.equal(ours, theirs);
      const [sent, model] = await snapshots();
      assert.deepEqual(sent, model);
    }),
  );
});

test('a series is another where any label is', async () => {
  const { observe, texts } = both(['one', 'two'], [1]);
  for (const one of ['a', 'b']) for (const two of ['a', 'b', 'a']) observe(0.5, one, two);
  const [ours, theirs] = await texts();
  assert.equal(ours, theirs);
  assert.equal(ours.match(/_count/g)!.length, 4);
});

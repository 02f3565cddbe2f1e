// The dashboard, the alerts and the operators' handbook against the metrics: none asks for what is not there, and nothing
// is there that they leave out.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { openMetrics } from '#server/metrics.ts';
import { PROJECT } from '#server/project.ts';
import { startServer } from './support/server.ts';

const read = (path: string) => readFileSync(join(PROJECT, 'docs', path), 'utf8');

type Panel = { title: string; targets?: { expr: string }[] };
const dashboard = JSON.parse(read('operations/clientele.dashboard.json')) as {
  panels: Panel[];
  templating: { list: { query: string | { query: string } }[] };
};
const variables = dashboard.templating.list.flatMap(({ query }) => (typeof query === 'object' ? [query.query] : []));
const alerts = [...read('operations/clientele.alerts.yml').matchAll(/^ +expr: (.*)$/gm)].map(([, query]) => query!);
const panels = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
const queries = [...panels, ...alerts, ...variables.map((query) => query.replace(/^label_values\((.*), \w+\)$/, '$1'))];

/** The series that a query asks for: their names, and the labels that it picks by. */
const seriesOf = (query: string) =>
  [...query.matchAll(/\b((?:clientele|nodejs|process)_\w+|\w+(?={))(?:{([^}]*)})?/g)].map(
    ([, name, matchers = '']) => ({
      name: name!,
      labels: [...matchers.matchAll(/(\w+)(?:=|!=|=~|!~)"/g)].map(([, label]) => label!),
      by: [...query.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, labels]) => labels!.split(', ')),
    }),
  );

/** Labels of each series that the server has after a few requests. */
const series = new Map<string, Set<string>>();
/** Names of the metrics, as their TYPE lines have them. */
const families: string[] = [];

before(async () => {
  const token = 'a-token-for-tests';
  const server = await startServer({ metrics: openMetrics(), metrics_token: token });
  try {
    await server.call('POST', '/api/customers', { first_name: 'Ada', last_name: 'Byron', email: 'ada@example.org' });
    await server.call('GET', '/api/customers?search=ada');
    const { text } = await server.call('GET', '/metrics', undefined, { authorization: `Bearer ${token}` });
    for (const line of text.split('\n')) {
      const family = /^# TYPE (\w+)/.exec(line)?.[1];
      if (family) families.push(family);
      const [, name, labels = ''] = /^(\w+)(?:{(.*)})? /.exec(line) ?? [];
      if (!name) continue;
      const known = series.get(name) ?? new Set(['job', 'instance']); // which Prometheus adds
      for (const [, label] of labels.matchAll(/(\w+)="/g)) known.add(label!);
      series.set(name, known);
    }
  } finally {
    await server.stop();
  }
});

describe('the dashboard', () => {
  test('asks, as the alerts do, for series that the server has, by labels that they have', () => {
    assert.ok(panels.length >= 25 && alerts.length >= 8 && variables.length === 2);
    const wrong = queries.flatMap(seriesOf).flatMap(({ name, labels, by }) => {
      const known = series.get(name);
      if (!known) return [name];
      return [...labels, ...by].filter((label) => !known.has(label)).map((label) => `${name}: ${label}`);
    });
    assert.deepEqual(wrong, []);
  });

  test('picks a job and an instance in every query', () => {
    for (const query of panels)
      assert.equal(query.match(/{job=~"\$job",instance=~"\$instance"/g)?.length, seriesOf(query).length, query);
  });

  test('leaves no metric of ours out', () => {
    const shown = new Set(panels.flatMap(seriesOf).map(({ name }) => name.replace(/_(bucket|sum|count)$/, '')));
    const ours = families.filter((name) => name.startsWith('clientele_'));
    assert.ok(ours.length >= 10);
    assert.deepEqual(
      ours.filter((name) => !shown.has(name)),
      [],
    );
  });
});

test('the handbook has a line for each metric of ours, and for none that is not there', () => {
  const explained = [...read('operations.md').matchAll(/^\| `((?:clientele|nodejs|process)_\w+)`/gm)].map(
    ([, name]) => name!,
  );
  assert.deepEqual(
    families.filter((name) => name.startsWith('clientele_') && !explained.includes(name)),
    [],
  );
  assert.deepEqual(
    explained.filter((name) => !families.includes(name)),
    [],
  );
});

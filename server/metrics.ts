// What Prometheus reads: how the server fares, in numbers. Nothing here has a label that a caller could choose.
import { AggregatorRegistry, Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Database } from './database.ts';
import { openHistogram } from './histogram.ts';
import type { ResultCache } from './result-cache.ts';

export type Metrics = {
  onRequestDone(method: string, route: string, status: number, ms: number): void;
  onRateLimited(): void;
  onStatement(kind: string, ms: number): void;
  /** A batch of writes was committed: how many they were, how long they waited for the ledger, where the log stands now. */
  onBatch(writes: number, waited_ms: number, workspace_id: number, position: number): void;
  /** So many events of all workspaces are not sealed yet. */
  onUnsealed(events: number): void;
  /** The last scheduled backup was made, in milliseconds since 1970. */
  onBackup(made_ms: number): void;
  /** A webhook was tried; `failure` is why it was not delivered. */
  onDelivery(failure: string | null): void;
  /** So many streams of events are open now. */
  onStreams(open: number): void;
  /** What is read off at each scrape. */
  watch(database: Database, cache: ResultCache): void;
  /** The text exposition format, version 0.0.4. */
  text(): Promise<string>;
  /** The same in a form that can be sent to another process. */
  snapshot(): Promise<Snapshot>;
  readonly type: string;
};

export type Snapshot = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** `process`: which of several serving together this is, as a label of every series. */
export function openMetrics(process?: string): Metrics {
  const registry = new Registry();
  if (process !== undefined) registry.setDefaultLabels({ process });
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const requests = openHistogram(registry, {
    name: 'clientele_http_request_duration_seconds',
    help: 'Time from the head of a request to the end of its reply.',
    labelNames: ['method', 'route', 'status'],
    buckets: SECONDS,
  });
  const statements = openHistogram(registry, {
    name: 'clientele_sql_statement_duration_seconds',
    help: 'Time from the sending of a statement, or the end of the one before it on its connection, to its answer.',
    labelNames: ['statement'],
    buckets: SECONDS,
  });
  const batches = openHistogram(registry, {
    name: 'clientele_write_batch_size',
    help: 'Writes that went together in one transaction.',
    labelNames: [],
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500],
  });
  const waits = openHistogram(registry, {
    name: 'clientele_ledger_wait_seconds',
    help: 'Time that a batch of writes waited for the turn of its workspace.',
    labelNames: [],
    buckets: SECONDS,
  });
  const positions = new Gauge({
    name: 'clientele_feed_position',
    help: 'Last position of the log of each workspace, by its number, that this process wrote.',
    labelNames: ['workspace'],
    registers,
  });
  const unsealed = new Gauge({
    name: 'clientele_unsealed_events',
    help: 'Events of all workspaces that are not sealed yet; 0 in a process that does not seal.',
    registers,
  });
  const limited = new Counter({
    name: 'clientele_rate_limited_total',
    help: 'Requests refused because a quota was used up.',
    registers,
  });
  const backups = new Gauge({
    name: 'clientele_backup_last_success_timestamp_seconds',
    help: 'When the last scheduled backup was made; 0 where there is none.',
    registers,
  });
  const deliveries = new Counter({
    name: 'clientele_webhook_deliveries_total',
    help: 'Tries to deliver an event to a webhook, by whether its receiver took it.',
    labelNames: ['outcome'],
    registers,
  });
  for (const outcome of ['delivered', 'failed']) deliveries.inc({ outcome }, 0);
  const streams = new Gauge({
    name: 'clientele_event_streams',
    help: 'Open streams of the feed.',
    registers,
  });

  return {
    onRequestDone(method, route, status, ms) {
      requests.observe(ms / 1000, method, route, status);
    },
    onRateLimited() {
      limited.inc();
    },
    onStatement(kind, ms) {
      statements.observe(ms / 1000, kind);
    },
    onBatch(writes, waited_ms, workspace_id, position) {
      batches.observe(writes);
      waits.observe(waited_ms / 1000);
      positions.set({ workspace: workspace_id }, position);
    },
    onUnsealed(events) {
      unsealed.set(events);
    },
    onBackup(made_ms) {
      backups.set(made_ms / 1000);
    },
    onDelivery(failure) {
      deliveries.inc({ outcome: failure === null ? 'delivered' : 'failed' });
    },
    onStreams(open) {
      streams.set(open);
    },
    watch(database, cache) {
      new Gauge({
        name: 'clientele_connections',
        help: 'Connections to PostgreSQL, by what they are for and whether they are busy.',
        labelNames: ['pool', 'state'],
        registers,
        collect() {
          for (const [pool, { busy, idle }] of Object.entries(database.pools())) {
            this.set({ pool, state: 'busy' }, busy);
            this.set({ pool, state: 'idle' }, idle);
          }
        },
      });
      new Gauge({
        name: 'clientele_statements_waiting',
        help: 'Statements that wait for a connection, or on one for those before them.',
        labelNames: ['pool'],
        registers,
        collect() {
          for (const [pool, { waiting }] of Object.entries(database.pools())) this.set({ pool }, waiting);
        },
      });
      new Counter({
        name: 'clientele_result_cache_requests_total',
        help: 'Lists and searches by whether their answer was kept: hit, shared (by another server), outdated, miss.',
        labelNames: ['outcome'],
        registers,
        collect() {
          this.reset();
          for (const [outcome, count] of Object.entries(cache.counts)) this.inc({ outcome }, count);
        },
      });
      new Gauge({
        name: 'clientele_result_cache_bytes',
        help: 'Memory taken by kept answers.',
        registers,
        collect() {
          this.set(cache.bytes);
        },
      });
    },
    text: () => registry.metrics(),
    snapshot: () => registry.getMetricsAsJSON(),
    type: registry.contentType,
  };
}

/**
 * The text of several processes' metrics. Each keeps its series: in a sum, a process that was replaced would look like
 * a counter that began anew, and all that the others had counted like news.
 */
export function textOf(snapshots: Snapshot[]): Promise<string> {
  // Sums, then, are of one; other ways to put series together would leave some out.
  const own = snapshots.map((metrics) => metrics.map((metric) => ({ ...metric, aggregator: 'sum' as const })));
  return AggregatorRegistry.aggregate(own).metrics();
}

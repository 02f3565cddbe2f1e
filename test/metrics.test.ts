// What Prometheus gets to read, and who else does not.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openMetrics } from '#server/metrics.ts';
import { openRateLimiter } from '#server/rate-limit.ts';
import { until } from './support/process.ts';
import { startServer, type TestServer } from './support/server.ts';

const token = 'a-token-for-tests';
let server: TestServer;
before(async () => {
  server = await startServer({
    metrics: openMetrics(),
    metrics_token: token,
    rate_limiter: openRateLimiter({ requests: 20, seconds: 3600 }),
  });
});
after(() => server.stop());

const scrape = () => server.call('GET', '/metrics', undefined, { authorization: `Bearer ${token}` });

/** The value of a series, by its name and labels as they stand in the text. */
const seriesOf = (text: string, series: string) =>
  Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${series} `))
      ?.slice(series.length + 1),
  );

describe('metrics', () => {
  test('count requests by route, batches, the position of the log, the cache and refusals', async () => {
    for (let index = 0; index < 3; index++)
      await server.call('POST', '/api/customers', {
        first_name: 'Ada',
        last_name: 'Lovelace',
        email: `ada${index}@example.org`,
      });
    for (let index = 0; index < 3; index++) await server.call('GET', '/api/customers?limit=2');
    for (let index = 0; index < 20; index++) await server.call('GET', '/api/customers/stats');
    // Now and then one looks for work.
    await until(() => server.database.pools().read.idle === 2, 'that nothing is read');
    const { status, headers, text } = await scrape();
    assert.equal(status, 200);
    assert.match(headers.get('content-type')!, /^text\/plain; version=0\.0\.4/);
    const requests = 'clientele_http_request_duration_seconds_count';
    assert.equal(seriesOf(text, `${requests}{method="POST",route="/api/customers",status="201"}`), 3);
    assert.equal(seriesOf(text, `${requests}{method="GET",route="/api/customers/stats",status="429"}`), 6);
    assert.equal(seriesOf(text, 'clientele_rate_limited_total'), 6);
    assert.equal(seriesOf(text, 'clientele_result_cache_requests_total{outcome="hit"}'), 2);
    assert.equal(seriesOf(text, 'clientele_result_cache_requests_total{outcome="miss"}'), 1);
    assert.ok(seriesOf(text, 'clientele_result_cache_bytes') > 500);
    for (const name of ['nodejs_eventloop_lag_p99_seconds', 'process_resident_memory_bytes'])
      assert.ok(seriesOf(text, name) > 0, name);
    assert.equal(seriesOf(text, 'clientele_write_batch_size_sum'), 7, 'with the four keys of this server');
    assert.equal(seriesOf(text, 'clientele_feed_position{workspace="1"}'), 7);
    assert.equal(seriesOf(text, 'clientele_sql_statement_duration_seconds_count{statement="list: page"}'), 1);
    assert.equal(seriesOf(text, 'clientele_connections{pool="read",state="idle"}'), 2);
  });

  test('have no label that a caller could choose', async () => {
    const before = (await scrape()).text.split('\n').length;
    for (let index = 0; index < 5; index++) await server.call('GET', `/api/made-up-${index}?q=${index}`);
    await server.call('GET', '/api/customers/by-external-id/x');
    const { text } = await scrape();
    assert.ok(!text.includes('made-up'));
    assert.ok(text.split('\n').length - before < 60);
  });

  test('are for those who know the token', async () => {
    for (const authorization of ['', 'Bearer wrong', `Bearer ${server.keys.owner}`, `Basic ${token}`]) {
      const { status, text } = await server.call('GET', '/metrics', undefined, { authorization });
      assert.equal(status, 401);
      assert.ok(!text.includes('clientele_'));
    }
  });

  test('are for nobody where there is no token', async () => {
    const other = await startServer();
    try {
      for (const authorization of ['', 'Bearer ', 'Bearer undefined', `Bearer ${token}`])
        assert.equal((await other.call('GET', '/metrics', undefined, { authorization })).status, 403);
    } finally {
      await other.stop();
    }
  });
});

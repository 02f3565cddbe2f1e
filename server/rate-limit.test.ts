import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { callerOfAddress, openRateLimiter, rateHeaders } from './rate-limit.ts';

function clock() {
  const time = { ms: 0 };
  return { time, now: () => time.ms };
}

test('the whole quota at once, then one at a time as it comes back', () => {
  const { time, now } = clock();
  const limiter = openRateLimiter({ requests: 3, seconds: 6 }, now);
  assert.deepEqual(
    [1, 2, 3].map(() => limiter.take('a').remaining),
    [2, 1, 0],
  );
  assert.deepEqual(limiter.take('a'), { allowed: false, remaining: 0, seconds: 2 });
  time.ms = 1999;
  assert.equal(limiter.take('a').allowed, false);
  time.ms = 2000;
  assert.deepEqual(limiter.take('a'), { allowed: true, remaining: 0, seconds: 6 });
  assert.equal(limiter.take('a').allowed, false);
  time.ms = 60_000;
  assert.equal(limiter.take('a').remaining, 2);
});

test('callers do not draw on one another’s quota, and looking takes nothing', () => {
  const limiter = openRateLimiter({ requests: 1, seconds: 60 }, clock().now);
  assert.equal(limiter.look('a').allowed, true);
  assert.equal(limiter.take('a').allowed, true);
  assert.equal(limiter.look('a').allowed, false);
  assert.equal(limiter.take('b').allowed, true);
});

test('in any window at most twice the quota passes, and whoever keeps to the pace is never refused', () => {
  const policy = fc.record({ requests: fc.integer({ min: 1, max: 1000 }), seconds: fc.integer({ min: 1, max: 3600 }) });
  fc.assert(
    fc.property(policy, fc.array(fc.nat(5000), { maxLength: 200 }), (limits, gaps) => {
      const { time, now } = clock();
      const limiter = openRateLimiter(limits, now);
      const passed: number[] = [];
      for (const gap of gaps) {
        time.ms += gap;
        if (limiter.take('a').allowed) passed.push(time.ms);
      }
      for (const from of passed) {
        const inWindow = passed.filter((at) => at >= from && at < from + limits.seconds * 1000).length;
        assert.ok(inWindow <= limits.requests * 2);
      }
    }),
  );
  fc.assert(
    fc.property(policy, (limits) => {
      const { time, now } = clock();
      const limiter = openRateLimiter(limits, now);
      for (let index = 0; index < 3 * limits.requests; index++) {
        time.ms = (index * limits.seconds * 1000) / limits.requests;
        assert.equal(limiter.take('a').allowed, true);
      }
    }),
  );
});

test('memory is bounded', () => {
  const limiter = openRateLimiter({ requests: 1, seconds: 1 }, clock().now);
  for (let index = 0; index < 150_000; index++) limiter.take(`a${index}`);
  assert.equal(limiter.look('a149999').allowed, false);
  assert.equal(limiter.look('a0').allowed, true, 'forgotten');
});

const CALLERS: [address: string, caller: string][] = [
  ['203.0.113.9', 'address 203.0.113.9'],
  ['::ffff:203.0.113.9', 'address 203.0.113.9'],
  ['2001:db8:1:2:3:4:5:6', 'address 2001:db8:1:2::/64'],
  ['2001:db8:1:2::6', 'address 2001:db8:1:2::/64'],
  ['2001:0db8:0001:0002::', 'address 2001:db8:1:2::/64'],
  ['2001:db8::1', 'address 2001:db8:0:0::/64'],
  ['::1', 'address 0:0:0:0::/64'],
  ['fe80::1%eth0', 'address fe80:0:0:0::/64'],
];
for (const [address, caller] of CALLERS)
  test(`${address} draws on the quota of ${caller}`, () => assert.equal(callerOfAddress(address), caller));

test('the headers', () => {
  assert.deepEqual(rateHeaders({ requests: 100, seconds: 60 }, { allowed: true, remaining: 99, seconds: 1 }), {
    'ratelimit-policy': '"default";q=100;w=60',
    ratelimit: '"default";r=99;t=1',
  });
});

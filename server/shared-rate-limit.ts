// Quotas that several servers share: the algorithm of rate-limit.ts, run by Redis and on its clock. They are counted here
// as well, so that a caller who has used its quota up has none when Redis is lost.
import { hash } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { RateLimiter, RatePolicy, Verdict } from './rate-limit.ts';
import { nonsense, type SharedRedis } from './redis.ts';

export function shareRateLimiter(local: RateLimiter<Verdict>, redis: SharedRedis): RateLimiter {
  const { policy } = local;

  function judge(act: 'take' | 'look', caller: string): Verdict | Promise<Verdict> {
    const asked = redis.ask((client) => askQuota(client, act, caller, policy));
    if (!asked) return local[act](caller);
    return asked.then((verdict) => {
      if (!verdict || (act === 'take' && verdict.allowed)) {
        const here = local[act](caller);
        return verdict ?? here;
      }
      return verdict;
    });
  }

  return { policy, take: (caller) => judge('take', caller), look: (caller) => judge('look', caller) };
}

/** Asks as requests do, of a quota that is whole again after a microsecond. */
export const probeQuota = (client: Redis) => askQuota(client, 'take', 'probe', { requests: 1, seconds: 1e-6 });

/** Times are microseconds. A key is there for as long as its caller's quota is not whole. */
const SCRIPT = `
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local window, interval = tonumber(ARGV[2]), tonumber(ARGV[3])
local whole = tonumber(redis.call('GET', KEYS[1]) or now) or now
-- Where the clock was set back or the quota made smaller, nobody is shut out for longer than a window.
local before = math.min(math.max(whole, now), now + window)
local after = before + interval
-- A thousandth of a request is nothing: sums of fractions are not exact.
local over = after - now - window - interval / 1000
if over > 0 then return {0, 0, math.ceil(over / 1000000)} end
if ARGV[1] == 'take' then
  redis.call('SET', KEYS[1], string.format('%.3f', after), 'PX', math.ceil((after - now) / 1000))
end
return {1, math.max(0, math.floor((window - (after - now)) / interval + 0.001)), math.ceil((after - now) / 1000000)}
`;
const DIGEST = hash('sha1', SCRIPT);

async function askQuota(client: Redis, act: 'take' | 'look', caller: string, policy: RatePolicy): Promise<Verdict> {
  const window = policy.seconds * 1e6;
  const given = [`clientele:quota:${caller}`, act, window, window / policy.requests] as const;
  const answer = await client.evalsha(DIGEST, 1, ...given).catch((error: Error) => {
    // Redis knows no script when it has just started.
    if (!error.message.startsWith('NOSCRIPT')) throw error;
    return client.eval(SCRIPT, 1, ...given);
  });
  return verdictOf(answer, policy);
}

function verdictOf(answer: unknown, { requests, seconds: window }: RatePolicy): Verdict {
  if (!Array.isArray(answer) || answer.length !== 3 || !answer.every(Number.isInteger)) throw nonsense();
  const [allowed, remaining, seconds] = answer as [number, number, number];
  const possible = allowed === 0 || allowed === 1;
  if (!possible || remaining < 0 || remaining >= requests || seconds < 0 || seconds > Math.ceil(window))
    throw nonsense();
  return { allowed: allowed === 1, remaining, seconds };
}

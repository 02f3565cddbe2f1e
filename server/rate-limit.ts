// How many requests a caller may make in a time. The generic cell rate algorithm (GCRA; ITU-T I.371, annex A): a caller
// may make its whole quota at once and gets it back evenly, and all there is to remember of it is one time.
import { isIPv6 } from 'node:net';

/** `requests` in `seconds`; whoever made none for that long may make them all at once. */
export type RatePolicy = { requests: number; seconds: number };

/**
 * The part of each of several processes, which know nothing of each other: together they never let through more than the
 * whole. Whoever has one connection only is at one process, and has its part.
 */
export function shareOf({ requests, seconds }: RatePolicy, processes: number): RatePolicy {
  return { requests: Math.max(1, Math.floor(requests / processes)), seconds };
}

export type Verdict = {
  allowed: boolean;
  /** Requests left for now. */
  remaining: number;
  /** Until the whole quota is there again, or, where the request was refused, until the next one is let through. */
  seconds: number;
};

/** `Told` is a promise, which is never refused, only where servers share their quotas. */
export type RateLimiter<Told = Verdict | Promise<Verdict>> = {
  policy: RatePolicy;
  /** Takes one request from a caller's quota; where there is none left, nothing is taken. */
  take(caller: string): Told;
  /** What `take` would say. */
  look(caller: string): Told;
};

/** Callers remembered at most; beyond that the first to come are forgotten, and their quota is whole again. */
const CALLERS = 100_000;

/** Limits in this process's memory. `now` gives milliseconds that never run backwards. */
export function openRateLimiter(policy: RatePolicy, now: () => number = () => performance.now()): RateLimiter<Verdict> {
  const window = policy.seconds * 1000;
  const interval = window / policy.requests;
  /** When each caller's quota is whole again, in the order in which they came. */
  const callers = new Map<string, { whole: number }>();

  /** What a caller is told at a time whose quota is whole again at another. */
  function judge(whole: number, at: number): Verdict {
    const next = Math.max(whole, at) + interval;
    // A millionth of a request is nothing: sums of fractions are not exact.
    const over = next - at - window - interval * 1e-6;
    if (over > 0) return { allowed: false, remaining: 0, seconds: Math.ceil(over / 1000) };
    const remaining = Math.floor((window - (next - at)) / interval + 1e-6);
    return { allowed: true, remaining, seconds: Math.ceil((next - at) / 1000) };
  }

  /** Whose quota is whole need not be remembered; where that makes too little room, the first to come are forgotten. */
  function makeRoom(at: number): void {
    for (const [caller, { whole }] of callers) if (whole <= at) callers.delete(caller);
    for (const caller of callers.keys()) {
      if (callers.size <= CALLERS * 0.9) return;
      callers.delete(caller);
    }
  }

  return {
    policy,
    take(caller) {
      const at = now();
      let known = callers.get(caller);
      if (!known) {
        if (callers.size >= CALLERS) makeRoom(at);
        known = { whole: at };
        callers.set(caller, known);
      }
      const verdict = judge(known.whole, at);
      if (verdict.allowed) known.whole = Math.max(known.whole, at) + interval;
      return verdict;
    },
    look(caller) {
      const at = now();
      return judge(callers.get(caller)?.whole ?? at, at);
    },
  };
}

/** Whose quota an address draws on: an IPv6 caller has a whole /64 to choose from, so that is one caller. */
export function callerOfAddress(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped || !isIPv6(address)) return `address ${mapped ?? address}`;
  const [head = '', tail] = address.split('%')[0]!.split('::');
  const groups = head.split(':').filter(Boolean);
  const after = (tail ?? '').split(':').filter(Boolean).length;
  while (tail !== undefined && groups.length + after < 8) groups.push('0');
  const network = [...groups, ...(tail ?? '').split(':').filter(Boolean)].slice(0, 4);
  return `address ${network.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}

/** The reply headers that tell a caller of its quota (draft-ietf-httpapi-ratelimit-headers-11). */
export function rateHeaders({ requests, seconds }: RatePolicy, verdict: Verdict): Record<string, string> {
  return {
    'ratelimit-policy': `"default";q=${requests};w=${seconds}`,
    ratelimit: `"default";r=${verdict.remaining};t=${verdict.seconds}`,
  };
}

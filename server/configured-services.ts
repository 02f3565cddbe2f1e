// What the configuration says of limits, kept answers, NATS and sign-in elsewhere, as what is made of it.
import { readFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import { signInRoutes } from '#contract/sign-in.ts';
import { type Attempts, openAttempts } from './access/access.ts';
import type { Config } from './config.ts';
import { connectNats } from './nats.ts';
import { openOpenid } from './openid.ts';
import { openRateLimiter, type RateLimiter, shareOf } from './rate-limit.ts';
import type { SharedRedis } from './redis.ts';
import { openResultCache, type ResultCache } from './result-cache.ts';
import { shareRateLimiter } from './shared-rate-limit.ts';
import { shareResults } from './shared-results.ts';
import { startError } from './start-error.ts';

export function limiterOf({ rate_limit, server }: Config, redis: SharedRedis | undefined): RateLimiter | null {
  if (rate_limit === 'off') return null;
  if (redis) return shareRateLimiter(openRateLimiter(rate_limit), redis);
  return openRateLimiter(shareOf(rate_limit, server.processes));
}

export async function natsOf({ nats }: Config, logger: Logger) {
  if (nats.url === undefined) return undefined;
  const { url, credentials_file, prefix, replicas } = nats;
  const credentials = credentials_file === undefined ? undefined : await readCredentials(credentials_file);
  return connectNats({ url, credentials, prefix, replicas }, logger);
}

async function readCredentials(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error) => {
    throw startError(`nats.credentials_file: ${file} cannot be read (${error.code}).`, error);
  });
}

/** The configuration has all of these or none. */
export function openidOf({ openid, server, egress }: Config) {
  const { issuer, client_id, client_secret, scope, name } = openid;
  if (issuer === undefined) return null;
  const redirect_uri = server.public_url! + signInRoutes.openidCallback.path;
  const settings = { issuer, client_id: client_id!, client_secret: client_secret!, scope, redirect_uri };
  return { name, provider: openOpenid(settings, egress.allow) };
}

/** There are always limits to signing in, and a process of several has some attempts to give. */
export function attemptsOf({ server }: Config, redis: SharedRedis | undefined): Attempts {
  return openAttempts((policy) => {
    if (redis) return shareRateLimiter(openRateLimiter(policy), redis);
    const { requests, seconds } = shareOf(policy, server.processes);
    return openRateLimiter({ requests: Math.max(requests, 5), seconds });
  });
}

export function cacheOf({ cache: { bytes } }: Config, redis: SharedRedis | undefined): ResultCache {
  return openResultCache(bytes, redis && bytes > 0 ? shareResults(redis, bytes) : undefined);
}

export function hstsOf({ server: { hsts } }: Config): string | null {
  if (hsts.max_age === 0) return null;
  return [`max-age=${hsts.max_age}`, hsts.include_subdomains && 'includeSubDomains', hsts.preload && 'preload']
    .filter(Boolean)
    .join('; ');
}

// The Redis that several servers share. It is never needed: where it is lost, slow or answers nonsense, each server goes
// on by itself, says so once, and asks again when Redis is back.
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';

/** Throws what `nonsense` makes where the answer cannot be one. */
export type Question<T> = (redis: Redis) => Promise<T>;

export type SharedRedis = {
  /** The answer; undefined where none comes in time, and at once, without a promise, while Redis is lost. */
  ask<T>(question: Question<T>): Promise<T | undefined> | undefined;
  /** Settles when it is known for the first time whether Redis is there. */
  known: Promise<void>;
  close(): void;
};

/** How long a request waits for Redis; and when a connection on which nothing comes is given up. */
const PATIENCE = { wait_ms: 100, silent_ms: 1000 };
const PROBE_MS = 250;

/** `probe` is a question like those that will be asked: when it is answered, Redis is there. */
export async function openRedis(
  url: string,
  logger: Logger,
  probe: Question<unknown>,
  { wait_ms, silent_ms } = PATIENCE,
): Promise<SharedRedis> {
  const { Redis } = await import('ioredis'); // 5 MB that only those who have a Redis need
  const known = Promise.withResolvers<void>();
  let state: 'unknown' | 'there' | 'lost' | 'closed' = 'unknown';
  // Silence at the start is a loss too, also that of a Redis which is still reading its data.
  let timer = setTimeout(() => lose(because('late')), silent_ms);

  const redis = new Redis(url, {
    connectionName: 'clientele',
    // Nothing is asked later, or twice: by then its request has been answered without Redis.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectTimeout: silent_ms,
    socketTimeout: silent_ms,
    disconnectTimeout: wait_ms,
    // Many servers lose Redis at once; they need not all come back at once.
    retryStrategy: (times) => Math.min(50 * 2 ** times, 1000) * (0.5 + Math.random() / 2),
  });
  redis.on('ready', tryIt);
  redis.on('error', lose);
  redis.on('close', () => lose(undefined));

  async function tryIt(): Promise<void> {
    if (redis.status !== 'ready') return;
    try {
      await within(wait_ms, probe(redis));
      find();
    } catch (error) {
      lose(error);
    }
  }

  function find(): void {
    if (state === 'closed') return;
    if (state === 'lost') logger.info('Redis is back: quotas and answers are shared again');
    clearTimeout(timer);
    state = 'there';
    known.resolve();
  }

  function lose(error: unknown): void {
    const reason = reasonOf(error);
    // Answers that are out of step stay so on this connection.
    if (reason === NONSENSE && state !== 'closed') redis.disconnect(true);
    if (state === 'lost' || state === 'closed') return;
    logger.warn({ reason }, 'Redis is lost: until it is back, this server counts quotas and keeps answers by itself');
    state = 'lost';
    clearTimeout(timer);
    timer = setInterval(tryIt, PROBE_MS);
    known.resolve();
  }

  return {
    ask(question) {
      if (state !== 'there') return undefined;
      return within(wait_ms, question(redis)).catch((error) => {
        lose(error);
        return undefined;
      });
    },
    known: known.promise,
    close() {
      state = 'closed';
      clearTimeout(timer);
      redis.disconnect();
    },
  };
}

async function within<T>(ms: number, answer: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  // After the timer what lies in the socket is read first: where this process itself was busy, Redis is not to blame.
  const refuse = () => late.reject(because('late'));
  const timer = setTimeout(() => setImmediate(refuse), ms);
  try {
    return await Promise.race([answer, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

const NONSENSE = 'nonsense';
export const nonsense = (): Error => because(NONSENSE);
const because = (code: string) => Object.assign(new Error(`Redis: ${code}`), { code });

/** One word for the log. Redis's own messages may repeat what it was sent, a password among it: only their code is told. */
function reasonOf(error: unknown): string {
  const { code, name, message } = (error ?? {}) as Partial<Error & { code: string }>;
  if (code) return code;
  if (name === 'ReplyError') return /^[A-Z]+/.exec(message ?? '')?.[0] ?? 'refused';
  return message?.startsWith('Socket timeout') ? 'late' : 'disconnected';
}

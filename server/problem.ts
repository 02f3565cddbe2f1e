// What is thrown when a request cannot be served: one shape for every status, RFC 9457.

export type ProblemError = { pointer: string; code: string; detail: string; conflict?: { id: string; href: string } };

export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly errors: ProblemError[];
  readonly headers: Record<string, string>;

  constructor(
    status: number,
    code: string,
    detail: string,
    more: { errors?: ProblemError[]; headers?: Record<string, string>; cause?: unknown } = {},
  ) {
    super(detail, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'Problem';
    this.status = status;
    this.code = code;
    this.errors = more.errors ?? [];
    this.headers = more.headers ?? {};
  }
}

/** 400 with one entry per field or parameter that is wrong. */
export function invalid(errors: ProblemError[]): Problem {
  return new Problem(
    400,
    'invalid',
    errors.length === 1 ? errors[0]!.detail : `${errors.length} values are not valid.`,
    {
      errors,
    },
  );
}

export function notFound(): Problem {
  return new Problem(404, 'not_found', 'There is nothing here.');
}

export function unavailable(cause?: unknown): Problem {
  if ((cause as { code?: string } | undefined)?.code === '53100')
    return new Problem(503, 'storage_full', 'The database has no space left on its disk; reading goes on.', {
      headers: { 'retry-after': '1' },
      cause,
    });
  return new Problem(503, 'database_unavailable', 'The database cannot be reached at the moment; try again shortly.', {
    headers: { 'retry-after': '1' },
    cause,
  });
}

/** 503 where more waits already than can be done soon. There are thousands a second of it, so it comes without a stack, which is most of its cost. */
export function overloaded(): Problem {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return new Problem(503, 'overloaded', 'The server has more to do than it can do soon; try again shortly.', {
      headers: { 'retry-after': '1' },
    });
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** 503 for a write whose answer from the database was lost: it may or may not have happened. */
export function outcomeUnknown(cause: unknown): Problem {
  return new Problem(
    503,
    'outcome_unknown',
    'The connection to the database was lost while this change was being saved. Repeat it with the same Idempotency-Key to be sure that it happens once.',
    { headers: { 'retry-after': '1' }, cause },
  );
}

const CONNECTION_ERRORS = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
]);
// Classes 08 (connection), 53 (resources) and 57P0x (shutdown, crash, starting up), and 25P03: the session was ended idle in a transaction.
const CONNECTION_STATES = /^(08|53|57P0|25P03)/;

export function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = (error as { code?: string }).code;
  if (code !== undefined) return CONNECTION_ERRORS.has(code) || CONNECTION_STATES.test(code);
  return /^Connection terminated|connection error|timeout exceeded when trying to connect|Client was closed/.test(
    error.message,
  );
}

/** Turns anything thrown into a Problem; what nobody expected becomes a 500 that keeps its cause for the log. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (isConnectionError(error)) return unavailable(error);
  if ((error as { code?: string }).code === '57014' || (error as { code?: string }).code === '55P03')
    return new Problem(503, 'too_slow', 'The database took too long; try again shortly.', {
      headers: { 'retry-after': '1' },
      cause: error,
    });
  return new Problem(500, 'internal', 'Something went wrong on our side.', { cause: error });
}

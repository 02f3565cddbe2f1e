// What a call throws when it was refused, or when no reply of Clientele's came back.
import type { ProblemBody } from '#contract/problem.ts';

type FieldError = ProblemBody['errors'][number];

export class Problem extends Error {
  /** The reply's HTTP status; 0 where there was no reply, or one that pages of a browser may not look at. */
  readonly status: number;
  /**
   * What is wrong, for a program. Besides the codes of the API: `no_reply`, `timeout`, and `unexpected_reply` for a
   * reply that is not one of Clientele's, such as a proxy's error page.
   */
  readonly code: string;
  /** What is wrong, for a person; also the message. */
  readonly detail: string;
  /** One entry per field, parameter or header that was refused. */
  readonly errors: FieldError[];
  /** Names the request in the server's logs; null where no reply told one. */
  readonly request_id: string | null;

  constructor(
    body: { status: number; code: string; detail: string; errors?: FieldError[]; request_id?: string | null },
    options?: { cause?: unknown },
  ) {
    super(body.detail, options);
    this.name = 'Problem';
    this.status = body.status;
    this.code = body.code;
    this.detail = body.detail;
    this.errors = body.errors ?? [];
    this.request_id = body.request_id ?? null;
  }

  /** The customer that holds the refused email or external id already. */
  get conflict(): FieldError['conflict'] {
    return this.errors.find((error) => error.conflict)?.conflict;
  }
}

/** The problem that a reply tells of. */
export function problemIn(response: Response, text: string): Problem {
  const body = readJson(response, text) as Partial<ProblemBody> | undefined;
  if (typeof body?.code !== 'string' || typeof body.detail !== 'string') return unexpectedReply(response);
  const { code, detail, errors, request_id } = body;
  return new Problem({
    status: response.status,
    code,
    detail,
    errors: Array.isArray(errors) ? errors : [],
    request_id,
  });
}

/** For what a proxy, another server or a wrong address answers. */
export function unexpectedReply(response: Response): Problem {
  const { status, headers } = response;
  const said =
    status === 0 || (status >= 300 && status < 400)
      ? 'a redirect to another address'
      : `status ${status} with ${headers.get('content-type') ?? 'no content'}`;
  const detail = `This is no reply of Clientele's: ${said}. Check the url, and what stands between it and the server.`;
  return new Problem({ status, code: 'unexpected_reply', detail, request_id: headers.get('x-request-id') });
}

/** For a server that could not be reached, or a connection that ended before the reply did. */
export function noReply(url: string, timeout_ms: number | null, cause: unknown): Problem {
  if (timeout_ms !== null)
    return new Problem({ status: 0, code: 'timeout', detail: `No reply from ${url} within ${timeout_ms} ms.` });
  // Node says only "fetch failed"; why is in the cause.
  const { message, cause: reason } = cause as Error & { cause?: Error & { code?: string } };
  const why = reason?.code ?? (reason?.message || message);
  return new Problem({ status: 0, code: 'no_reply', detail: `No reply from ${url} (${why}).` }, { cause });
}

/** The object in a JSON reply; undefined where it is none. */
export function readJson(response: Response, text: string): object | undefined {
  if (!/^application\/([\w.-]+\+)?json\b/i.test(response.headers.get('content-type') ?? '')) return undefined;
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

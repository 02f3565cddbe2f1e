// Somebody with a browser: it keeps the cookies it is given, and says where its requests come from.
import type { Role } from '#contract/api.ts';
import { type Actor, createInvitation } from '#server/access/access.ts';
import type { TestReply, TestServer } from './server.ts';

export const PASSWORD = 'seven white herons at noon';

export type Visitor = {
  /** A request as the console makes it; a header of null is left out. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string | null>): Promise<TestReply>;
  /** The cookie that it holds, as it sends it; '' without one. */
  cookie: string;
  /** As the server set it last. */
  setCookie: string | null;
};

export function openVisitor(base: string): Visitor {
  const visitor: Visitor = { cookie: '', setCookie: null, call };
  return visitor;

  async function call(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string | null> = {},
  ): Promise<TestReply> {
    const all = {
      'sec-fetch-site': 'same-origin',
      'user-agent': 'Test/1.0',
      ...(visitor.cookie === '' ? {} : { cookie: visitor.cookie }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    };
    const given = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== null);
    const sent = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const response = await fetch(base + path, { method, body: sent, headers: Object.fromEntries(given) });
    const [set] = response.headers.getSetCookie();
    if (set !== undefined) {
      visitor.setCookie = set;
      const [pair] = set.split(';');
      visitor.cookie = /Max-Age=0\b/.test(set) ? '' : pair!;
    }
    const text = await response.text();
    const isJson = /json\b/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: isJson && text !== '' ? JSON.parse(text) : undefined,
    };
  }
}

/** What stands in a link behind `#`. */
export const secretOf = (link: string) => link.split('#')[1]!;

let made = 0;

/** Somebody new who has accepted an invitation, signed in. */
export async function signUp(
  server: TestServer,
  role: Role,
  actor: Actor = server.actor,
): Promise<Visitor & { id: string; email: string }> {
  const email = `${role}${++made}@people.example`;
  const { subject } = await createInvitation(server.database, actor, { email, role }, { request_id: null });
  const visitor = openVisitor(server.base);
  const secret = secretOf(subject.link!);
  const { status, text, body } = await visitor.call('POST', '/api/links/accept', {
    secret,
    name: `${role[0]!.toUpperCase()}${role.slice(1)} Person`,
    password: PASSWORD,
  });
  if (status !== 200) throw new Error(text);
  return Object.assign(visitor, { id: body.account.id, email });
}

/** What a request of theirs has, in place of a key. */
export const headersOf = ({ cookie }: Visitor) => ({ authorization: null, cookie, 'sec-fetch-site': 'same-origin' });

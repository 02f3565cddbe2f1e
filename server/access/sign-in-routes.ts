// The ways to sign in over HTTP, and the one that leads over an OpenID provider and back.
import { SIGN_IN_PATH, type SignInOptions, signInRoutes } from '#contract/sign-in.ts';
import type { Database } from '../database.ts';
import type { Call, Reply, RouteTable } from '../http.ts';
import { type Flow, isOpenidError, type Openid, openidError } from '../openid.ts';
import { invalid, notFound, Problem } from '../problem.ts';
import type { Person } from './actor.ts';
import { type Attempts, takeAttempt } from './attempts.ts';
import { enterByOpenid } from './openid-entry.ts';
import { json } from './replying.ts';
import { endSession, findPerson } from './sessions.ts';

type Options = {
  attempts: Attempts;
  openid: { name: string; provider: Openid } | null;
  mail: boolean;
  logger: { warn(line: object, message: string): void };
};
/** What the browser keeps until it comes back: what the answer must fit, and where to go then. */
type Kept = Flow & { to: string };

export function signInTable(database: Database, options: Options): RouteTable {
  const { openid, mail, logger } = options;
  const ways: SignInOptions = { openid: openid && { name: openid.name }, mail };

  /** A refusal of the provider's, or of what it says, as a page for the person. */
  async function orSignIn(call: Call, work: () => Promise<Reply>): Promise<Reply> {
    try {
      return await work();
    } catch (error) {
      const told = error instanceof Problem && error.status === 429 ? openidError('openid_too_many') : error;
      if (!isOpenidError(told)) throw error;
      const { code, reason } = told;
      const { request_id, address } = call;
      const line = { request_id, address, code, reason };
      if (code === 'openid_unavailable') logger.warn(line, 'The OpenID provider is not available');
      else logger.warn({ security: 'openid_refused', ...line }, 'Signing in with the OpenID provider was refused');
      return goTo(`${SIGN_IN_PATH}?error=${code}`, null);
    }
  }

  return [
    [signInRoutes.options, () => json(200, ways)],
    [
      signInRoutes.openid,
      async (call) => {
        if (!openid) throw notFound();
        const to = pathOf(call.query.to ?? '/');
        if (to === null)
          throw invalid([
            { pointer: 'to', code: 'invalid_path', detail: 'to must be the path of a page of this server.' },
          ]);
        return orSignIn(call, async () => {
          const { url, flow } = await openid.provider.begin();
          return goTo(url, Buffer.from(JSON.stringify({ ...flow, to })).toString('base64url'));
        });
      },
    ],
    [
      signInRoutes.openidCallback,
      async (call) => {
        if (!openid) throw notFound();
        return orSignIn(call, async () => {
          await takeAttempt(database, options.attempts, call.address, null);
          const kept = keptIn(call.flow);
          if (!kept || call.query.state !== kept.state) throw openidError('openid_expired');
          const identity = await openid.provider.finish(call.path.split('?')[1] ?? '', kept);
          const origin = { address: call.address, user_agent: call.headers['user-agent'] };
          const current = await personOf(database, call.session);
          const { secret } = await enterByOpenid(database, identity, current, origin, call.request_id);
          // What the browser had before is of no use any more.
          if (call.session !== undefined) await endSession(database, call.session);
          return { ...goTo(pathOf(kept.to) ?? '/', null), session: secret };
        });
      },
    ],
  ];
}

const goTo = (location: string, flow: string | null): Reply => ({
  status: 303,
  headers: { location, 'cache-control': 'no-store' },
  flow,
});

/** A path of ours as it is, however it was written; null where it leads elsewhere, or to the API. */
function pathOf(to: string): string | null {
  if (to.length > 1000 || !/^\/[\x21-\x7e]*$/.test(to)) return null;
  const url = URL.parse(to, 'http://here.invalid');
  if (url?.origin !== 'http://here.invalid' || /^\/(?:\/|api(?:\/|$))/.test(url.pathname)) return null;
  return url.pathname + url.search + url.hash;
}

function keptIn(cookie: string | undefined): Kept | null {
  if (cookie === undefined) return null;
  try {
    const { state, nonce, verifier, to } = JSON.parse(Buffer.from(cookie, 'base64url').toString());
    return [state, nonce, verifier, to].every((part) => typeof part === 'string' && part.length <= 1000)
      ? { state, nonce, verifier, to }
      : null;
  } catch {
    return null;
  }
}

/** Who is signed in where somebody comes back to. */
async function personOf(database: Database, session: string | undefined): Promise<Person | undefined> {
  if (session === undefined) return undefined;
  try {
    return await findPerson(database, session);
  } catch (error) {
    if (error instanceof Problem && error.status === 401) return undefined;
    throw error;
  }
}

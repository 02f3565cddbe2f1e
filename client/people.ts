// The calls about people: who is signed in, their account, and who may open the workspace.
import type { Role } from '#contract/api.ts';
import type { Invitation, Member, NewInvitation } from '#contract/members.ts';
import type { Account, Link, Session, SignedIn } from '#contract/people.ts';
import type { OwnAccount } from '#contract/second-factor.ts';
import type { SignInOptions } from '#contract/sign-in.ts';
import { segment } from './address.ts';
import type { CallOptions, Send, WriteOptions } from './send.ts';

type List<Item> = { results: Item[] };

/** Of a browser that is signed in, or about to be: in place of a key the cookie that it keeps. */
export function sessionCalls(send: Send) {
  return {
    /** Who is signed in, and what they may open; a Problem of status 401 where nobody is. */
    async read(options?: CallOptions): Promise<SignedIn> {
      return send({ method: 'GET', path: '/api/session', options });
    },

    /** How people can sign in: whether there is an OpenID provider, which `/api/sign-in/openid` leads to, and mail. */
    async ways(options?: CallOptions): Promise<SignInOptions> {
      return send({ method: 'GET', path: '/api/sign-in', options });
    },

    /**
     * Signs in. `sign_in_refused` where the two do not belong together; `second_factor_required` where they do and a code
     * is missing or wrong; `too_many_attempts` is not tried again.
     */
    async signIn(input: { email: string; password: string; code?: string }, options?: CallOptions): Promise<SignedIn> {
      // With a code once: it counts once.
      const once = input.code !== undefined;
      return send({ method: 'POST', path: '/api/session', body: input, once, options });
    },

    async signOut(options?: CallOptions): Promise<void> {
      return send({ method: 'DELETE', path: '/api/session', options });
    },
  };
}

export function accountCalls(send: Send) {
  return {
    /** One's own account, and how it is signed in to. */
    async read(options?: CallOptions): Promise<OwnAccount> {
      return send({ method: 'GET', path: '/api/account', options });
    },

    /** Changes the name of whoever is signed in. */
    async update(patch: { name?: string }, options?: CallOptions): Promise<Account> {
      return send({ method: 'PATCH', path: '/api/account', body: patch, options });
    },

    /** Changes the password, and ends all other sessions. Sent once: repeated, it would be refused by its own success. */
    async changePassword(
      input: { current_password: string; new_password: string },
      options?: CallOptions,
    ): Promise<void> {
      return send({ method: 'PUT', path: '/api/account/password', body: input, once: true, empty: true, options });
    },

    /** Where the person is signed in, the last one seen first. */
    async sessions(options?: CallOptions): Promise<Session[]> {
      return (await send<List<Session>>({ method: 'GET', path: '/api/account/sessions', options })).results;
    },

    /** Ends one session. */
    async revokeSession(id: string, options?: CallOptions): Promise<void> {
      return send({ method: 'DELETE', path: `/api/account/sessions/${segment(id)}`, options });
    },

    /** Ends all sessions but the one that asks. */
    async revokeOtherSessions(options?: CallOptions): Promise<void> {
      return send({ method: 'DELETE', path: '/api/account/sessions', options });
    },
  };
}

/** What stands in a link behind `#`, and what its page asks for. */
export type Acceptance = { secret: string; email?: string; name?: string; password?: string; code?: string };

export function linkCalls(send: Send) {
  return {
    /** What a link is for: `link_unknown`, `link_used` or `link_expired` where it is of no use. */
    async read(secret: string, options?: CallOptions): Promise<Link> {
      return send({ method: 'POST', path: '/api/links/read', body: { secret }, options });
    },

    /** Accepts a link and signs in. Sent once: a link works once, so where no reply came, sign in. */
    async accept(input: Acceptance, options?: CallOptions): Promise<SignedIn> {
      return send({ method: 'POST', path: '/api/links/accept', body: input, once: true, options });
    },

    /** Asks for a link that sets a new password. It is not told whether there is such an account. */
    async requestPasswordReset(email: string, options?: CallOptions): Promise<void> {
      return send({ method: 'POST', path: '/api/password-resets', body: { email }, once: true, empty: true, options });
    },
  };
}

export function memberCalls(send: Send) {
  return {
    /** Lists the members of the workspace, by name. */
    async list(options?: CallOptions): Promise<Member[]> {
      return (await send<List<Member>>({ method: 'GET', path: '/api/members', options })).results;
    },

    /** Changes a member's role. */
    async update(id: string, patch: { role?: Role }, options?: WriteOptions): Promise<Member> {
      return send({ method: 'PATCH', path: `/api/members/${segment(id)}`, body: patch, options });
    },

    /** Removes a member; anybody may remove themselves. */
    async remove(id: string, options?: WriteOptions): Promise<void> {
      return send({ method: 'DELETE', path: `/api/members/${segment(id)}`, options });
    },
  };
}

export function invitationCalls(send: Send) {
  return {
    /** Lists the invitations that can still be accepted, newest first. */
    async list(options?: CallOptions): Promise<Invitation[]> {
      return (await send<List<Invitation>>({ method: 'GET', path: '/api/invitations', options })).results;
    },

    /**
     * Invites somebody. Its link, a path with a fragment, is told this once; where the first reply was lost and a retry
     * answered it is null: invite once more, and the first is in force no longer.
     */
    async create(input: { email: string; role: Role }, options?: WriteOptions): Promise<NewInvitation> {
      return send({ method: 'POST', path: '/api/invitations', body: input, options });
    },

    /** Takes an invitation back. */
    async revoke(id: string, options?: WriteOptions): Promise<void> {
      return send({ method: 'DELETE', path: `/api/invitations/${segment(id)}`, options });
    },
  };
}

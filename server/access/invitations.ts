// Invitations: how somebody becomes a member. What is done with their links stands in `links.ts` and `accept.ts`.
import type { Role } from '#contract/api.ts';
import { type Invitation, invitationFields, type NewInvitation } from '#contract/members.ts';
import type { Ask, Database, Row } from '../database.ts';
import { notFound, Problem } from '../problem.ts';
import { isUuid } from '../uuid.ts';
import { checked } from './accounts.ts';
import { type Actor, checkGrant, isAbove } from './actor.ts';
import { newInvitation } from './links.ts';
import {
  DELETE_INVITATION,
  DELETE_INVITATIONS_OF,
  FIND_INVITATION,
  LIST_INVITATIONS,
  REREAD_INVITATION,
} from './links-store.ts';
import { logged, type WriteContext, type Written } from './logged.ts';
import { FIND_MEMBER_BY_EMAIL } from './members-store.ts';

/** The workspace's invitations that can still be accepted, newest first. */
export async function listInvitations(database: Database, actor: Actor): Promise<Invitation[]> {
  return (await database.search(LIST_INVITATIONS, [actor.workspace.id])).map(invitationOf);
}

/**
 * Invites an address; its earlier invitations are in force no longer. The link is in the answer alone, and null where the
 * request was a repetition. 403 `role_too_high`, 409 `already_member`.
 */
export async function createInvitation(
  database: Database,
  actor: Actor,
  body: unknown,
  context: WriteContext,
): Promise<Written<NewInvitation>> {
  const { email, role } = checked(invitationFields, body, READ_ONLY) as { email: string; role: Role };
  checkGrant(actor, role);
  let link: string | null = null;
  const read: Ask = [FIND_MEMBER_BY_EMAIL, [actor.workspace.id, email]];
  const written = await logged(database, actor, context, 201, [read], (now, [member]) => {
    if (member)
      throw new Problem(409, 'already_member', 'This person is a member already.', {
        errors: [{ pointer: '/email', code: 'already_member', detail: `Their role is ${member[3]}.` }],
      });
    const made = newInvitation(actor.workspace, actor, email, role, now);
    link = made.link;
    return {
      subject: made.invitation,
      subject_id: made.invitation.id,
      change: {
        asks: [[DELETE_INVITATIONS_OF, [actor.workspace.id, email]], made.ask],
        type: 'invitation.created',
        before: null,
      },
    };
  });
  const subject = written.replayed
    ? await rereadInvitation(database, actor, written.subject_id)
    : (written.subject as Invitation);
  return { ...written, subject: { ...subject, link } };
}

const READ_ONLY = ['id', 'made_by', 'created_at', 'expires_at', 'link'];

/** Takes an invitation back; 404 where there is none that could be accepted. */
export async function revokeInvitation(
  database: Database,
  actor: Actor,
  id: string,
  context: WriteContext,
): Promise<Written<null>> {
  if (!isUuid(id)) throw notFound();
  const read: Ask = [FIND_INVITATION, [actor.workspace.id, id]];
  const written = await logged(database, actor, context, 204, [read], (_now, [row]) => {
    if (!row) throw notFound();
    const invitation = invitationOf(row);
    if (isAbove(invitation.role, actor.role))
      throw new Problem(403, 'role_too_high', 'Nobody can revoke an invitation to a role above their own.');
    const ask: Ask = [DELETE_INVITATION, [actor.workspace.id, invitation.id]];
    return {
      subject: invitation,
      subject_id: invitation.id,
      change: { asks: [ask], type: 'invitation.revoked', before: null },
    };
  });
  return { ...written, subject: null };
}

async function rereadInvitation(database: Database, actor: Actor, id: string): Promise<Invitation> {
  const [row] = await database.read(REREAD_INVITATION, [actor.workspace.id, id]);
  if (!row) throw notFound(); // revoked or replaced since
  return invitationOf(row);
}

const invitationOf = ([id, email, role, made_by, created_at, expires_at]: Row): Invitation => ({
  id,
  email,
  role,
  made_by: JSON.parse(made_by),
  created_at,
  expires_at,
});

// Members: who may open a workspace, and as what.
import type { Role } from '#contract/api.ts';
import { type Member, memberFields } from '#contract/members.ts';
import type { Ask, Database, Row } from '../database.ts';
import { notFound, Problem } from '../problem.ts';
import { isUuid } from '../uuid.ts';
import { checked } from './accounts.ts';
import { type Actor, checkGrant, forbidden, isAbove, may } from './actor.ts';
import { logged, type WriteContext, type Written } from './logged.ts';
import { COUNT_OWNERS, DELETE_MEMBER, LIST_MEMBERS, READ_MEMBER, UPDATE_MEMBER } from './members-store.ts';
import { forgetAccount } from './seen.ts';

/** The workspace's members, by name. */
export async function listMembers(database: Database, actor: Actor): Promise<Member[]> {
  return (await database.search(LIST_MEMBERS, [actor.workspace.id])).map(memberOf);
}

/**
 * Changes a member's role. 404 for whoever is none; 403 `role_too_high` where either role is above the actor's; 409
 * `last_owner` where nobody would be owner any more.
 */
export async function updateMember(
  database: Database,
  actor: Actor,
  id: string,
  body: unknown,
  context: WriteContext,
): Promise<Written<Member>> {
  const { role } = checked(memberFields, body, ['id', 'email', 'name', 'created_at']);
  if (!isUuid(id)) throw notFound();
  if (role !== undefined) checkGrant(actor, role);
  const written = await logged(database, actor, context, 200, readsOf(actor, id), (_now, [row, owners]) => {
    const member = memberToTouch(actor, row);
    if (role === undefined || role === member.role) return { subject: member, subject_id: member.id };
    checkOwners(member, owners);
    const ask: Ask = [UPDATE_MEMBER, [actor.workspace.id, member.id, role]];
    return {
      subject: { ...member, role },
      subject_id: member.id,
      change: { asks: [ask], type: 'member.updated', before: { role: member.role } },
    };
  });
  forgetAccount(database, written.subject_id);
  const subject = written.replayed
    ? await readMember(database, actor, written.subject_id)
    : (written.subject as Member);
  return { ...written, subject };
}

/** Removes a member; anybody may remove themselves. The same refusals as of a change of role, save that nothing is granted. */
export async function removeMember(
  database: Database,
  actor: Actor,
  id: string,
  context: WriteContext,
): Promise<Written<null>> {
  const isSelf = actor.type === 'person' && actor.id === id;
  if (!isSelf && !may(actor, 'members:manage')) throw forbidden(actor, 'members:manage');
  if (!isUuid(id)) throw notFound();
  const written = await logged(database, actor, context, 204, readsOf(actor, id), (_now, [row, owners]) => {
    const member = memberToTouch(actor, row);
    checkOwners(member, owners);
    const ask: Ask = [DELETE_MEMBER, [actor.workspace.id, member.id]];
    return {
      subject: member,
      subject_id: member.id,
      change: { asks: [ask], type: 'member.removed', before: null },
    };
  });
  forgetAccount(database, written.subject_id);
  return { ...written, subject: null };
}

const readsOf = ({ workspace }: Actor, id: string): Ask[] => [
  [READ_MEMBER, [workspace.id, id]],
  [COUNT_OWNERS, [workspace.id]],
];

function memberToTouch(actor: Actor, row: Row | undefined): Member {
  if (!row) throw notFound();
  const member = memberOf(row);
  if (isAbove(member.role, actor.role))
    throw new Problem(403, 'role_too_high', 'Nobody can touch a member with a role above their own.');
  return member;
}

function checkOwners({ role }: { role: Role }, owners: Row | undefined): void {
  if (role === 'owner' && owners![0] === 1)
    throw new Problem(409, 'last_owner', 'A workspace keeps an owner: make somebody else one first.');
}

async function readMember(database: Database, actor: Actor, id: string): Promise<Member> {
  const [row] = isUuid(id) ? await database.read(READ_MEMBER, [actor.workspace.id, id]) : [];
  if (!row) throw notFound();
  return memberOf(row);
}

const memberOf = ([id, email, name, role, created_at]: Row): Member => ({ id, email, name, role, created_at });

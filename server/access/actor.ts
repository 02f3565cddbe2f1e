// Who acts, and what they may do.
import type { Workspace } from '#contract/access.ts';
import { PERMISSIONS, type Permission, ROLES, type Role } from '#contract/api.ts';
import type { EventActor } from '#contract/events.ts';
import type { Account } from '#contract/people.ts';
import { Problem } from '../problem.ts';

export type Actor = EventActor & { role: Role; workspace: Workspace };

/** Somebody who is signed in. */
export type Person = {
  account: Account;
  session_id: string;
  workspaces: { role: Role; workspace: Workspace }[];
  /** The session has just been prolonged: the browser's cookie is to be, too. */
  prolonged: boolean;
};

/** What acts when nobody asked: the command line on the machine itself, which may do everything. */
export function systemActor(workspace: Workspace, name: string): Actor {
  return { type: 'system', id: null, name, role: 'owner', workspace };
}

export const may = (actor: Actor, permission: Permission) => PERMISSIONS[actor.role].includes(permission);

export const isAbove = (role: Role, other: Role) => ROLES.indexOf(role) > ROLES.indexOf(other);

/** 403 where the actor would grant a role above their own. */
export function checkGrant(actor: Actor, role: Role): void {
  if (isAbove(role, actor.role))
    throw new Problem(403, 'role_too_high', 'Nobody can grant a role above their own.', {
      errors: [{ pointer: '/role', code: 'role_too_high', detail: `Your own role is ${actor.role}.` }],
    });
}

export function forbidden(actor: Actor, permission: Permission): Problem {
  return new Problem(
    403,
    'forbidden',
    `The role ${actor.role} may not do this; it takes the permission ${permission}.`,
  );
}

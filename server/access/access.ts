// Who is asking, and what they may do. The door of this slice: what others need of it; how it is done stands in the
// files beside.
export { listPeople } from './accounts.ts';
export { type Actor, forbidden, may, type Person, systemActor } from './actor.ts';
export { type Attempts, openAttempts } from './attempts.ts';
export { createInvitation } from './invitations.ts';
export { authenticate, createKey, listKeys, revokeKey } from './keys.ts';
export { createOwnerLink, createResetLink, type DeliverLink, forgetOldLinks, hasOwner } from './links.ts';
export { logged, type WriteContext, type Written } from './logged.ts';
export { mailLinks, mailNotices } from './messages.ts';
export { contextOf, headersOf, json } from './replying.ts';
export { countTotpSecrets, type Notify, resetSecondFactor } from './second-factor.ts';
export { actorIn, findPerson, forgetOldSessions } from './sessions.ts';
export { createWorkspace, findWorkspace, listWorkspaces } from './workspaces.ts';

// Links: what lets somebody in who has no password yet, or not any more. Each works once, for an hour or for seven days.
// The secret is `i<id><workspace>_<random>` or `r<id>_<random>`: an invitation's id and workspace, or a password reset's
// id, so that it is found by primary key, and 256 random bits, of which only the SHA-256 is kept.
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Workspace } from '#contract/access.ts';
import type { Role } from '#contract/api.ts';
import type { EventActor } from '#contract/events.ts';
import type { Invitation } from '#contract/members.ts';
import { LINK_PATH, type Link, linkFields, passwordResetFields } from '#contract/people.ts';
import type { Ask, Database, Row } from '../database.ts';
import { Problem } from '../problem.ts';
import { inRequest } from '../request-context.ts';
import { inTransaction } from '../transaction.ts';
import { uuidv7 } from '../uuid.ts';
import { checked } from './accounts.ts';
import { FIND_ACCOUNT } from './accounts-store.ts';
import { type Attempts, takeReset } from './attempts.ts';
import {
  FORGET_INVITATIONS,
  FORGET_PASSWORD_RESETS,
  INSERT_INVITATION,
  INSERT_PASSWORD_RESET,
  READ_INVITATION,
  READ_PASSWORD_RESET,
} from './links-store.ts';
import { HAS_OWNER } from './members-store.ts';
import { listWorkspaces, workspaceOf } from './workspaces.ts';

const HOUR_S = 3600;
const WEEK_S = 7 * 24 * HOUR_S;

/** A link to be accepted; an owner link is an invitation without an email. */
export type OpenLink = { id: string; expires_at: string } & (
  | { kind: 'invitation' | 'owner'; email: string | null; role: Role; workspace: Workspace }
  | { kind: 'password_reset'; email: string }
);

const SECRET = /^(?:i([0-9a-f]{32})([0-9a-z]{1,7})|r([0-9a-f]{32}))_([\w-]{43})$/;

/**
 * The link with this secret. 404 `link_unknown`, and, for whoever has had the right secret, 410 `link_used` or
 * `link_expired`.
 */
export async function findLink(database: Database, text: string): Promise<OpenLink> {
  const [, invitation, workspace, reset, secret] = SECRET.exec(text) ?? [];
  if (!secret) throw unknownLink();
  if (reset) {
    const id = uuidOf(reset);
    const [row] = await database.read(READ_PASSWORD_RESET, [id]);
    const [, email, expires_at, expired, used] = checkSecret(row, secret);
    checkOpen(used, expired);
    return { kind: 'password_reset', id, email, expires_at };
  }
  const workspace_id = Number.parseInt(workspace!, 36);
  if (!(workspace_id <= 0x7fffffff)) throw unknownLink();
  const id = uuidOf(invitation!);
  const [row] = await database.read(READ_INVITATION, [workspace_id, id]);
  const [, email, role, expires_at, expired, used, ...rest] = checkSecret(row, secret);
  checkOpen(used, expired);
  return { kind: email === null ? 'owner' : 'invitation', id, email, role, workspace: workspaceOf(rest), expires_at };
}

function checkSecret(row: Row | undefined, secret: string): Row {
  const stored = Buffer.from(row?.[0] ?? '0'.repeat(64), 'hex');
  if (!timingSafeEqual(stored, Buffer.from(hash('sha256', secret), 'hex')) || !row) throw unknownLink();
  return row;
}

/** 410 for a link that was used or has expired. */
export function checkOpen(used: boolean, expired: boolean): void {
  if (used) throw new Problem(410, 'link_used', 'This link has been used; each works once.');
  if (expired) throw new Problem(410, 'link_expired', 'This link has expired: ask for another.');
}

export const unknownLink = () => new Problem(404, 'link_unknown', 'There is no such link; it may have been cut short.');

const uuidOf = (hex: string) => hex.replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');

/** What a link is for, for whoever holds it. */
export async function readLink(database: Database, body: unknown): Promise<Link> {
  const { secret } = checked(linkFields, body) as { secret: string };
  const link = await findLink(database, secret);
  const { kind, email, expires_at } = link;
  const [account] = email === null ? [] : await database.read(FIND_ACCOUNT, [email]);
  const where =
    link.kind === 'password_reset'
      ? { workspace: null, role: null }
      : { workspace: { slug: link.workspace.slug, name: link.workspace.name }, role: link.role };
  return { kind, email, has_account: account !== undefined, ...where, expires_at };
}

// ---- To make them ---------------------------------------------------------------------------------------------------

/** Path and fragment of a link. Browsers send a fragment to nobody, so it stands in no log and no Referer. */
const linkTo = (secret: string) => `${LINK_PATH}#${secret}`;

type Made<Email> = { invitation: Invitation & { email: Email }; link: string; ask: Ask };

/** An invitation at a time of the log, for seven days, or for an hour where it is an owner link; its link, and what stores it. */
export function newInvitation<Email extends string | null>(
  workspace: Workspace,
  { type, id: actor_id, name }: EventActor,
  email: Email,
  role: Role,
  created_at: string,
): Made<Email> {
  const id = uuidv7(Date.parse(created_at), 0);
  const secret = randomBytes(32).toString('base64url');
  const made_by = { type, id: actor_id, name };
  const expires_at = later(created_at, email === null ? HOUR_S : WEEK_S);
  const stored = [hash('sha256', secret), email, role, JSON.stringify(made_by), created_at, expires_at];
  return {
    invitation: { id, email, role, made_by, created_at, expires_at } as Made<Email>['invitation'],
    link: linkTo(`i${id.replaceAll('-', '')}${workspace.id.toString(36)}_${secret}`),
    ask: [INSERT_INVITATION, [workspace.id, id, ...stored]],
  };
}

/** A time of the log some seconds later; its microseconds stay. */
const later = (time: string, seconds: number) =>
  new Date(Date.parse(time) + seconds * 1000).toISOString().slice(0, 23) + time.slice(23);

/** A link, for an hour, to become an owner of the workspace. Those made before stay in force until one of them is used. */
export async function createOwnerLink(database: Database, workspace: Workspace): Promise<string> {
  const maker = { type: 'system', id: null, name: 'Clientele' } as const;
  const { link, ask } = newInvitation(workspace, maker, null, 'owner', new Date().toISOString());
  await inTransaction(database, [ask]);
  return link;
}

/** Whether anybody is owner of any workspace. */
export async function hasOwner(database: Database): Promise<boolean> {
  const [[found]] = (await database.read(HAS_OWNER)) as [[boolean]];
  return found;
}

/** A link, for an hour, to set a new password; null where there is no such account. */
export async function createResetLink(database: Database, email: string): Promise<string | null> {
  const [account] = await database.read(FIND_ACCOUNT, [email]);
  if (!account) return null;
  const id = uuidv7(Date.now(), 0);
  const secret = randomBytes(32).toString('base64url');
  await inTransaction(database, [[INSERT_PASSWORD_RESET, [id, hash('sha256', secret), account[0], HOUR_S]]]);
  return linkTo(`r${id.replaceAll('-', '')}_${secret}`);
}

/** Brings a link, a path with a fragment, to whom it is for. */
export type DeliverLink = (
  message: { email: string; link: string } & (
    | { kind: 'password_reset' }
    | { kind: 'invitation'; inviter: string; workspace: string }
  ),
) => void | Promise<void>;

/**
 * Makes a link that resets a password and has it delivered, where there is such an account. It comes back before that
 * begins, so that whoever waits cannot tell; 429 `too_many_attempts`.
 */
export async function requestPasswordReset(
  database: Database,
  attempts: Attempts,
  deliver: DeliverLink,
  onFailure: (error: unknown) => void,
  body: unknown,
  address: string,
): Promise<void> {
  const { email } = checked(passwordResetFields, body) as { email: string };
  await takeReset(attempts, address, email);
  const send = async () => {
    const link = await createResetLink(database, email);
    if (link !== null) await deliver({ kind: 'password_reset', email, link });
  };
  setImmediate(() => inRequest(undefined, send).catch(onFailure));
}

/** Deletes links that expired a month ago: until then they say so. */
export async function forgetOldLinks(database: Database): Promise<void> {
  const workspaces = await listWorkspaces(database);
  await inTransaction(database, [
    [FORGET_PASSWORD_RESETS, []],
    ...workspaces.map(({ id }): Ask => [FORGET_INVITATIONS, [id]]),
  ]);
}

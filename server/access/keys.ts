// Keys: what programs sign in with.
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { type Key, keyFields } from '#contract/access.ts';
import { ROLES, type Role } from '#contract/api.ts';
import { checkInput } from '#contract/input.ts';
import type { Ask, Database, Row } from '../database.ts';
import { invalid, notFound, Problem } from '../problem.ts';
import { isUuid, uuidv7 } from '../uuid.ts';
import { type Actor, checkGrant } from './actor.ts';
import { FIND_KEY, INSERT_KEY, LIST_KEYS, READ_KEY, REVOKE_KEY } from './keys-store.ts';
import { logged, type WriteContext, type Written } from './logged.ts';
import { forgetKey, seenKeys } from './seen.ts';
import { workspaceOf } from './workspaces.ts';

// clt_<id>_<secret>: the id is the key's UUID without hyphens, followed by its workspace in base 36, so that the key is
// found by primary key; the secret is 256 random bits in hexadecimal, of which only the SHA-256 is kept.

const KEY = /^clt_([0-9a-f]{32})([0-9a-z]{1,7})_([0-9a-f]{64})$/;

/**
 * The actor whose key this is; 401 otherwise. A key that was looked up less than a second ago costs no round trip, so
 * a revoked one is refused everywhere within that second, and at once by the process that revoked it. Wrong keys are
 * never remembered. `onStranger` is called before a key is looked up that has not been found right lately, and may throw
 * to refuse that.
 */
export function authenticate(
  database: Database,
  authorization: string | undefined,
  onStranger: () => void | Promise<void> = () => {},
): Actor | Promise<Actor> {
  const token = authorization && /^Bearer +(\S+)$/i.exec(authorization)?.[1];
  if (!token) throw unauthenticated('Send an API key: `Authorization: Bearer <key>`.');
  return seenKeys.find(database, hash('sha256', token), onStranger, () => lookUp(database, token));
}

async function lookUp(database: Database, token: string): Promise<Actor> {
  const [, hex, workspace, secret] = KEY.exec(token) ?? [];
  const workspace_id = workspace ? Number.parseInt(workspace, 36) : Number.NaN;
  if (!hex || !secret || !(workspace_id <= 0x7fffffff)) throw unauthenticated('This is not a valid API key.');
  const id = hex.replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  const [row] = await database.read(FIND_KEY, [workspace_id, id]);
  const stored = Buffer.from(row?.[0] ?? '0'.repeat(64), 'hex');
  if (!timingSafeEqual(stored, Buffer.from(hash('sha256', secret), 'hex')) || !row)
    throw unauthenticated('This is not a valid API key.');
  return { type: 'key', id, name: row[1], role: row[2], workspace: workspaceOf(row.slice(3)) };
}

export function unauthenticated(detail: string): Problem {
  return new Problem(401, 'unauthenticated', detail, { headers: { 'www-authenticate': 'Bearer realm="Clientele"' } });
}

/** Makes a key; its text is in the answer alone, and null where the request was a repetition. */
export async function createKey(
  database: Database,
  actor: Actor,
  body: unknown,
  context: WriteContext,
): Promise<Written<Key & { key: string | null }>> {
  const { fields, errors } = checkInput(keyFields, body, {
    partial: false,
    readOnly: ['id', 'created_at', 'revoked_at', 'key'],
  });
  if (errors.length > 0) throw invalid(errors);
  const { name, role } = fields as { name: string; role: Role };
  checkGrant(actor, role);
  const secret = randomBytes(32).toString('hex');
  const written = await logged(database, actor, context, 201, [], (now) => {
    const key: Key = { id: uuidv7(Date.parse(now), 0), name, role, created_at: now, revoked_at: null };
    const values = [actor.workspace.id, key.id, name, role, hash('sha256', secret), now];
    return {
      subject: key,
      subject_id: key.id,
      change: { asks: [[INSERT_KEY, values]], type: 'key.created', before: null },
    };
  });
  if (written.replayed)
    return { ...written, subject: { ...(await readKey(database, actor, written.subject_id)), key: null } };
  const key = written.subject as Key;
  const text = `clt_${key.id.replaceAll('-', '')}${actor.workspace.id.toString(36)}_${secret}`;
  return { ...written, subject: { ...key, key: text } };
}

/** Revokes a key for good; 404 when the workspace has no such key. Revoking it again changes nothing. */
export async function revokeKey(
  database: Database,
  actor: Actor,
  id: string,
  context: WriteContext,
): Promise<Written<null>> {
  if (!isUuid(id)) throw notFound();
  const read: Ask = [READ_KEY, [actor.workspace.id, id]];
  const written = await logged(database, actor, context, 204, [read], (now, [row]) => {
    if (!row) throw notFound();
    const key = keyOf(row);
    if (ROLES.indexOf(key.role) > ROLES.indexOf(actor.role))
      throw new Problem(403, 'role_too_high', 'Nobody can revoke a key with a role above their own.');
    if (key.revoked_at) return { subject: key, subject_id: key.id };
    const ask: Ask = [REVOKE_KEY, [actor.workspace.id, key.id, now]];
    return {
      subject: { ...key, revoked_at: now },
      subject_id: key.id,
      change: { asks: [ask], type: 'key.revoked', before: { revoked_at: null } },
    };
  });
  forgetKey(database, written.subject_id);
  return { ...written, subject: null };
}

/** The workspace's keys, newest first, revoked ones too. */
export async function listKeys(database: Database, actor: Actor): Promise<Key[]> {
  return (await database.read(LIST_KEYS, [actor.workspace.id])).map(keyOf);
}

async function readKey(database: Database, actor: Actor, id: string): Promise<Key> {
  const [row] = isUuid(id) ? await database.read(READ_KEY, [actor.workspace.id, id]) : [];
  if (!row) throw notFound();
  return keyOf(row);
}

const keyOf = ([id, name, role, created_at, revoked_at]: Row): Key => ({ id, name, role, created_at, revoked_at });
